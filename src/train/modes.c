#include "train/modes.h"

#include <string.h>

static const struct ff_mode_ops rows[] = {
    {.mode = "ff-stream", .learner = &ff_layer_learner},
    {.mode = "ff-full", .learner = &ff_network_learner},
    {.mode = "bp", .learner = &ff_backprop_learner},
    {.mode = "bp-accum", .learner = &ff_backprop_accum_learner},
    {.mode = "bp-checkpoint", .learner = &ff_backprop_learner},
};

const struct ff_mode_ops *ff_mode_ops(const struct ff_mode *mode)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].mode, mode->name) == 0)
            return &rows[i];
    }
    return NULL;
}

bool ff_mode_cuts_batches(const struct ff_mode *mode)
{
    return ff_mode_ops(mode)->learner->work.micro_chunks != NULL;
}

const struct ff_work *ff_mode_work(const struct ff_mode *mode, enum ff_stage stage)
{
    switch (stage) {
    case FF_STAGE_IMPORT:
        return &ff_import_work;
    case FF_STAGE_FORWARD:
        return &ff_forward_work;
    case FF_STAGE_HEAD:
        return &ff_head_learner.work;
    default:
        return &ff_mode_ops(mode)->learner->work;
    }
}
