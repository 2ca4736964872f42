/* Writing the outputs of a trained layer as the next boundary, and recomputing boundaries. */
#include "eval/metrics.h"
#include "learn/forward.h"
#include "learn/streams.h"
#include "train/held_out.h"
#include "train/modes.h"
#include "train/stages.h"
#include "train/team.h"

#include <math.h>
#include <string.h>

struct forwarding {
    struct ff_run *run;
    uint32_t number; /* of the layer */
    struct ff_layer layer;
    struct ff_set *in, *out; /* OUT NULL: nothing needs the outputs */
    struct ff_feed *feed;
    uint32_t streams[FF_MAX_STREAMS], stored[FF_MAX_STREAMS];
    uint32_t n_streams, n_stored;
    bool labelled;        /* labels are stored with the outputs */
    struct ff_layer head; /* of the layer below, if it has one */
    bool head_below, logits_below;
    uint64_t samples;          /* passed so far */
    float *logits, *product;   /* (chunk_rows, classes) */
    uint16_t *labels[2];       /* (chunk_rows): of even and of odd chunks, one being stored */
    struct ff_metrics metrics; /* of the layer as trained */
};

#define MAX_BUFFERS 4

static size_t list_buffers(struct forwarding *f, const struct ff_geometry *geometry,
                           uint32_t classes, struct ff_buffer out[MAX_BUFFERS])
{
    size_t rows = geometry->chunk_rows;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&f->logits, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float)},
        {&f->product, FF_MEM_ACTIVATIONS, rows * classes, sizeof(float)},
        {&f->labels[0], FF_MEM_ACTIVATIONS, rows, sizeof(uint16_t)},
        {&f->labels[1], FF_MEM_ACTIVATIONS, rows, sizeof(uint16_t)},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

static void release(struct forwarding *f)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_free(f->run->ctx,
                    list_buffers(f, &f->run->job.geometry, f->run->manifest.classes, buffers),
                    buffers);
    ff_metrics_release(&f->metrics);
    ff_feed_free(f->feed);
    ff_set_close(f->out);
    ff_layer_release(&f->head);
    ff_layer_release(&f->layer);
}

static int allocate(struct forwarding *f)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    size_t n = list_buffers(f, &f->run->job.geometry, f->run->manifest.classes, buffers);
    int status = ff_buffers_alloc(f->run->ctx, n, buffers);

    if (status != FF_OK)
        return status;
    f->metrics = ff_metrics_make(&f->run->manifest, &f->run->job.geometry, f->number);
    return ff_metrics_init(&f->metrics, f->run->ctx, f->run->job.loss, &f->run->job.loss_params);
}

static bool has_head_below(const struct ff_recipe *recipe, uint32_t number)
{
    return recipe->head_epochs > 0 && number > ff_recipe_first_head(recipe);
}

/* Outputs are stored beside the computation of the next ones where nothing else is, and where
 * memory is not so scarce that tiles are paged. */
static bool stores_beside(const struct ff_manifest *manifest, const struct ff_geometry *geometry,
                          const struct ff_layer *layer, size_t n_streams)
{
    const struct ff_recipe *recipe = &manifest->recipe;

    return layer->residency.slots == 0 && recipe->head_epochs == 0 && recipe->validation <= 0 &&
           !ff_recipe_gathers(recipe) && ff_forward_fits_beside(layer, geometry, n_streams);
}

