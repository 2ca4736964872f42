/* Which manifests a trainer can write. Values from a file are bounded here before they are used. */
#include "data/dataset.h"
#include "data/jitter.h"
#include "model/turn.h"

#include <math.h>
#include <string.h>

#define MAX_CHECKPOINTS ((uint64_t)1 << 53) /* far below the generations of finished layers */

/* Every symbol is a class, and a byte. */
static bool text_is_sane(const struct ff_manifest *manifest)
{
    const struct ff_schema *schema = &manifest->schema;

    if (schema->context == 0)
        return !schema->folds_case && !(manifest->recipe.context_dropout > 0);
    return schema->context == manifest->features && schema->n_columns == 0 && schema->classes &&
           schema->n_classes <= FF_MAX_SYMBOLS && !manifest->is_float &&
           manifest->image.height == 0 && ff_manifest_moments(manifest) == 0;
}

/* Samples are not known of a network that another program trained. */
static bool samples_are_sane(const struct ff_manifest *manifest)
{
    if (manifest->samples > 0)
        return manifest->all_samples == 0 || manifest->all_samples >= manifest->samples;
    return manifest->all_samples == 0 && manifest->mark.stage == FF_STAGE_DONE &&
           !ff_recipe_has_goodness(&manifest->recipe) &&
           !ff_recipe_balances_classes(&manifest->recipe);
}

static bool data_is_sane(const struct ff_manifest *manifest)
{
    struct ff_embedding embedding = ff_manifest_embedding(manifest);
    uint32_t moments = ff_manifest_moments(manifest);
    uint64_t inputs = ff_manifest_inputs(manifest);
    const struct ff_image *image = &manifest->image;
    uint64_t pixels = (uint64_t)image->height * image->width;

    if (pixels > manifest->features || (pixels == 0 && ff_recipe_takes_images(&manifest->recipe)) ||
        (pixels > 0 && pixels * image->channels != manifest->features) ||
        (pixels > 0 && !ff_jitter_fits(image, manifest->recipe.jitter)))
        return false;
    if (!samples_are_sane(manifest) || !text_is_sane(manifest))
        return false;
    if (ff_recipe_gathers(&manifest->recipe) && manifest->classes > FF_MAX_GATHERED_CLASSES)
        return false;
    return ff_geometry_fits(manifest->samples, manifest->recipe.batch) && manifest->features > 0 &&
           manifest->features <= FF_MAX_UNITS && manifest->classes >= 2 &&
           manifest->classes <= FF_MAX_DATA_CLASSES && inputs <= FF_MAX_UNITS &&
           (embedding.mode != FF_EMBED_REPLACE || inputs >= embedding.classes) &&
           (manifest->schema.n_columns == 0 || manifest->schema.n_columns == manifest->features) &&
           (manifest->moments.n == moments ||
            (manifest->moments.n == 0 && manifest->mark.stage == FF_STAGE_IMPORT));
}

/* They are those of the learned samples, each of which has a class. */
static bool class_weights_are_sane(const struct ff_manifest *manifest)
{
    const struct ff_class_weights *weights = &manifest->class_weights;
    uint64_t left = ff_manifest_geometry(manifest).learned_rows;

    if (weights->n == 0)
        return !ff_recipe_balances_classes(&manifest->recipe) ||
               manifest->mark.stage == FF_STAGE_IMPORT;
    if (!ff_recipe_balances_classes(&manifest->recipe))
        return false;
    for (uint32_t c = 0; c < weights->n; c++) {
        if (weights->samples[c] > left)
            return false;
        left -= weights->samples[c];
    }
    return left == 0;
}

static bool sums_are_sane(const struct ff_progress_mark *mark, uint64_t learned_rows)
{
    const struct ff_sums *sums = &mark->sums, none = {0};

    if (mark->batch == 0)
        return memcmp(sums, &none, sizeof none) == 0;
    return sums->rows >= 0 && sums->rows <= (double)learned_rows && sums->wrong >= 0 &&
           sums->wrong <= sums->rows && isfinite(sums->loss) && isfinite(sums->goodness_pos) &&
           isfinite(sums->goodness_neg);
}

