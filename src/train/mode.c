#include "train/mode.h"

#include "train/run.h"

#include <string.h>

static const struct ff_mode modes[] = {
    {
        .name = "ff-stream",
        .summary = "Forward-Forward, strictly one layer in memory, activations on disk",
        .init_gain = 1,
        .operations = 8, /* two rows, forward and backward */
        .train = ff_stage_train,
    },
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