static void needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *out)
{
    const struct ff_manifest *manifest = job->manifest;
    struct forwarding shape = {
        .layer = ff_job_layer(job, layer, 0),
        .head = ff_job_part(
            job, ff_layer_shape(ff_manifest_fan_in(manifest, layer), manifest->classes, 0)),
    };
    struct ff_set_values values[FF_MAX_SET_VALUES];
    uint32_t n_streams = ff_streams_passed(manifest, true, shape.streams);
    uint32_t pieces = ff_forward_pieces(n_streams);
    struct ff_buffer buffers[MAX_BUFFERS];
    size_t n = ff_job_values(job, layer, values);

    shape.layer.residency = knobs->residency;
    ff_layer_needs(&shape.layer, job->threads, out);
    if (has_head_below(&manifest->recipe, layer))
        ff_layer_needs(&shape.head, job->threads, out);
    ff_job_feed_needs(job, layer - 1, pieces, FF_FEED_STORE, out);
    ff_forward_needs(manifest, &shape.layer, &job->geometry, pieces, n > 0 ? job->stored : 0,
                     n > 0 && stores_beside(manifest, &job->geometry, &shape.layer, n_streams),
                     out);
    if (n > 0)
        ff_set_needs(n, values, job->geometry.chunks, &job->compression, out);
    ff_buffers_count(list_buffers(&shape, &job->geometry, manifest->classes, buffers), buffers,
                     out);
    shape.metrics = ff_metrics_make(manifest, &job->geometry, layer);
    ff_metrics_needs(&shape.metrics, out);
}

static void operations(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit, void *arg)
{
    const struct ff_manifest *manifest = job->manifest;
    struct ff_layer shape = ff_job_layer(job, layer, 0);
    uint32_t streams[FF_MAX_STREAMS], chunks = job->geometry.chunks_per_batch;
    uint32_t passed = ff_streams_passed(manifest, true, streams);
    uint32_t stored = ff_streams_stored(manifest, layer, true, streams);
    uint32_t pieces = ff_forward_pieces(passed);
    double times = (double)chunks * passed / pieces;
    bool beside = stores_beside(manifest, &job->geometry, &shape, passed);
    struct ff_operation load = {
        .kind = FF_OPERATION_LOAD,
        .units = shape.fan_in,
        .boundary = layer - 1,
        .use = FF_FEED_STORE,
        .blocks = pieces,
        .times = times,
    };
    struct ff_operation forward = {
        .kind = FF_OPERATION_FORWARD,
        .fan_in = shape.fan_in,
        .units = shape.units,
        .own = ff_job_own_units(job, shape.units),
        .classes = shape.classes,
        .blocks = pieces,
        .times = times,
    };
    struct ff_operation store = {
        .kind = FF_OPERATION_STORE,
        .units = shape.units,
        .blocks = 1,
        .times = (double)chunks * stored / (beside ? job->threads : 1),
    };
    const struct ff_passed rows = {pieces, times, stored > 0, beside};

    visit(arg, &load);
    visit(arg, &forward);
    if (stored > 0)
        visit(arg, &store);
    ff_job_visit_pass(job, &shape, &rows, visit, arg);
}

const struct ff_work ff_forward_work = {.needs = needs, .pages = true, .operations = operations};

static void choose_streams(struct forwarding *f)
{
    const struct ff_manifest *manifest = &f->run->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    bool with_head = recipe->head_epochs > 0 && ff_manifest_last_sweep(manifest);

    f->n_streams = ff_streams_passed(manifest, with_head, f->streams);
    f->n_stored = ff_streams_stored(manifest, f->number, with_head, f->stored);
    f->labelled = ff_streams_labelled(recipe);
    f->head_below = with_head && has_head_below(recipe, f->number);
    f->logits_below = with_head && f->number > ff_recipe_first_head(recipe) + 1;
}

static int load_layers(struct forwarding *f)
{
    struct ff_run *run = f->run;
    struct ff_knobs knobs = ff_run_knobs(run, FF_STAGE_FORWARD, f->number);
    struct ff_layer head =
        ff_layer_shape(ff_manifest_fan_in(&run->manifest, f->number), run->manifest.classes, 0);
    struct ff_layer shape = ff_layer_of(&run->manifest, f->number, 0);
    int status;

    shape.residency = knobs.residency;
    status = ff_run_layer(run, &shape, &f->layer);
    if (status == FF_OK)
        status = ff_layer_load(&f->layer, run->file, 'W', f->number,
                               ff_manifest_generation(&run->manifest, 'W', f->number), false);
    if (status == FF_OK && f->head_below) {
        status = ff_layer_init(&f->head, run->ctx, &head);
        if (status == FF_OK)
            status =
                ff_layer_load(&f->head, run->file, 'H', f->number - 1,
                              ff_manifest_generation(&run->manifest, 'H', f->number - 1), false);
    }
    return status;
}

