#include "learn/feed.h"

#include "learn/feed_slot.h"
#include "learn/streams.h"
#include "nn/dropout.h"
#include "recipe/activation_type.h"
#include "store/db.h"

#include <string.h>

struct ff_feed {
    struct ff_feed_base base;
    struct ff_slot_group groups[2];
    struct ff_slot_group *now, *next; /* NEXT: what is being prepared */
    struct ff_beside preparing;
    bool has_epoch;
    uint32_t epoch;
    struct ff_slot slots[]; /* of both groups; of one without reading ahead */
};

/* Reading ahead: from more pieces on, all threads have work with those of one load; larger ones
 * take long to compute with, and a second buffer costs memory. */
#define MOST_AHEAD 2
#define MOST_AHEAD_BYTES ((size_t)1 << 20)

/* True if the feed is to read ahead: by the whole batch, so that a smaller micro-batch does not
 * need more memory. */
static bool reads_ahead(const struct ff_recipe *recipe, const struct ff_feed_opts *opts)
{
    size_t bytes = (size_t)opts->geometry->chunk_rows * opts->width * sizeof(float);
    uint32_t pieces = opts->max_pieces;

    if (opts->use == FF_FEED_LEARN)
        pieces = opts->geometry->chunks_per_batch * ff_streams_rows(recipe);
    return opts->use != FF_FEED_PLAIN && pieces <= MOST_AHEAD && bytes <= MOST_AHEAD_BYTES &&
           !ff_recipe_trains_at_once(recipe) && !opts->hard;
}

struct ff_feed_opts ff_feed_opts_of(const struct ff_manifest *manifest,
                                    const struct ff_geometry *geometry, uint32_t boundary,
                                    uint32_t pieces, enum ff_feed_use use)
{
    const struct ff_recipe *recipe = &manifest->recipe;

    struct ff_feed_opts opts = {
        .geometry = geometry,
        .boundary = boundary,
        .embedding = ff_manifest_embedding(manifest),
        .classes = manifest->classes,
        .is_float = manifest->is_float,
        .seed = recipe->seed,
        .width = ff_manifest_fan_in(manifest, boundary + 1),
        .max_pieces = pieces,
        .labelled = use != FF_FEED_PLAIN && ff_recipe_conditioned(recipe),
        .stored = ff_activation_type_find(recipe->activations)->stored,
        .use = use,
        .dropout = use == FF_FEED_LEARN ? ff_dropout_probability(recipe->dropout) : 0,
        .image = manifest->image,
        .jitter = boundary == 0 && use != FF_FEED_PLAIN ? recipe->jitter : 0,
        .context_dropout = boundary == 0 && use != FF_FEED_PLAIN ? recipe->context_dropout : 0,
        .hybrid = boundary == 0 && ff_recipe_unsupervised(recipe),
        .hard = use == FF_FEED_LEARN && ff_recipe_gathers(recipe),
        .goodness_scale = (float)recipe->goodness_scale,
    };

    opts.ahead = reads_ahead(recipe, &opts);
    return opts;
}

static size_t slot_count(const struct ff_feed_opts *opts)
{
    return (size_t)opts->max_pieces * (opts->ahead ? 2 : 1);
}

static size_t feed_bytes(const struct ff_feed_opts *opts)
{
    return sizeof(struct ff_feed) + slot_count(opts) * sizeof(struct ff_slot);
}

/* For inputs and labels. */
static struct ff_chunk_index make_index(const struct ff_feed_opts *opts)
{
    return ff_chunk_index_make(opts->geometry->chunks, 2);
}

static int allocate_slots(struct ff_feed *feed)
{
    struct ff_buffer places = ff_chunk_index_buffer(&feed->base.index);
    int status = FF_OK;

    if (feed->base.opts.ahead)
        status = ff_buffers_alloc(feed->base.workers->ctx, 1, &places);
    for (size_t i = 0; i < slot_count(&feed->base.opts) && status == FF_OK; i++) {
        struct ff_buffer buffers[FF_SLOT_BUFFERS];

        status =
            ff_buffers_alloc(feed->base.workers->ctx,
                             ff_slot_list(&feed->base.opts, &feed->slots[i], buffers), buffers);
    }
    return status;
}

