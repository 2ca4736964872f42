#include "train/team.h"

#include "base/level.h"
#include "base/team.h"
#include "model/manifest_recipe.h"
#include "nn/gemm.h"
#include "train/begin.h"

#include <fftool/version.h>
#include <stdio.h>

int ff_run_check_program(struct ff_run *run)
{
    char text[FF_TEAM_TEXT];

    snprintf(text, sizeof text, "%s with %s, level %u", ff_version(), ff_gemm_backend(),
             ff_level());
    return ff_team_check_same(run->ctx, "fftool", text);
}

int ff_share_interruption(struct ff_ctx *ctx, int status)
{
    uint32_t stops = status == FF_EINTERRUPTED;
    int shared;

    if (status != FF_OK && !stops)
        return status;
    shared = ff_team_broadcast(ctx, 0, &stops, sizeof stops);
    if (shared != FF_OK || !stops)
        return shared;
    return status == FF_OK ? ff_fail(ctx, FF_EINTERRUPTED, "rank 0 was interrupted") : status;
}

/* Checks that RECIPE, completed for the data of this process if it has them, is the manifest's. */
static int check_recipe(struct ff_run *run, const struct ff_recipe *recipe)
{
    struct ff_training training;
    char reason[FF_MESSAGE_BYTES / 2];
    int status = run->ctx->team.shares_data
                     ? ff_begin_same_data(run->ctx, recipe, &run->manifest, &training)
                     : ff_begin_data(run->ctx, recipe, run->opts, &training);

    if (status == FF_OK) {
        status = ff_manifest_same_recipe(run->ctx, &run->manifest.recipe, &training.recipe);
        snprintf(reason, sizeof reason, "%s", ff_ctx_message(run->ctx));
        if (status != FF_OK)
            status = ff_fail(run->ctx, FF_EMISMATCH,
                             "this process has another recipe than rank 0: %s", reason);
    }
    ff_training_release(&training);
    return status;
}

int ff_run_share_model(struct ff_run *run, const struct ff_recipe *recipe,
                       struct ff_train_result *result)
{
    uint32_t bits = (uint32_t)result->resumed | (uint32_t)result->replaces << 1;
    int status = ff_manifest_share(run->ctx, &run->manifest);

    if (status == FF_OK)
        status = ff_team_broadcast(run->ctx, 0, &bits, sizeof bits);
    result->resumed = bits & 1;
    result->replaces = bits >> 1 & 1;
    if (status == FF_OK && recipe && ff_team_rank(run->ctx) > 0)
        status = check_recipe(run, recipe);
    return status;
}

int ff_run_check_knobs(struct ff_run *run, const struct ff_knobs *knobs)
{
    char text[FF_TEAM_TEXT];

    snprintf(text, sizeof text, "with %u chunks at a time", knobs->micro_chunks);
    return ff_team_check_same(run->ctx, "a plan", text);
}

int ff_run_metrics(struct ff_run *run, uint32_t layer, float out[FF_MOST_LAYER_METRICS])
{
    int status =
        run->file ? ff_layer_metrics_load(run->ctx, run->file, &run->manifest, layer, out) : FF_OK;

    return status == FF_OK
               ? ff_team_broadcast(run->ctx, 0, out, FF_MOST_LAYER_METRICS * sizeof *out)
               : status;
}

int ff_run_agree(struct ff_run *run, bool *stops)
{
    uint32_t bits = *stops;
    int status = ff_team_agree(run->ctx, &bits);

    *stops = bits != 0;
    return status;
}

int ff_run_vote(struct ff_run *run, bool *stops)
{
    uint32_t bits = *stops;
    int status = ff_team_vote(run->ctx, &bits);

    *stops = bits != 0;
    return status;
}
