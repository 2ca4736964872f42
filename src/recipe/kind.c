#include "recipe/kind.h"

#include "nn/loss.h"
#include "recipe/mode.h"

#include <string.h>

bool ff_recipe_has_goodness(const struct ff_recipe *recipe)
{
    return !ff_mode_find(recipe->mode)->backprop;
}

bool ff_recipe_trains_at_once(const struct ff_recipe *recipe)
{
    return ff_mode_find(recipe->mode)->whole_network;
}

bool ff_recipe_conditioned(const struct ff_recipe *recipe)
{
    return ff_recipe_has_goodness(recipe) && ff_loss_find(recipe->loss)->labels;
}

bool ff_recipe_embeds_none(const struct ff_recipe *recipe)
{
    return strcmp(recipe->label_embedding, "none") == 0;
}

bool ff_recipe_unsupervised(const struct ff_recipe *recipe)
{
    return ff_recipe_has_goodness(recipe) && !ff_recipe_conditioned(recipe) &&
           ff_recipe_embeds_none(recipe);
}

bool ff_recipe_head_predicts(const struct ff_recipe *recipe)
{
    return !ff_recipe_has_goodness(recipe) || ff_recipe_unsupervised(recipe);
}

bool ff_recipe_embeds_labels(const struct ff_recipe *recipe)
{
    return ff_recipe_has_goodness(recipe) && !ff_recipe_conditioned(recipe) &&
           !ff_recipe_embeds_none(recipe);
}

bool ff_recipe_mixes_images(const struct ff_recipe *recipe)
{
    return strcmp(recipe->negatives, "hybrid") == 0;
}

bool ff_recipe_draws_hard(const struct ff_recipe *recipe)
{
    return strcmp(recipe->negatives, "hard") == 0;
}

bool ff_recipe_replaces_inputs(const struct ff_recipe *recipe)
{
    return strcmp(recipe->label_embedding, "replace") == 0;
}

bool ff_recipe_scales_inputs(const struct ff_recipe *recipe)
{
    return strcmp(recipe->input_scaling, "rms") == 0;
}

enum ff_standardize ff_recipe_standardize(const struct ff_recipe *recipe)
{
    if (strcmp(recipe->standardize, "columns") == 0)
        return FF_STANDARDIZE_COLUMNS;
    if (strcmp(recipe->standardize, "whole") == 0)
        return FF_STANDARDIZE_WHOLE;
    return strcmp(recipe->standardize, "none") == 0 ? FF_STANDARDIZE_NONE : FF_STANDARDIZE_AUTO;
}

bool ff_recipe_balances_classes(const struct ff_recipe *recipe)
{
    return strcmp(recipe->class_weights, "balanced") == 0;
}

bool ff_recipe_takes_images(const struct ff_recipe *recipe)
{
    return recipe->jitter > 0 || ff_recipe_unsupervised(recipe);
}

bool ff_recipe_gathers(const struct ff_recipe *recipe)
{
    return ff_recipe_has_goodness(recipe) && !ff_recipe_trains_at_once(recipe) &&
           !ff_recipe_conditioned(recipe) && ff_recipe_draws_hard(recipe);
}

uint32_t ff_recipe_first_head(const struct ff_recipe *recipe)
{
    if (recipe->head_epochs == 0)
        return 0;
    if (!ff_recipe_has_goodness(recipe))
        return recipe->layers;
    return recipe->layers > 1 ? 2 : 1;
}

bool ff_recipe_has_head(const struct ff_recipe *recipe, uint32_t layer)
{
    uint32_t first = ff_recipe_first_head(recipe);

    return first > 0 && layer >= first;
}

const char *ff_recipe_head_optimizer(const struct ff_recipe *recipe)
{
    return ff_recipe_has_goodness(recipe) ? "adam" : recipe->optimizer;
}

float ff_recipe_head_gain(const struct ff_recipe *recipe)
{
    return ff_recipe_has_goodness(recipe) ? 0 : 1;
}