int ff_feed_new(struct ff_workers *workers, const struct ff_feed_opts *opts, struct ff_feed **out)
{
    struct ff_feed *feed = ff_alloc(workers->ctx, FF_MEM_OTHER, feed_bytes(opts));
    int status;

    *out = NULL;
    if (!feed)
        return ff_alloc_status(workers->ctx);
    feed->base.workers = workers;
    feed->base.opts = *opts;
    feed->base.index = make_index(opts);
    feed->groups[0] = (struct ff_slot_group){&feed->base, feed->slots, 0};
    feed->groups[1] =
        (struct ff_slot_group){&feed->base, feed->slots + (opts->ahead ? opts->max_pieces : 0), 0};
    feed->now = &feed->groups[0];
    feed->next = &feed->groups[1];
    status = allocate_slots(feed);
    if (status != FF_OK) {
        ff_feed_free(feed);
        return status;
    }
    *out = feed;
    return FF_OK;
}

/* What was prepared is not needed. */
static void drop_prepared(struct ff_feed *feed)
{
    if (feed->next->n > 0)
        ff_pool_finish(feed->base.workers->pool, &feed->preparing);
    feed->next->n = 0;
}

void ff_feed_free(struct ff_feed *feed)
{
    struct ff_buffer places;
    struct ff_ctx *ctx;

    if (!feed)
        return;
    ctx = feed->base.workers->ctx;
    drop_prepared(feed);
    places = ff_chunk_index_buffer(&feed->base.index);
    ff_buffers_free(ctx, 1, &places);
    for (size_t i = 0; i < slot_count(&feed->base.opts); i++) {
        struct ff_buffer buffers[FF_SLOT_BUFFERS];
        size_t n = ff_slot_list(&feed->base.opts, &feed->slots[i], buffers);

        buffers[n++] = ff_slot_decoded(&feed->base.opts, &feed->slots[i]);
        ff_buffers_free(ctx, n, buffers);
    }
    ff_free(ctx, FF_MEM_OTHER, feed, feed_bytes(&feed->base.opts));
}

/* What looking up a chunk maps: pages of the tree and the page-cache folios they are in, from 64
 * KiB to 2 MiB each. */
#define LOOK_UP_BYTES ((uint64_t)5 << 19)

void ff_feed_needs(const struct ff_feed_opts *opts, const struct ff_set_values *values,
                   uint32_t chunks, unsigned threads, uint64_t set_bytes, struct ff_needs *needs)
{
    uint64_t looking_up = set_bytes / 2 < LOOK_UP_BYTES ? set_bytes / 2 : LOOK_UP_BYTES;
    uint64_t stays, passes;
    bool ready = !values->packed && values->stored == values->given;
    bool in_place = ready && opts->boundary > 0 && opts->dropout <= 0 && !opts->hard;
    struct ff_chunk_index index = make_index(opts);
    struct ff_buffer places = ff_chunk_index_buffer(&index);
    struct ff_slot shape = {0};
    struct ff_buffer buffers[FF_SLOT_BUFFERS];
    size_t n = ff_slot_list(opts, &shape, buffers);

    if (!ready &&
        (opts->boundary == 0 || !ff_slot_has_buffer(opts))) /* else the permanent one is used */
        buffers[n++] = ff_slot_decoded(opts, &shape);
    for (size_t i = 0; i < slot_count(opts); i++)
        ff_buffers_count(n, buffers, needs);
    needs->bytes[FF_MEM_OTHER] += feed_bytes(opts);
    if (opts->ahead)
        ff_buffers_count(1, &places, needs);
    if (ff_db_map_needs(set_bytes, values->packed, needs))
        return;
    if (opts->ahead) { /* copied */
        ff_needs_pass(needs, looking_up);
        return;
    }
    threads = threads < chunks ? threads : chunks;
    stays = in_place ? (uint64_t)chunks * values->bytes : 0;
    passes = (uint64_t)threads * (ff_chunk_slack(values->bytes) + (in_place ? 0 : values->bytes));
    needs->mapped += stays;
    ff_needs_pass(needs, passes);
    if (looking_up > stays) /* before any chunk is read */
        ff_needs_pass(needs, looking_up - stays);
}

