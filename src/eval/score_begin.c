/* Preparation of scoring: method, layers, data and plan. */
#include "eval/score_private.h"

#include "base/team.h"

#include <stdio.h>

#define DEFAULT_SCRATCH_BYTES ((uint64_t)1 << 30)

static int load_manifest(struct scoring *s)
{
    int status;

    if (ff_team_rank(s->ctx) > 0)
        return ff_manifest_share(s->ctx, &s->manifest);
    status = ff_model_file_open(s->ctx, s->evaluate->model, FF_MODEL_READ, &s->file);
    if (status != FF_OK)
        return status;
    status = ff_manifest_load(s->ctx, s->file, &s->manifest);
    ff_model_file_unpin(s->file);
    return status == FF_OK ? ff_manifest_share(s->ctx, &s->manifest) : status;
}

/* Chooses goodness or the head to predict labels. */
static int choose_method(struct scoring *s)
{
    enum ff_method method = s->evaluate->method;
    const char *mode = s->manifest.recipe.mode;

    if (method != FF_METHOD_AUTO && method != FF_METHOD_GOODNESS && method != FF_METHOD_HEAD)
        return ff_fail(s->ctx, FF_EINVAL, "method %d: there is no such method", (int)method);
    s->no_goodness = !ff_recipe_has_goodness(&s->manifest.recipe);
    s->conditioned = ff_recipe_conditioned(&s->manifest.recipe);
    if (s->no_goodness && method == FF_METHOD_GOODNESS)
        return ff_fail(s->ctx, FF_EINVAL,
                       "%s is trained by backpropagation (%s): its output layer, a linear head, "
                       "predicts, not the goodness",
                       s->evaluate->model, mode);
    if (ff_recipe_unsupervised(&s->manifest.recipe) && method == FF_METHOD_GOODNESS)
        return ff_fail(s->ctx, FF_EINVAL,
                       "%s is trained without labels: its linear head predicts, not the goodness",
                       s->evaluate->model);
    s->by_head = method == FF_METHOD_HEAD ||
                 (method == FF_METHOD_AUTO && ff_recipe_head_predicts(&s->manifest.recipe));
    return FF_OK;
}

/* From the second sweep on every layer is stored. Heads are trained in the last sweep. */
static uint32_t count_layers(const struct scoring *s)
{
    return s->by_head ? ff_manifest_heads_trained(&s->manifest)
                      : ff_manifest_layers_stored(&s->manifest);
}

static int nothing_trained(const struct scoring *s)
{
    const char *what = s->by_head && !s->no_goodness ? "head" : "layer";

    if (s->file && ff_model_file_in_training(s->file))
        return ff_about(s->ctx,
                        ff_fail(s->ctx, FF_ELOCKED, "%s is in training and has no trained %s yet",
                                s->evaluate->model, what),
                        FF_ABOUT_MODEL);
    return ff_fail(s->ctx, FF_EINVAL, "%s has no trained %s yet: resume its training",
                   s->evaluate->model, what);
}

/* Chooses the layers to use: of an incomplete model those that are trained. */
static int choose_layers(struct scoring *s)
{
    const struct ff_progress_mark *mark = &s->manifest.mark;
    const char *path = s->evaluate->model;

    s->first_head = ff_recipe_first_head(&s->manifest.recipe);
    s->layers = s->trained_layers = count_layers(s);
    if (s->by_head && s->first_head == 0)
        return ff_fail(s->ctx, FF_EINVAL,
                       "%s has no head: train with --head-epochs 1 or more, or use the goodness",
                       path);
    if (s->layers == 0 || (s->by_head && s->layers < s->first_head))
        return nothing_trained(s);
    if (s->layers < s->manifest.recipe.layers)
        ff_warn(s->ctx, "%s is not complete: using its first %u of %u layers", path, s->layers,
                s->manifest.recipe.layers);
    else if (mark->stage != FF_STAGE_DONE && s->manifest.recipe.sweeps > 1)
        ff_warn(s->ctx, "%s is not complete: using its layers as of layer %u in sweep %u of %u",
                path, mark->layer, mark->sweep + 1, s->manifest.recipe.sweeps);
    return FF_OK;
}

