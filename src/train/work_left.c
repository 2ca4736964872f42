/* The floating-point operations left in a run, for the estimate of time left. */
#include "learn/forward.h"
#include "learn/streams.h"
#include "train/modes.h"
#include "train/run.h"

/* Operations of the turn of MANIFEST's mark, from the mark on. */
static double turn_work(const struct ff_run *run, const struct ff_manifest *manifest)
{
    const struct ff_progress_mark *mark = &manifest->mark;
    const struct ff_recipe *recipe = &manifest->recipe;
    const struct ff_geometry *geometry = &run->job.geometry;
    const struct ff_work *work = ff_mode_work(run->job.mode, mark->stage);
    double done = mark->epoch + (double)mark->batch / (double)geometry->batches;
    uint32_t streams[FF_MAX_STREAMS];
    double product;

    switch (mark->stage) {
    case FF_STAGE_TRAIN:
        return work->flops(manifest, mark->layer) *
               (ff_recipe_sweep_begins(recipe, mark->sweep + 1) - done) *
               (double)geometry->learned_rows;
    case FF_STAGE_FORWARD:
        product = 2.0 * recipe->hidden[mark->layer - 1] * ff_manifest_fan_in(manifest, mark->layer);
        return product * ff_streams_passed(manifest, ff_manifest_last_sweep(manifest), streams) *
               (double)ff_forward_samples(geometry,
                                          ff_forward_left_out(manifest, geometry, mark->layer));
    case FF_STAGE_HEAD:
        return work->flops(manifest, mark->layer) * (recipe->head_epochs - done) *
               (double)geometry->learned_rows;
    default:
        return 0;
    }
}

double ff_run_work_left(const struct ff_run *run)
{
    struct ff_manifest ahead = run->manifest; /* only its mark changes */
    double total = 0;

    for (; ahead.mark.stage != FF_STAGE_DONE; ff_manifest_advance(&ahead))
        total += turn_work(run, &ahead);
    return total;
}
