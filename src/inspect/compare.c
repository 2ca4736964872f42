/* Comparing the tensors of two models, in the memory of a tile of each. */
#include "inspect/inspect.h"
#include "inspect/tensors.h"

#include <math.h>
#include <string.h>

struct sums {
    struct ff_tensor_difference *out;
    double squares;       /* of the differences */
    double a, b, product; /* of the squares of either tensor; of their products */
};

static void add(struct sums *sums, const float *a, const float *b, size_t n)
{
    struct ff_tensor_difference *out = sums->out;

    for (size_t i = 0; i < n; i++) {
        double x = (double)a[i], y = (double)b[i], difference = fabs(x - y);

        out->different += memcmp(&a[i], &b[i], sizeof *a) != 0;
        /* Also if the difference is NAN. */
        if (!(difference <= out->largest) && !isnan(out->largest))
            out->largest = difference;
        sums->squares += difference * difference;
        sums->a += x * x;
        sums->b += y * y;
        sums->product += x * y;
    }
    out->elements += n;
}

static int add_tiles(struct ff_model *a, struct ff_model *b, uint32_t layer,
                     const struct ff_tensor *tensor, struct sums *sums)
{
    const size_t bytes = ff_tensor_tile_bytes(tensor);
    float *from_a = ff_alloc(a->ctx, FF_MEM_WEIGHTS, bytes);
    float *from_b = ff_alloc(a->ctx, FF_MEM_WEIGHTS, bytes);
    int status = from_a && from_b ? FF_OK : ff_alloc_status(a->ctx);

    for (uint32_t tile = 0; tile < ff_tile_count(tensor->units) && status == FF_OK; tile++) {
        size_t n = 0;

        status = ff_inspect_tile(a, layer, tensor, tile, from_a, &n);
        if (status == FF_OK)
            status = ff_inspect_tile(b, layer, tensor, tile, from_b, &n);
        if (status == FF_OK)
            add(sums, from_a, from_b, n);
    }
    ff_free(a->ctx, FF_MEM_WEIGHTS, from_a, bytes);
    ff_free(a->ctx, FF_MEM_WEIGHTS, from_b, bytes);
    return status;
}

static int compare(struct ff_model *a, struct ff_model *b, const char *name,
                   struct ff_tensor_difference *out)
{
    struct ff_tensor in_a, in_b;
    struct sums sums = {.out = out};
    uint32_t layer;
    int status = ff_inspect_find(a, name, &in_a, &layer);

    if (status == FF_OK)
        status = ff_inspect_find(b, name, &in_b, &layer);
    if (status == FF_OK && (in_a.units != in_b.units || in_a.per_unit != in_b.per_unit))
        status = ff_fail(a->ctx, FF_EMISMATCH, "%s has another shape in %s than in %s", name,
                         ff_model_file_path(b->file), ff_model_file_path(a->file));
    if (status == FF_OK)
        status = add_tiles(a, b, layer, &in_a, &sums);
    if (status != FF_OK)
        return status;
    out->rms = sqrt(sums.squares / (double)out->elements);
    out->cosine = sums.product / sqrt(sums.a * sums.b);
    return FF_OK;
}

int ff_model_compare_tensor(struct ff_model *a, struct ff_model *b, const char *name,
                            struct ff_tensor_difference *out)
{
    struct ff_tensor_difference own = {.size = 0};
    int status = FF_CHECK_INFO(a, ff_tensor_difference, out);

    if (status == FF_OK)
        status = ff_inspect_again(a);
    if (status == FF_OK)
        status = ff_inspect_again(b);
    if (status == FF_OK)
        status = compare(a, b, name, &own);
    ff_model_file_unpin(a->file);
    ff_model_file_unpin(b->file);
    if (status == FF_OK)
        ff_sized_give(&own, sizeof own, out);
    return status;
}
