#include "learn/feed.h"

#include "learn/first_inputs.h"
#include "learn/hard_negatives.h"
#include "learn/streams.h"
#include "nn/dropout.h"
#include "store/db.h"

#include <string.h>

struct slot {
    struct ff_chunk input;  /* the stored stream or the images */
    struct ff_chunk labels; /* boundary 0 */
    uint32_t stream;
    uint32_t rows;
    uint64_t first;
    int status;
    const float *x;
    void *buffer;                /* (chunk_rows, width); NULL while chunks are read in place */
    void *images;                /* boundary 0: (chunk_rows, features), decoded; or NULL as above */
    struct ff_first_inputs form; /* boundary 0 */
    struct ff_hard_negatives gather; /* above boundary 0, for hard negatives */
};

struct ff_feed {
    struct ff_workers *workers;
    struct ff_feed_opts opts;
    size_t loaded; /* slots in use */
    struct ff_first_inputs_noise noise;
    struct ff_rng dropped, drawn; /* of the epoch */
    struct slot slots[];
};

struct ff_feed_opts ff_feed_opts_of(const struct ff_manifest *manifest,
                                    const struct ff_geometry *geometry, uint32_t boundary,
                                    uint32_t pieces, enum ff_feed_use use)
{
    const struct ff_recipe *recipe = &manifest->recipe;

    return (struct ff_feed_opts){
        .geometry = geometry,
        .boundary = boundary,
        .embedding = ff_manifest_embedding(manifest),
        .classes = manifest->classes,
        .is_float = manifest->is_float,
        .seed = recipe->seed,
        .width = ff_manifest_fan_in(manifest, boundary + 1),
        .max_pieces = pieces,
        .use = use,
        .dropout = use == FF_FEED_LEARN ? ff_dropout_probability(recipe->dropout) : 0,
        .image = manifest->image,
        .jitter = boundary == 0 && use != FF_FEED_PLAIN ? recipe->jitter : 0,
        .hybrid = boundary == 0 && ff_recipe_unsupervised(recipe),
        .hard = use == FF_FEED_LEARN && ff_recipe_gathers(recipe),
        .goodness_scale = (float)recipe->goodness_scale,
    };
}

static size_t feed_bytes(const struct ff_feed_opts *opts)
{
    return sizeof(struct ff_feed) + opts->max_pieces * sizeof(struct slot);
}

/* Buffers of one slot: those it always has, then those it gets when chunks cannot be read in
 * place. */
#define MAX_BUFFERS (2 + FF_FIRST_INPUTS_BUFFERS)

/* True if the feed's pieces are gathered from inputs under every label. */
static bool gathers(const struct ff_feed_opts *opts)
{
    return opts->hard && opts->boundary > 0;
}

static struct ff_hard_negatives_shape gather_shape(const struct ff_feed_opts *opts)
{
    return (struct ff_hard_negatives_shape){opts->classes, opts->width, opts->geometry->chunk_rows};
}

static size_t list_always(const struct ff_feed_opts *opts, struct slot *slot,
                          struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = opts->geometry->chunk_rows;
    struct ff_hard_negatives_shape shape = gather_shape(opts);

    if (opts->boundary > 0 && opts->dropout <= 0 && !opts->hard)
        return 0;
    out[0] =
        (struct ff_buffer){&slot->buffer, FF_MEM_ACTIVATIONS, rows * opts->width, sizeof(float)};
    if (opts->boundary == 0)
        return 1 + ff_first_inputs_list(opts, &slot->form, out + 1);
    if (!opts->hard)
        return 1;
    ff_hard_negatives_list(&shape, &slot->gather, out + 1);
    return 1 + FF_HARD_NEGATIVES_BUFFERS;
}

/* The buffer of a decoded chunk. */
static struct ff_buffer decoded_buffer(const struct ff_feed_opts *opts, struct slot *slot)
{
    size_t rows = opts->geometry->chunk_rows;

    if (opts->boundary > 0)
        return (struct ff_buffer){&slot->buffer, FF_MEM_ACTIVATIONS, rows * opts->width,
                                  sizeof(float)};
    return (struct ff_buffer){&slot->images, FF_MEM_ACTIVATIONS, rows * opts->embedding.features,
                              ff_dtype_size(ff_first_inputs_dtype(opts))};
}

