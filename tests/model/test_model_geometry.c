/* How rows are cut into batches and chunks, and neurons into tiles. */
#include "model/geometry.h"
#include "model/layer.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>

/* Every chunk of BATCH follows the one before, from *ROW and *CHUNK on. (No assertions in here:
 * they take longer than what they check.) */
static bool batch_is_right(const struct ff_geometry *g, uint64_t batch, uint64_t *row,
                           uint32_t *chunk)
{
    uint32_t first_chunk, chunks, rows = ff_batch_range(g, batch, &first_chunk, &chunks);
    uint64_t end = *row + rows;

    if (first_chunk != *chunk || rows < 1 || rows > g->batch || chunks < 1 ||
        chunks > g->chunks_per_batch || (rows < g->batch && batch + 1 < g->batches))
        return false;
    for (uint32_t c = 0; c < chunks; c++, (*chunk)++) {
        uint64_t first;
        uint32_t in_chunk;

        ff_chunk_range(g, *chunk, &first, &in_chunk);
        if (first != *row || in_chunk < 1 || in_chunk > g->chunk_rows ||
            (in_chunk < g->chunk_rows && c + 1 < chunks))
            return false;
        *row += in_chunk;
    }
    return *row == end;
}

static bool geometry_is_right(uint64_t rows, uint32_t batch)
{
    struct ff_geometry g = ff_geometry_make(rows, batch);
    uint64_t row = 0;
    uint32_t chunk = 0;

    if (g.rows != rows || g.batch != (batch < rows ? batch : rows) || g.chunk_rows < 1 ||
        g.chunk_rows > FF_CHUNK_ROWS || g.batches != (rows - 1) / g.batch + 1)
        return false;
    /* Chunks of a batch are about equal: none is much smaller than it need be. */
    if ((uint64_t)g.chunk_rows * g.chunks_per_batch >= (uint64_t)g.batch + g.chunks_per_batch)
        return false;
    for (uint64_t b = 0; b < g.batches; b++) {
        if (!batch_is_right(&g, b, &row, &chunk))
            return false;
    }
    return row == rows && chunk == g.chunks;
}

static void ck_geometry(uint64_t rows, uint32_t batch)
{
    if (!geometry_is_right(rows, batch))
        ck_abort_msg("%llu rows in batches of %u", (unsigned long long)rows, batch);
}

START_TEST(chunks_cover_every_row_once_in_order)
{
    static const uint32_t batches[] = {1,   2,   3,   31,  128, 255,  256,  257,     300,
                                       511, 512, 513, 700, 768, 1000, 4096, 1u << 24};

    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        for (uint64_t rows = 1; rows <= 1100; rows++)
            ck_geometry(rows, batches[b]);
        ck_geometry(60000, batches[b]);
        ck_geometry(65537, batches[b]);
    }
    for (uint32_t batch = 1; batch <= 1100; batch++)
        ck_geometry(3001, batch);
}
END_TEST

/* Rows beyond what a count of 32 bits holds. */
START_TEST(large_datasets_are_cut_too)
{
    struct ff_geometry g = ff_geometry_make(UINT64_C(1) << 36, 1 << 20);
    uint64_t first;
    uint32_t rows, first_chunk, chunks;

    ck_assert_uint_eq(g.chunks, 1u << 28);
    ff_chunk_range(&g, g.chunks - 1, &first, &rows);
    ck_assert_uint_eq(first + rows, UINT64_C(1) << 36);
    ck_assert_uint_eq(ff_batch_range(&g, g.batches - 1, &first_chunk, &chunks), 1 << 20);
    ck_assert_uint_eq((uint64_t)first_chunk + chunks, g.chunks);
}
END_TEST

START_TEST(tiles_cover_every_neuron_once)
{
    for (uint32_t units = 1; units <= 2100; units++) {
        uint32_t next = 0, wrong = 0;

        for (uint32_t tile = 0; tile < ff_tile_count(units); tile++) {
            uint32_t first, count;

            ff_tile_range(units, tile, &first, &count);
            wrong += first != next || count < 1 || count > ff_tile_units(units);
            next += count;
        }
        ck_assert(next == units && wrong == 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: geometry");
    TCase *tcase = tcase_create("geometry");

    tcase_add_test(tcase, chunks_cover_every_row_once_in_order);
    tcase_add_test(tcase, large_datasets_are_cut_too);
    tcase_add_test(tcase, tiles_cover_every_neuron_once);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