void ff_feed_begin_epoch(struct ff_feed *feed, uint32_t epoch)
{
    const struct ff_feed_opts *opts = &feed->base.opts;

    if (feed->has_epoch && feed->epoch == epoch)
        return;
    drop_prepared(feed);
    feed->has_epoch = true;
    feed->epoch = epoch;
    feed->base.dropped = ff_rng_make(opts->seed, FF_RNG_DROPOUT, opts->boundary + 1, epoch);
    feed->base.drawn = ff_rng_make(opts->seed, FF_RNG_HARD_LABEL, opts->boundary + 1, epoch);
    ff_first_inputs_begin_epoch(opts, epoch, &feed->base.noise);
}

void ff_feed_give_labels(struct ff_feed *feed, uint64_t first, const uint16_t *labels)
{
    feed->base.noise.given = labels;
    feed->base.noise.given_first = first;
}

/* Records damage of the set and returns STATUS. */
static int noted(struct ff_feed *feed, int status)
{
    if (status == FF_ECORRUPT && feed->base.opts.damaged)
        *feed->base.opts.damaged = true;
    return status;
}

/* Looks up the chunks of N requests for GROUP. */
static int find_slots(struct ff_feed *feed, struct ff_slot_group *group, size_t n,
                      const struct ff_piece_request *requests)
{
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        status = ff_slot_find(&feed->base, &requests[i], &group->slots[i]);
        if (!feed->base.opts.ahead)
            ff_set_dont_need(feed->base.opts.set); /* unmaps the pages of the tree */
    }
    group->n = status == FF_OK ? n : 0;
    return status;
}

static bool is_prepared(const struct ff_feed *feed, size_t n,
                        const struct ff_piece_request *requests)
{
    bool same = n > 0 && feed->next->n == n;

    for (size_t i = 0; i < n && same; i++)
        same = feed->next->slots[i].request.chunk == requests[i].chunk &&
               feed->next->slots[i].request.stream == requests[i].stream;
    return same;
}

/* Makes what was prepared the pieces in use. */
static void use_prepared(struct ff_feed *feed)
{
    struct ff_slot_group *before = feed->now;

    ff_pool_finish(feed->base.workers->pool, &feed->preparing);
    feed->now = feed->next;
    feed->next = before;
}

int ff_feed_load(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests,
                 struct ff_piece *pieces)
{
    ff_feed_done(feed);
    if (is_prepared(feed, n, requests)) {
        use_prepared(feed);
    } else {
        int status;

        drop_prepared(feed);
        status = find_slots(feed, feed->now, n, requests);
        if (status != FF_OK)
            return noted(feed, status);
        ff_pool_run(feed->base.workers->pool, n, ff_slot_load, feed->now);
    }
    for (size_t i = 0; i < n; i++) {
        const struct ff_slot *slot = &feed->now->slots[i];

        if (slot->status != FF_OK)
            return noted(feed, slot->status);
        pieces[i] = (struct ff_piece){slot->x, slot->first, slot->rows};
    }
    return FF_OK;
}

void ff_feed_prepare(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests)
{
    if (!feed->base.opts.ahead || n > feed->base.opts.max_pieces)
        return;
    drop_prepared(feed);
    /* A missing chunk is reported when it is loaded. */
    if (find_slots(feed, feed->next, n, requests) != FF_OK)
        return;
    ff_pool_beside(feed->base.workers->pool, &feed->preparing, n, ff_slot_load, feed->next);
}

void ff_feed_done(struct ff_feed *feed)
{
    if (feed->now->n > 0 && !feed->base.opts.ahead)
        ff_set_dont_need(feed->base.opts.set);
    feed->now->n = 0;
}

