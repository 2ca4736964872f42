#include "exchange/export.h"

#include "base/path.h"
#include "exchange/format.h"
#include "exchange/metadata.h"

#include <fftool/evaluate.h>
#include <string.h>

#define LIST_BYTES 256 /* of the names of formats */

static int check_opts(struct ff_ctx *ctx, const struct ff_export_opts *opts,
                      const struct ff_exchange_format **format)
{
    char list[LIST_BYTES] = "";
    const struct ff_export_format *info;

    if (!opts->model || !opts->output)
        return ff_fail(ctx, FF_EINVAL, "no model file or no output is given");
    if ((unsigned)opts->dtype > FF_EXPORT_BF16)
        return ff_fail(ctx, FF_EINVAL, "dtype %d: there is no such type", (int)opts->dtype);
    if (opts->first_layer > opts->last_layer)
        return ff_fail(ctx, FF_EINVAL, "layers %u to %u are no range", opts->first_layer,
                       opts->last_layer);
    *format = ff_exchange_format_of(opts->output);
    if (*format && ff_path_same(opts->model, opts->output))
        return ff_fail(ctx, FF_EINVAL, "%s is the model itself; give another name", opts->output);
    if (*format)
        return FF_OK;
    for (size_t i = 0; (info = ff_export_format(i)) != NULL; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? ", " : "",
                 info->suffix);
    return ff_fail(ctx, FF_EINVAL,
                   "%s: the end of its name selects the format; it must be one of %s", opts->output,
                   list);
}

/* The layers to export: the requested ones, or all that are trained. */
static int choose_layers(struct ff_export *export)
{
    const struct ff_export_opts *opts = export->opts;
    const struct ff_manifest *manifest = &export->model->manifest;
    uint32_t trained = ff_manifest_layers_stored(manifest), all = manifest->recipe.layers;
    bool to_last = opts->last_layer == 0 || opts->last_layer == FF_LAST_LAYER;

    if (trained == 0)
        return ff_fail(export->ctx, FF_EINVAL, "%s has no trained layer yet: resume its training",
                       opts->model);
    export->last = to_last ? trained : opts->last_layer;
    export->first = opts->first_layer == FF_LAST_LAYER ? export->last
                    : opts->first_layer > 0            ? opts->first_layer
                                                       : 1;
    if (export->first > export->last || export->last > trained)
        return ff_fail(export->ctx, FF_EINVAL, "layers %u to %u: %s has trained layers 1 to %u",
                       export->first, export->last, opts->model, trained);
    if (manifest->mark.stage != FF_STAGE_DONE)
        ff_warn(export->ctx, "%s is not complete: %u of its %u layers are trained", opts->model,
                trained, all);
    export->complete =
        manifest->mark.stage == FF_STAGE_DONE && export->first == 1 && export->last == all;
    return FF_OK;
}

static int measure(void *arg, const struct ff_exported *exported)
{
    struct ff_export *export = arg;
    size_t bytes = ff_tensor_tile_bytes(&exported->tensor);

    export->tensors++;
    export->elements += (uint64_t)exported->tensor.units * exported->tensor.per_unit;
    if (bytes > export->tile_bytes)
        export->tile_bytes = bytes;
    return FF_OK;
}

/* Two tiles: as read, and transposed. */
static size_t buffer_bytes(const struct ff_export *export)
{
    return 2 * export->tile_bytes;
}

static int prepare(struct ff_export *export)
{
    struct ff_progress phase = {.phase = FF_PHASE_EXCHANGE};
    int status = ff_inspect_again(export->model);

    if (status == FF_OK)
        status = choose_layers(export);
    if (status == FF_OK)
        status = ff_inspect_hash(export->model, export->weights_hash);
    if (status == FF_OK)
        status = ff_export_each(export, measure, export);
    if (status == FF_OK)
        status = ff_metadata_of(export, &export->metadata);
    if (status != FF_OK)
        return status;
    export->tile = ff_alloc(export->ctx, FF_MEM_WEIGHTS, buffer_bytes(export));
    if (!export->tile)
        return ff_alloc_status(export->ctx);
    export->clock.on_progress = export->opts->on_progress;
    export->clock.interrupted = export->opts->interrupted;
    export->clock.arg = export->opts->arg;
    export->clock.work_left = (double)export->elements;
    phase.layer = export->first;
    export->clock.now.layers = export->last;
    phase.rows_total = export->elements;
    ff_clock_phase(&export->clock, &phase, export->clock.work_left);
    return FF_OK;
}

static void release(struct ff_export *export)
{
    if (export->tile)
        ff_free(export->ctx, FF_MEM_WEIGHTS, export->tile, buffer_bytes(export));
    json_decref(export->metadata);
    ff_model_close(export->model);
}

static void report(const struct ff_export *export, struct ff_export_result *result)
{
    result->first_layer = export->first;
    result->last_layer = export->last;
    result->tensors = export->tensors;
    result->parameters = export->elements;
    result->bytes = export->bytes;
    memcpy(result->weights_hash, export->weights_hash, sizeof result->weights_hash);
    result->seconds = ff_now() - export->clock.began;
    ff_memory_read(export->ctx, &result->memory);
}

int ff_export_run(struct ff_ctx *ctx, const struct ff_export_opts *opts,
                  struct ff_export_result *result)
{
    struct ff_export export = {.ctx = ctx, .opts = opts, .clock.began = ff_now()};
    const struct ff_exchange_format *format = NULL;
    int status = check_opts(ctx, opts, &format);

    if (status != FF_OK)
        return status;
    status = ff_model_open(ctx, opts->model, &export.model);
    if (status == FF_OK)
        status = prepare(&export);
    if (status == FF_OK)
        status = format->write(&export);
    if (status == FF_OK)
        report(&export, result);
    release(&export);
    return status;
}
