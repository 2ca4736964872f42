#include "train/held_out.h"

#include "eval/holdout.h"
#include "learn/forward.h"
#include "learn/streams.h"
#include "nn/softmax.h"
#include "train/team.h"

struct measuring {
    const struct ff_manifest *manifest;
    struct ff_feed *feed;
    uint16_t *labels; /* (chunk_rows) */
    float *goodness;  /* (chunk_rows, classes), filled label by label; NULL if labels condition the
                         layer, which gives them together */
    uint64_t samples, wrong;
};

#define MAX_BUFFERS 2

static size_t list_buffers(struct measuring *m, const struct ff_geometry *geometry,
                           struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = geometry->chunk_rows, n = 0;

    out[n++] = (struct ff_buffer){&m->labels, FF_MEM_ACTIVATIONS, rows, sizeof *m->labels};
    if (ff_recipe_gathers(&m->manifest->recipe))
        out[n++] = (struct ff_buffer){&m->goodness, FF_MEM_ACTIVATIONS, rows * m->manifest->classes,
                                      sizeof(float)};
    return n;
}

/* The streams that give the goodness under every label. Copies of held-out samples are all the
 * same. */
static uint32_t list_streams(const struct ff_manifest *manifest, uint32_t out[FF_MAX_STREAMS])
{
    uint32_t n = ff_streams_passed(manifest, false, out);

    return ff_recipe_conditioned(&manifest->recipe) ? 1 : n;
}

static void needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *out)
{
    struct measuring shape = {.manifest = job->manifest};
    struct ff_layer of = ff_job_layer(job, layer, 0);
    uint32_t streams[FF_MAX_STREAMS];
    uint32_t pieces = ff_forward_pieces(list_streams(job->manifest, streams));
    struct ff_buffer buffers[MAX_BUFFERS];

    (void)knobs;
    ff_job_feed_needs(job, layer - 1, pieces, FF_FEED_STORE, out);
    ff_forward_needs(job->manifest, &of, &job->geometry, pieces, 0, false, out);
    ff_buffers_count(list_buffers(&shape, &job->geometry, buffers), buffers, out);
}

static void operations(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit, void *arg)
{
    struct ff_layer shape = ff_layer_of(job->manifest, layer, 0);
    uint32_t streams[FF_MAX_STREAMS], n = list_streams(job->manifest, streams);
    uint32_t pieces = ff_forward_pieces(n);
    struct ff_operation load = {
        .kind = FF_OPERATION_LOAD,
        .units = shape.fan_in,
        .boundary = layer - 1,
        .use = FF_FEED_STORE,
        .blocks = pieces,
        .times = (double)job->geometry.chunks_per_batch * n / pieces,
    };
    struct ff_operation forward = {
        .kind = FF_OPERATION_FORWARD,
        .fan_in = shape.fan_in,
        .units = shape.units,
        .own = ff_job_own_units(job, shape.units),
        .classes = shape.classes,
        .blocks = pieces,
        .times = load.times,
    };
    const struct ff_passed passed = {.pieces = pieces, .times = load.times};

    visit(arg, &load);
    visit(arg, &forward);
    ff_job_visit_pass(job, &shape, &passed, visit, arg);
}

const struct ff_work ff_held_out_work = {.needs = needs, .operations = operations};

static int begin_chunk(void *arg, uint32_t chunk, uint64_t first, uint32_t rows)
{
    struct measuring *m = arg;

    (void)first;
    m->samples += rows;
    return ff_feed_labels(m->feed, chunk, m->labels);
}

/* Counts ROWS samples with their GOODNESS (rows, classes). */
static void count(struct measuring *m, uint32_t rows, const float *goodness)
{
    uint32_t classes = m->manifest->classes;

    for (uint32_t i = 0; i < rows; i++)
        m->wrong += ff_argmax(classes, goodness + (size_t)i * classes) != m->labels[i];
}

static int take_block(void *arg, const struct ff_forward_block *block)
{
    struct measuring *m = arg;
    uint32_t classes = m->manifest->classes, label = block->stream - FF_STREAM_CLASS;

    if (!m->goodness) {
        count(m, block->rows, block->goodness);
        return FF_OK;
    }
    for (uint32_t i = 0; i < block->rows; i++)
        m->goodness[(size_t)i * classes + label] = block->goodness[i];
    if (label + 1 == classes)
        count(m, block->rows, m->goodness);
    return FF_OK;
}

static int measure(struct ff_run *run, struct measuring *m, struct ff_set *set,
                   const struct ff_layer *layer)
{
    const struct ff_geometry *geometry = &run->job.geometry;
    uint32_t streams[FF_MAX_STREAMS], n = list_streams(&run->manifest, streams);
    struct ff_forward_opts opts = {
        .layer = layer,
        .manifest = &run->manifest,
        .geometry = geometry,
        .left_out = {0, (uint32_t)(geometry->batches * geometry->chunks_per_batch)},
        .streams = streams,
        .n_streams = n,
        .sink = take_block,
        .begin_chunk = begin_chunk,
        .arg = m,
    };
    int status =
        ff_job_feed(&run->job, &run->workers, &run->boundaries.damaged, set,
                    run->manifest.mark.layer - 1, ff_forward_pieces(n), FF_FEED_STORE, &m->feed);

    opts.feed = m->feed;
    return status == FF_OK ? ff_forward(&run->workers, &opts) : status;
}

int ff_held_out_measure(struct ff_run *run, struct ff_set *set, const struct ff_layer *layer,
                        double *error)
{
    struct measuring m = {.manifest = &run->manifest};
    struct ff_buffer buffers[MAX_BUFFERS];
    size_t n = list_buffers(&m, &run->job.geometry, buffers);
    int status = ff_buffers_alloc(run->ctx, n, buffers);

    if (status == FF_OK)
        status = measure(run, &m, set, layer);
    if (status == FF_OK)
        *error = (double)m.wrong / (double)m.samples;
    ff_feed_free(m.feed);
    ff_buffers_free(run->ctx, n, buffers);
    return status;
}

int ff_held_out_choose(struct ff_run *run)
{
    struct ff_manifest *manifest = &run->manifest;
    int status = FF_OK;

    for (uint32_t layer = 1; layer <= manifest->recipe.layers && status == FF_OK; layer++) {
        float metrics[FF_MOST_LAYER_METRICS];

        status = ff_run_metrics(run, layer, metrics);
        if (status == FF_OK)
            ff_holdout_choose(metrics, layer, &manifest->choice);
    }
    return status;
}
