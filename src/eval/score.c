#include "eval/score_private.h"

#include "base/arithmetic.h"
#include "base/team.h"
#include "learn/forward.h"
#include "learn/import.h"
#include "learn/streams.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Attempts at a model that is being trained. */
#define ATTEMPTS 10

static uint32_t units(const struct scoring *s, uint32_t layer)
{
    return s->manifest.recipe.hidden[layer - 1];
}

#define MAX_BUFFERS 5

static size_t list_buffers(struct scoring *s, struct ff_buffer out[MAX_BUFFERS])
{
    size_t scores = s->max_rows * s->classes;
    size_t logits = s->by_head ? (size_t)FF_CHUNK_ROWS * s->classes : 0;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&s->streams, FF_MEM_OTHER, s->n_streams, sizeof *s->streams},
        {&s->scores, FF_MEM_OTHER, scores, sizeof(float)},
        {&s->layer_scores, FF_MEM_OTHER, scores, sizeof(float)},
        {&s->product, FF_MEM_OTHER, logits, sizeof(float)},
        {&s->labels, FF_MEM_OTHER, s->max_rows, sizeof *s->labels},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

void ff_score_needs(const struct ff_score_job *job, uint64_t rows, struct ff_needs *needs)
{
    struct scoring shape = {.by_head = job->by_head,
                            .classes = job->manifest->classes,
                            .n_streams = ff_score_streams(job),
                            .max_rows = rows};
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
}

static int allocate(struct scoring *s)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    s->n_streams = ff_score_streams(&s->job);
    s->max_rows = s->job.rows;
    status = ff_buffers_alloc(s->ctx, list_buffers(s, buffers), buffers);
    if (status != FF_OK)
        return status;
    for (uint32_t c = 0; c < s->n_streams; c++)
        s->streams[c] =
            s->n_streams > 1 ? FF_STREAM_CLASS + c : ff_streams_head(&s->manifest.recipe);
    return FF_OK;
}

#define SUFFIX ".eval"

void ff_score_reclaim(const char *model)
{
    char prefix[PATH_MAX];

    if (snprintf(prefix, sizeof prefix, "%s" SUFFIX, model) < (int)sizeof prefix)
        ff_scratch_reclaim(prefix);
}

/* Temporary files are created in the requested directory, else beside the model, else in the
 * system's directory for temporary files. */
static int open_scratch(struct scoring *s)
{
    const char *temporary = getenv("TMPDIR");
    char prefix[PATH_MAX];
    int status;

    ff_score_reclaim(s->evaluate->model);
    if (s->evaluate->scratch)
        snprintf(prefix, sizeof prefix, "%s/fftool.eval", s->evaluate->scratch);
    else
        snprintf(prefix, sizeof prefix, "%s" SUFFIX, s->evaluate->model);
    status = ff_scratch_temporary(s->ctx, prefix, &s->scratch);
    if (status == FF_OK || s->evaluate->scratch)
        return status;
    snprintf(prefix, sizeof prefix, "%s/fftool.eval", temporary ? temporary : P_tmpdir);
    return ff_scratch_temporary(s->ctx, prefix, &s->scratch);
}

static void release(struct scoring *s)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_free(s->ctx, list_buffers(s, buffers), buffers);
    ff_scratch_remove(&s->scratch);
    ff_workers_release(&s->workers);
    ff_dataset_close(s->dataset);
    ff_manifest_release(&s->manifest);
    ff_model_file_close(s->file);
}

static int seal(struct scoring *s, struct ff_set *set, uint32_t boundary)
{
    struct ff_seal unnamed = {.boundary = boundary, .chunks = s->geometry.chunks};

    return ff_set_seal(set, &unnamed);
}

static int import_block(struct scoring *s)
{
    struct ff_import_data_opts opts = {.dataset = s->dataset, .geometry = &s->geometry};
    int status = s->scratch.ops->create(s->scratch.self, 0, &s->in);

    if (status != FF_OK)
        return status;
    opts.set = s->in;
    status = ff_import_data(s->ctx, &opts, NULL);
    return status == FF_OK ? seal(s, s->in, 0) : status;
}

