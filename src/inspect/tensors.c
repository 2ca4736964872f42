/* Listing the tensors of a model file, and reading one into a caller's memory. */
#include "inspect/tensors.h"

#include <stdio.h>
#include <string.h>

static bool has_part(const struct ff_recipe *recipe, char kind, uint32_t layer)
{
    uint32_t first_head = ff_recipe_first_head(recipe);

    if (layer < 1 || layer > recipe->layers)
        return false;
    return !ff_is_head_kind(kind) || (first_head > 0 && layer >= first_head);
}

size_t ff_inspect_stored(const struct ff_model *model, char kind, uint32_t layer,
                         struct ff_tensor out[FF_MAX_TENSORS])
{
    const struct ff_manifest *manifest = &model->manifest;
    size_t n = 0, stored = 0;

    if (has_part(&manifest->recipe, kind, layer))
        n = ff_network_tensors(manifest, kind, layer, true, out);
    for (size_t i = 0; i < n; i++) {
        if (ff_manifest_generation(manifest, out[i].kind, layer) != FF_NO_GENERATION)
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

    *n = status == FF_OK ? ff_inspect_stored(model, kind, layer, tensors) : 0;
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
    int status = FF_OK;

    for (uint32_t layer = 1; layer <= layers && status == FF_OK; layer++)
        status = visit_layer(model, 'W', layer, visit, arg);
    for (uint32_t layer = 1; layer <= layers && status == FF_OK; layer++)
        status = visit_layer(model, 'H', layer, visit, arg);
    return status;
}

/* Finds, within the snapshot, the tensor called NAME, and the layer that it is of. */
static bool find(const struct ff_model *model, const char *name, struct ff_tensor *out,
                 uint32_t *layer)
{
    struct ff_tensor tensors[FF_MAX_TENSORS];
    bool head = sscanf(name, "head.%u.", layer) == 1;
    size_t n;

    if (!head && sscanf(name, "layer.%u.", layer) != 1)
        return false;
    n = ff_inspect_stored(model, head ? 'H' : 'W', *layer, tensors);
    for (size_t i = 0; i < n; i++) {
        char of_tensor[FF_TENSOR_NAME_BYTES];

        ff_tensor_name(&tensors[i], *layer, of_tensor);
        *out = tensors[i];
        if (strcmp(name, of_tensor) == 0)
            return true;
    }
    return false;
}

/* Rows of a tensor, and where they go. */
struct reading {
    const struct ff_tensor *tensor;
    uint64_t first, rows;
    float *out; /* (rows, columns of the tensor) */
};

/* Whether TILE has elements of the rows: of label weights, whose tiles are columns, each has. */
static bool meets(const struct reading *reading, uint32_t tile)
{
    uint32_t first, units;

    ff_tile_range(reading->tensor->units, tile, &first, &units);
    return reading->tensor->by_class ||
           (first < reading->first + reading->rows && reading->first < (uint64_t)first + units);
}

/* Copies the rows' part of a TILE with the elements DATA, (rows, columns) of the tile. */
static void copy_tile(const struct reading *reading, uint32_t tile, const float *data)
{
    const struct ff_tensor *tensor = reading->tensor;
    const uint64_t end = reading->first + reading->rows;
    uint32_t first, units, rows, columns, all, stride;
    /* Of DATA's first element in the tensor. */
    uint64_t row, column;

    ff_tile_range(tensor->units, tile, &first, &units);
    ff_tensor_tile(tensor, tile, &rows, &columns);
    ff_tensor_shape(tensor, &all, &stride);
    row = tensor->by_class ? 0 : first;
    column = tensor->by_class ? first : 0;
    for (uint32_t i = 0; i < rows; i++) {
        if (row + i >= reading->first && row + i < end)
            memcpy(reading->out + (row + i - reading->first) * stride + column,
                   data + (size_t)i * columns, columns * sizeof *data);
    }
}

static int read_tiles(struct ff_model *model, uint32_t layer, const struct reading *reading)
{
    const struct ff_tensor *tensor = reading->tensor;
    const size_t bytes = ff_tensor_tile_bytes(tensor);
    float *buffer = ff_alloc(model->ctx, FF_MEM_WEIGHTS, bytes);
    int status = buffer ? FF_OK : ff_alloc_status(model->ctx);

    for (uint32_t tile = 0; tile < ff_tile_count(tensor->units) && status == FF_OK; tile++) {
        size_t n;

        if (!meets(reading, tile))
            continue;
        status = ff_inspect_tile(model, layer, tensor, tile, buffer, &n);
        if (status == FF_OK)
            copy_tile(reading, tile, buffer);
    }
    ff_free(model->ctx, FF_MEM_WEIGHTS, buffer, bytes);
    return status;
}

static int find_tensor(const struct ff_model *model, const char *name, struct ff_tensor *out,
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
    struct reading reading = {.tensor = &tensor, .out = out};
    uint32_t layer, rows, columns;
    int status = find_tensor(model, name, &tensor, &layer);

    if (status != FF_OK)
        return status;
    ff_tensor_shape(&tensor, &rows, &columns);
    reading.rows = rows;
    if (elements != (size_t)rows * columns)
        return ff_fail(model->ctx, FF_EINVAL, "%s: %s has %zu elements, not %zu",
                       ff_model_file_path(model->file), name, (size_t)rows * columns, elements);
    return read_tiles(model, layer, &reading);
}

int ff_model_read_tensor(struct ff_model *model, const char *name, float *out, size_t elements)
{
    int status = ff_inspect_again(model);

    if (status == FF_OK)
        status = read_tensor(model, name, out, elements);
    ff_model_file_unpin(model->file);
    return status;
}

static int read_rows(struct ff_model *model, const char *name, uint64_t first, uint64_t n,
                     float *out)
{
    struct ff_tensor tensor;
    struct reading reading = {.tensor = &tensor, .first = first, .rows = n, .out = out};
    uint32_t layer, rows, columns;
    int status = find_tensor(model, name, &tensor, &layer);

    if (status != FF_OK)
        return status;
    ff_tensor_shape(&tensor, &rows, &columns);
    if (first > rows || n > rows - first)
        return ff_fail(model->ctx, FF_EINVAL, "%s: %s has %u rows, no %llu from row %llu on",
                       ff_model_file_path(model->file), name, rows, (unsigned long long)n,
                       (unsigned long long)first);
    return read_tiles(model, layer, &reading);
}

int ff_model_read_rows(struct ff_model *model, const char *name, uint64_t first, uint64_t n,
                       float *out)
{
    int status = ff_inspect_again(model);

    if (status == FF_OK)
        status = read_rows(model, name, first, n, out);
    ff_model_file_unpin(model->file);
    return status;
}