static int set_up(struct forwarding *f)
{
    struct ff_run *run = f->run;
    int status;

    choose_streams(f);
    status = load_layers(f);
    if (status == FF_OK)
        status = allocate(f);
    if (status == FF_OK)
        status =
            ff_job_feed(&run->job, &run->workers, &run->boundaries.damaged, f->in, f->number - 1,
                        ff_forward_pieces(f->n_streams), FF_FEED_STORE, &f->feed);
    if (status == FF_OK && f->n_stored > 0)
        status = ff_boundary_create(&run->boundaries, f->number, &f->out);
    return status;
}

static bool is_stored(const struct forwarding *f, uint32_t stream)
{
    for (uint32_t i = 0; i < f->n_stored; i++) {
        if (f->stored[i] == stream)
            return true;
    }
    return false;
}

/* Stores the logits of the heads up to the layer below, whose outputs are this layer's inputs. */
static int put_logits(struct forwarding *f, const struct ff_forward_block *block)
{
    uint32_t classes = f->run->manifest.classes;
    struct ff_matrix matrix = {FF_F32, block->rows, classes, f->logits};
    int status = FF_OK;

    if (f->logits_below)
        status = ff_feed_logits(f->feed, block->chunk, classes, f->logits);
    else
        memset(f->logits, 0, (size_t)block->rows * classes * sizeof(float));
    if (status != FF_OK)
        return status;
    status = ff_head_logits(&f->head, f->run->workers.pool, block->rows, block->x, f->product,
                            f->logits);
    if (status != FF_OK)
        return status;
    return ff_set_put(f->out, block->chunk, FF_STREAM_LOGITS, &matrix, FF_F32,
                      &f->run->job.compression);
}

static int take_block(void *arg, const struct ff_forward_block *block)
{
    struct forwarding *f = arg;
    int status = ff_metrics_take(&f->metrics, f->feed, block, f->labels[block->chunk % 2], f->out,
                                 &f->run->job.compression);

    if (status == FF_OK && f->head_below &&
        block->stream == ff_streams_head(&f->run->manifest.recipe))
        status = put_logits(f, block);
    return status;
}

static int store_stream(struct forwarding *f, const struct ff_forward_outputs *outputs)
{
    const struct ff_compression *compression = &f->run->job.compression;
    struct ff_matrix labels = {FF_U16, outputs->y.rows, 1, f->labels[outputs->chunk % 2]};
    int status = FF_OK;

    if (f->labelled && outputs->stream == f->streams[0])
        status = ff_set_put(f->out, outputs->chunk, FF_STREAM_LABELS, &labels, FF_U16, compression);
    if (status == FF_OK && is_stored(f, outputs->stream))
        status = ff_set_put(f->out, outputs->chunk, outputs->stream, &outputs->y,
                            f->run->job.stored, compression);
    return status;
}

static int store_outputs(void *arg, size_t n, const struct ff_forward_outputs *outputs)
{
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++)
        status = store_stream(arg, &outputs[i]);
    return status;
}

static int begin_chunk(void *arg, uint32_t chunk, uint64_t first, uint32_t rows)
{
    struct forwarding *f = arg;

    bool stops = ff_clock_tick(&f->run->clock, f->samples, NAN);
    int status = ff_run_vote(f->run, &stops);

    (void)first;
    if (status != FF_OK)
        return status;
    if (stops)
        return ff_fail(f->run->ctx, FF_EINTERRUPTED,
                       "interrupted after training layer %u; it is saved", f->number);
    f->samples += rows;
    return f->labelled ? ff_feed_labels(f->feed, chunk, f->labels[chunk % 2]) : FF_OK;
}

static double forward_flops(const struct forwarding *f, uint64_t samples)
{
    return 2.0 * f->layer.fan_in * f->layer.units * f->n_streams * (double)samples;
}

