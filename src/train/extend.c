/*
 * The new model is made as a training would have left it when it was interrupted: with a mark, and
 * the tiles that this mark names. Then it is resumed.
 */
#include "train/extend.h"

#include "base/path.h"
#include "model/layer_metrics.h"
#include "model/manifest_recipe.h"
#include "model/network.h"
#include "plan/plan.h"
#include "train/begin.h"
#include "train/run.h"
#include "train/same_data.h"
#include "train/team.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct extending {
    struct ff_ctx *ctx;
    const struct ff_extend_opts *extend;
    const struct ff_train_opts *opts;
    struct ff_model_file *from, *to;
    struct ff_manifest parent, child;
    uint32_t keep;
    bool exists; /* the new model: it is to be resumed */
    float *tile; /* room for the largest tile that is copied */
    size_t tile_bytes;
};

/* ---- The finished model ---- */

static int open_parent(struct extending *e)
{
    const char *path = e->extend->from;
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;
    int status = ff_model_open(e->ctx, path, &model);

    if (status == FF_OK) {
        status = ff_model_info(model, &info);
        if (status == FF_OK && !info.complete)
            status =
                ff_fail(e->ctx, FF_EINVAL, "%s is not complete: resume its training first", path);
        ff_model_close(model);
    }
    if (status == FF_OK)
        status = ff_model_file_open(e->ctx, path, FF_MODEL_READ, &e->from);
    if (status == FF_OK)
        status = ff_manifest_load(e->ctx, e->from, &e->parent);
    if (status == FF_OK)
        status = ff_manifest_load(e->ctx, e->from, &e->child);
    if (status != FF_OK)
        return ff_about(e->ctx, status, FF_ABOUT_MODEL);
    if (e->child.lineage.n == FF_MAX_ANCESTORS)
        return ff_fail(e->ctx, FF_EINVAL, "%s: was extended %d times, which is the limit", path,
                       FF_MAX_ANCESTORS);
    e->child.lineage.ancestors[e->child.lineage.n++] = (struct ff_ancestor){
        .layers = e->parent.recipe.layers,
        .epochs = e->parent.recipe.epochs,
        .samples = e->parent.samples,
    };
    strcpy(e->child.lineage.ancestors[e->child.lineage.n - 1].weights_hash, info.weights_hash);
    return FF_OK;
}

/* ---- What is to be done ---- */

static int check(struct extending *e)
{
    const struct ff_recipe *recipe = &e->parent.recipe;
    const char *path = e->extend->from;

    if (e->extend->keep > recipe->layers)
        return ff_fail(e->ctx, FF_EINVAL, "%s has %u layer%s: %u cannot be kept", path,
                       recipe->layers, recipe->layers == 1 ? "" : "s", e->extend->keep);
    e->keep = e->extend->keep ? e->extend->keep : recipe->layers;
    if (!e->extend->hidden && e->extend->epochs == 0 && e->keep == recipe->layers)
        return ff_fail(e->ctx, FF_EINVAL,
                       "there is nothing to do: add layers or epochs, or keep fewer layers than "
                       "the %u of %s",
                       recipe->layers, path);
    if (e->opts->data.path && !e->extend->hidden && e->extend->epochs == 0)
        return ff_fail(e->ctx, FF_EINVAL,
                       "nothing would be trained on %s: add layers or epochs, or leave it out",
                       e->opts->data.path);
    if (e->parent.samples == 0 && !e->opts->data.path)
        return ff_fail(e->ctx, FF_EINVAL,
                       "%s was imported from another program and has no data; name it with --data",
                       path);
    if (e->extend->hidden && ff_recipe_trains_at_once(recipe))
        return ff_fail(e->ctx, FF_EINVAL,
                       "%s was trained as a whole (%s): its layers depend on each other, so that "
                       "none can be added; train a deeper network",
                       path, recipe->mode);
    if (e->keep < recipe->layers && !ff_recipe_has_goodness(recipe))
        return ff_fail(e->ctx, FF_EINVAL,
                       "%s was trained by backpropagation: its output layer needs all %u layers",
                       path, recipe->layers);
    if (e->extend->hidden && recipe->sweeps > 1)
        return ff_fail(
            e->ctx, FF_EINVAL,
            "%s was trained in %u sweeps over all its layers, and new layers were in none of them; "
            "train a deeper network",
            path, recipe->sweeps);
    return FF_OK;
}

