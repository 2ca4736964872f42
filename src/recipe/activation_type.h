/* Data types of stored activations, one table row each. A type that src/store supports is added by
 * a row. */
#ifndef FF_RECIPE_ACTIVATION_TYPE_H
#define FF_RECIPE_ACTIVATION_TYPE_H

#include "store/value.h"

struct ff_activation_type {
    const char *name; /* in the recipe */
    const char *summary;
    enum ff_dtype stored;
};

/* Finds a type by name; NULL if there is none. */
const struct ff_activation_type *ff_activation_type_find(const char *name);
/* The table; *COUNT rows. The recipe selects one. */
const struct ff_activation_type *ff_activation_types(size_t *count);

#endif
