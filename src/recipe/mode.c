#include "recipe/mode.h"

#include <string.h>

static const struct ff_mode modes[] = {
    {
        .name = "ff-stream",
        .summary = "Forward-Forward, strictly one layer in memory, activations on disk",
        .recipe = "conditioned",
        .init_gain = 1,
    },
    {
        .name = "ff-full",
        .summary = "Forward-Forward: all layers in memory, each updated on every batch",
        .recipe = "symba",
        .whole_network = true,
        .init_gain = 1,
    },
    {
        .name = "bp",
        .summary = "backpropagation: all layers and all activations of a batch in memory",
        .recipe = "symba",
        .backprop = true,
        .whole_network = true,
        .learning_rate = 1e-3f,
        .init_gain = 2, /* He et al. 2015 */
    },
    {
        .name = "bp-accum",
        .summary = "backpropagation with gradients accumulated over micro-batches",
        .recipe = "symba",
        .backprop = true,
        .whole_network = true,
        .accumulates = true,
        .learning_rate = 1e-3f,
        .init_gain = 2,
    },
    {
        .name = "bp-checkpoint",
        .summary = "backpropagation keeping the activations of every sqrt(depth)-th layer",
        .recipe = "symba",
        .backprop = true,
        .whole_network = true,
        .recomputes = true,
        .learning_rate = 1e-3f,
        .init_gain = 2,
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