static int allocate_slots(struct ff_feed *feed)
{
    int status = FF_OK;

    for (uint32_t i = 0; i < feed->opts.max_pieces && status == FF_OK; i++) {
        struct ff_buffer buffers[MAX_BUFFERS];

        status = ff_buffers_alloc(feed->workers->ctx,
                                  list_always(&feed->opts, &feed->slots[i], buffers), buffers);
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
    feed->workers = workers;
    feed->opts = *opts;
    status = allocate_slots(feed);
    if (status != FF_OK) {
        ff_feed_free(feed);
        return status;
    }
    *out = feed;
    return FF_OK;
}

void ff_feed_free(struct ff_feed *feed)
{
    struct ff_ctx *ctx;

    if (!feed)
        return;
    ctx = feed->workers->ctx;
    for (uint32_t i = 0; i < feed->opts.max_pieces; i++) {
        struct ff_buffer buffers[MAX_BUFFERS];
        size_t n = list_always(&feed->opts, &feed->slots[i], buffers);

        buffers[n++] = decoded_buffer(&feed->opts, &feed->slots[i]);
        ff_buffers_free(ctx, n, buffers);
    }
    ff_free(ctx, FF_MEM_OTHER, feed, feed_bytes(&feed->opts));
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
    struct slot shape = {0};
    struct ff_buffer buffers[MAX_BUFFERS];
    size_t n = list_always(opts, &shape, buffers);

    if (!ready && !(opts->boundary > 0 && n > 0)) /* else the permanent buffer is used */
        buffers[n++] = decoded_buffer(opts, &shape);
    for (uint32_t i = 0; i < opts->max_pieces; i++)
        ff_buffers_count(n, buffers, needs);
    needs->bytes[FF_MEM_OTHER] += feed_bytes(opts);
    if (ff_db_map_needs(set_bytes, values->packed, needs))
        return;
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
    const struct ff_feed_opts *opts = &feed->opts;

    feed->dropped = ff_rng_make(opts->seed, FF_RNG_DROPOUT, opts->boundary + 1, epoch);
    feed->drawn = ff_rng_make(opts->seed, FF_RNG_HARD_LABEL, opts->boundary + 1, epoch);
    ff_first_inputs_begin_epoch(opts, epoch, &feed->noise);
}

void ff_feed_give_labels(struct ff_feed *feed, uint64_t first, const uint16_t *labels)
{
    feed->noise.given = labels;
    feed->noise.given_first = first;
}

/* Every stream of boundary 0 is formed from the images. */
static uint32_t stored_stream(const struct ff_feed_opts *opts, uint32_t stream)
{
    return opts->boundary == 0 ? (uint32_t)FF_STREAM_INPUT : stream;
}

static bool needs_truth(const struct ff_feed_opts *opts, uint32_t stream)
{
    return opts->embedding.classes > 0 && stream < FF_STREAM_NEUTRAL;
}

/* Labels from scratch are used as indices after this check. */
static int check_labels(struct ff_feed *feed, const struct ff_chunk *chunk, const uint16_t *labels,
                        uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        if (labels[i] >= feed->opts.classes)
            return ff_fail(feed->workers->ctx, FF_ECORRUPT, "%s: chunk %u: label %u of %u classes",
                           feed->opts.set->name, chunk->chunk, labels[i], feed->opts.classes);
    }
    return FF_OK;
}

static int form_inputs(struct ff_feed *feed, struct slot *slot, struct ff_coder *coder)
{
    const struct ff_feed_opts *opts = &feed->opts;
    struct ff_first_inputs_rows rows = {
        .stream = slot->stream, .first = slot->first, .rows = slot->rows};
    const void *truth = NULL;
    int status;

    status = ff_chunk_read(opts->set, &slot->input, coder, ff_first_inputs_dtype(opts), slot->rows,
                           opts->embedding.features, slot->images, &rows.images);
    if (status == FF_OK && needs_truth(opts, slot->stream)) {
        status = ff_chunk_read(opts->set, &slot->labels, coder, FF_U16, slot->rows, 1,
                               slot->form.truth, &truth);
        if (status == FF_OK)
            status = check_labels(feed, &slot->labels, truth, slot->rows);
    }
    rows.truth = truth;
    if (status != FF_OK)
        return status;
    ff_first_inputs_form(opts, &feed->noise, &slot->form, &rows, slot->buffer);
    slot->x = slot->buffer;
    return FF_OK;
}