/* Best epochs are those of a layer that trains or has just been trained, and stops early. */
static bool best_is_sane(const struct ff_manifest *manifest)
{
    const struct ff_progress_mark *mark = &manifest->mark;
    const struct ff_best_epoch *best = &mark->best, none = {0};
    uint32_t patience = manifest->recipe.patience, most = ff_manifest_most_epochs(manifest);
    bool continues = manifest->lineage.n > 0; /* with weights that were not measured */
    bool trains = mark->stage == FF_STAGE_TRAIN, forward = mark->stage == FF_STAGE_FORWARD;
    bool expected = patience > 0 && ((trains && mark->epoch > 0) || forward);

    if (!expected || (trains && continues && best->epoch == 0))
        return best->epoch == none.epoch && best->error == none.error &&
               best->generation == none.generation && best->learned == none.learned;
    if (best->epoch == 0 || !(best->error >= 0 && best->error <= 1))
        return false;
    if (trains)
        return best->epoch <= mark->epoch && mark->epoch - best->epoch < patience &&
               best->generation > 0 && best->generation <= mark->generation && best->learned == 0;
    if (best->epoch > best->learned || best->learned > most)
        return false;
    return best->generation == 0 && (best->learned - best->epoch == patience ||
                                     ((best->learned == manifest->recipe.epochs || continues) &&
                                      best->learned - best->epoch < patience));
}

/* Accepts only marks that a trainer writes, so that a run that resumes from one ends. */
static bool mark_is_sane(const struct ff_manifest *manifest)
{
    const struct ff_progress_mark *mark = &manifest->mark;
    const struct ff_recipe *recipe = &manifest->recipe;
    struct ff_geometry geometry = ff_manifest_geometry(manifest);
    uint64_t batches = geometry.batches;
    bool imported = mark->stage != FF_STAGE_IMPORT && manifest->samples > 0;
    bool begins = mark->epoch == 0 && mark->batch == 0;
    bool last_sweep = ff_manifest_last_sweep(manifest);

    if (!ff_turn_exists(recipe, ff_manifest_turn(manifest), last_sweep) ||
        mark->sweep >= recipe->sweeps || mark->checkpoints > MAX_CHECKPOINTS ||
        mark->generation > mark->checkpoints || (manifest->fingerprint[0] != '\0') != imported ||
        (mark->compacted && mark->stage != FF_STAGE_DONE) ||
        !sums_are_sane(mark, geometry.learned_rows) || !best_is_sane(manifest))
        return false;
    switch (mark->stage) {
    case FF_STAGE_IMPORT:
        return mark->sweep == 0 && begins;
    case FF_STAGE_TRAIN:
        return mark->epoch >= ff_recipe_sweep_begins(recipe, mark->sweep) &&
               mark->epoch < ff_recipe_sweep_begins(recipe, mark->sweep + 1) &&
               mark->batch < batches;
    case FF_STAGE_FORWARD:
        return begins;
    case FF_STAGE_HEAD:
        return mark->epoch < recipe->head_epochs && mark->batch < batches;
    case FF_STAGE_DONE:
        return begins && last_sweep;
    }
    return false;
}

static bool choice_is_sane(const struct ff_manifest *manifest)
{
    const struct ff_range_choice *choice = &manifest->choice;

    if (choice->first == 0)
        return choice->last == 0;
    return manifest->mark.stage >= FF_STAGE_HEAD &&
           manifest->mark.layer == manifest->recipe.layers && choice->first <= FF_RANGE_STARTS &&
           choice->first <= choice->last && choice->last <= manifest->recipe.layers &&
           choice->error >= 0 && choice->error <= 1 &&
           choice->temperature >= FF_LEAST_TEMPERATURE &&
           choice->temperature <= FF_LARGEST_TEMPERATURE;
}

bool ff_manifest_is_sane(const struct ff_manifest *manifest)
{
    return data_is_sane(manifest) && class_weights_are_sane(manifest) && mark_is_sane(manifest) &&
           choice_is_sane(manifest);
}
