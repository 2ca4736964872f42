/* The walk over a layer's tiles. */
#include "model/layer.h"
#include "model/workers.h"
#include "support/suite.h"

#include <check.h>
#include <string.h>

#define UNITS 1000u /* four tiles */
#define PARTS 3

static struct ff_ctx *ctx;
static struct ff_workers workers;
static struct ff_layer layer;
static _Atomic unsigned visits[8][PARTS];

/* Allocates the layer for process RANK of SIZE. */
static void make_layer(unsigned rank, unsigned size)
{
    const struct ff_layer shape = ff_layer_shape(5, UNITS, 0);

    ctx->team.rank = rank;
    ctx->team.size = size;
    ck_assert_int_eq(ff_layer_init(&layer, ctx, &shape), FF_OK);
}

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ck_assert_int_eq(ff_workers_init(&workers, ctx, 2), FF_OK);
    memset(visits, 0, sizeof visits);
}

static void teardown(void)
{
    ff_layer_release(&layer);
    ff_workers_release(&workers);
    ff_ctx_free(ctx);
}

static void count_visit(void *arg, uint32_t tile, size_t part, unsigned worker)
{
    (void)arg;
    ck_assert_uint_lt(worker, 2);
    visits[tile][part]++;
}

static void walk(void)
{
    const struct ff_walk all = {.parts = PARTS, .fn = count_visit};

    ck_assert_int_eq(ff_layer_walk(&layer, workers.pool, &all), FF_OK);
}

static void check_visits(uint32_t first, uint32_t end)
{
    for (uint32_t tile = 0; tile < layer.tiles; tile++) {
        for (size_t part = 0; part < PARTS; part++)
            ck_assert_uint_eq(visits[tile][part], tile >= first && tile < end);
    }
}

START_TEST(all_tiles_are_visited_once)
{
    make_layer(0, 1);
    ck_assert_uint_eq(layer.tiles, 4);
    walk();
    check_visits(0, 4);
}
END_TEST

START_TEST(tiles_of_other_processes_are_not_visited)
{
    make_layer(1, 3);
    walk();
    check_visits(2, 3);
    ck_assert_uint_eq(ff_layer_own_units(&layer), 256);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: walk");
    TCase *tcase = tcase_create("tiles");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, all_tiles_are_visited_once);
    tcase_add_test(tcase, tiles_of_other_processes_are_not_visited);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
