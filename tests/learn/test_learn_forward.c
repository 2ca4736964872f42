/* The forward pass gives what its sink takes. */
#include "fixtures/train_fixture.h"
#include "learn/forward.h"
#include "learn/streams.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CHUNKS 2
#define CHUNK_ROWS 16
#define ROWS (CHUNKS * CHUNK_ROWS)
#define UNITS 20

static char *directory;
static struct ff_ctx *ctx;
static struct ff_scratch scratch;
static struct ff_workers workers;
static struct ff_set *set; /* boundary 0 */
static struct ff_geometry geometry;
static struct ff_manifest manifest = {
    .samples = ROWS, .features = TRAIN_FEATURES, .classes = TRAIN_CLASSES, .is_float = true};
static struct ff_layer layer;

/* In the order in which the sink gets them. */
static struct seen {
    bool outputs;
    float y[ROWS][UNITS], goodness[ROWS][TRAIN_CLASSES];
} seen;

static void put_chunks(void)
{
    static float images[CHUNK_ROWS * TRAIN_FEATURES];
    static const uint16_t labels[CHUNK_ROWS];
    const struct ff_matrix rows = {FF_F32, CHUNK_ROWS, TRAIN_FEATURES, images};
    const struct ff_matrix truth = {FF_U16, CHUNK_ROWS, 1, labels};
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    const struct ff_seal seal = {.chunks = CHUNKS};

    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        images[i] = (float)(i * 7 % 11) / 11;
    for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
        ck_assert_int_eq(ff_set_put(set, chunk, FF_STREAM_LABELS, &truth, FF_U16, &none), FF_OK);
        ck_assert_int_eq(ff_set_put(set, chunk, FF_STREAM_INPUT, &rows, FF_F32, &none), FF_OK);
    }
    ck_assert_int_eq(ff_set_seal(set, &seal), FF_OK);
}

static void make_layer(void)
{
    struct ff_layer shape;

    train_recipe(ctx, "20", &manifest.recipe);
    train_named("conditioned", &manifest.recipe);
    manifest.recipe.pass_on = "posterior";
    ck_assert_int_eq(ff_recipe_complete(ctx, &manifest.recipe), FF_OK);
    shape = ff_layer_of(&manifest, 1, 0);
    ck_assert_int_eq(ff_layer_init_paged(&layer, &workers, &shape, &scratch, NULL), FF_OK);
    ck_assert_int_eq(ff_layer_seed(&layer, workers.pool, 1, 1, 1), FF_OK);
}

static void setup(void)
{
    directory = train_folder(1);
    ctx = train_ctx();
    geometry = ff_geometry_make(ROWS, CHUNK_ROWS);
    ck_assert_int_eq(ff_workers_init(&workers, ctx, 1), FF_OK);
    ck_assert_int_eq(ff_scratch_open(ctx, train_path(directory, "scratch"), &scratch), FF_OK);
    ck_assert_int_eq(scratch.ops->create(scratch.self, 0, &set), FF_OK);
    put_chunks();
    make_layer();
    memset(&seen, 0, sizeof seen);
}

static void teardown(void)
{
    struct ff_memory memory;

    ff_layer_release(&layer);
    ff_recipe_release(&manifest.recipe);
    ff_set_close(set);
    ff_scratch_close(&scratch);
    ff_workers_release(&workers);
    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
    free(directory);
}

static int take(void *arg, const struct ff_forward_block *block)
{
    (void)arg;
    memcpy(seen.goodness[block->first], block->goodness, block->rows * sizeof seen.goodness[0]);
    return FF_OK;
}

static int store(void *arg, size_t n, const struct ff_forward_outputs *outputs)
{
    (void)arg;
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(outputs->y.dtype, FF_F32);
    memcpy(seen.y[(size_t)outputs->chunk * CHUNK_ROWS], outputs->y.data,
           outputs->y.rows * sizeof seen.y[0]);
    seen.outputs = true;
    return FF_OK;
}