/* The layers and epochs of the new recipe. */
static int set_recipe(struct extending *e)
{
    const uint32_t more = e->extend->epochs;
    struct ff_recipe *recipe = &e->child.recipe;
    uint32_t per_sweep = ff_recipe_sweep_begins(recipe, 1);

    recipe->layers = e->keep;
    if (e->extend->hidden) {
        if (more > 0)
            recipe->epochs = more;
        return ff_recipe_add_hidden(e->ctx, e->extend->hidden, recipe);
    }
    if (more > FF_MAX_EPOCHS - recipe->epochs)
        return ff_fail(e->ctx, FF_EINVAL, "%u epochs and %u more exceed %u", recipe->epochs, more,
                       FF_MAX_EPOCHS);
    if (recipe->sweeps > 1 && (recipe->epochs % recipe->sweeps > 0 || more % per_sweep > 0))
        return ff_fail(e->ctx, FF_EINVAL,
                       "%s was trained in %u sweeps of %u epochs: more epochs must be whole sweeps",
                       e->extend->from, recipe->sweeps, per_sweep);
    if (recipe->sweeps > 1)
        recipe->sweeps += more / per_sweep;
    recipe->epochs += more;
    if (ff_recipe_trains_at_once(recipe) && recipe->head_epochs > 0)
        recipe->head_epochs = recipe->epochs;
    return FF_OK;
}

/* Where the new model's training begins. */
static int set_mark(struct extending *e)
{
    const struct ff_recipe *was = &e->parent.recipe, *recipe = &e->child.recipe;
    struct ff_progress_mark *mark = &e->child.mark;
    float metrics[FF_MOST_LAYER_METRICS];

    *mark = (struct ff_progress_mark){
        .stage = FF_STAGE_TRAIN, .layer = e->keep, .sweep = e->parent.mark.sweep};
    e->child.choice = (struct ff_range_choice){.first = 0};
    if (e->extend->hidden) {
        mark->layer = e->keep + 1;
        return FF_OK;
    }
    if (e->extend->epochs > 0) {
        mark->epoch = was->epochs;
        if (was->sweeps > 1)
            mark->sweep++;
        else /* their weights are a checkpoint of the training */
            mark->generation = mark->checkpoints = 1;
        if (was->sweeps > 1 || ff_recipe_trains_at_once(recipe))
            mark->layer = 1;
        return FF_OK;
    }
    /* Held-out samples choose among the layers kept. */
    mark->stage = recipe->validation > 0 ? FF_STAGE_FORWARD : FF_STAGE_DONE;
    if (mark->stage == FF_STAGE_FORWARD && recipe->patience > 0) {
        int status = ff_layer_metrics_load(e->ctx, e->from, &e->parent, e->keep, metrics);

        if (status != FF_OK)
            return status;
        mark->best = (struct ff_best_epoch){.epoch = (uint32_t)metrics[FF_METRIC_KEPT_EPOCH],
                                            .learned = (uint32_t)metrics[FF_METRIC_LEARNED_EPOCHS]};
    }
    return FF_OK;
}

/* ---- Other data ---- */

static int check_shape(struct extending *e, const struct ff_dataset_info *info)
{
    const struct ff_manifest *child = &e->child;
    const char *path = e->opts->data.path;

    if (info->features != child->features || info->is_float != child->is_float)
        return ff_fail(e->ctx, FF_EMISMATCH,
                       "%s has %u %s%s per sample, but %s was trained on %u %s%s", path,
                       info->features, info->is_float ? "number" : "byte",
                       info->features == 1 ? "" : "s", e->extend->from, child->features,
                       child->is_float ? "number" : "byte", child->features == 1 ? "" : "s");
    if (info->classes > child->classes)
        return ff_fail(e->ctx, FF_EMISMATCH, "%s has labels up to %u, but %s has %u classes", path,
                       info->classes - 1, e->extend->from, child->classes);
    return FF_OK;
}

/* Sets the number of samples. */
static int measure_data(struct extending *e, struct ff_dataset_spec *spec)
{
    struct ff_dataset *dataset;
    int status = ff_dataset_open(e->ctx, spec, &dataset);

    if (status != FF_OK)
        return status;
    status = check_shape(e, &dataset->info);
    e->child.samples = dataset->info.rows;
    e->child.all_samples = dataset->info.all_rows;
    ff_dataset_close(dataset);
    if (status == FF_OK && !ff_geometry_fits(e->child.samples, e->child.recipe.batch))
        status = ff_fail(e->ctx, FF_EINVAL, "%s: too many samples", spec->path);
    return status;
}

/* Records the data of OPTS, whose samples are read. */
static int set_data(struct extending *e)
{
    struct ff_manifest *child = &e->child;
    struct ff_data_location location;
    struct ff_dataset_spec spec;
    struct ff_import_facts facts;
    int status;

    child->fingerprint[0] = '\0';
    child->all_samples = 0;
    status = ff_begin_record_data(e->ctx, e->opts, child);
    if (status != FF_OK)
        return status;
    location = (struct ff_data_location){child->data_path, child->data_labels, child->data_arrays};
    spec = ff_data_spec(child, e->opts, &location);
    spec.sample = e->opts->limit_rows;
    status = measure_data(e, &spec);
    if (status == FF_OK)
        status = ff_read_facts(e->ctx, e->opts, child, &spec, &facts);
    if (status != FF_OK)
        return status;
    strcpy(child->fingerprint, facts.fingerprint);
    child->files = facts.files;
    if (child->class_weights.n == 0)
        return FF_OK;
    ff_class_weights_release(&child->class_weights);
    return ff_class_weights_init(e->ctx, child->classes, facts.learned, &child->class_weights);
}

