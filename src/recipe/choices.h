/* The choices of fields whose values are names (field_rows.h), ended by a NULL name. */
#ifndef FF_RECIPE_CHOICES_H
#define FF_RECIPE_CHOICES_H

#include <fftool/recipe.h>

const struct ff_recipe_choice *ff_mode_choices(void);
const struct ff_recipe_choice *ff_recipe_entry_choices(void);
const struct ff_recipe_choice *ff_loss_choices(void);
const struct ff_recipe_choice *ff_negatives_choices(void);
const struct ff_recipe_choice *ff_embedding_choices(void);
const struct ff_recipe_choice *ff_standardize_choices(void);
const struct ff_recipe_choice *ff_input_scaling_choices(void);
const struct ff_recipe_choice *ff_pass_on_choices(void);
const struct ff_recipe_choice *ff_class_weights_choices(void);
const struct ff_recipe_choice *ff_activations_choices(void);
const struct ff_recipe_choice *ff_optimizer_choices(void);
const struct ff_recipe_choice *ff_schedule_choices(void);

#endif
