#include "train/modes.h"

#include <string.h>

/* What each mode learns with. */
#define FF_MODE(name, learner, ...) extern const struct ff_learner_ops learner;
#include "recipe/mode_rows.h"
#undef FF_MODE
static const struct ff_mode_ops rows[] = {
#define FF_MODE(name, learner, ...) {name, &learner},
#include "recipe/mode_rows.h"
#undef FF_MODE
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