/* Runs layer F->number over F->in, into boundary F->number. */
static int forward_layer(struct forwarding *f)
{
    struct ff_run *run = f->run;
    struct ff_forward_opts opts = {
        .layer = &f->layer,
        .manifest = &run->manifest,
        .geometry = &run->job.geometry,
        .left_out = ff_forward_left_out(&run->manifest, &run->job.geometry, f->number),
        .streams = f->streams,
        .sink = take_block,
        .begin_chunk = begin_chunk,
        .arg = f,
    };
    struct ff_progress phase = {
        .phase = FF_PHASE_FORWARD,
        .layer = f->number,
        .rows_total = ff_forward_samples(&run->job.geometry, opts.left_out),
    };
    int status = set_up(f);

    if (status != FF_OK)
        return status;
    opts.feed = f->feed;
    opts.n_streams = f->n_streams;
    opts.active = f->metrics.active;
    if (f->out) {
        opts.store = store_outputs;
        opts.stored = run->job.stored;
        opts.beside = stores_beside(&run->manifest, &run->job.geometry, &f->layer, f->n_streams);
    }
    ff_clock_phase(&run->clock, &phase, forward_flops(f, phase.rows_total));
    status = ff_forward(&run->workers, &opts);
    if (status == FF_OK && f->out)
        status = ff_boundary_seal(&run->boundaries, f->out, f->number);
    if (status == FF_OK)
        ff_clock_end(&run->clock);
    ff_boundaries_measure(&run->boundaries, 0);
    return status;
}

/* The epochs that the layer has learned for, and the one that it keeps. */
static void read_epochs(const struct forwarding *f, double metrics[FF_MOST_LAYER_METRICS])
{
    const struct ff_progress_mark *mark = &f->run->manifest.mark;
    double all = ff_recipe_sweep_begins(&f->run->manifest.recipe, mark->sweep + 1);

    metrics[FF_METRIC_LEARNED_EPOCHS] = mark->best.epoch > 0 ? mark->best.learned : all;
    metrics[FF_METRIC_KEPT_EPOCH] = mark->best.epoch > 0 ? mark->best.epoch : all;
}

static void report(const struct forwarding *f, const double metrics[FF_MOST_LAYER_METRICS])
{
    const struct ff_train_opts *opts = f->run->opts;
    const struct ff_recipe *recipe = &f->run->manifest.recipe;
    struct ff_trained_report out = {
        .sweep = f->run->manifest.mark.sweep + 1,
        .layer = f->number,
        .epoch = (uint32_t)metrics[FF_METRIC_KEPT_EPOCH],
        .negatives = ff_streams_negatives(recipe),
        .loss = metrics[FF_METRIC_LOSS],
        .goodness_pos = metrics[FF_METRIC_GOODNESS_POS],
        .goodness_neg = metrics[FF_METRIC_GOODNESS_NEG],
        .error = metrics[FF_METRIC_ERROR],
        .validation_error_upto = metrics[FF_METRIC_HELD_OUT_ERROR],
        .dead_units = (uint64_t)metrics[FF_METRIC_DEAD_UNITS],
        .learned_epochs = (uint32_t)metrics[FF_METRIC_LEARNED_EPOCHS],
    };

    if (opts->on_trained)
        opts->on_trained(opts->arg, &out);
}

/* A larger fraction of dead units is reported: training has failed. The presets train well with up
 * to two thirds of a layer dead. */
#define MOST_DEAD 0.9

static void warn_of_dead_units(const struct forwarding *f, uint64_t dead)
{
    double rate = f->run->manifest.recipe.learning_rate;
    uint32_t units = f->layer.units;

    if (dead >= units)
        ff_warn(f->run->ctx,
                "layer %u: no unit is active for any sample, so no layer above can learn; try a "
                "lower learning rate than %g, another --seed or another loss",
                f->number, rate);
    else if ((double)dead > MOST_DEAD * units)
        ff_warn(f->run->ctx,
                "layer %u: %llu of its %u units %s active for no sample; try a lower learning "
                "rate than %g or another --seed",
                f->number, (unsigned long long)dead, units, dead == 1 ? "is" : "are", rate);
}

