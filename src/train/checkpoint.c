/* Saving and restoring the layer at work. */
#include "train/run.h"

static char kind_of_stage(const struct ff_run *run)
{
    return run->manifest.mark.stage == FF_STAGE_HEAD ? 'H' : 'W';
}

int ff_checkpoint(struct ff_run *run, const struct ff_layer *layer, bool final)
{
    struct ff_progress_mark *mark = &run->manifest.mark;
    char kind = kind_of_stage(run);
    uint32_t number = mark->layer;
    uint64_t generation = final ? FF_GENERATION_FINAL : mark->checkpoints + 1;
    int status = ff_layer_save(layer, run->file, kind, number, generation, !final);

    if (status != FF_OK)
        return status;
    mark->generation = generation;
    mark->checkpoints++;
    if (final)
        ff_run_advance(run);
    status = ff_run_flip(run);
    if (status != FF_OK)
        return status;
    run->last_checkpoint = ff_now();
    status = ff_model_file_sweep(run->file, kind, number, generation);
    if (status == FF_OK)
        status = ff_model_file_sweep(run->file, 'O', number, final ? UINT64_MAX : generation);
    return status;
}

int ff_checkpoint_restore(struct ff_run *run, struct ff_layer *layer)
{
    const struct ff_progress_mark *mark = &run->manifest.mark;

    run->last_checkpoint = ff_now();
    if (mark->generation != 0)
        return ff_layer_load(layer, run->file, kind_of_stage(run), mark->layer, mark->generation,
                             true);
    /* A head begins at zero: its loss is convex, and the first step needs no luck. */
    if (mark->stage == FF_STAGE_TRAIN)
        ff_layer_seed(layer, run->workers.pool, run->manifest.recipe.seed, mark->layer);
    return FF_OK;
}