/* Fails before a new model is made that cannot be trained: the data may have moved since. */
static int find_data(struct extending *e)
{
    const struct ff_manifest *child = &e->child;

    if (e->opts->data.path || child->data_is_rows || child->mark.stage == FF_STAGE_DONE ||
        access(child->data_path, R_OK) == 0)
        return FF_OK;
    return ff_fail_errno(e->ctx, errno,
                         "cannot open %s, the data of %s; give its new path with --data",
                         child->data_path, e->extend->from);
}

/* ---- The weights ---- */

/* Copies a tile, or writes one of zeros if FROM is FF_NO_GENERATION. */
static int copy_tile(struct extending *e, const struct ff_tensor *tensor, uint32_t layer,
                     uint32_t tile, uint64_t from, uint64_t to)
{
    struct ff_tile_key key = {tensor->kind, layer, from, tensor->slot, tile};
    struct ff_matrix matrix = {.dtype = FF_F32, .data = e->tile};
    int status = FF_OK;

    ff_tensor_tile(tensor, tile, &matrix.rows, &matrix.columns);
    if (from == FF_NO_GENERATION)
        memset(e->tile, 0, (size_t)matrix.rows * matrix.columns * sizeof *e->tile);
    else
        status = ff_model_file_get(e->from, &key, matrix.rows, matrix.columns, e->tile);
    key.generation = to;
    return status == FF_OK ? ff_model_file_put(e->to, &key, &matrix) : status;
}

static int need_tile(struct extending *e, size_t bytes)
{
    if (bytes <= e->tile_bytes)
        return FF_OK;
    ff_free(e->ctx, FF_MEM_WEIGHTS, e->tile, e->tile_bytes);
    e->tile_bytes = 0;
    e->tile = ff_alloc(e->ctx, FF_MEM_WEIGHTS, bytes);
    if (!e->tile)
        return ff_alloc_status(e->ctx);
    e->tile_bytes = bytes;
    return FF_OK;
}

/* Copies those tensors of a layer or head that the new model's mark names. */
static int copy_part(struct extending *e, char kind, uint32_t layer)
{
    struct ff_tensor tensors[FF_MAX_TENSORS];
    size_t n = ff_network_tensors(&e->child, kind, layer, true, tensors);
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        const struct ff_tensor *tensor = &tensors[i];
        uint64_t from = ff_manifest_generation(&e->parent, tensor->kind, layer);
        uint64_t to = ff_manifest_generation(&e->child, tensor->kind, layer);

        if (to == FF_NO_GENERATION)
            continue;
        status = need_tile(e, ff_tensor_tile_bytes(tensor));
        for (uint32_t t = 0; t < ff_tile_count(tensor->units) && status == FF_OK; t++)
            status = copy_tile(e, tensor, layer, t, from, to);
    }
    return status;
}

static int copy_metrics(struct extending *e, uint32_t layer)
{
    struct ff_tile_key key = {'S', layer, FF_GENERATION_FINAL, 0, 0};
    float metrics[FF_MOST_LAYER_METRICS];
    struct ff_matrix matrix = {.rows = 1,
                               .columns = ff_layer_metrics_stored(&e->parent.recipe),
                               .dtype = FF_F32,
                               .data = metrics};
    int status = ff_layer_metrics_load(e->ctx, e->from, &e->parent, layer, metrics);

    return status == FF_OK ? ff_model_file_put(e->to, &key, &matrix) : status;
}

static int copy_layers(struct extending *e)
{
    const struct ff_recipe *recipe = &e->child.recipe;
    int status = FF_OK;

    for (uint32_t layer = 1; layer <= e->keep && status == FF_OK; layer++) {
        if (e->opts->interrupted && e->opts->interrupted(e->opts->arg))
            return ff_fail(e->ctx, FF_EINTERRUPTED, "interrupted while copying layers");
        status = copy_part(e, 'W', layer);
        if (status == FF_OK && ff_recipe_has_head(recipe, layer))
            status = copy_part(e, 'H', layer);
        if (status == FF_OK && !ff_recipe_trains_at_once(recipe))
            status = copy_metrics(e, layer);
        ff_model_file_unpin(e->from);
    }
    return status;
}

/* ---- The new model ---- */

