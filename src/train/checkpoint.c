/* Saving and restoring the layers at work. */
#include "train/run.h"

static int save(struct ff_run *run, size_t n, const struct ff_part *parts, uint64_t generation,
                bool final)
{
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++)
        status = ff_layer_save(parts[i].layer, run->file, parts[i].kind, parts[i].number,
                               generation, !final);
    return status;
}

/* Only GENERATION stays, and with it its state unless it is FINAL. */
static int sweep(struct ff_run *run, size_t n, const struct ff_part *parts, uint64_t generation,
                 bool final)
{
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        status = ff_model_file_sweep(run->file, parts[i].kind, parts[i].number, generation);
        if (status == FF_OK)
            status = ff_model_file_sweep(run->file, ff_state_kind(parts[i].kind), parts[i].number,
                                         final ? UINT64_MAX : generation);
    }
    return status;
}

int ff_checkpoint(struct ff_run *run, size_t n, const struct ff_part *parts, bool final)
{
    struct ff_progress_mark *mark = &run->manifest.mark;
    uint64_t generation = final ? FF_GENERATION_FINAL : mark->checkpoints + 1;
    int status = save(run, n, parts, generation, final);

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
    return sweep(run, n, parts, generation, final);
}

/* A head of Forward-Forward begins at zero: its loss is convex, and the first step needs no luck.
 * With backpropagation it hands errors down from the first step on. */
static int seed(struct ff_run *run, const struct ff_part *part)
{
    uint64_t number = run->manifest.recipe.seed;

    if (part->kind == 'W')
        return ff_layer_seed(part->layer, run->workers.pool, number, part->number,
                             run->mode->init_gain);
    if (run->mode->backprop)
        return ff_layer_seed(part->layer, run->workers.pool, number, part->number + 1, 1);
    return FF_OK;
}

int ff_checkpoint_restore(struct ff_run *run, size_t n, const struct ff_part *parts)
{
    uint64_t generation = run->manifest.mark.generation;
    int status = FF_OK;

    run->last_checkpoint = ff_now();
    for (size_t i = 0; i < n && status == FF_OK; i++) {
        if (generation != 0)
            status = ff_layer_load(parts[i].layer, run->file, parts[i].kind, parts[i].number,
                                   generation, true);
        else
            status = seed(run, &parts[i]);
    }
    return status;
}