static int new_feed(struct scoring *s, struct ff_set *set, uint32_t boundary, struct ff_feed **out)
{
    struct ff_feed_opts opts = ff_feed_opts_of(&s->manifest, &s->geometry, boundary,
                                               ff_forward_pieces(s->n_streams), FF_FEED_PLAIN);

    opts.set = set;
    opts.unseen_labels = true;
    opts.is_float = s->dataset->info.is_float;
    return ff_feed_new(&s->workers, &opts, out);
}

static int read_labels(struct scoring *s, struct ff_feed *feed)
{
    int status = FF_OK;

    for (uint32_t chunk = 0; chunk < s->geometry.chunks && status == FF_OK; chunk++) {
        uint64_t first;
        uint32_t rows;

        ff_chunk_range(&s->geometry, chunk, &first, &rows);
        status = ff_feed_labels(feed, chunk, s->labels + first);
    }
    return status;
}

static int begin_chunk(void *arg, uint32_t chunk, uint64_t first, uint32_t rows)
{
    struct scoring *s = arg;

    uint32_t stops = ff_clock_tick(&s->clock, s->rows_passed + first, NAN);
    int status = ff_team_vote(s->ctx, &stops);

    (void)chunk;
    (void)rows;
    if (status == FF_OK && stops)
        return ff_fail(s->ctx, FF_EINTERRUPTED, "interrupted");
    return status;
}

/* Keeps the goodness of a chunk under the label of its stream, or under every label. */
static void keep_goodness(struct scoring *s, const struct ff_forward_block *block)
{
    float *scores = s->layer_scores + block->first * s->classes;

    if (s->conditioned) {
        memcpy(scores, block->goodness, (size_t)block->rows * s->classes * sizeof *scores);
        return;
    }
    for (uint32_t i = 0; i < block->rows; i++)
        scores[(size_t)i * s->classes + block->stream - FF_STREAM_CLASS] = block->goodness[i];
}

static int take_block(void *arg, const struct ff_forward_block *block)
{
    struct scoring *s = arg;

    if (!s->by_head)
        keep_goodness(s, block);
    return FF_OK;
}

/* Keeps the outputs for the layer or the head above. */
static int store_outputs(void *arg, size_t n, const struct ff_forward_outputs *outputs)
{
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    struct scoring *s = arg;
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++)
        status =
            ff_set_put(s->out, outputs[i].chunk, outputs[i].stream, &outputs[i].y, FF_F32, &none);
    return status;
}

/* True if a trainer has replaced the tiles of GENERATION since the manifest was read. */
static bool is_replaced(struct scoring *s, char kind, uint32_t number, uint64_t generation)
{
    const struct ff_tile_key first = {.kind = kind, .layer = number, .generation = generation};
    struct ff_manifest now;
    struct ff_value value;
    bool moved;

    if (ff_manifest_load(s->ctx, s->file, &now) != FF_OK)
        return false;
    moved = now.mark.checkpoints != s->manifest.mark.checkpoints;
    ff_manifest_release(&now);
    return moved && ff_model_file_describe(s->file, &first, &value) != FF_OK;
}

/* Loads a layer or head. Sets S->moved and fails if a trainer has replaced it. */
static int load_part(struct scoring *s, struct ff_layer *layer, char kind, uint32_t number)
{
    uint64_t generation = ff_manifest_generation(&s->manifest, kind, number);
    int status = ff_layer_load(layer, s->file, kind, number, generation, false);
    char reason[FF_MESSAGE_BYTES];

    if (status != FF_ECORRUPT)
        return status;
    if (!s->file)
        return status;
    snprintf(reason, sizeof reason, "%s", ff_ctx_message(s->ctx));
    s->moved = is_replaced(s, kind, number, generation);
    ff_model_file_unpin(s->file);
    if (s->moved)
        return ff_fail(s->ctx, FF_ELOCKED,
                       "%s is in training: layer %u was replaced while the model was read",
                       s->evaluate->model, number);
    return ff_about(s->ctx, ff_fail(s->ctx, status, "%s", reason), FF_ABOUT_MODEL);
}

