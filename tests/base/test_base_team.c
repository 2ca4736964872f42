/* Shares of a team, and which blocks of a matrix its processes exchange. */
#include "base/team.h"
#include "base/team_engine.h"
#include "support/suite.h"

#include <check.h>
#include <string.h>

/* Whatever the sizes, ranges follow each other without a gap, and none is longer than another by
 * more than one. */
START_TEST(shares_cover_all_items_once)
{
    for (unsigned size = 1; size <= 9; size++) {
        for (uint32_t n = 0; n <= 40; n++) {
            uint32_t end = 0;

            for (unsigned rank = 0; rank < size; rank++) {
                struct ff_range share = ff_team_share(rank, size, n);

                ck_assert_uint_eq(share.first, end);
                ck_assert_uint_ge(share.end, share.first);
                ck_assert_uint_ge(share.end - share.first, n / size);
                ck_assert_uint_le(share.end - share.first, n / size + 1);
                end = share.end;
            }
            ck_assert_uint_eq(end, n);
        }
    }
}
END_TEST

/* ---- A team whose processes call one after another: its engine only notes the blocks ---- */

#define RANKS 5
#define ROWS 7
#define COLUMNS 300

static struct ff_ctx *ctx;
static uint8_t matrices[RANKS][ROWS * COLUMNS]; /* one of each process */
/* Of process A and B: what A gives to B, and what it takes from it. */
static struct ff_team_block given[RANKS][RANKS], taken[RANKS][RANKS];

static int note_swap(struct ff_ctx *of, const struct ff_team_block *gives,
                     const struct ff_team_block *takes)
{
    memcpy(given[of->team.rank], gives, of->team.size * sizeof *gives);
    memcpy(taken[of->team.rank], takes, of->team.size * sizeof *takes);
    return FF_OK;
}

static int note_broadcast(struct ff_ctx *of, unsigned root, const struct ff_team_block *block)
{
    unsigned rank = of->team.rank;

    for (unsigned other = 0; rank == root && other < of->team.size; other++)
        given[rank][other] = *block;
    taken[rank][root] = *block;
    return FF_OK;
}

static const struct ff_team_engine notes = {.swap_beside = note_swap,
                                            .broadcast_block = note_broadcast};

static uint8_t value_at(uint32_t row, uint32_t column)
{
    return (uint8_t)(1 + (row * 31 + column * 7) % 251);
}

/* Sets the columns of RANK's tiles in its matrix, and no others. */
static void compute(unsigned rank, const struct ff_team_columns *columns)
{
    struct ff_range tiles = ff_team_share(rank, ctx->team.size, columns->tiles);

    memset(matrices[rank], 0, sizeof matrices[rank]);
    for (uint32_t row = 0; row < columns->rows; row++) {
        for (uint32_t column = 0; column < columns->columns; column++) {
            uint32_t tile = column / columns->tile_columns;

            if (tile >= tiles.first && tile < tiles.end)
                matrices[rank][row * columns->columns + column] = value_at(row, column);
        }
    }
}

/* Moves the blocks from each process to each other one. */
static void move_blocks(void)
{
    for (unsigned from = 0; from < ctx->team.size; from++) {
        for (unsigned to = 0; to < ctx->team.size; to++) {
            const struct ff_team_block *source = &given[from][to], *target = &taken[to][from];

            if (from == to)
                continue;
            ck_assert_uint_eq(source->rows, target->rows);
            ck_assert_uint_eq(source->row_bytes, target->row_bytes);
            for (size_t row = 0; row < source->rows; row++)
                memcpy(target->start + row * target->stride, source->start + row * source->stride,
                       source->row_bytes);
        }
    }
}

/* Lets all processes of a team of SIZE exchange COLUMNS with EXCHANGE. */
static void run_team(unsigned size, const struct ff_team_columns *columns,
                     int (*exchange)(struct ff_ctx *ctx, const struct ff_team_columns *columns,
                                     void *matrix))
{
    memset(given, 0, sizeof given);
    memset(taken, 0, sizeof taken);
    ctx->team.size = size;
    for (unsigned rank = 0; rank < size; rank++) {
        ctx->team.rank = rank;
        compute(rank, columns);
        ck_assert_int_eq(exchange(ctx, columns, matrices[rank]), FF_OK);
    }
    move_blocks();
}

static void check_rows(unsigned rank, const struct ff_team_columns *columns, struct ff_range rows)
{
    for (uint32_t row = rows.first; row < rows.end; row++)
        for (uint32_t column = 0; column < columns->columns; column++)
            ck_assert_uint_eq(matrices[rank][row * columns->columns + column],
                              value_at(row, column));
}

/* One tile and many, the last one shorter; fewer tiles, or fewer rows, than processes. */
static const struct ff_team_columns shapes[] = {
    {1, ROWS, 300, 128, 3}, {1, ROWS, 256, 128, 2}, {1, ROWS, 40, 40, 1},
    {1, ROWS, 299, 13, 23}, {1, 2, 300, 60, 5},     {1, 1, 1, 1, 1},
};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

START_TEST(all_columns_reach_all)
{
    for (unsigned size = 2; size <= RANKS; size++) {
        run_team(size, &shapes[_i], ff_team_gather_columns);
        for (unsigned rank = 0; rank < size; rank++)
            check_rows(rank, &shapes[_i], (struct ff_range){0, shapes[_i].rows});
    }
}
END_TEST

START_TEST(the_rows_of_each_become_whole)
{
    for (unsigned size = 2; size <= RANKS; size++) {
        run_team(size, &shapes[_i], ff_team_complete_rows);
        for (unsigned rank = 0; rank < size; rank++)
            check_rows(rank, &shapes[_i], ff_team_share(rank, size, shapes[_i].rows));
    }
}
END_TEST

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ctx->team.engine = &notes;
}

static void teardown(void)
{
    ff_ctx_free(ctx);
}

int main(void)
{
    Suite *suite = suite_create("base: team");
    TCase *tcase = tcase_create("shares"), *blocks = tcase_create("blocks");

    tcase_add_test(tcase, shares_cover_all_items_once);
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(blocks, setup, teardown);
    tcase_add_loop_test(blocks, all_columns_reach_all, 0, SHAPES);
    tcase_add_loop_test(blocks, the_rows_of_each_become_whole, 0, SHAPES);
    suite_add_tcase(suite, blocks);
    return run_suite(suite);
}