/* Chooses the range of layers whose goodness is summed: the requested one, the one chosen on
 * held-out samples, or all, without the first if it embeds the label. No layer above the range is
 * used. */
static int choose_range(struct scoring *s)
{
    const struct ff_evaluate_opts *opts = s->evaluate;
    uint32_t last = opts->last_layer, first = opts->first_layer;

    if (s->by_head && (first > 0 || last > 0))
        return ff_fail(s->ctx, FF_EINVAL,
                       "layers: they select whose goodness is summed, but the head of %s predicts, "
                       "not the goodness; leave them out",
                       opts->model);
    if (s->by_head)
        return FF_OK;
    if (first == 0 && last == 0)
        ff_manifest_range(&s->manifest, s->layers, &first, &last);
    if (last == 0)
        last = s->layers;
    if (first == 0)
        first = ff_manifest_first_summed(&s->manifest, last);
    last = last == FF_LAST_LAYER ? s->layers : last;
    first = first == FF_LAST_LAYER ? last : first;
    if (first > last || last > s->layers)
        return ff_fail(s->ctx, FF_EINVAL, "layers %u to %u: %s has trained layers 1 to %u", first,
                       last, opts->model, s->layers);
    s->sum_from = first;
    s->layers = last;
    return FF_OK;
}

/* Checks that the data has the shape of the training data. */
static int check_data(struct scoring *s)
{
    const struct ff_evaluate_opts *opts = s->evaluate;
    const struct ff_manifest *manifest = &s->manifest;
    const struct ff_dataset_info *info = &s->dataset->info;

    if (info->features != manifest->features)
        return ff_fail(s->ctx, FF_EMISMATCH,
                       "%s has %u feature%s per sample, but %s was trained on %u", opts->data.path,
                       info->features, info->features == 1 ? "" : "s", opts->model,
                       manifest->features);
    if (ff_schema_has_categories(&manifest->schema) && !s->dataset->format->is_table &&
        !s->dataset->format->is_text)
        return ff_fail(
            s->ctx, FF_EMISMATCH,
            "%s has numbers only, but %s was trained on a table with texts; give a table",
            opts->data.path, opts->model);
    if (info->classes > manifest->classes)
        return ff_fail(s->ctx, FF_EMISMATCH, "%s has labels up to %u, but %s has %u classes",
                       opts->data.path, info->classes - 1, opts->model, manifest->classes);
    return FF_OK;
}

static int open_data(struct scoring *s)
{
    const struct ff_evaluate_opts *opts = s->evaluate;
    const struct ff_manifest *manifest = &s->manifest;
    struct ff_dataset_spec spec = {.path = opts->data.path,
                                   .labels = opts->data.labels,
                                   .arrays = opts->data.arrays,
                                   .rows = opts->data.rows,
                                   .split = opts->train_split ? FF_SPLIT_TRAIN : FF_SPLIT_TEST,
                                   .unlabelled = s->opts->unlabelled,
                                   .together = true,
                                   .sample = s->opts->unlabelled ? 0 : opts->limit_rows,
                                   .id_column = opts->data.id_column,
                                   .schema = &manifest->schema,
                                   .image = &manifest->image};
    const struct ff_dataset_info *info;
    int status = ff_dataset_open(s->ctx, &spec, &s->dataset);

    if (status == FF_OK)
        status = ff_about(s->ctx, check_data(s), FF_ABOUT_MODEL);
    if (status != FF_OK)
        return status;
    status = ff_dataset_extra_bytes(s->ctx, &spec, &s->data_extra_bytes);
    if (status != FF_OK)
        return status;
    if (s->opts->unlabelled) /* the names of the rows are read beside them */
        s->data_extra_bytes *= 2;
    info = &s->dataset->info;
    s->classes = manifest->classes;
    s->samples = opts->limit_rows && opts->limit_rows < info->rows ? opts->limit_rows : info->rows;
    return FF_OK;
}

