#include "recipe/mode.h"

#include <string.h>

static const struct ff_mode modes[] = {
#define FF_MODE(mode_name, learner, ...) {.name = mode_name, __VA_ARGS__},
#include "recipe/mode_rows.h"
#undef FF_MODE
};

const struct ff_mode *ff_modes(size_t *count)
{
    *count = sizeof modes / sizeof *modes;
    return modes;
}

const struct ff_mode *ff_mode_find(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    }
    return NULL;
}
