/* Listing the tensors of a model file, and reading one into a caller's memory. */
#include "inspect/tensors.h"

#include <stdio.h>
#include <string.h>

/* The tensors of LAYER, or of the head on it, that there are; their number. */
static size_t list_stored(const struct ff_model *model, char kind, uint32_t layer,
                          struct ff_tensor out[FF_MAX_TENSORS])
{
    size_t n = ff_network_tensors(&model->manifest, kind, layer, true, out), stored = 0;

    for (size_t i = 0; i < n; i++) {
        if (ff_manifest_generation(&model->manifest, out[i].kind, layer) != FF_NO_GENERATION)
            out[stored++] = out[i];
    }
    return stored;
}

/* Adds the bytes of TENSOR's tiles to INFO. */
static int add_bytes(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                     struct ff_tensor_info *info)
{
    int status = FF_OK;

    for (uint32_t tile = 0; tile < info->tiles && status == FF_OK; tile++) {
        struct ff_tile_key key = ff_inspect_key(model, layer, tensor, tile);
        struct ff_value value;

        status = ff_model_file_describe(model->file, &key, &value);
        if (status == FF_OK) {
            info->raw_bytes += value.raw_bytes;
            info->stored_bytes += FF_VALUE_HEADER + value.stored_bytes;
        }
    }
    return status;
}

/* A tensor of a layer, as listed. */
struct listed {
    char name[FF_TENSOR_NAME_BYTES];
    struct ff_tensor_info info;
};

/* Lists the tensors of LAYER, or of its head, in the model as it is now; *N of them. */
static int list_layer(struct ff_model *model, char kind, uint32_t layer,
                      struct listed out[FF_MAX_TENSORS], size_t *n)
{
    struct ff_tensor tensors[FF_MAX_TENSORS];
    int status = ff_inspect_again(model);

    *n = status == FF_OK ? list_stored(model, kind, layer, tensors) : 0;
    for (size_t i = 0; i < *n && status == FF_OK; i++) {
        const struct ff_tensor *tensor = &tensors[i];
        bool is_vector = tensor->role == FF_SLOT_BIASES || tensor->role == FF_SLOT_MEANS;
        uint32_t rows, columns;

        ff_tensor_name(tensor, layer, out[i].name);
        ff_tensor_shape(tensor, &rows, &columns);
        out[i].info = (struct ff_tensor_info){.name = out[i].name,
                                              .layer = layer,
                                              .rows = rows,
                                              .columns = columns,
                                              .dimensions = is_vector ? 1 : 2,
                                              .tiles = ff_tile_count(tensor->units),
                                              .dtype = ff_dtype_name(FF_F32)};
        status = add_bytes(model, layer, tensor, &out[i].info);
    }
    ff_model_file_unpin(model->file);
    return status;
}

static int visit_layer(struct ff_model *model, char kind, uint32_t layer,
                       int (*visit)(void *arg, const struct ff_tensor_info *info), void *arg)
{
    struct listed tensors[FF_MAX_TENSORS];
    size_t n;
    int status = list_layer(model, kind, layer, tensors, &n);

    for (size_t i = 0; i < n && status == FF_OK; i++)
        status = visit(arg, &tensors[i].info);
    return status;
}

int ff_model_tensors(struct ff_model *model,
                     int (*visit)(void *arg, const struct ff_tensor_info *info), void *arg)
{
    uint32_t layers = model->manifest.recipe.layers;
    uint32_t first_head = ff_recipe_first_head(&model->manifest.recipe);
    int status = FF_OK;

    for (uint32_t layer = 1; layer <= layers && status == FF_OK; layer++)
        status = visit_layer(model, 'W', layer, visit, arg);
    for (uint32_t layer = first_head; layer >= 1 && layer <= layers && status == FF_OK; layer++)
        status = visit_layer(model, 'H', layer, visit, arg);
    return status;
}

/* Finds the tensor called NAME, and the layer that it is of. */
static bool find(const struct ff_model *model, const char *name, struct ff_tensor *out,
                 uint32_t *layer)
{
    struct ff_tensor tensors[FF_MAX_TENSORS];
    uint32_t first_head = ff_recipe_first_head(&model->manifest.recipe);
    bool head = sscanf(name, "head.%u.", layer) == 1;
    size_t n;

    if (!head && sscanf(name, "layer.%u.", layer) != 1)
        return false;
    if (*layer < 1 || *layer > model->manifest.recipe.layers ||
        (head && (first_head == 0 || *layer < first_head)))
        return false;
    n = list_stored(model, head ? 'H' : 'W', *layer, tensors);
    for (size_t i = 0; i < n; i++) {
        char of_tensor[FF_TENSOR_NAME_BYTES];

        ff_tensor_name(&tensors[i], *layer, of_tensor);
        *out = tensors[i];
        if (strcmp(name, of_tensor) == 0)
            return true;
    }
    return false;
}

/* Where the elements of a tensor go. */
struct copying {
    const struct ff_tensor *tensor;
    float *out;
};

static int copy_tile(void *arg, uint32_t tile, const float *data, size_t n)
{
    const struct copying *copying = arg;
    const struct ff_tensor *tensor = copying->tensor;
    uint32_t first, units, rows, columns;

    ff_tile_range(tensor->units, tile, &first, &units);
    ff_tensor_tile(tensor, tile, &rows, &columns);
    if (tensor->by_class) {
        for (size_t row = 0; row < rows; row++)
            memcpy(copying->out + row * tensor->units + first, data + row * columns,
                   columns * sizeof *data);
    } else {
        memcpy(copying->out + (size_t)first * tensor->per_unit, data, n * sizeof *data);
    }
    return FF_OK;
}

int ff_inspect_find(const struct ff_model *model, const char *name, struct ff_tensor *out,
                    uint32_t *layer)
{
    return find(model, name, out, layer)
               ? FF_OK
               : ff_fail(model->ctx, FF_ENOTFOUND, "%s has no tensor \"%s\"",
                         ff_model_file_path(model->file), name);
}

static int read_tensor(struct ff_model *model, const char *name, float *out, size_t elements)
{
    struct ff_tensor tensor;
    struct copying copying = {&tensor, out};
    uint32_t layer;
    int status = ff_inspect_find(model, name, &tensor, &layer);

    if (status != FF_OK)
        return status;
    if (elements != (size_t)tensor.units * tensor.per_unit)
        return ff_fail(model->ctx, FF_EINVAL, "%s: %s has %zu elements, not %zu",
                       ff_model_file_path(model->file), name,
                       (size_t)tensor.units * tensor.per_unit, elements);
    return ff_inspect_each_tile(model, layer, &tensor, copy_tile, &copying);
}

int ff_model_read_tensor(struct ff_model *model, const char *name, float *out, size_t elements)
{
    int status = ff_inspect_again(model);

    if (status == FF_OK)
        status = read_tensor(model, name, out, elements);
    ff_model_file_unpin(model->file);
    return status;
}
