/* The feed releases what it has read: what is mapped at a time is as planned. What it prepares is
 * what it would load. */
#include "fixtures/train_fixture.h"
#include "learn/feed.h"
#include "learn/streams.h"
#include "naive/oracle.h"
#include "support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CHUNKS 3
#define CHUNK_ROWS 16
#define FEATURES (1 << 16) /* floats: a chunk is larger than what comes along with another page */

static char *directory;
static struct ff_ctx *ctx;
static struct ff_scratch scratch;
static struct ff_geometry geometry;
static struct ff_workers workers;
static struct ff_set *set; /* boundary 0 */

static void put_chunks(void)
{
    static const float images[CHUNK_ROWS * FEATURES];
    static const uint16_t labels[CHUNK_ROWS];
    const struct ff_matrix rows = {FF_F32, CHUNK_ROWS, FEATURES, images};
    const struct ff_matrix truth = {FF_U16, CHUNK_ROWS, 1, labels};
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    const struct ff_seal seal = {.chunks = CHUNKS};

    for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
        ck_assert_int_eq(ff_set_put(set, chunk, FF_STREAM_LABELS, &truth, FF_U16, &none), FF_OK);
        ck_assert_int_eq(ff_set_put(set, chunk, FF_STREAM_INPUT, &rows, FF_F32, &none), FF_OK);
    }
    ck_assert_int_eq(ff_set_seal(set, &seal), FF_OK);
}

/* ---- What the set may release ---- */

static struct ff_set_ops watched;
static struct ff_chunk chunks[CHUNKS];
static bool gone[CHUNKS]; /* in whole, at once */

static void watch_drop_pages(struct ff_set *unused, const void *from, const void *to)
{
    (void)unused;
    for (uint32_t i = 0; i < CHUNKS; i++) {
        const uint8_t *begin = chunks[i].bytes.data, *end = begin + chunks[i].bytes.size;

        gone[i] |= (const uint8_t *)from <= begin && (const uint8_t *)to >= end;
    }
}

static void watch(void)
{
    for (uint32_t i = 0; i < CHUNKS; i++) {
        ck_assert_int_eq(ff_set_find(set, i, FF_STREAM_INPUT, &chunks[i]), FF_OK);
        gone[i] = false;
    }
    watched = *set->ops;
    watched.drop_pages = watch_drop_pages;
    set->ops = &watched;
}

static void setup(void)
{
    directory = train_folder(1);
    ctx = train_ctx();
    geometry = ff_geometry_make(CHUNKS * CHUNK_ROWS, CHUNK_ROWS);
    ck_assert_int_eq(ff_workers_init(&workers, ctx, 1), FF_OK);
    ck_assert_int_eq(ff_scratch_open(ctx, train_path(directory, "scratch"), &scratch), FF_OK);
    ck_assert_int_eq(scratch.ops->create(scratch.self, 0, &set), FF_OK);
    put_chunks();
    watch();
}

static void teardown(void)
{
    struct ff_memory memory;

    ff_set_close(set);
    ff_scratch_close(&scratch);
    ff_workers_release(&workers);
    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
    free(directory);
}

