/* The work that is left of a run, in floating-point operations, for the estimate of time left. */
#include "learn/streams.h"
#include "train/modes.h"
#include "train/run.h"

/* Operations of the epochs left, where the whole network trains at once. */
static double network_work_left(const struct ff_run *run)
{
    const struct ff_progress_mark *mark = &run->manifest.mark;
    double epochs = run->manifest.recipe.epochs - mark->epoch -
                    (double)mark->batch / (double)run->job.geometry.batches;

    return mark->stage == FF_STAGE_DONE
               ? 0
               : ff_mode_ops(run->job.mode)->learner->work.flops(&run->manifest, 1) * epochs *
                     (double)run->job.geometry.rows;
}

/* Operations of LAYER in a round of training from MARK on, which stands in that round. */
static double layer_work(const struct ff_run *run, const struct ff_progress_mark *mark,
                         uint32_t layer)
{
    const struct ff_recipe *recipe = &run->manifest.recipe;
    double rows = (double)run->job.geometry.rows, learnt = (double)run->job.geometry.learnt_rows;
    double units = recipe->hidden[layer - 1];
    double product = units * ff_manifest_fan_in(&run->manifest, layer), total = 0;
    double epochs = ff_recipe_round_begins(recipe, mark->round + 1) -
                    ff_recipe_round_begins(recipe, mark->round);
    bool last_round = mark->round + 1 == recipe->sweeps;
    double head_epochs = last_round ? recipe->head_epochs : 0;
    uint32_t first_head = ff_recipe_first_head(recipe), streams[FF_MAX_STREAMS];
    bool now = layer == mark->layer;

    if (now && mark->stage == FF_STAGE_TRAIN)
        epochs = ff_recipe_round_begins(recipe, mark->round + 1) - mark->epoch -
                 (double)mark->batch / (double)run->job.geometry.batches;
    if (!now || mark->stage <= FF_STAGE_TRAIN)
        total += ff_mode_ops(run->job.mode)->learner->work.flops(&run->manifest, layer) * epochs *
                 learnt;
    if (!now || mark->stage <= FF_STAGE_FORWARD)
        total += 2 * product * ff_streams_passed(&run->manifest, last_round, streams) * rows;
    if (now && mark->stage == FF_STAGE_HEAD)
        head_epochs -= mark->epoch;
    if (first_head && layer >= first_head)
        total += ff_head_learner.work.flops(&run->manifest, layer) * head_epochs * learnt;
    return total;
}

double ff_run_work_left(const struct ff_run *run)
{
    struct ff_progress_mark mark = run->manifest.mark;
    const struct ff_recipe *recipe = &run->manifest.recipe;
    double total = 0;

    if (run->job.mode->whole_network)
        return network_work_left(run);
    if (mark.stage == FF_STAGE_DONE)
        return 0;
    for (; mark.round < recipe->sweeps; mark.round++) {
        for (uint32_t layer = mark.layer; layer <= recipe->layers; layer++)
            total += layer_work(run, &mark, layer);
        mark.layer = 1;
        mark.stage = FF_STAGE_TRAIN;
        mark.batch = 0;
        mark.epoch = ff_recipe_round_begins(recipe, mark.round + 1);
    }
    return total;
}
