#include "recipe/choices.h"

#include "nn/loss.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "recipe/activation_type.h"
#include "recipe/mode.h"

/* ---- Names that have no table elsewhere, in the order of their enums ---- */

const struct ff_recipe_choice *ff_embedding_choices(void)
{
    static const struct ff_recipe_choice embeddings[] = {
        {"replace", "the first inputs are replaced by the label"},
        {"append", "inputs are added for the label"},
        {"none", "layers learn without labels"},
        {NULL, NULL},
    };

    return embeddings;
}

const struct ff_recipe_choice *ff_negatives_choices(void)
{
    static const struct ff_recipe_choice negatives[] = {
        {"random", "random wrong labels, drawn once for each set"},
        {"hard", "wrong labels drawn in each epoch by the goodness of the layers trained so far, "
                 "or with ff-full by the linear head"},
        {"hybrid", "hybrid images: two images mixed by a mask (unsupervised)"},
        {NULL, NULL},
    };

    return negatives;
}

const struct ff_recipe_choice *ff_pass_on_choices(void)
{
    static const struct ff_recipe_choice outputs[] = {
        {"label-free", "outputs without a label"},
        {"mean", "mean of the outputs under all labels"},
        {"posterior", "the same, weighted by the posterior of the labels"},
        {NULL, NULL},
    };

    return outputs;
}

const struct ff_recipe_choice *ff_standardize_choices(void)
{
    static const struct ff_recipe_choice standards[] = {
        {"auto", "columns for tables and other floats, whole for float images, none for uint8"},
        {"columns", "each column to mean 0 and standard deviation 1 over the training samples"},
        {"whole", "all values alike, as the pixels of images"},
        {"none", "values as they are"},
        {NULL, NULL},
    };

    return standards;
}

const struct ff_recipe_choice *ff_input_scaling_choices(void)
{
    static const struct ff_recipe_choice scalings[] = {
        {"rms", "to RMS 1, as the inputs of Forward-Forward layers are"},
        {"none", "not at all"},
        {NULL, NULL},
    };

    return scalings;
}

const struct ff_recipe_choice *ff_class_weights_choices(void)
{
    static const struct ff_recipe_choice weights[] = {
        {"none", "every sample has the same weight"},
        {"balanced", "every class has the same weight: n / (K n_c) for a sample of class c"},
        {NULL, NULL},
    };

    return weights;
}

/* ---- Names of tables ---- */

#define MAX_CHOICES 16

/* Defines FUNCTION, which turns the rows of a table into choices, always the same ones. */
#define CHOICES_OF(function, type, rows, text)                                    \
    const struct ff_recipe_choice *function(void)                                 \
    {                                                                             \
        static _Thread_local struct ff_recipe_choice choices[MAX_CHOICES + 1];    \
        size_t count;                                                             \
        const struct type *table = rows(&count);                                  \
                                                                                  \
        for (size_t i = 0; i < count && i < MAX_CHOICES; i++)                     \
            choices[i] = (struct ff_recipe_choice){table[i].name, table[i].text}; \
        return choices;                                                           \
    }
CHOICES_OF(ff_mode_choices, ff_mode, ff_modes, summary)
CHOICES_OF(ff_recipe_entry_choices, ff_recipe_entry, ff_recipes, summary)
CHOICES_OF(ff_loss_choices, ff_loss, ff_losses, formula)
CHOICES_OF(ff_optimizer_choices, ff_optimizer, ff_optimizers, summary)
CHOICES_OF(ff_schedule_choices, ff_schedule, ff_schedules, summary)
CHOICES_OF(ff_activations_choices, ff_activation_type, ff_activation_types, summary)
