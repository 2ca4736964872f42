#include "model/geometry.h"

#include "base/arithmetic.h"

#include <assert.h>
#include <fftool/data.h>
#include <math.h>

bool ff_geometry_fits(uint64_t rows, uint32_t batch)
{
    return rows <= FF_MAX_DATA_SAMPLES && rows / batch + rows / FF_CHUNK_ROWS + 2 <= UINT32_MAX / 2;
}

struct ff_geometry ff_geometry_make(uint64_t rows, uint32_t batch)
{
    struct ff_geometry g = {.rows = rows, .batch = rows < batch ? (uint32_t)rows : batch};
    uint64_t last;

    assert(rows >= 1 && batch >= 1);
    /* The chunks of a batch are as equal as possible: 300 rows are two of 150, not 256 and 44. */
    g.chunk_rows = (uint32_t)ff_divide_up(g.batch, ff_divide_up(g.batch, FF_CHUNK_ROWS));
    g.chunks_per_batch = (uint32_t)ff_divide_up(g.batch, g.chunk_rows);
    g.batches = ff_divide_up(rows, g.batch);
    g.learned_rows = rows;
    last = rows - (g.batches - 1) * g.batch;
    g.chunks = (uint32_t)((g.batches - 1) * g.chunks_per_batch + ff_divide_up(last, g.chunk_rows));
    return g;
}

void ff_geometry_hold_out(struct ff_geometry *g, double fraction)
{
    uint64_t wanted = (uint64_t)ceil(fraction * (double)g->rows), held = 0;
    uint64_t last = g->rows - (g->batches - 1) * g->batch;

    if (wanted > 0)
        held = wanted <= last ? 1 : 1 + ff_divide_up(wanted - last, g->batch);
    if (held >= g->batches)
        held = g->batches - 1;
    if (held == 0)
        return;
    g->batches -= held;
    g->learned_rows = g->batches * g->batch;
}

static uint64_t rows_left(const struct ff_geometry *g, uint64_t first, uint64_t at_most)
{
    return g->rows - first < at_most ? g->rows - first : at_most;
}

void ff_chunk_range(const struct ff_geometry *g, uint32_t chunk, uint64_t *first, uint32_t *rows)
{
    uint64_t batch = chunk / g->chunks_per_batch;
    uint32_t offset = chunk % g->chunks_per_batch * g->chunk_rows;
    uint32_t in_batch = g->batch - offset < g->chunk_rows ? g->batch - offset : g->chunk_rows;

    *first = batch * g->batch + offset;
    *rows = (uint32_t)rows_left(g, *first, in_batch);
}

uint32_t ff_batch_range(const struct ff_geometry *g, uint64_t batch, uint32_t *first_chunk,
                        uint32_t *chunks)
{
    uint32_t rows = (uint32_t)rows_left(g, batch * g->batch, g->batch);

    *first_chunk = (uint32_t)(batch * g->chunks_per_batch);
    *chunks = (uint32_t)ff_divide_up(rows, g->chunk_rows);
    return rows;
}