/* The nearest chunk in use other than SLOT's, in steps of STEP through the slots; NULL: none.
 * Neighbouring slots may share a chunk: at boundary 0 a pair is formed from the same images. */
static const struct ff_chunk *neighbour(const struct ff_feed *feed, const struct slot *slot,
                                        ptrdiff_t step)
{
    ptrdiff_t i = slot - feed->slots + step;

    while (i >= 0 && i < (ptrdiff_t)feed->loaded &&
           feed->slots[i].input.bytes.data == slot->input.bytes.data)
        i += step;
    return i >= 0 && i < (ptrdiff_t)feed->loaded ? &feed->slots[i].input : NULL;
}

/* Unmaps the read-ahead pages around SLOT's chunk, and the chunk itself if it was decoded, so that
 * mapped memory is known in advance. Requests ascend, and so do chunks in the file. */
static void trim_slot(struct ff_feed *feed, const struct slot *slot)
{
    bool decoded = slot->x == slot->buffer;

    ff_chunk_trim(feed->opts.set, &slot->input, !decoded, neighbour(feed, slot, -1),
                  neighbour(feed, slot, 1));
    if (feed->opts.boundary == 0 && needs_truth(&feed->opts, slot->stream))
        ff_chunk_trim(feed->opts.set, &slot->labels, false, NULL, NULL);
}

static void add_noise(const struct ff_feed *feed, struct slot *slot)
{
    const struct ff_feed_opts *opts = &feed->opts;

    if (opts->dropout <= 0)
        return;
    ff_dropout(&feed->dropped, slot->first, slot->rows, opts->width, opts->dropout, slot->x,
               slot->buffer);
    slot->x = slot->buffer;
}

static int gather_inputs(struct ff_feed *feed, struct slot *slot, struct ff_coder *coder)
{
    const struct ff_feed_opts *opts = &feed->opts;
    struct ff_hard_negatives_shape shape = gather_shape(opts);
    struct ff_hard_negatives_choice choice = {
        .negative = slot->stream != FF_STREAM_INPUT,
        .rng = feed->drawn,
        .first = slot->first,
        .scale = opts->goodness_scale / (float)opts->boundary,
    };

    slot->x = slot->buffer;
    return ff_hard_negatives_gather(&shape, opts->set, &slot->gather, &choice, coder, slot->rows,
                                    slot->buffer);
}

static void load_slot(void *arg, size_t task, unsigned worker)
{
    struct ff_feed *feed = arg;
    struct slot *slot = &feed->slots[task];
    struct ff_coder *coder = feed->workers->coders[worker];

    if (feed->opts.boundary == 0) {
        slot->status = form_inputs(feed, slot, coder);
    } else if (feed->opts.hard) {
        slot->status = gather_inputs(feed, slot, coder);
    } else {
        const void *data;

        slot->status = ff_chunk_read(feed->opts.set, &slot->input, coder, FF_F32, slot->rows,
                                     feed->opts.width, slot->buffer, &data);
        slot->x = data;
    }
    if (slot->status != FF_OK)
        return;
    add_noise(feed, slot);
    if (!gathers(&feed->opts))
        trim_slot(feed, slot);
}

/* Allocates the buffer for decoded elements if SLOT's chunk, to be read as WANTED, cannot be used
 * in place: it is compressed, of another type, or so small that it shares a page and is
 * unaligned. */
static int need_buffer(struct ff_feed *feed, struct slot *slot, enum ff_dtype wanted)
{
    struct ff_buffer buffer = decoded_buffer(&feed->opts, slot);
    const void *there = feed->opts.boundary > 0 ? slot->buffer : slot->images;

    if (there || ff_chunk_in_place(feed->opts.set, &slot->input, wanted))
        return FF_OK;
    return ff_buffers_alloc(feed->workers->ctx, 1, &buffer);
}