static int forward_layer(struct scoring *s, uint32_t number, struct ff_feed *feed)
{
    struct ff_layer layer;
    struct ff_forward_opts opts = {
        .layer = &layer,
        .manifest = &s->manifest,
        .feed = feed,
        .geometry = &s->geometry,
        .streams = s->streams,
        .n_streams = s->n_streams,
        .plain = s->no_goodness,
        .sink = take_block,
        .store = s->out ? store_outputs : NULL,
        .stored = FF_F32,
        .beside = s->out && s->job.ranks > 1,
        .begin_chunk = begin_chunk,
        .arg = s,
    };
    struct ff_layer shape = ff_layer_of(&s->manifest, number, 0);
    int status;

    shape.residency = ff_score_residency(&s->job, number);
    status = ff_layer_init_paged(&layer, &s->workers, &shape, &s->scratch, NULL);
    if (status != FF_OK)
        return status;
    status = load_part(s, &layer, 'W', number);
    if (status == FF_OK)
        status = ff_forward(&s->workers, &opts);
    ff_layer_release(&layer);
    return status;
}

/* Adds the logits of the head on layer NUMBER, whose outputs are in S->out. */
static int add_head(struct scoring *s, uint32_t number)
{
    struct ff_layer shape = ff_layer_shape(units(s, number), s->classes, 0), head;
    struct ff_feed *feed = NULL;
    int status = ff_layer_init(&head, s->ctx, &shape);

    if (status != FF_OK)
        return status;
    status = load_part(s, &head, 'H', number);
    if (status == FF_OK)
        status = new_feed(s, s->out, number, &feed);
    for (uint32_t chunk = 0; chunk < s->geometry.chunks && status == FF_OK; chunk++) {
        struct ff_piece_request request = {chunk, ff_streams_head(&s->manifest.recipe)};
        struct ff_piece piece;

        status = ff_feed_load(feed, 1, &request, &piece);
        if (status == FF_OK)
            status = ff_head_logits(&head, s->workers.pool, piece.rows, piece.x, s->product,
                                    s->scores + piece.first * s->classes);
        ff_feed_done(feed);
    }
    ff_feed_free(feed);
    ff_layer_release(&head);
    return status;
}

static struct ff_scored scored_rows(const struct scoring *s)
{
    return (struct ff_scored){
        .first = s->first,
        .rows = (uint32_t)s->geometry.rows,
        .classes = s->classes,
        .labels = s->opts->unlabelled ? NULL : s->labels,
        .layer_scores = s->by_head ? NULL : s->layer_scores,
        .scores = s->scores,
    };
}

/* Adds a layer's goodness to the sum, which starts at the first layer of the range. */
static int sum_goodness(struct scoring *s, uint32_t number)
{
    struct ff_scored scored = scored_rows(s);
    size_t n = (size_t)s->geometry.rows * s->classes;

    for (size_t i = 0; i < n; i++)
        s->scores[i] =
            number <= s->sum_from ? s->layer_scores[i] : s->scores[i] + s->layer_scores[i];
    return s->opts->on_layer ? s->opts->on_layer(s->opts->arg, number, &scored) : FF_OK;
}

