/* The choices of fields whose values are names. */
#include "nn/loss.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "recipe/activation_type.h"
#include "recipe/mode.h"
#include "recipe/recipe.h"

#include <string.h>

/* Choices that have no table elsewhere, in the order of their enums. */
static const struct ff_recipe_choice embeddings[] = {
    {"replace", "the first inputs are replaced by the label"},
    {"append", "inputs are added for the label"},
    {"none", "layers learn without labels"},
    {NULL, NULL},
};
static const struct ff_recipe_choice kinds_of_negatives[] = {
    {"random", "random wrong labels, drawn once for each set"},
    {"hard", "wrong labels drawn in each epoch by the goodness of the layers trained so far, or "
             "with ff-full by the linear head"},
    {"hybrid", "hybrid images: two images mixed by a mask (unsupervised)"},
    {NULL, NULL},
};

static const struct ff_recipe_choice outputs_passed_on[] = {
    {"label-free", "outputs without a label"},
    {"mean", "mean of the outputs under all labels"},
    {"posterior", "the same, weighted by the posterior of the labels"},
    {NULL, NULL},
};

#define MAX_CHOICES 16

/* Defines a function that turns the rows of a table into choices, and returns how many. */
#define CHOICES_OF(type, rows, text)                                          \
    static size_t choices_of_##rows(struct ff_recipe_choice *out)             \
    {                                                                         \
        size_t count;                                                         \
        const struct type *table = rows(&count);                              \
                                                                              \
        for (size_t i = 0; i < count; i++)                                    \
            out[i] = (struct ff_recipe_choice){table[i].name, table[i].text}; \
        return count;                                                         \
    }
CHOICES_OF(ff_mode, ff_modes, summary)
CHOICES_OF(ff_recipe_entry, ff_recipes, summary)
CHOICES_OF(ff_loss, ff_losses, formula)
CHOICES_OF(ff_optimizer, ff_optimizers, summary)
CHOICES_OF(ff_schedule, ff_schedules, summary)
CHOICES_OF(ff_activation_type, ff_activation_types, summary)

/* Where a field's choices come from: a list here, or a table elsewhere. */
static const struct {
    const char *field;
    const struct ff_recipe_choice *list;
    size_t (*from_table)(struct ff_recipe_choice *out);
} fields_of_choices[] = {
    {"label_embedding", embeddings, NULL},
    {"negatives", kinds_of_negatives, NULL},
    {"pass_on", outputs_passed_on, NULL},
    {"mode", NULL, choices_of_ff_modes},
    {"recipe", NULL, choices_of_ff_recipes},
    {"loss", NULL, choices_of_ff_losses},
    {"optimizer", NULL, choices_of_ff_optimizers},
    {"schedule", NULL, choices_of_ff_schedules},
    {"activations", NULL, choices_of_ff_activation_types},
};
#define FIELDS_OF_CHOICES (sizeof fields_of_choices / sizeof *fields_of_choices)

const struct ff_recipe_choice *ff_recipe_choices(const char *field)
{
    /* Filled from the tables at each call, always with the same values. */
    static _Thread_local struct ff_recipe_choice choices[MAX_CHOICES];
    size_t i = 0;

    while (i < FIELDS_OF_CHOICES && strcmp(fields_of_choices[i].field, field) != 0)
        i++;
    if (i == FIELDS_OF_CHOICES)
        return NULL;
    if (fields_of_choices[i].list)
        return fields_of_choices[i].list;
    choices[fields_of_choices[i].from_table(choices)] = (struct ff_recipe_choice){NULL, NULL};
    return choices;
}