static int find_slot(struct ff_feed *feed, const struct ff_piece_request *request,
                     struct slot *slot)
{
    const struct ff_feed_opts *opts = &feed->opts;
    uint32_t stored = stored_stream(opts, request->stream);
    struct ff_hard_negatives_shape shape = gather_shape(opts);
    int status;

    slot->stream = request->stream;
    ff_chunk_range(opts->geometry, request->chunk, &slot->first, &slot->rows);
    if (gathers(opts)) {
        status = ff_hard_negatives_find(&shape, opts->set, request->chunk, &slot->gather);
        slot->input = slot->gather.labels;
    } else {
        status = ff_set_find(opts->set, request->chunk, stored, &slot->input);
        if (status == FF_OK)
            status =
                need_buffer(feed, slot, opts->boundary > 0 ? FF_F32 : ff_first_inputs_dtype(opts));
    }
    if (status == FF_OK && opts->boundary == 0 && needs_truth(opts, request->stream))
        status = ff_set_find(opts->set, request->chunk, FF_STREAM_LABELS, &slot->labels);
    if (status == FF_OK)
        ff_set_dont_need(opts->set); /* unmaps the pages of the tree */
    return status;
}

/* Records damage of the set and returns STATUS. */
static int noted(struct ff_feed *feed, int status)
{
    if (status == FF_ECORRUPT && feed->opts.damaged)
        *feed->opts.damaged = true;
    return status;
}

int ff_feed_load(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests,
                 struct ff_piece *pieces)
{
    int status = FF_OK;

    ff_feed_done(feed);
    for (size_t i = 0; i < n && status == FF_OK; i++)
        status = find_slot(feed, &requests[i], &feed->slots[i]);
    if (status != FF_OK)
        return noted(feed, status);
    feed->loaded = n;
    ff_pool_run(feed->workers->pool, n, load_slot, feed);
    for (size_t i = 0; i < n; i++) {
        struct slot *slot = &feed->slots[i];

        if (slot->status != FF_OK)
            return noted(feed, slot->status);
        pieces[i] = (struct ff_piece){slot->x, slot->first, slot->rows};
    }
    return FF_OK;
}

void ff_feed_done(struct ff_feed *feed)
{
    if (feed->loaded > 0)
        ff_set_dont_need(feed->opts.set);
    feed->loaded = 0;
}

void ff_feed_will_need(struct ff_feed *feed, size_t n, const struct ff_piece_request *requests)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t stored = stored_stream(&feed->opts, requests[i].stream);
        struct ff_chunk chunk;

        if (gathers(&feed->opts)) /* the first label's; the others follow it */
            stored = FF_STREAM_CLASS;
        if (i > 0 && feed->opts.boundary == 0 && requests[i].chunk == requests[i - 1].chunk)
            continue; /* formed from the same images */
        /* A missing chunk is reported when it is loaded. */
        if (ff_set_find(feed->opts.set, requests[i].chunk, stored, &chunk) == FF_OK)
            ff_chunk_will_need(feed->opts.set, &chunk);
    }
}

/* Reads a whole chunk into OUT on the calling thread. */
static int read_chunk(struct ff_feed *feed, uint32_t chunk, uint32_t stream, enum ff_dtype dtype,
                      uint32_t columns, void *out, struct ff_chunk *found)
{
    struct ff_set *set = feed->opts.set;
    uint64_t first;
    uint32_t rows;
    const void *data;
    int status;

    ff_chunk_range(feed->opts.geometry, chunk, &first, &rows);
    status = ff_set_find(set, chunk, stream, found);
    if (status == FF_OK)
        status =
            ff_chunk_read(set, found, feed->workers->coders[0], dtype, rows, columns, out, &data);
    if (status == FF_OK && data != out)
        memcpy(out, data, (size_t)rows * columns * ff_dtype_size(dtype));
    return noted(feed, status);
}

int ff_feed_labels(struct ff_feed *feed, uint32_t chunk, uint16_t *labels)
{
    struct ff_chunk found;
    uint64_t first;
    uint32_t rows;
    int status = read_chunk(feed, chunk, FF_STREAM_LABELS, FF_U16, 1, labels, &found);

    if (status != FF_OK)
        return status;
    ff_chunk_range(feed->opts.geometry, chunk, &first, &rows);
    return noted(feed, check_labels(feed, &found, labels, rows));
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