/* Runs one layer on a block, from S->in to S->out. */
static int pass_layer(struct scoring *s, uint32_t number)
{
    bool head_here = s->by_head && number >= s->first_head;
    struct ff_feed *feed = NULL;
    int status = FF_OK;

    s->number = s->clock.now.layer = number;
    if (number < s->layers || head_here)
        status = s->scratch.ops->create(s->scratch.self, number, &s->out);
    if (status == FF_OK)
        status = new_feed(s, s->in, number - 1, &feed);
    if (status == FF_OK && number == 1 && !s->opts->unlabelled)
        status = read_labels(s, feed);
    if (status == FF_OK)
        status = forward_layer(s, number, feed);
    ff_feed_free(feed);
    if (status == FF_OK && s->out)
        status = seal(s, s->out, number);
    if (status == FF_OK && head_here)
        status = add_head(s, number);
    if (status == FF_OK && !s->by_head)
        status = sum_goodness(s, number);
    s->rows_passed += s->geometry.rows;
    return status;
}

static void close_set(struct scoring *s, struct ff_set **set, uint32_t boundary)
{
    ff_set_close(*set);
    *set = NULL;
    s->scratch.ops->drop(s->scratch.self, boundary);
}

static int score_block(struct scoring *s)
{
    struct ff_scored scored = scored_rows(s);
    int status = import_block(s);

    memset(s->scores, 0, s->max_rows * s->classes * sizeof *s->scores);
    for (uint32_t layer = 1; layer <= s->layers; layer++) {
        if (status == FF_OK)
            status = pass_layer(s, layer);
        close_set(s, &s->in, layer - 1);
        s->in = s->out;
        s->out = NULL;
    }
    close_set(s, &s->in, s->layers);
    return status == FF_OK ? s->opts->on_block(s->opts->arg, &scored) : status;
}

static int score_all(struct scoring *s)
{
    struct ff_progress phase = {
        .phase = FF_PHASE_EVALUATE, .layer = 1, .rows_total = s->samples * s->layers};
    struct ff_score_task task = ff_scoring_task(s);
    int status = s->opts->begin(s->opts->arg, &task);

    s->clock.on_progress = s->evaluate->on_progress;
    s->clock.interrupted = s->evaluate->interrupted;
    s->clock.arg = s->evaluate->arg;
    s->clock.began = ff_now();
    s->clock.work_left = (double)s->samples * s->layers;
    s->clock.now.layers = s->layers;
    ff_clock_phase(&s->clock, &phase, s->clock.work_left);
    while (s->first < s->samples && status == FF_OK) {
        s->geometry =
            ff_geometry_make(ff_smaller(s->max_rows, s->samples - s->first), FF_CHUNK_ROWS);
        status = score_block(s);
        if (status == FF_OK)
            s->first += s->geometry.rows;
    }
    if (status == FF_OK)
        ff_clock_end(&s->clock);
    return status;
}

/* One attempt with the current model; sets *AGAIN if another attempt may succeed. */
static int score_once(struct ff_ctx *ctx, const struct ff_score_opts *opts, bool *again)
{
    struct scoring s = {.ctx = ctx, .opts = opts, .evaluate = opts->evaluate};
    int status = ff_scoring_begin(&s);

    if (status == FF_OK && !opts->plan_only) {
        status = ff_workers_init(&s.workers, ctx, opts->evaluate->threads);
        if (status == FF_OK)
            status = allocate(&s);
        if (status == FF_OK)
            status = open_scratch(&s);
        if (status == FF_OK)
            status = score_all(&s);
    }
    /* The others of a team do not know that the model has changed. */
    *again = s.moved && (s.first == 0 || opts->restarts) && ff_team_size(ctx) == 1;
    release(&s);
    return status;
}

int ff_score(struct ff_ctx *ctx, const struct ff_score_opts *opts)
{
    uint64_t limit_before = ctx->meter.limit;
    bool again = true;
    int status = FF_OK;

    if (!opts->evaluate->model || !opts->evaluate->data.path)
        return ff_fail(ctx, FF_EINVAL, "no model file or no dataset is given");
    for (int i = 0; i < ATTEMPTS && again; i++) {
        if (i > 0)
            ff_warn(ctx, "%s is in training and has changed: starting over", opts->evaluate->model);
        status = score_once(ctx, opts, &again);
        ff_memory_limit(ctx, limit_before);
    }
    return status;
}