/* Refuses a training that does not fit the budget before anything is written. */
static int plan(struct extending *e)
{
    struct ff_compression compression;
    struct ff_train_tasks tasks;
    struct ff_plan out;
    struct ff_job job;
    int status = ff_begin_compression(e->ctx, e->opts->compress, &compression);

    if (status != FF_OK || e->opts->memory_bytes == 0 || e->child.mark.stage == FF_STAGE_DONE)
        return status;
    status = ff_train_job(e->ctx, &e->child, e->opts, &compression, &job);
    if (status != FF_OK)
        return status;
    ff_train_tasks_init(&tasks, &job);
    return ff_train_tasks_plan(e->ctx, &tasks, &out);
}

static int write_child(struct extending *e)
{
    bool replaces = e->opts->force && access(e->opts->model, F_OK) == 0;
    enum ff_model_mode mode = replaces ? FF_MODEL_REPLACE : FF_MODEL_CREATE;
    char *text = NULL;
    int status;

    if (!ff_manifest_is_sane(&e->child))
        return ff_fail(e->ctx, FF_EINVAL, "%s cannot be extended in this way", e->extend->from);
    status = ff_model_file_open(e->ctx, e->opts->model, mode, &e->to);
    if (status == FF_OK)
        status = copy_layers(e);
    if (status == FF_OK)
        status = ff_manifest_write(e->ctx, &e->child, &text);
    if (status == FF_OK)
        status = ff_model_file_flip(e->to, text);
    free(text);
    return status == FF_OK ? ff_model_file_publish(e->to) : status;
}

/* FF_OK if the model that exists was begun by the same command. */
static int check_begun(struct extending *e)
{
    const struct ff_lineage *lineage = &e->child.lineage;
    const struct ff_ancestor *last = &lineage->ancestors[lineage->n - 1], *its;
    struct ff_manifest begun;
    bool same;
    int status = ff_model_file_open(e->ctx, e->opts->model, FF_MODEL_READ, &e->to);

    if (status == FF_OK)
        status = ff_manifest_load(e->ctx, e->to, &begun);
    if (status != FF_OK)
        return ff_about(e->ctx, status, FF_ABOUT_MODEL);
    its = &begun.lineage.ancestors[begun.lineage.n > 0 ? begun.lineage.n - 1 : 0];
    same = begun.lineage.n == lineage->n && its->kept == last->kept &&
           strcmp(its->weights_hash, last->weights_hash) == 0 &&
           strcmp(begun.fingerprint, e->child.fingerprint) == 0 &&
           ff_manifest_same_recipe(e->ctx, &begun.recipe, &e->child.recipe) == FF_OK;
    ff_manifest_release(&begun);
    return same ? FF_OK
                : ff_fail(e->ctx, FF_EEXIST,
                          "%s exists and is another model: give another name, or overwrite it with "
                          "--force",
                          e->opts->model);
}

static int make_child(struct extending *e)
{
    struct ff_lineage *lineage = &e->child.lineage;
    int status;

    e->exists = !e->opts->force && access(e->opts->model, F_OK) == 0 &&
                !ff_model_file_is_stub(e->ctx, e->opts->model);

    if (ff_path_same(e->extend->from, e->opts->model))
        return ff_fail(e->ctx, FF_EINVAL,
                       "%s: the new model needs a name of its own; the old one is not changed",
                       e->opts->model);
    status = open_parent(e);
    if (status == FF_OK)
        status = check(e);
    if (status != FF_OK)
        return status;
    lineage->ancestors[lineage->n - 1].kept = e->keep;
    status = set_recipe(e);
    if (status == FF_OK)
        status = set_mark(e);
    if (status == FF_OK && e->opts->data.path)
        status = set_data(e);
    if (status == FF_OK && e->exists)
        return check_begun(e);
    if (status == FF_OK)
        status = find_data(e);
    if (status == FF_OK)
        status = plan(e);
    return status == FF_OK ? write_child(e) : status;
}

static void release(struct extending *e)
{
    ff_free(e->ctx, FF_MEM_WEIGHTS, e->tile, e->tile_bytes);
    ff_model_file_close(e->to);
    ff_model_file_close(e->from);
    ff_manifest_release(&e->parent);
    ff_manifest_release(&e->child);
}

int ff_extend_run(struct ff_ctx *ctx, const struct ff_extend_opts *extend,
                  const struct ff_train_opts *opts, struct ff_train_result *result)
{
    struct extending e = {.ctx = ctx, .extend = extend, .opts = opts};
    struct ff_train_opts rest = *opts;
    int status = ff_team_rank(ctx) == 0 ? make_child(&e) : FF_OK;

    release(&e);
    status = ff_share_interruption(ctx, status);
    if (status != FF_OK)
        return status;
    rest.force = false;
    status = ff_train_run(ctx, NULL, &rest, result);
    result->resumed = e.exists;
    result->was_complete = result->was_complete && e.exists;
    return status;
}
