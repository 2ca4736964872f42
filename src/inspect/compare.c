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

/* A tensor of a layer, in either model or both. */
struct compared {
    char name[FF_TENSOR_NAME_BYTES];
    struct ff_tensor_difference difference;
};

/* The tensors of a layer in both models. */
struct pair {
    struct ff_model *a, *b;
    uint32_t layer;
    struct compared tensors[2 * FF_MAX_TENSORS];
    size_t n;
};

static struct ff_tensor_difference *add_name(struct pair *pair, const struct ff_tensor *tensor)
{
    struct compared *compared = &pair->tensors[pair->n++];

    ff_tensor_name(tensor, pair->layer, compared->name);
    compared->difference = (struct ff_tensor_difference){.name = compared->name};
    return &compared->difference;
}

/* Compares a tensor of A with the one of B of the same name. */
static int compare(struct pair *pair, const struct ff_tensor *in_a, const struct ff_tensor *in_b,
                   struct ff_tensor_difference *out)
{
    struct sums sums = {.out = out};
    int status;

    out->same_shape = in_a->units == in_b->units && in_a->per_unit == in_b->per_unit;
    if (!out->same_shape)
        return FF_OK;
    status = add_tiles(pair->a, pair->b, pair->layer, in_a, &sums);
    out->rms = sqrt(sums.squares / (double)out->elements);
    out->cosine = sums.product / sqrt(sums.a * sums.b);
    return status;
}

/* Compares, within the snapshots, the tensors of the layer, or of the heads on it. */
static int compare_layer(struct pair *pair, char kind)
{
    struct ff_tensor in_a[FF_MAX_TENSORS], in_b[FF_MAX_TENSORS];
    size_t a = ff_inspect_stored(pair->a, kind, pair->layer, in_a);
    size_t b = ff_inspect_stored(pair->b, kind, pair->layer, in_b), i;
    int status = FF_OK;

    pair->n = 0;
    for (i = 0; i < a; i++)
        add_name(pair, &in_a[i])->in_a = true;
    for (size_t j = 0; j < b && status == FF_OK; j++) {
        char name[FF_TENSOR_NAME_BYTES];

        ff_tensor_name(&in_b[j], pair->layer, name);
        for (i = 0; i < a && strcmp(pair->tensors[i].name, name) != 0;)
            i++;
        if (i < a)
            status = compare(pair, &in_a[i], &in_b[j], &pair->tensors[i].difference);
        if (i < a)
            pair->tensors[i].difference.in_b = true;
        else
            add_name(pair, &in_b[j])->in_b = true;
    }
    return status;
}

static int visit_layer(struct pair *pair, char kind,
                       int (*visit)(void *arg, const struct ff_tensor_difference *info), void *arg)
{
    int status = ff_inspect_again(pair->a);

    if (status == FF_OK)
        status = ff_inspect_again(pair->b);
    if (status == FF_OK)
        status = compare_layer(pair, kind);
    ff_model_file_unpin(pair->a->file);
    ff_model_file_unpin(pair->b->file);
    for (size_t i = 0; i < pair->n && status == FF_OK; i++)
        status = visit(arg, &pair->tensors[i].difference);
    return status;
}

int ff_model_compare(struct ff_model *a, struct ff_model *b,
                     int (*visit)(void *arg, const struct ff_tensor_difference *info), void *arg)
{
    uint32_t in_a = a->manifest.recipe.layers, in_b = b->manifest.recipe.layers;
    uint32_t layers = in_a > in_b ? in_a : in_b;
    struct pair pair = {.a = a, .b = b};
    int status = FF_OK;

    for (pair.layer = 1; pair.layer <= layers && status == FF_OK; pair.layer++)
        status = visit_layer(&pair, 'W', visit, arg);
    for (pair.layer = 1; pair.layer <= layers && status == FF_OK; pair.layer++)
        status = visit_layer(&pair, 'H', visit, arg);
    return status;
}
