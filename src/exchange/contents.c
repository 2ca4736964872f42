#include "exchange/contents.h"

#include "exchange/elements.h"

#include <math.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
    [FF_EXPORT_F32] = {"f32", 4},
    [FF_EXPORT_F16] = {"f16", 2},
    [FF_EXPORT_BF16] = {"bf16", 2},
};

size_t ff_export_element_bytes(enum ff_export_dtype dtype)
{
    return dtypes[dtype].bytes;
}

const char *ff_export_dtype_name(enum ff_export_dtype dtype)
{
    return dtypes[dtype].name;
}

int ff_export_shape(const struct ff_exported *exported, uint32_t shape[2])
{
    ff_tensor_shape(&exported->tensor, &shape[0], &shape[1]);
    return exported->tensor.role == FF_SLOT_BIASES ? 1 : 2;
}

void ff_export_name(const struct ff_recipe *recipe, struct ff_exported *out)
{
    static const char *const roles[FF_SLOTS] = {
        [FF_SLOT_WEIGHTS] = "weight", [FF_SLOT_BIASES] = "bias", [FF_SLOT_LABELS] = "label_weight"};
    const char *role = roles[out->tensor.role];
    bool output_layer = !ff_recipe_has_goodness(recipe);

    if (!ff_is_head_kind(out->tensor.kind))
        snprintf(out->name, sizeof out->name, "layers.%u.%s", out->layer, role);
    else if (output_layer)
        snprintf(out->name, sizeof out->name, "head.%s", role);
    else
        snprintf(out->name, sizeof out->name, "head.%u.%s", out->layer, role);
}

/* Visits the tensors of layers FROM .. TO, or of their heads. */
static int each_of(struct ff_export *export, char kind, uint32_t from, uint32_t to,
                   int (*visit)(void *arg, const struct ff_exported *exported), void *arg)
{
    int status = FF_OK;

    for (uint32_t layer = from; layer <= to && status == FF_OK; layer++) {
        struct ff_tensor tensors[FF_MAX_TENSORS];
        size_t n = ff_network_tensors(&export->model->manifest, kind, layer, false, tensors);

        for (size_t i = 0; i < n && status == FF_OK; i++) {
            struct ff_exported exported = {.layer = layer, .tensor = tensors[i]};

            ff_export_name(&export->model->manifest.recipe, &exported);
            status = visit(arg, &exported);
        }
    }
    return status;
}

int ff_export_each(struct ff_export *export,
                   int (*visit)(void *arg, const struct ff_exported *exported), void *arg)
{
    const struct ff_manifest *manifest = &export->model->manifest;
    uint32_t head = ff_recipe_first_head(&manifest->recipe);
    uint32_t last = ff_manifest_heads_trained(manifest);
    int status = each_of(export, 'W', export->first, export->last, visit, arg);

    if (status != FF_OK || head == 0)
        return status;
    return each_of(export, 'H', head > export->first ? head : export->first,
                   last < export->last ? last : export->last, visit, arg);
}

/* ---- The elements ---- */

static int out_of_range(struct ff_export *export, const struct ff_exported *exported, float value)
{
    return ff_fail(export->ctx, FF_ENUMERIC,
                   "%s: %s has the element %g, which is beyond the range of %s; export as %s",
                   export->opts->model, exported->name, (double)value,
                   ff_export_dtype_name(export->opts->dtype),
                   export->opts->dtype == FF_EXPORT_F16 ? "bf16 or f32" : "f32");
}

/* IN (rows, columns) becomes OUT (columns, rows). */
static void transpose(size_t rows, size_t columns, const float *in, float *out)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++)
            out[column * rows + row] = in[row * columns + column];
    }
}

int ff_export_tile(struct ff_export *export, const struct ff_exported *exported, uint32_t tile,
                   bool by_unit, const void **bytes)
{
    const struct ff_tensor *tensor = &exported->tensor;
    float *data = export->tile;
    uint32_t rows, columns;
    size_t n, good;
    int status = ff_inspect_tile(export->model, exported->layer, tensor, tile, data, &n);

    if (status != FF_OK)
        return status;
    if (by_unit && tensor->by_class) {
        float *transposed = data + export->tile_bytes / sizeof *data;

        ff_tensor_tile(tensor, tile, &rows, &columns);
        transpose(rows, columns, data, transposed);
        data = transposed;
    }
    good = ff_elements_narrow(data, n, export->opts->dtype);
    if (good < n)
        return out_of_range(export, exported, data[good]);
    *bytes = data;
    export->done += n;
    export->clock.now.layer = exported->layer;
    if (ff_clock_tick(&export->clock, export->done, NAN))
        return ff_fail(export->ctx, FF_EINTERRUPTED, "interrupted");
    return FF_OK;
}

int ff_export_put(struct ff_output *output, const void *bytes, size_t n)
{
    return fwrite(bytes, 1, n, output->file) == n ? FF_OK : ff_output_failed(output);
}
