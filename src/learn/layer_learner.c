/* The learner of one layer by Forward-Forward, on the stored outputs of the layer below. */
#include "learn/learner.h"
#include "learn/step.h"
#include "learn/streams.h"

struct layer_learner {
    struct ff_learner base;
    struct ff_layer layer;
    struct ff_part part;
    struct ff_feed *feed;
    struct ff_step *step; /* NULL at rest */
};

static struct ff_step_opts step_opts(const struct ff_job *job, const struct ff_knobs *knobs,
                                     struct ff_layer *layer)
{
    return (struct ff_step_opts){
        .layer = layer,
        .manifest = job->manifest,
        .geometry = &job->geometry,
        .loss = job->loss,
        .loss_params = job->loss_params,
        .optimizer = job->optimizer,
        .optimizer_params = job->optimizer_params,
        .variants = ff_streams_variants(&job->manifest->recipe),
        .micro_chunks = knobs->micro_chunks,
    };
}

static struct ff_layer layer_shape(const struct ff_job *job, uint32_t number,
                                   const struct ff_knobs *knobs)
{
    struct ff_layer shape = ff_job_layer(job, number, job->optimizer->states);

    shape.residency = knobs->residency;
    return shape;
}

/* While a checkpoint is written. The feed stays, with its place in the scratch file. */
static void rest_needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                       struct ff_needs *out)
{
    struct ff_layer shape = layer_shape(job, layer, knobs);

    out->bytes[FF_MEM_OTHER] += sizeof(struct layer_learner);
    ff_layer_needs(&shape, job->threads, out);
    ff_job_feed_needs(job, layer - 1, ff_step_pieces(&shape, knobs->micro_chunks), FF_FEED_LEARN,
                      out);
}

static void needs(const struct ff_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *out)
{
    struct ff_layer shape = layer_shape(job, layer, knobs);
    struct ff_step_opts opts = step_opts(job, knobs, &shape);

    rest_needs(job, layer, knobs, out);
    ff_step_needs(&opts, job->threads, out);
}

static uint32_t micro_chunks(const struct ff_job *job, uint32_t layer)
{
    struct ff_layer shape = ff_layer_of(job->manifest, layer, 0);

    return ff_micro_chunks(&job->geometry, &shape, job->micro_batch_rows);
}

/* Two matrix products per row, forward and gradient, of two operations per weight. */
#define FLOPS_PER_WEIGHT 4

static double flops(const struct ff_manifest *manifest, uint32_t layer)
{
    return (double)FLOPS_PER_WEIGHT * ff_streams_rows(&manifest->recipe) *
           ff_manifest_fan_in(manifest, layer) * manifest->recipe.hidden[layer - 1];
}

/* The sums of goodness of each micro-batch, and drawn labels, by one rank after the other. */
static void list_exchange(const struct ff_job *job, const struct ff_layer *shape, double parts,
                          ff_operation_fn *visit, void *arg)
{
    double rows = ff_streams_rows(&job->manifest->recipe) * (double)job->geometry.batch / parts;
    uint32_t labels = shape->classes ? ff_manifest_labels_met(job->manifest) : 1;
    struct ff_gathering sums =
        ff_job_gather_tiles(job, shape->units, rows * labels * sizeof(float));
    struct ff_gathering drawn =
        ff_job_gather_tiles(job, shape->units, rows * labels * sizeof(uint16_t) / shape->tiles);

    sums.times = drawn.times = parts;
    ff_job_visit_gathering(job, &sums, visit, arg);
    if (labels < shape->classes)
        ff_job_visit_gathering(job, &drawn, visit, arg);
}

static void operations(const struct ff_job *job, uint32_t layer, ff_operation_fn *visit, void *arg)
{
    struct ff_layer shape = ff_layer_of(job->manifest, layer, 0);
    uint32_t all = ff_step_pieces(&shape, job->geometry.chunks_per_batch);
    uint32_t pieces = ff_step_pieces(&shape, micro_chunks(job, layer));
    struct ff_operation load = {
        .kind = FF_OPERATION_LOAD,
        .units = shape.fan_in,
        .boundary = layer - 1,
        .use = FF_FEED_LEARN,
        .blocks = pieces,
        .times = (double)all / pieces,
    };
    struct ff_operation learn = {
        .kind = FF_OPERATION_LEARN,
        .fan_in = shape.fan_in,
        .units = shape.units,
        .own = ff_job_own_units(job, shape.units),
        .classes = shape.classes,
        .blocks = all,
        .times = 1,
    };

    visit(arg, &load);
    visit(arg, &learn);
    list_exchange(job, &shape, load.times, visit, arg);
}

static int open_parts(struct ff_learner *base)
{
    struct layer_learner *l = (struct layer_learner *)base;
    const struct ff_learner_opts *opts = &base->opts;
    struct ff_layer shape = layer_shape(opts->job, opts->layer, &opts->knobs);

    l->part = (struct ff_part){&l->layer, 'W', opts->layer};
    base->parts = &l->part;
    base->n_parts = 1;
    return ff_layer_init_paged(&l->layer, opts->workers, &shape, opts->scratch, opts->damaged);
}

static void rest(struct ff_learner *base)
{
    struct layer_learner *l = (struct layer_learner *)base;

    ff_step_free(l->step);
    l->step = NULL;
}

static int wake(struct layer_learner *l)
{
    const struct ff_learner_opts *opts = &l->base.opts;
    struct ff_step_opts step = step_opts(opts->job, &opts->knobs, &l->layer);

    step.number = opts->layer;
    step.feed = l->feed;
    return ff_step_new(opts->workers, &step, &l->step);
}

static int start(struct ff_learner *base, struct ff_set *set)
{
    struct layer_learner *l = (struct layer_learner *)base;
    const struct ff_learner_opts *opts = &base->opts;
    uint32_t pieces = ff_step_pieces(&l->layer, opts->knobs.micro_chunks);
    int status = ff_learner_feed(base, set, opts->layer - 1, pieces, FF_FEED_LEARN, &l->feed);

    return status == FF_OK ? wake(l) : status;
}

static int learn(struct ff_learner *base, const struct ff_batch *batch, struct ff_sums *sums)
{
    struct layer_learner *l = (struct layer_learner *)base;
    int status = l->step ? FF_OK : wake(l);

    if (status != FF_OK)
        return status;
    ff_step_will_need(l->step, batch->next, batch->epoch);
    ff_feed_begin_epoch(l->feed, batch->epoch);
    return ff_step_run(l->step, batch->batch, batch->epoch, batch->step, batch->lr, sums);
}

static void close_learner(struct ff_learner *base)
{
    struct layer_learner *l = (struct layer_learner *)base;

    rest(base);
    ff_feed_free(l->feed);
    ff_layer_release(&l->layer);
}

const struct ff_learner_ops ff_layer_learner = {
    .work =
        {
            .needs = needs,
            .rest_needs = rest_needs,
            .pages = true,
            .micro_chunks = micro_chunks,
            .flops = flops,
            .operations = operations,
        },
    .size = sizeof(struct layer_learner),
    .open = open_parts,
    .start = start,
    .learn = learn,
    .rest = rest,
    .close = close_learner,
};
