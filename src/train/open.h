/* The model of a run: created or resumed. */
#ifndef FF_TRAIN_OPEN_H
#define FF_TRAIN_OPEN_H

#include "train/run.h"

/* Opens the model to train RECIPE, or creates it; sets the members of RESULT about that. */
FF_CHECK int ff_run_open_or_create(struct ff_run *run, const struct ff_recipe *recipe,
                                   struct ff_train_result *result);
/* Opens the model to resume its own training. */
FF_CHECK int ff_run_open(struct ff_run *run);
void ff_run_close(struct ff_run *run);

#endif