/* Loads CHUNKS chunks of each of N streams, all at once. */
static void load(uint32_t n, const uint32_t *streams)
{
    struct ff_piece_request requests[CHUNKS * 2];
    struct ff_piece pieces[CHUNKS * 2];
    struct ff_feed_opts opts = {
        .geometry = &geometry,
        .set = set,
        .embedding = {FF_EMBED_REPLACE, 1, FEATURES, TRAIN_CLASSES, NULL},
        .classes = TRAIN_CLASSES,
        .is_float = true,
        .width = FEATURES,
        .max_pieces = CHUNKS * n,
    };
    struct ff_feed *feed;

    for (uint32_t i = 0; i < CHUNKS * n; i++)
        requests[i] = (struct ff_piece_request){i / n, streams[i % n]};
    ck_assert_int_eq(ff_feed_new(&workers, &opts, &feed), FF_OK);
    ck_assert_msg(ff_feed_load(feed, opts.max_pieces, requests, pieces) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ff_feed_free(feed);
}

static void ck_gone(void)
{
    for (uint32_t i = 0; i < CHUNKS; i++)
        ck_assert_msg(gone[i], "images of chunk %u stay mapped", i);
}

/* Their inputs are formed by then, in buffers. */
START_TEST(images_of_pairs_are_released_once_read)
{
    const uint32_t streams[] = {FF_STREAM_INPUT, FF_STREAM_INPUT + 1};

    load(2, streams);
    ck_gone();
}
END_TEST

START_TEST(images_of_neutral_rows_are_released_once_read)
{
    const uint32_t streams[] = {FF_STREAM_NEUTRAL};

    load(1, streams);
    ck_gone();
}
END_TEST

/* ---- Reading ahead ---- */

#define WIDTH 40
#define AHEAD_CHUNKS 5

/* Chunks of boundary 1, of u8, with labels. */
static struct ff_set *put_outputs(void)
{
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    const struct ff_seal seal = {.boundary = 1, .chunks = AHEAD_CHUNKS};
    float values[CHUNK_ROWS * WIDTH];
    uint16_t labels[CHUNK_ROWS];
    const struct ff_matrix rows = {FF_F32, CHUNK_ROWS, WIDTH, values};
    const struct ff_matrix truth = {FF_U16, CHUNK_ROWS, 1, labels};
    struct ff_set *out;

    ck_assert_int_eq(scratch.ops->create(scratch.self, 1, &out), FF_OK);
    for (uint32_t chunk = 0; chunk < AHEAD_CHUNKS; chunk++) {
        oracle_fill(chunk + 1, CHUNK_ROWS * WIDTH, 0, 1, values);
        for (uint32_t i = 0; i < CHUNK_ROWS; i++)
            labels[i] = (uint16_t)((chunk + i) % TRAIN_CLASSES);
        ck_assert_int_eq(ff_set_put(out, chunk, FF_STREAM_LABELS, &truth, FF_U16, &none), FF_OK);
        ck_assert_int_eq(ff_set_put(out, chunk, FF_STREAM_INPUT, &rows, FF_SCALED_U8, &none),
                         FF_OK);
    }
    ck_assert_int_eq(ff_set_seal(out, &seal), FF_OK);
    return out;
}

static struct ff_feed *open_ahead(struct ff_set *outputs, bool ahead)
{
    static struct ff_geometry ahead_geometry;
    struct ff_feed_opts opts = {
        .geometry = &ahead_geometry,
        .set = outputs,
        .boundary = 1,
        .classes = TRAIN_CLASSES,
        .width = WIDTH,
        .max_pieces = 1,
        .ahead = ahead,
        .labelled = ahead,
        .stored = FF_SCALED_U8,
        .use = FF_FEED_LEARN,
        .dropout = 0.25f,
    };
    struct ff_feed *feed;

    ahead_geometry = ff_geometry_make(AHEAD_CHUNKS * CHUNK_ROWS, CHUNK_ROWS);
    ck_assert_int_eq(ff_feed_new(&workers, &opts, &feed), FF_OK);
    ff_feed_begin_epoch(feed, 3);
    return feed;
}

static void rest(void *arg, size_t task, unsigned worker)
{
    (void)arg;
    (void)task;
    (void)worker;
}

/* CHUNK by FEED is what PLAIN, which reads nothing ahead, gives. */
static void ck_same_piece(struct ff_feed *feed, struct ff_feed *plain, uint32_t chunk)
{
    const struct ff_piece_request request = {chunk, FF_STREAM_INPUT};
    uint16_t labels[CHUNK_ROWS], expected[CHUNK_ROWS];
    struct ff_piece piece, other;

    ck_assert_int_eq(ff_feed_load(plain, 1, &request, &other), FF_OK);
    ck_assert_int_eq(ff_feed_load(feed, 1, &request, &piece), FF_OK);
    ck_assert_uint_eq(piece.first, other.first);
    ck_assert_uint_eq(piece.rows, CHUNK_ROWS);
    ck_assert_mem_eq(piece.x, other.x, CHUNK_ROWS * WIDTH * sizeof(float));
    ck_assert_int_eq(ff_feed_labels(feed, chunk, labels), FF_OK);
    ck_assert_int_eq(ff_feed_labels(plain, chunk, expected), FF_OK);
    ck_assert_mem_eq(labels, expected, sizeof labels);
}

/* The chunk that was prepared, another one, and the piece in use while the next one is formed. */
START_TEST(what_is_prepared_is_what_would_be_loaded)
{
    static const uint32_t prepared[] = {1, 3, 0, 2, 4, 4}, loaded[] = {1, 3, 2, 2, 0, 4};
    struct ff_set *outputs = put_outputs();
    struct ff_feed *feed, *plain;

    ff_workers_release(&workers);
    ck_assert_int_eq(ff_workers_init(&workers, ctx, (unsigned)_i), FF_OK);
    feed = open_ahead(outputs, true);
    plain = open_ahead(outputs, false);
    ck_same_piece(feed, plain, 0);
    for (size_t i = 0; i < sizeof prepared / sizeof *prepared; i++) {
        const struct ff_piece_request request = {prepared[i], FF_STREAM_INPUT};

        ff_feed_prepare(feed, 1, &request);
        ff_pool_run(workers.pool, 8, rest, NULL);
        ck_same_piece(feed, plain, loaded[i]);
    }
    ff_feed_prepare(feed, 1, &(struct ff_piece_request){1, FF_STREAM_INPUT}); /* never loaded */
    ff_feed_free(feed);
    ff_feed_free(plain);
    ff_set_close(outputs);
}
END_TEST

START_TEST(a_missing_chunk_that_was_prepared_is_reported_when_loaded)
{
    const struct ff_piece_request request = {AHEAD_CHUNKS + 1, FF_STREAM_INPUT};
    struct ff_set *outputs = put_outputs();
    struct ff_feed *feed = open_ahead(outputs, true);
    struct ff_piece piece;

    ff_feed_prepare(feed, 1, &request);
    ck_assert_int_eq(ff_feed_load(feed, 1, &request, &piece), FF_ECORRUPT);
    ff_feed_free(feed);
    ff_set_close(outputs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn: feed");
    TCase *tcase = tcase_create("mapped");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, images_of_pairs_are_released_once_read);
    tcase_add_test(tcase, images_of_neutral_rows_are_released_once_read);
    tcase_add_loop_test(tcase, what_is_prepared_is_what_would_be_loaded, 1, 5);
    tcase_add_test(tcase, a_missing_chunk_that_was_prepared_is_reported_when_loaded);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