/* The factor that turns scores into logits. */
static double logit_scale(const struct scoring *s)
{
    const struct ff_range_choice *choice = &s->manifest.choice;
    bool fitted = choice->first == s->sum_from && choice->last == s->layers;

    if (s->by_head)
        return 1;
    return s->manifest.recipe.goodness_scale / (s->layers - s->sum_from + 1) /
           (fitted ? choice->temperature : 1);
}

struct ff_score_task ff_scoring_task(const struct scoring *s)
{
    return (struct ff_score_task){
        .method = s->by_head ? FF_METHOD_HEAD : FF_METHOD_GOODNESS,
        .samples = s->samples,
        .classes = s->classes,
        .layers = s->layers,
        .first_layer = s->sum_from,
        .last_layer = s->by_head ? 0 : s->layers,
        .trained_layers = s->trained_layers,
        .schema = &s->manifest.schema,
        .dataset = s->dataset,
        .scale = logit_scale(s),
        .planned_bytes = s->planned_bytes,
    };
}

/* All processes of a team must score the same samples at a time. */
static int check_same_blocks(const struct scoring *s)
{
    char text[FF_TEAM_TEXT];

    snprintf(text, sizeof text, "with blocks of %llu samples of %llu",
             (unsigned long long)s->job.rows, (unsigned long long)s->samples);
    return ff_team_check_same(s->ctx, "a plan", text);
}

/* Makes the plan, reports it and enforces the budget from here on. */
static int plan(struct scoring *s)
{
    const struct ff_evaluate_opts *opts = s->evaluate;
    struct ff_score_task task = ff_scoring_task(s);
    struct ff_plan plan;
    int status = ff_workers_check(s->ctx, opts->threads);

    if (status != FF_OK)
        return status;
    s->job = (struct ff_score_job){
        .planner = s->opts->planner,
        .manifest = &s->manifest,
        .by_head = s->by_head,
        .unlabelled = s->opts->unlabelled,
        .is_float = s->dataset->info.is_float,
        .layers = s->layers,
        .first_head = s->first_head,
        .samples = s->samples,
        .data_extra_bytes = s->data_extra_bytes,
        .threads = opts->threads ? opts->threads : ff_available_threads(),
        .ranks = ff_team_size(s->ctx),
        .scratch_bytes = opts->scratch_bytes ? opts->scratch_bytes : DEFAULT_SCRATCH_BYTES,
        .memory_bytes = opts->memory_bytes,
    };
    s->opts->needs(&task, &s->job.results);
    if (s->file)
        ff_model_file_read_needs(s->file, &s->job.results);
    status = ff_score_plan(s->ctx, &s->job, &plan);
    if (s->opts->plan_only)
        *s->opts->plan_only = plan;
    if (status != FF_OK || s->opts->plan_only)
        return status;
    status = check_same_blocks(s);
    if (status != FF_OK)
        return status;
    s->planned_bytes = plan.peak_bytes;
    s->opts->planner->warn(s->ctx, &plan);
    plan.size = sizeof plan;
    if (opts->on_plan)
        opts->on_plan(opts->arg, &plan);
    ff_meter_tighten(s->ctx, opts->memory_bytes);
    return FF_OK;
}

int ff_scoring_begin(struct scoring *s)
{
    int status = load_manifest(s);

    if (status == FF_OK)
        status = choose_method(s);
    if (status == FF_OK)
        status = choose_layers(s);
    if (status == FF_OK)
        status = choose_range(s);
    if (status == FF_OK)
        status = open_data(s);
    return status == FF_OK ? plan(s) : status;
}
