/* The training stages: a layer or the network, and the head on a layer. */
#include "learn/learner.h"
#include "train/epochs.h"
#include "train/modes.h"
#include "train/stages.h"
#include "train/team.h"

#include <math.h>

/* Opens the set that LEARNER trains on into SET, and restores LEARNER's parts. */
static int set_up(struct ff_run *run, const struct ff_learner_ops *ops, struct ff_set **set,
                  struct ff_learner **out)
{
    const struct ff_progress_mark *mark = &run->manifest.mark;
    struct ff_learner_opts opts = {
        .workers = &run->workers,
        .job = &run->job,
        .layer = mark->layer,
        .knobs = ff_run_knobs(run, mark->stage, mark->layer),
        .scratch = &run->boundaries.scratch,
        .damaged = &run->boundaries.damaged,
    };
    int status = ff_run_check_knobs(run, &opts.knobs);

    if (status == FF_OK)
        status = ff_run_need_set(run, ops->reads_outputs ? mark->layer : mark->layer - 1, set);

    if (status == FF_OK)
        status = ff_learner_new(ops, &opts, out);
    if (status == FF_OK)
        status = ff_checkpoint_restore(run, (*out)->n_parts, (*out)->parts);
    return status == FF_OK ? ops->start(*out, *set) : status;
}

static int learn(struct ff_run *run, const struct ff_learner_ops *ops, struct ff_learning *learning)
{
    struct ff_learner *learner = NULL;
    struct ff_set *set = NULL;
    int status = set_up(run, ops, &set, &learner);

    learning->run = run;
    learning->learner = learner;
    learning->set = set;
    learning->held_out_error = NAN;
    learning->flops_per_row = ops->work.flops(&run->manifest, run->manifest.mark.layer);
    if (status == FF_OK)
        status = ff_run_epochs(learning);
    ff_learner_free(learner);
    ff_set_close(set);
    return status;
}

int ff_stage_train(struct ff_run *run)
{
    const struct ff_recipe *recipe = &run->manifest.recipe;
    struct ff_learning learning = {
        .name = ff_turn_is_of_layer(recipe, ff_manifest_turn(&run->manifest)) ? "layer" : NULL,
        .phase = FF_PHASE_TRAIN,
        .order = FF_RNG_BATCH_ORDER,
        .epochs = recipe->epochs,
        .until = ff_recipe_sweep_begins(recipe, run->manifest.mark.sweep + 1),
        .learning_rate = recipe->learning_rate,
        .stops_early = recipe->patience > 0,
    };

    return learn(run, ff_mode_ops(run->job.mode)->learner, &learning);
}

int ff_stage_head(struct ff_run *run)
{
    const struct ff_recipe *recipe = &run->manifest.recipe;
    struct ff_learning learning = {
        .name = "the head of layer",
        .phase = FF_PHASE_HEAD,
        .order = FF_RNG_HEAD_ORDER,
        .epochs = recipe->head_epochs,
        .until = recipe->head_epochs,
        .learning_rate = recipe->head_learning_rate,
    };

    return learn(run, &ff_head_learner, &learning);
}