void ff_feed_will_need(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests)
{
    for (size_t i = 0; i < n && !feed->base.opts.ahead; i++) {
        uint32_t stored = ff_slot_stored(&feed->base.opts, requests[i].stream);
        struct ff_chunk chunk;

        if (ff_slot_gathers(&feed->base.opts)) /* the first label's; the others follow it */
            stored = FF_STREAM_CLASS;
        if (i > 0 && feed->base.opts.boundary == 0 && requests[i].chunk == requests[i - 1].chunk)
            continue; /* formed from the same images */
        /* A missing chunk is reported when it is loaded. */
        if (ff_set_find(feed->base.opts.set, requests[i].chunk, stored, &chunk) == FF_OK)
            ff_chunk_will_need(feed->base.opts.set, &chunk);
    }
}

/* Reads a whole chunk into OUT on the calling thread. */
static int read_chunk(struct ff_feed *feed, uint32_t chunk, uint32_t stream, enum ff_dtype dtype,
                      uint32_t columns, void *out, struct ff_chunk *found)
{
    struct ff_set *set = feed->base.opts.set;
    uint64_t first;
    uint32_t rows;
    const void *data;
    int status;

    ff_chunk_range(feed->base.opts.geometry, chunk, &first, &rows);
    status = ff_set_find(set, chunk, stream, found);
    if (status == FF_OK)
        status = ff_chunk_read(set, found, feed->base.workers->coders[0], dtype, rows, columns, out,
                               &data);
    if (status == FF_OK && data != out)
        memcpy(out, data, (size_t)rows * columns * ff_dtype_size(dtype));
    if (feed->base.opts.ahead) /* nothing else is mapped */
        ff_set_dont_need(set);
    return noted(feed, status);
}

/* The slot of GROUP that has read the labels of CHUNK along; NULL: there is none. */
static const struct ff_slot *slot_with_labels(const struct ff_slot_group *group, uint32_t chunk)
{
    for (size_t i = 0; group->base->opts.labelled && i < group->n; i++) {
        if (group->slots[i].request.chunk == chunk && group->slots[i].status == FF_OK)
            return &group->slots[i];
    }
    return NULL;
}

/* The same among the pieces in use and those that are prepared. */
static const struct ff_slot *labels_read_along(struct ff_feed *feed, uint32_t chunk)
{
    const struct ff_slot *slot = slot_with_labels(feed->now, chunk);

    if (slot || feed->next->n == 0)
        return slot;
    ff_pool_finish(feed->base.workers->pool, &feed->preparing);
    return slot_with_labels(feed->next, chunk);
}

int ff_feed_labels(struct ff_feed *feed, uint32_t chunk, uint16_t *labels)
{
    const struct ff_slot *slot = labels_read_along(feed, chunk);
    struct ff_chunk found;
    uint64_t first;
    uint32_t rows;
    int status;

    if (slot) {
        memcpy(labels, slot->truth, slot->rows * sizeof *labels);
        return FF_OK;
    }
    status = read_chunk(feed, chunk, FF_STREAM_LABELS, FF_U16, 1, labels, &found);
    if (status != FF_OK)
        return status;
    ff_chunk_range(feed->base.opts.geometry, chunk, &first, &rows);
    return noted(feed, ff_slot_check_labels(&feed->base, &found, labels, rows,
                                            feed->base.opts.unseen_labels));
}

int ff_feed_logits(struct ff_feed *feed, uint32_t chunk, uint32_t classes, float *logits)
{
    struct ff_chunk found;

    return read_chunk(feed, chunk, FF_STREAM_LOGITS, FF_F32, classes, logits, &found);
}

int ff_feed_sums(struct ff_feed *feed, uint32_t chunk, uint32_t columns, float *sums)
{
    struct ff_chunk found;

    return read_chunk(feed, chunk, FF_STREAM_SUMS, FF_F32, columns, sums, &found);
}

int ff_feed_goodness(struct ff_feed *feed, uint32_t chunk, uint32_t classes, float *goodness)
{
    struct ff_chunk found;

    return read_chunk(feed, chunk, FF_STREAM_GOODNESS, FF_F32, classes, goodness, &found);
}
