/* Training one layer on the stored outputs of the layer below. */
#include "train/epochs.h"
#include "train/pairs.h"
#include "train/plan.h"
#include "train/step.h"

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
        .geometry = &job->geometry,
        .optimizer = job->optimizer,
        .micro_chunks = knobs->micro_chunks,
    };
}

void ff_stage_train_needs(const struct ff_plan_job *job, uint32_t layer,
                          const struct ff_knobs *knobs, struct ff_needs *needs)
{
    struct ff_layer shape =
        ff_layer_shape(ff_manifest_fan_in(job->manifest, layer),
                       job->manifest->recipe.hidden[layer - 1], job->optimizer->states);
    struct ff_step_opts opts = step_opts(job, knobs, &shape);

    shape.residency = knobs->residency;
    ff_layer_needs(&shape, job->threads, needs);
    ff_plan_feed(job, layer - 1, 2 * knobs->micro_chunks, needs);
    ff_step_needs(&opts, job->threads, needs);
}

uint32_t ff_stage_train_micro_chunks(const struct ff_plan_job *job, uint32_t layer)
{
    return ff_micro_chunks(&job->geometry, job->manifest->recipe.hidden[layer - 1],
                           job->micro_batch_rows);
}

static int set_up(struct training *training)
{
    struct ff_run *run = training->run;
    uint32_t number = run->manifest.mark.layer;
    uint32_t fan_in = ff_manifest_fan_in(&run->manifest, number);
    uint32_t units = run->manifest.recipe.hidden[number - 1];
    struct ff_knobs knobs = ff_plan_knobs(&run->job, FF_STAGE_TRAIN, number);
    struct ff_step_opts opts = step_opts(&run->job, &knobs, &training->layer);
    int status = ff_run_need_set(run, number - 1, &training->set);

    training->part = (struct ff_part){&training->layer, 'W', number};
    if (status == FF_OK)
        status = ff_run_layer(run, fan_in, units, run->optimizer->states, knobs.residency,
                              &training->layer);
    if (status == FF_OK)
        status = ff_checkpoint_restore(run, 1, &training->part);
    if (status == FF_OK)
        status =
            ff_run_feed(run, training->set, number - 1, 2 * opts.micro_chunks, &training->feed);
    opts.feed = training->feed;
    opts.loss = run->loss;
    opts.loss_params = run->loss_params;
    opts.optimizer_params = run->optimizer_params;
    if (status == FF_OK)
        status = ff_step_new(&run->workers, &opts, &training->step);
    return status;
}

static uint32_t negative_of(const struct ff_run *run, uint32_t epoch, uint64_t batch)
{
    return ff_pairs_negative(run->manifest.recipe.negative_sets, epoch, batch);
}

/* Asks for the chunks of the batch after this one. */
static void prefetch(struct training *training, uint32_t epoch, uint64_t batch)
{
    uint32_t negative = negative_of(training->run, epoch, batch), first, chunks;

    ff_batch_range(&training->run->geometry, batch, &first, &chunks);
    for (uint32_t c = 0; c < chunks; c++) {
        struct ff_piece_request next[2] = {{first + c, FF_STREAM_INPUT},
                                           {first + c, FF_STREAM_INPUT + 1 + negative}};

        ff_feed_will_need(training->feed, 2, next);
    }
}

static int learn(void *arg, const struct ff_batch *batch)
{
    struct training *training = arg;
    struct ff_run *run = training->run;

    if (batch->next != FF_NO_BATCH)
        prefetch(training, batch->epoch, batch->next);
    return ff_step_run(training->step, batch->batch, negative_of(run, batch->epoch, batch->batch),
                       batch->step, batch->lr, &run->manifest.mark.sums);
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
        .learning_rate = run->manifest.recipe.learning_rate,
        .learn = learn,
        .arg = &training,
    };
    int status = set_up(&training);

    learning.flops_per_row =
        run->mode->operations * (double)training.layer.fan_in * training.layer.units;
    if (status == FF_OK)
        status = ff_run_epochs(&learning);
    release(&training);
    return status;
}
