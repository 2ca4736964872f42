/* What the processes of a team settle in a run: whose model it is, and when it stops. */
#ifndef FF_TRAIN_TEAM_H
#define FF_TRAIN_TEAM_H

#include "model/layer_metrics.h"
#include "train/run.h"

/* Checks that all processes run the same program, with the same kernels. */
FF_CHECK int ff_run_check_program(struct ff_run *run);
/* Call it with the STATUS of what rank 0 alone has done, on the other ranks with FF_OK: an
 * interruption of rank 0 becomes that of all. Its other failures end the team. */
FF_CHECK int ff_share_interruption(struct ff_ctx *ctx, int status);
/*
 * Rank 0 has opened or created the model, and RESULT says how. The others get its manifest, without
 * the file, and check that the RECIPE they were asked for (NULL: the model's) is that one.
 */
FF_CHECK int ff_run_share_model(struct ff_run *run, const struct ff_recipe *recipe,
                                struct ff_train_result *result);
/* Checks that all processes divide a layer's batches in the same way. */
FF_CHECK int ff_run_check_knobs(struct ff_run *run, const struct ff_knobs *knobs);
/* ff_layer_metrics_load() of LAYER for all processes. */
FF_CHECK int ff_run_metrics(struct ff_run *run, uint32_t layer, float out[FF_MOST_LAYER_METRICS]);
/* *STOPS becomes true if it is so for any process: at once, or (ff_run_vote()) without waiting, at
 * the next call. */
FF_CHECK int ff_run_agree(struct ff_run *run, bool *stops);
FF_CHECK int ff_run_vote(struct ff_run *run, bool *stops);

#endif
