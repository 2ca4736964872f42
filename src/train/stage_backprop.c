/* Training the whole network by backpropagation, on images without labels in them. */
#include "learn/backprop.h"
#include "plan/plan.h"
#include "train/epochs.h"

struct training {
    struct ff_run *run;
    struct ff_network network;
    struct ff_set *set;
    struct ff_feed *feed;
    struct ff_backprop *backprop;
};

static void release(struct training *training)
{
    ff_backprop_free(training->backprop);
    ff_feed_free(training->feed);
    ff_set_close(training->set);
    ff_network_release(&training->network);
}

static struct ff_backprop_opts backprop_opts(const struct ff_plan_job *job, uint32_t micro_chunks)
{
    struct ff_backprop_opts opts = {
        .manifest = job->manifest,
        .geometry = &job->geometry,
        .optimizer = job->optimizer,
    };

    ff_backprop_choose(job->manifest, &job->geometry, job->micro_batch_rows, &opts);
    if (micro_chunks)
        opts.micro_chunks = micro_chunks;
    return opts;
}

void ff_stage_backprop_needs(const struct ff_plan_job *job, uint32_t layer,
                             const struct ff_knobs *knobs, struct ff_needs *needs)
{
    struct ff_backprop_opts opts = backprop_opts(job, knobs->micro_chunks);

    (void)layer; /* all at once */
    ff_network_needs(job->manifest, needs);
    ff_plan_feed(job, 0, opts.micro_chunks, FF_FEED_LEARN, needs);
    ff_backprop_needs(&opts, job->threads, needs);
}

uint32_t ff_stage_backprop_micro_chunks(const struct ff_plan_job *job, uint32_t layer)
{
    (void)layer;
    return backprop_opts(job, 0).micro_chunks;
}

static int set_up(struct training *training)
{
    struct ff_run *run = training->run;
    struct ff_knobs knobs = ff_plan_knobs(&run->job, FF_STAGE_TRAIN, 1);
    struct ff_backprop_opts opts = backprop_opts(&run->job, knobs.micro_chunks);
    int status = ff_run_need_set(run, 0, &training->set);

    opts.network = &training->network;
    opts.optimizer_params = run->optimizer_params;
    if (status == FF_OK)
        status = ff_network_init(&training->network, run->ctx, &run->manifest);
    if (status == FF_OK)
        status = ff_checkpoint_restore(run, training->network.n_parts, training->network.parts);
    if (status == FF_OK)
        status =
            ff_run_feed(run, training->set, 0, opts.micro_chunks, FF_FEED_LEARN, &training->feed);
    opts.feed = training->feed;
    return status == FF_OK ? ff_backprop_new(&run->workers, &opts, &training->backprop) : status;
}

/* Asks for the chunks of the batch after this one. */
static void prefetch(struct training *training, uint64_t batch)
{
    uint32_t first, chunks;

    ff_batch_range(&training->run->geometry, batch, &first, &chunks);
    for (uint32_t c = 0; c < chunks; c++) {
        struct ff_piece_request next = {first + c, FF_STREAM_NEUTRAL};

        ff_feed_will_need(training->feed, 1, &next);
    }
}

static int learn(void *arg, const struct ff_batch *batch)
{
    struct training *training = arg;

    if (batch->next != FF_NO_BATCH)
        prefetch(training, batch->next);
    ff_feed_begin_epoch(training->feed, batch->epoch);
    return ff_backprop_run(training->backprop, batch->batch, batch->step, batch->lr,
                           &training->run->manifest.mark.sums);
}

int ff_stage_backprop(struct ff_run *run)
{
    struct training training = {.run = run};
    struct ff_learning learning = {
        .run = run,
        .phase = FF_PHASE_TRAIN,
        .order = FF_RNG_BATCH_ORDER,
        .epochs = run->manifest.recipe.epochs,
        .until = run->manifest.recipe.epochs,
        .learning_rate = run->manifest.recipe.learning_rate,
        .flops_per_row = ff_backprop_flops(&run->manifest),
        .learn = learn,
        .arg = &training,
    };
    int status = set_up(&training);

    learning.parts = training.network.parts;
    learning.n_parts = training.network.n_parts;
    if (status == FF_OK)
        status = ff_run_epochs(&learning);
    release(&training);
    return status;
}
