#include "recipe/activation_type.h"

#include <string.h>

static const struct ff_activation_type types[] = {
    {"f32", "4 bytes, read in place", FF_F32},
    {"bf16", "2 bytes, 8 bits of precision", FF_BF16},
    {"u8", "1 byte, 255 steps from 0 to the largest of each row", FF_SCALED_U8},
};

const struct ff_activation_type *ff_activation_types(size_t *count)
{
    *count = sizeof types / sizeof *types;
    return types;
}

const struct ff_activation_type *ff_activation_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    }
    return NULL;
}
