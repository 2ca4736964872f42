/* The operations of each mode of recipe/mode_rows.h. */
#ifndef FF_TRAIN_MODES_H
#define FF_TRAIN_MODES_H

#include "learn/learner.h"

struct ff_mode_ops {
    const char *mode;
    const struct ff_learner_ops *learner; /* for the stage FF_STAGE_TRAIN */
};

/* The operations of MODE, a row of ff_modes(). Never NULL. */
const struct ff_mode_ops *ff_mode_ops(const struct ff_mode *mode);
/* True if MODE can divide a batch into micro-batches. */
bool ff_mode_cuts_batches(const struct ff_mode *mode);

/* The work of the stages without a learner: stage_import.c, stage_forward.c */
extern const struct ff_work ff_import_work, ff_forward_work;

/* The work of STAGE in MODE. */
const struct ff_work *ff_mode_work(const struct ff_mode *mode, enum ff_stage stage);

#endif
