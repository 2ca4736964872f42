#include "recipe/mode.h"

#include "learn/backprop.h"
#include "train/stage_full.h"

#include <string.h>

static const struct ff_mode modes[] = {
    {
        .name = "ff-stream",
        .summary = "Forward-Forward, strictly one layer in memory, activations on disk",
        .recipe = "conditioned",
        .init_gain = 1,
        .operations = 4, /* forward and backward */
        .train = ff_stage_train,
        .needs = ff_stage_train_needs,
        .micro_chunks = ff_stage_train_micro_chunks,
    },
    {
        .name = "ff-full",
        .summary = "Forward-Forward: all layers in memory, each updated on every batch",
        .recipe = "symba",
        .whole_network = true,
        .init_gain = 1,
        .flops = ff_full_flops,
        .train = ff_stage_full,
        .needs = ff_full_needs,
    },
    {
        .name = "bp",
        .summary = "backpropagation: all layers and all activations of a batch in memory",
        .recipe = "symba",
        .backprop = true,
        .whole_network = true,
        .learning_rate = 1e-3f,
        .init_gain = 2, /* He et al. 2015 */
        .flops = ff_backprop_flops,
        .train = ff_stage_backprop,
        .needs = ff_stage_backprop_needs,
    },
    {
        .name = "bp-accum",
        .summary = "backpropagation by gradients added up over micro-batches",
        .recipe = "symba",
        .backprop = true,
        .whole_network = true,
        .accumulates = true,
        .learning_rate = 1e-3f,
        .init_gain = 2,
        .flops = ff_backprop_flops,
        .train = ff_stage_backprop,
        .needs = ff_stage_backprop_needs,
        .micro_chunks = ff_stage_backprop_micro_chunks,
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
        .flops = ff_backprop_flops,
        .train = ff_stage_backprop,
        .needs = ff_stage_backprop_needs,
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
