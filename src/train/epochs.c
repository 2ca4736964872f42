#include "train/epochs.h"

#include "learn/streams.h"
#include "recipe/kind.h"
#include "train/held_out.h"
#include "train/team.h"

#include <math.h>
#include <stdio.h>

static double mean_loss(const struct ff_sums *sums)
{
    return sums->rows > 0 ? sums->loss / sums->rows : NAN;
}

#define PLACE_BYTES 96

/* Layer and EPOCH (from 1) for messages: "layer 3, epoch 2". */
static const char *place(const struct ff_learning *learning, uint32_t epoch, char text[PLACE_BYTES])
{
    if (learning->name)
        snprintf(text, PLACE_BYTES, "%s %u, epoch %u", learning->name,
                 learning->run->manifest.mark.layer, epoch);
    else
        snprintf(text, PLACE_BYTES, "epoch %u", epoch);
    return text;
}

/* The layer number in reports; 0: the whole network. */
static uint32_t layer_number(const struct ff_learning *learning)
{
    return learning->name ? learning->run->manifest.mark.layer : 0;
}

/* Fails because in EPOCH (from 1) WHAT is not finite. */
static int diverged(const struct ff_learning *learning, uint32_t epoch, const char *what)
{
    char text[PLACE_BYTES];

    return ff_fail(learning->run->ctx, FF_ENUMERIC,
                   "%s: %s not finite: training diverged; try a lower learning rate than %g",
                   place(learning, epoch, text), what, learning->learning_rate);
}

/* Frees what only learning needs. */
static void rest(struct ff_learning *learning)
{
    if (learning->learner->ops->rest)
        learning->learner->ops->rest(learning->learner);
}

/* Saves a checkpoint. EPOCH (from 1) is the last one that the parts trained in. */
static int save(struct ff_learning *learning, uint32_t epoch, bool final)
{
    struct ff_learner *learner = learning->learner;
    int status;

    learning->run->manifest.mark.sums = learning->sums;
    rest(learning);
    status = ff_checkpoint(learning->run, learner->n_parts, learner->parts, final);

    return status == FF_ENUMERIC ? diverged(learning, epoch, "the weights are") : status;
}

/* Saves the state between two batches. */
static int stop_here(struct ff_learning *learning, uint32_t epoch)
{
    struct ff_run *run = learning->run;
    char text[PLACE_BYTES];
    int status = save(learning, epoch, false);

    if (status != FF_OK)
        return status;
    return ff_fail(run->ctx, FF_EINTERRUPTED, "interrupted in %s; everything is saved",
                   place(learning, run->manifest.mark.epoch + 1, text));
}

static int run_batch(struct ff_learning *learning, const struct ff_permutation *order)
{
    struct ff_run *run = learning->run;
    struct ff_progress_mark *mark = &run->manifest.mark;
    uint64_t batches = run->job.geometry.batches, done = mark->epoch * batches + mark->batch;
    double factor = run->job.schedule->factor(done, learning->epochs * batches);
    struct ff_batch batch = {
        .batch = ff_permutation_at(order, mark->batch),
        .next = mark->batch + 1 < batches ? ff_permutation_at(order, mark->batch + 1) : FF_NO_BATCH,
        .epoch = mark->epoch,
        .step = done + 1,
        .lr = (float)(learning->learning_rate * factor),
    };
    int status = learning->learner->ops->learn(learning->learner, &batch, &learning->sums);

    if (status != FF_OK)
        return status;
    if (!isfinite(learning->sums.loss))
        return diverged(learning, mark->epoch + 1, "the loss is");
    mark->batch++;
    return FF_OK;
}

/* True if the sums are of positive and negative rows and their goodness. */
static bool sums_goodness(const struct ff_learning *learning)
{
    return learning->phase == FF_PHASE_TRAIN &&
           ff_recipe_has_goodness(&learning->run->manifest.recipe);
}

static void report(const struct ff_learning *learning, double seconds, double rows)
{
    struct ff_run *run = learning->run;
    const struct ff_progress_mark *mark = &run->manifest.mark;
    const struct ff_sums *sums = &learning->sums;
    bool goodness = sums_goodness(learning);
    uint64_t batches = run->job.geometry.batches, steps = (mark->epoch + 1) * batches;
    double factor = run->job.schedule->factor(steps - 1, learning->epochs * batches);
    struct ff_epoch_report out = {
        .head = learning->phase == FF_PHASE_HEAD,
        .sweep = mark->sweep + 1,
        .layer = layer_number(learning),
        .epoch = mark->epoch + 1,
        .negatives = goodness ? ff_streams_negatives(&run->manifest.recipe) : NULL,
        .loss = mean_loss(sums),
        .goodness_pos = goodness ? sums->goodness_pos / sums->rows : NAN,
        .goodness_neg = goodness ? sums->goodness_neg / sums->rows : NAN,
        .error = sums->wrong / sums->rows,
        .learning_rate = learning->learning_rate * factor,
        .seconds = seconds,
        .rows_per_second = seconds > 0 ? rows / seconds : 0,
        .gflops = seconds > 0 ? learning->flops_per_row * rows / seconds * 1e-9 : 0,
        .validation_error = learning->held_out_error,
    };

    if (!run->opts->on_epoch)
        return;
    ff_memory_read(run->ctx, &out.memory);
    out.scratch_bytes = ff_boundaries_measure(&run->boundaries, 0);
    run->opts->on_epoch(run->opts->arg, &out);
}

