/* The feed releases what it has read: what is mapped at a time is as planned. */
#include "fixtures/train_fixture.h"
#include "learn/feed.h"
#include "learn/streams.h"
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
        .embedding = {FF_EMBED_REPLACE, 1, FEATURES, TRAIN_CLASSES},
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

int main(void)
{
    Suite *suite = suite_create("learn: feed");
    TCase *tcase = tcase_create("mapped");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, images_of_pairs_are_released_once_read);
    tcase_add_test(tcase, images_of_neutral_rows_are_released_once_read);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