static void forward(bool outputs, uint8_t *active)
{
    const uint32_t stream = ff_streams_head(&manifest.recipe);
    struct ff_feed_opts feed =
        ff_feed_opts_of(&manifest, &geometry, 0, ff_forward_pieces(1), FF_FEED_PLAIN);
    struct ff_forward_opts opts = {
        .layer = &layer,
        .manifest = &manifest,
        .geometry = &geometry,
        .streams = &stream,
        .n_streams = 1,
        .active = active,
        .sink = take,
        .store = outputs ? store : NULL,
        .stored = FF_F32,
    };

    seen.outputs = false;
    feed.set = set;
    ck_assert_int_eq(ff_feed_new(&workers, &feed, &opts.feed), FF_OK);
    ck_assert_msg(ff_forward(&workers, &opts) == FF_OK, "%s", ff_ctx_message(ctx));
    ff_feed_free(opts.feed);
}

/* The goodness is the same, and so are the units that are active. */
START_TEST(outputs_are_formed_only_where_they_are_taken)
{
    uint8_t active[UNITS] = {0}, same[UNITS] = {0};
    struct seen all;

    forward(true, active);
    all = seen;
    ck_assert(all.outputs);
    forward(false, NULL);
    ck_assert(!seen.outputs);
    ck_assert_mem_eq(seen.goodness, all.goodness, sizeof all.goodness);
    forward(false, same);
    ck_assert(!seen.outputs);
    ck_assert_mem_eq(same, active, sizeof active);
    ck_assert_ptr_nonnull(memchr(active, 1, sizeof active));
}
END_TEST

/* The manifest's only layer is the last one, and here it has no head: nothing needs its outputs. */
START_TEST(a_pass_that_only_measures_takes_some_samples_and_all_that_are_held_out)
{
    const uint32_t batch = 300; /* in two chunks of 150 */
    struct ff_geometry large = ff_geometry_make(60000, batch);
    uint64_t samples = FF_SAMPLES_MEASURED + 50; /* whole chunks */
    struct ff_manifest last = manifest;
    struct ff_left_out out;

    last.recipe.head_epochs = 0;
    out = ff_forward_left_out(&last, &large, 1);

    ck_assert_uint_eq(out.first * 150, samples);
    ck_assert_uint_eq(out.end, large.chunks);
    ck_assert_uint_eq(ff_forward_samples(&large, out), samples);

    ff_geometry_hold_out(&large, 0.1);
    out = ff_forward_left_out(&last, &large, 1);
    ck_assert_uint_eq(out.end * 150, 54000);
    ck_assert_uint_eq(ff_forward_samples(&large, out), samples + 6000);

    out = ff_forward_left_out(&last, &geometry, 1); /* it is small */
    ck_assert_uint_eq(ff_forward_samples(&geometry, out), ROWS);
    large = ff_geometry_make(9000, 8000); /* the last batch has fewer chunks */
    out = ff_forward_left_out(&last, &large, 1);
    ck_assert_uint_eq(ff_forward_samples(&large, out), 9000);
}
END_TEST

START_TEST(outputs_that_are_stored_are_measured_in_full)
{
    struct ff_manifest deep = manifest;
    struct ff_geometry large = ff_geometry_make(60000, 100);
    struct ff_left_out out;

    train_recipe(ctx, "20,20", &deep.recipe);
    train_named("conditioned", &deep.recipe);
    ck_assert_int_eq(ff_recipe_complete(ctx, &deep.recipe), FF_OK);
    out = ff_forward_left_out(&deep, &large, 1);
    ck_assert_uint_eq(ff_forward_samples(&large, out), 60000);
    ff_recipe_release(&deep.recipe);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn: forward");
    TCase *tcase = tcase_create("forward");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, outputs_are_formed_only_where_they_are_taken);
    tcase_add_test(tcase, a_pass_that_only_measures_takes_some_samples_and_all_that_are_held_out);
    tcase_add_test(tcase, outputs_that_are_stored_are_measured_in_full);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