/* Stores the layer's metrics as a row of floats in the model file (struct ff_layer_info). */
static int put_metrics(struct forwarding *f)
{
    double metrics[FF_MOST_LAYER_METRICS];
    float stored[FF_MOST_LAYER_METRICS];
    struct ff_matrix matrix = {FF_F32, 1, ff_layer_metrics_stored(&f->run->manifest.recipe),
                               stored};
    struct ff_tile_key key = {'S', f->number, FF_GENERATION_FINAL, 0, 0};

    ff_metrics_read(&f->metrics, metrics);
    read_epochs(f, metrics);
    for (int i = 0; i < FF_MOST_LAYER_METRICS; i++)
        stored[i] = (float)metrics[i];
    if (!isfinite(stored[FF_METRIC_LOSS]))
        return ff_fail(f->run->ctx, FF_ENUMERIC,
                       "layer %u: its loss after training is not finite: training diverged; try a "
                       "lower learning rate than %g",
                       f->number, f->run->manifest.recipe.learning_rate);
    warn_of_dead_units(f, (uint64_t)metrics[FF_METRIC_DEAD_UNITS]);
    report(f, metrics);
    return f->run->file ? ff_model_file_put(f->run->file, &key, &matrix) : FF_OK;
}

int ff_stage_forward(struct ff_run *run)
{
    struct forwarding f = {.run = run, .number = run->manifest.mark.layer};
    uint32_t below = f.number - 1;
    int status = ff_run_need_set(run, below, &f.in);
    bool last;

    if (status == FF_OK)
        status = forward_layer(&f);
    if (status == FF_OK)
        status = put_metrics(&f);
    release(&f);
    ff_set_close(f.in);
    if (status != FF_OK)
        return status;
    last = f.number == run->manifest.recipe.layers && ff_manifest_last_sweep(&run->manifest);
    ff_manifest_advance(&run->manifest);
    if (last && run->manifest.recipe.validation > 0)
        status = ff_held_out_choose(run);
    if (status == FF_OK)
        status = ff_run_flip(run);
    if (status == FF_OK)
        ff_boundary_drop(&run->boundaries, below);
    return status;
}

/* Computes boundary FROM + 1 from boundary FROM: replaces the open set *SET, by NULL on failure. */
static int recompute_next(struct ff_run *run, uint32_t from, struct ff_set **set)
{
    struct forwarding f = {.run = run, .number = from + 1, .in = *set};
    int status = forward_layer(&f);

    *set = NULL;
    if (status == FF_OK) {
        *set = f.out;
        f.out = NULL;
    }
    release(&f);
    ff_set_close(f.in);
    if (status == FF_OK)
        ff_boundary_drop(&run->boundaries, from);
    return status;
}

static bool can_recompute(int status)
{
    return status == FF_ENOTFOUND || status == FF_ECORRUPT || status == FF_EFORMAT ||
           status == FF_EMISMATCH;
}

int ff_run_need_set(struct ff_run *run, uint32_t boundary, struct ff_set **out)
{
    struct ff_set *found = NULL;
    int status = ff_boundary_open(&run->boundaries, boundary, &found);
    bool missing = can_recompute(status);

    if (status != FF_OK && !missing)
        return status;
    /* If it is for one process of a team, all recompute. */
    status = ff_run_agree(run, &missing);
    if (status == FF_OK && !missing) {
        *out = found;
        return FF_OK;
    }
    ff_set_close(found);
    if (status != FF_OK)
        return status;
    /* No warning at the start of a later sweep, where boundary 0 is always missing. */
    if (boundary > 0 || run->manifest.mark.sweep == 0)
        ff_run_notify(
            run, "stored activations are missing or damaged: recomputing them from the dataset");
    ff_boundary_drop(&run->boundaries, boundary);
    status = ff_run_import(run, out);
    for (uint32_t k = 0; k < boundary && status == FF_OK; k++)
        status = recompute_next(run, k, out);
    return status;
}
