/* The mark in a manifest: the progress of training, and which stored tiles are current. */
#include "model/manifest.h"
#include "model/tensor.h"
#include "model/turn.h"

uint32_t ff_recipe_sweep_begins(const struct ff_recipe *recipe, uint32_t sweep)
{
    return (uint32_t)((uint64_t)recipe->epochs * sweep / recipe->sweeps);
}

bool ff_manifest_last_sweep(const struct ff_manifest *manifest)
{
    return manifest->mark.sweep + 1 >= manifest->recipe.sweeps;
}

uint64_t ff_generation_final(uint32_t sweep)
{
    return sweep == 0 ? FF_GENERATION_FINAL : (uint64_t)1 << 63 | sweep;
}

uint32_t ff_manifest_layers_trained(const struct ff_manifest *manifest)
{
    switch (manifest->mark.stage) {
    case FF_STAGE_IMPORT:
    case FF_STAGE_TRAIN:
        return manifest->mark.layer - 1;
    default:
        return manifest->mark.layer;
    }
}

uint32_t ff_manifest_layers_stored(const struct ff_manifest *manifest)
{
    return manifest->mark.sweep > 0 ? manifest->recipe.layers
                                    : ff_manifest_layers_trained(manifest);
}

uint32_t ff_manifest_heads_trained(const struct ff_manifest *manifest)
{
    if (ff_recipe_first_head(&manifest->recipe) == 0 || !ff_manifest_last_sweep(manifest))
        return 0;
    return manifest->mark.stage == FF_STAGE_DONE ? manifest->recipe.layers
                                                 : manifest->mark.layer - 1;
}

uint64_t ff_manifest_generation(const struct ff_manifest *manifest, char kind, uint32_t layer)
{
    const struct ff_progress_mark *mark = &manifest->mark;
    bool head = ff_is_head_kind(kind);
    uint32_t finished =
        head ? ff_manifest_heads_trained(manifest) : ff_manifest_layers_trained(manifest);

    if (layer <= finished) {
        if (ff_is_state_kind(kind) && ff_manifest_last_sweep(manifest))
            return FF_NO_GENERATION;
        return head ? FF_GENERATION_FINAL : ff_generation_final(mark->sweep);
    }
    if (mark->generation &&
        ff_turn_trains(&manifest->recipe, ff_manifest_turn(manifest), head ? 'H' : 'W', layer))
        return mark->generation;
    return head || mark->sweep == 0 ? FF_NO_GENERATION : ff_generation_final(mark->sweep - 1);
}

uint64_t ff_manifest_best_generation(const struct ff_manifest *manifest, char kind, uint32_t layer)
{
    const struct ff_progress_mark *mark = &manifest->mark;
    bool has = kind == 'W' && layer == mark->layer && mark->best.generation > 0;

    return has ? mark->best.generation : FF_NO_GENERATION;
}

bool ff_manifest_stops(const struct ff_manifest *manifest)
{
    const struct ff_progress_mark *mark = &manifest->mark;

    return mark->best.epoch > 0 && mark->epoch - mark->best.epoch >= manifest->recipe.patience;
}

/* What is left of BEST when a layer has learned for EPOCHS. */
static struct ff_best_epoch kept_of(const struct ff_best_epoch *best, uint32_t epochs)
{
    if (best->epoch == 0)
        return *best;
    return (struct ff_best_epoch){.epoch = best->epoch, .error = best->error, .learned = epochs};
}

void ff_manifest_advance(struct ff_manifest *manifest)
{
    struct ff_progress_mark *mark = &manifest->mark;
    const struct ff_recipe *recipe = &manifest->recipe;
    bool last_sweep = ff_manifest_last_sweep(manifest);
    struct ff_turn next = ff_turn_after(recipe, ff_manifest_turn(manifest), last_sweep);

    if (next.stage == FF_STAGE_DONE && !last_sweep) {
        next = (struct ff_turn){FF_STAGE_TRAIN, 1};
        mark->sweep++;
    }
    mark->best = next.stage == FF_STAGE_FORWARD ? kept_of(&mark->best, mark->epoch)
                                                : (struct ff_best_epoch){0};
    mark->stage = next.stage;
    mark->layer = next.layer;
    mark->epoch = mark->stage == FF_STAGE_TRAIN ? ff_recipe_sweep_begins(recipe, mark->sweep) : 0;
    mark->batch = 0;
    mark->generation = 0;
    mark->sums = (struct ff_sums){0};
}