/* Measures the layer on held-out samples. */
static int measure(struct ff_learning *learning)
{
    rest(learning);
    return ff_held_out_measure(learning->run, learning->set, learning->learner->parts[0].layer,
                               &learning->held_out_error);
}

/* Runs the rest of the mark's epoch. */
static int run_epoch(struct ff_learning *learning)
{
    struct ff_run *run = learning->run;
    struct ff_progress_mark *mark = &run->manifest.mark;
    const struct ff_geometry *geometry = &run->job.geometry;
    struct ff_permutation order = ff_permutation_make(
        ff_rng_make(run->manifest.recipe.seed, learning->order, mark->layer, mark->epoch),
        geometry->batches);
    struct ff_progress phase = {.phase = learning->phase,
                                .layer = layer_number(learning),
                                .epoch = mark->epoch + 1,
                                .epochs = learning->epochs,
                                .rows = (uint64_t)learning->sums.rows,
                                .rows_total = geometry->learned_rows};
    double began = ff_now(), rows_before = learning->sums.rows, rows, seconds;
    int status = FF_OK;
    bool stops;

    ff_clock_phase(&run->clock, &phase, learning->flops_per_row * (double)geometry->learned_rows);
    while (mark->batch < geometry->batches) {
        status = run_batch(learning, &order);
        if (status != FF_OK)
            return status;
        stops =
            ff_clock_tick(&run->clock, (uint64_t)learning->sums.rows, mean_loss(&learning->sums));
        status = ff_run_vote(run, &stops);
        if (status != FF_OK)
            return status;
        if (stops && mark->batch < geometry->batches)
            return stop_here(learning, mark->epoch + 1);
    }
    ff_clock_end(&run->clock);
    ff_memory_sample(run->ctx);
    ff_boundaries_measure(&run->boundaries, 0);
    rows = learning->sums.rows - rows_before;
    seconds = ff_now() - began;
    if (learning->phase == FF_PHASE_TRAIN) {
        run->tally.seconds += seconds;
        run->tally.flops += learning->flops_per_row * rows;
    }
    if (learning->stops_early)
        status = measure(learning);
    if (status == FF_OK)
        report(learning, seconds, rows);
    return status;
}

/* Notes the error on held-out samples of the epoch that has ended; true if it is the lowest so
 * far. */
static bool note_error(struct ff_learning *learning)
{
    struct ff_progress_mark *mark = &learning->run->manifest.mark;
    double error = learning->held_out_error;

    if (!learning->stops_early || (mark->best.epoch > 0 && error >= mark->best.error))
        return false;
    mark->best = (struct ff_best_epoch){.epoch = mark->epoch, .error = error};
    return true;
}

/* Gives the layer the weights of its best epoch. */
static int take_best(struct ff_learning *learning)
{
    struct ff_run *run = learning->run;
    const struct ff_progress_mark *mark = &run->manifest.mark;
    const struct ff_part *part = &learning->learner->parts[0];

    run->clock.work_left -= learning->flops_per_row * (double)run->job.geometry.learned_rows *
                            (learning->until - mark->epoch);
    rest(learning);
    return ff_layer_load(part->layer, run->file, part->kind, part->number, mark->best.generation,
                         false);
}

/* Ends the stage. */
static int finish(struct ff_learning *learning)
{
    const struct ff_progress_mark *mark = &learning->run->manifest.mark;
    int status = FF_OK;

    if (mark->best.epoch > 0 && mark->best.epoch < mark->epoch)
        status = take_best(learning);
    return status == FF_OK ? save(learning, mark->epoch, true) : status;
}

/* Moves the mark to the next epoch, and saves a checkpoint if one is due. */
static int end_epoch(struct ff_learning *learning)
{
    struct ff_run *run = learning->run;
    struct ff_progress_mark *mark = &run->manifest.mark;
    bool improved, stops, due;
    int status;

    mark->epoch++;
    mark->batch = 0;
    learning->sums = (struct ff_sums){0};
    improved = note_error(learning);
    if (mark->epoch >= learning->until || ff_manifest_stops(&run->manifest))
        return finish(learning);
    stops = run->clock.interrupted && run->clock.interrupted(run->clock.arg);
    due = ff_now() - run->last_checkpoint >= run->opts->checkpoint_interval_s;
    status = ff_run_agree(run, &stops);
    if (status == FF_OK)
        status = ff_run_agree(run, &due);
    if (status != FF_OK)
        return status;
    if (stops)
        return stop_here(learning, mark->epoch);
    if (improved || due)
        return save(learning, mark->epoch, false);
    return FF_OK;
}

int ff_run_epochs(struct ff_learning *learning)
{
    const struct ff_progress_mark *mark = &learning->run->manifest.mark;
    enum ff_stage stage = mark->stage;
    int status = FF_OK;

    learning->sums = mark->sums;

    while (status == FF_OK && mark->stage == stage) {
        status = run_epoch(learning);
        if (status == FF_OK)
            status = end_epoch(learning);
    }
    return status;
}
