/* Training one layer on the stored outputs of the layer below. */
#include "train/run.h"
#include "train/step.h"

#include <math.h>

struct training {
    struct ff_run *run;
    struct ff_layer layer;
    struct ff_set *set;
    struct ff_feed *feed;
    struct ff_step *step;
    double flops_per_row; /* of the matrix products of one sample: two forward, two backward */
};

static void release(struct training *training)
{
    ff_step_free(training->step);
    ff_feed_free(training->feed);
    if (training->set)
        ff_set_close(training->set);
    ff_layer_release(&training->layer);
}

static int set_up(struct training *training)
{
    struct ff_run *run = training->run;
    const struct ff_progress_mark *mark = &run->manifest.mark;
    uint32_t fan_in = ff_run_width(run, mark->layer);
    uint32_t units = run->manifest.recipe.hidden[mark->layer - 1];
    struct ff_step_opts opts = {
        .layer = &training->layer,
        .geometry = &run->geometry,
        .loss = run->loss,
        .loss_params = run->loss_params,
        .optimizer = run->optimizer,
        .optimizer_params = run->optimizer_params,
        .micro_chunks = ff_micro_chunks(&run->geometry, units, run->opts->micro_batch_rows),
    };
    int status;

    training->flops_per_row = 8.0 * fan_in * units;
    status = ff_run_need_set(run, mark->layer - 1, &training->set);
    if (status == FF_OK)
        status = ff_layer_init(&training->layer, run->ctx, fan_in, units, run->optimizer->states);
    if (status == FF_OK)
        status = ff_checkpoint_restore(run, &training->layer);
    if (status == FF_OK)
        status = ff_run_feed(run, training->set, mark->layer - 1, 2 * opts.micro_chunks,
                             &training->feed);
    opts.feed = training->feed;
    if (status == FF_OK)
        status = ff_step_new(&run->workers, &opts, &training->step);
    return status;
}

static double mean_loss(const struct ff_sums *sums)
{
    return sums->rows > 0 ? sums->loss / sums->rows : NAN;
}

static float learning_rate(const struct ff_run *run, uint64_t done)
{
    const struct ff_recipe *recipe = &run->manifest.recipe;
    uint64_t total = recipe->epochs * run->geometry.batches;

    return (float)(recipe->learning_rate * run->schedule->factor(done, total));
}

/* Saves the state at a batch boundary within the epoch. */
static int stop_here(struct training *training)
{
    struct ff_run *run = training->run;
    int status = ff_checkpoint(run, &training->layer, false);

    if (status != FF_OK)
        return status;
    return ff_fail(run->ctx, FF_EINTERRUPTED,
                   "interrupted in layer %u, epoch %u; everything is saved",
                   run->manifest.mark.layer, run->manifest.mark.epoch + 1);
}

static int name_divergence(struct ff_run *run, int status)
{
    if (status != FF_ENUMERIC)
        return status;
    return ff_fail(
        run->ctx, FF_ENUMERIC,
        "layer %u, epoch %u: the loss is not finite: training diverged; the last checkpoint "
        "stays; try a lower learning rate than %g",
        run->manifest.mark.layer, run->manifest.mark.epoch + 1, run->manifest.recipe.learning_rate);
}

/* Asks for the chunks of the batch after this one. */
static void prefetch(struct training *training, uint64_t batch, uint32_t negative)
{
    uint32_t first, chunks;

    ff_batch_range(&training->run->geometry, batch, &first, &chunks);
    for (uint32_t c = 0; c < chunks; c++) {
        struct ff_piece_request next[2] = {{first + c, FF_STREAM_INPUT},
                                           {first + c, FF_STREAM_INPUT + 1 + negative}};

        ff_feed_will_need(training->feed, 2, next);
    }
}

/* The rest of the epoch that the mark stands in. */
static int run_epoch(struct training *training)
{
    struct ff_run *run = training->run;
    struct ff_progress_mark *mark = &run->manifest.mark;
    const struct ff_recipe *recipe = &run->manifest.recipe;
    const struct ff_geometry *geometry = &run->geometry;
    struct ff_permutation order = ff_permutation_make(
        ff_rng_make(recipe->seed, FF_RNG_BATCH_ORDER, mark->layer, mark->epoch), geometry->batches);
    double began = ff_now(), rows_before = mark->sums.rows, rows, seconds;
    float lr = 0;

    ff_clock_phase(&run->clock, FF_PHASE_TRAIN, mark->layer, mark->epoch + 1,
                   mark->batch * geometry->batch, geometry->rows,
                   training->flops_per_row * (double)geometry->rows);
    while (mark->batch < geometry->batches) {
        uint64_t batch = ff_permutation_at(&order, mark->batch);
        uint64_t done = mark->epoch * geometry->batches + mark->batch;
        int status;

        if (mark->batch + 1 < geometry->batches) {
            uint64_t next = ff_permutation_at(&order, mark->batch + 1);

            prefetch(training, next, (uint32_t)((mark->epoch + next) % recipe->negatives));
        }
        lr = learning_rate(run, done);
        status = ff_step_run(training->step, batch,
                             (uint32_t)((mark->epoch + batch) % recipe->negatives), done + 1, lr,
                             &mark->sums);
        if (status != FF_OK)
            return name_divergence(run, status);
        mark->batch++;
        ff_memory_sample(run->ctx);
        if (ff_clock_tick(&run->clock, (uint64_t)mark->sums.rows, mean_loss(&mark->sums)) &&
            mark->batch < geometry->batches)
            return stop_here(training);
    }
    ff_clock_end(&run->clock);
    rows = mark->sums.rows - rows_before;
    seconds = ff_now() - began;
    run->train_seconds += seconds;
    run->train_flops += training->flops_per_row * rows;
    ff_run_report_epoch(run, false, mark->epoch + 1, &mark->sums, lr, seconds, rows,
                        training->flops_per_row * rows);
    return FF_OK;
}

static int end_epoch(struct training *training)
{
    struct ff_run *run = training->run;
    struct ff_progress_mark *mark = &run->manifest.mark;
    bool last = mark->epoch + 1 == run->manifest.recipe.epochs;
    bool stop = run->clock.interrupted && run->clock.interrupted(run->clock.arg);

    mark->epoch++;
    mark->batch = 0;
    mark->sums = (struct ff_sums){0};
    if (last)
        return ff_checkpoint(run, &training->layer, true);
    if (stop)
        return stop_here(training);
    if (ff_now() - run->last_checkpoint >= run->opts->checkpoint_interval_s)
        return ff_checkpoint(run, &training->layer, false);
    return FF_OK;
}

int ff_stage_train(struct ff_run *run)
{
    struct training training = {.run = run};
    uint32_t layer = run->manifest.mark.layer;
    int status = set_up(&training);

    while (status == FF_OK && run->manifest.mark.stage == FF_STAGE_TRAIN &&
           run->manifest.mark.layer == layer) {
        status = run_epoch(&training);
        if (status == FF_OK)
            status = end_epoch(&training);
    }
    release(&training);
    return status;
}
