/* Reading tensors out of a model file, tile by tile. */
#include "inspect/inspect.h"

struct ff_tile_key ff_inspect_key(const struct ff_model *model, uint32_t layer,
                                  const struct ff_tensor *tensor, uint32_t tile)
{
    uint64_t generation = ff_manifest_generation(&model->manifest, tensor->kind, layer);

    return (struct ff_tile_key){tensor->kind, layer, generation, tensor->slot, tile};
}

int ff_inspect_tile(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                    uint32_t tile, float *buffer, size_t *n)
{
    struct ff_tile_key key = ff_inspect_key(model, layer, tensor, tile);
    uint32_t rows, columns;

    ff_tensor_tile(tensor, tile, &rows, &columns);
    *n = (size_t)rows * columns;
    return ff_model_file_get(model->file, &key, rows, columns, buffer);
}

int ff_inspect_each_tile(struct ff_model *model, uint32_t layer, const struct ff_tensor *tensor,
                         int (*visit)(void *arg, uint32_t tile, const float *data, size_t n),
                         void *arg)
{
    float *buffer = ff_alloc(model->ctx, FF_MEM_WEIGHTS, ff_tensor_tile_bytes(tensor));
    int status = buffer ? FF_OK : ff_alloc_status(model->ctx);

    for (uint32_t tile = 0; tile < ff_tile_count(tensor->units) && status == FF_OK; tile++) {
        size_t n;

        status = ff_inspect_tile(model, layer, tensor, tile, buffer, &n);
        if (status == FF_OK)
            status = visit(arg, tile, buffer, n);
    }
    ff_free(model->ctx, FF_MEM_WEIGHTS, buffer, ff_tensor_tile_bytes(tensor));
    return status;
}
