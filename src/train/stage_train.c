/* Training one layer on the stored outputs of the layer below. */
#include "learn/step.h"
#include "learn/streams.h"
#include "plan/plan.h"
#include "train/epochs.h"

struct training {
    struct ff_run *run;
    struct ff_layer layer;
    struct ff_part part;
    struct ff_set *set;
    struct ff_feed *feed;
    struct ff_step *step;
};

static void release(struct training *training)
{
    ff_step_free(training->step);
    ff_feed_free(training->feed);
    ff_set_close(training->set);
    ff_layer_release(&training->layer);
}

static struct ff_step_opts step_opts(const struct ff_plan_job *job, const struct ff_knobs *knobs,
                                     struct ff_layer *layer)
{
    return (struct ff_step_opts){
        .layer = layer,
        .manifest = job->manifest,
        .geometry = &job->geometry,
        .optimizer = job->optimizer,
        .variants = ff_streams_variants(&job->manifest->recipe),
        .micro_chunks = knobs->micro_chunks,
    };
}

static struct ff_layer layer_shape(const struct ff_plan_job *job, uint32_t number,
                                   const struct ff_knobs *knobs)
{
    struct ff_layer shape = ff_layer_of(job->manifest, number, job->optimizer->states);

    shape.residency = knobs->residency;
    return shape;
}

void ff_stage_train_needs(const struct ff_plan_job *job, uint32_t layer,
                          const struct ff_knobs *knobs, struct ff_needs *needs)
{
    struct ff_layer shape = layer_shape(job, layer, knobs);
    struct ff_step_opts opts = step_opts(job, knobs, &shape);

    ff_layer_needs(&shape, job->threads, needs);
    ff_plan_feed(job, layer - 1, ff_step_pieces(&shape, knobs->micro_chunks), FF_FEED_LEARN, needs);
    ff_step_needs(&opts, job->threads, needs);
}

uint32_t ff_stage_train_micro_chunks(const struct ff_plan_job *job, uint32_t layer)
{
    struct ff_layer shape = ff_layer_of(job->manifest, layer, 0);

    return ff_micro_chunks(&job->geometry, &shape, job->micro_batch_rows);
}

static int set_up(struct training *training)
{
    struct ff_run *run = training->run;
    uint32_t number = run->manifest.mark.layer;
    struct ff_knobs knobs = ff_plan_knobs(&run->job, FF_STAGE_TRAIN, number);
    struct ff_layer shape = layer_shape(&run->job, number, &knobs);
    struct ff_step_opts opts = step_opts(&run->job, &knobs, &training->layer);
    int status = ff_run_need_set(run, number - 1, &training->set);

    training->part = (struct ff_part){&training->layer, 'W', number};
    if (status == FF_OK)
        status = ff_run_layer(run, &shape, &training->layer);
    if (status == FF_OK)
        status = ff_checkpoint_restore(run, 1, &training->part);
    if (status == FF_OK)
        status =
            ff_run_feed(run, training->set, number - 1, ff_step_pieces(&shape, opts.micro_chunks),
                        FF_FEED_LEARN, &training->feed);
    opts.number = number;
    opts.feed = training->feed;
    opts.loss = run->loss;
    opts.loss_params = run->loss_params;
    opts.optimizer_params = run->optimizer_params;
    if (status == FF_OK)
        status = ff_step_new(&run->workers, &opts, &training->step);
    return status;
}

static int learn(void *arg, const struct ff_batch *batch)
{
    struct training *training = arg;
    struct ff_run *run = training->run;

    if (batch->next != FF_NO_BATCH)
        ff_step_will_need(training->step, batch->next, batch->epoch);
    ff_feed_begin_epoch(training->feed, batch->epoch);
    return ff_step_run(training->step, batch->batch, batch->epoch, batch->step, batch->lr,
                       &run->manifest.mark.sums);
}

int ff_stage_train(struct ff_run *run)
{
    struct training training = {.run = run};
    struct ff_learning learning = {
        .run = run,
        .parts = &training.part,
        .n_parts = 1,
        .name = "layer",
        .phase = FF_PHASE_TRAIN,
        .order = FF_RNG_BATCH_ORDER,
        .epochs = run->manifest.recipe.epochs,
        .until = ff_recipe_round_begins(&run->manifest.recipe, run->manifest.mark.round + 1),
        .learning_rate = run->manifest.recipe.learning_rate,
        .learn = learn,
        .arg = &training,
    };
    int status = set_up(&training);

    learning.flops_per_row = run->mode->operations * ff_streams_rows(&run->manifest.recipe) *
                             (double)training.layer.fan_in * training.layer.units;
    if (status == FF_OK)
        status = ff_run_epochs(&learning);
    release(&training);
    return status;
}
