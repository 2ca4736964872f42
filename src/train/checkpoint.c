/* Saves and restores the layers in training. A checkpoint is durable when ff_run_flip() returns:
 * from then on the manifest names its tiles. */
#include "model/tensor.h"
#include "train/run.h"

static int save(struct ff_run *run, size_t n, const struct ff_part *parts, uint64_t generation,
                bool state)
{
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++)
        status = ff_layer_save(parts[i].layer, run->file, parts[i].kind, parts[i].number,
                               generation, state);
    return status;
}

/* Deletes the tiles of PARTS of all generations but GENERATION and that of the best epoch; of
 * GENERATION, the state unless STATE. */
static int reclaim(struct ff_run *run, size_t n, const struct ff_part *parts, uint64_t generation,
                   bool state)
{
    int status = FF_OK;

    for (size_t i = 0; run->file && i < n && status == FF_OK; i++) {
        status = ff_model_file_reclaim(
            run->file, parts[i].kind, parts[i].number, generation,
            ff_manifest_best_generation(&run->manifest, parts[i].kind, parts[i].number));
        if (status == FF_OK)
            status = ff_model_file_reclaim(run->file, ff_state_kind(parts[i].kind), parts[i].number,
                                           state ? generation : FF_NO_GENERATION, FF_NO_GENERATION);
    }
    return status;
}

int ff_checkpoint(struct ff_run *run, size_t n, const struct ff_part *parts, bool final)
{
    struct ff_progress_mark *mark = &run->manifest.mark;
    bool state = !final || !ff_manifest_last_sweep(&run->manifest);
    uint64_t generation = mark->checkpoints + 1;
    bool head = mark->stage == FF_STAGE_HEAD;
    int status;

    if (final)
        generation = head ? FF_GENERATION_FINAL : ff_generation_final(mark->sweep);
    status = save(run, n, parts, generation, state);

    if (status != FF_OK)
        return status;
    mark->generation = generation;
    mark->checkpoints++;
    if (mark->best.epoch > 0 && mark->best.epoch == mark->epoch && mark->batch == 0)
        mark->best.generation = generation;
    if (final)
        ff_manifest_advance(&run->manifest);
    status = ff_run_flip(run);
    if (status == FF_OK)
        status = ff_run_publish(run);
    if (status != FF_OK)
        return status;
    run->last_checkpoint = ff_now();
    return reclaim(run, n, parts, generation, state);
}

static int seed(struct ff_run *run, const struct ff_part *part)
{
    const struct ff_recipe *recipe = &run->manifest.recipe;
    bool head = part->kind == 'H';
    float gain = head ? ff_recipe_head_gain(recipe) : run->job.mode->init_gain;

    if (gain == 0)
        return FF_OK; /* the layer is all zero */
    return ff_layer_seed(part->layer, run->workers.pool, recipe->seed, part->number + head, gain);
}

int ff_checkpoint_restore(struct ff_run *run, size_t n, const struct ff_part *parts)
{
    int status = FF_OK;

    run->last_checkpoint = ff_now();
    for (size_t i = 0; i < n && status == FF_OK; i++) {
        const struct ff_part *part = &parts[i];
        uint64_t generation = ff_manifest_generation(&run->manifest, part->kind, part->number);

        if (generation == FF_NO_GENERATION)
            status = seed(run, part);
        else
            status =
                ff_layer_load(part->layer, run->file, part->kind, part->number, generation, true);
    }
    return status;
}
