#include "naive/backprop.h"
#include "naive/conditioned.h"

#include "model/manifest.h"
#include "model/workers.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDX_FLOAT 0x0d

void *naive_alloc(size_t count, size_t size)
{
    void *out = calloc(count ? count : 1, size);

    ck_assert_ptr_nonnull(out);
    return out;
}

/* ---- Data ---- */

static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Reads a whole IDX file; the elements begin behind its axes. */
static unsigned char *read_idx(const char *directory, const char *split, const char *rest,
                               size_t *size)
{
    char path[4096];
    unsigned char *bytes;
    FILE *file;

    ck_assert_int_lt(snprintf(path, sizeof path, "%s/%s-%s", directory, split, rest),
                     (int)sizeof path);
    file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = naive_alloc(*size, 1);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

void naive_data_measure(struct naive_data *data, size_t n, const size_t *rows)
{
    size_t features = data->features;

    data->mean = data->deviation = 0;
    for (size_t i = 0; i < n * features; i++)
        data->mean += data->values[rows[i / features] * features + i % features];
    data->mean /= (double)(n * features);
    for (size_t i = 0; i < n * features; i++)
        data->deviation +=
            pow(data->values[rows[i / features] * features + i % features] - data->mean, 2);
    data->deviation = sqrt(data->deviation / (double)(n * features));
}

/* The moments of all rows. */
static void measure(struct naive_data *data)
{
    size_t *rows = naive_alloc(data->rows, sizeof *rows);

    for (size_t row = 0; row < data->rows; row++)
        rows[row] = row;
    naive_data_measure(data, data->rows, rows);
    free(rows);
}

void naive_data_read(const char *directory, const char *split, uint32_t classes,
                     struct naive_data *out)
{
    size_t image_bytes, label_bytes, offset, n;
    unsigned char *images = read_idx(directory, split, "images-idx3-ubyte", &image_bytes);
    unsigned char *labels = read_idx(directory, split, "labels-idx1-ubyte", &label_bytes);
    size_t element = images[2] == IDX_FLOAT ? 4 : 1;

    *out = (struct naive_data){.rows = be32(images + 4), .classes = classes};
    offset = 4 + 4 * (size_t)images[3];
    out->height = be32(images + 8);
    out->width = be32(images + 12);
    n = (image_bytes - offset) / element;
    out->features = (uint32_t)(n / out->rows);
    out->values = naive_alloc(n, sizeof *out->values);
    out->labels = naive_alloc(out->rows, sizeof *out->labels);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = element == 4 ? be32(images + offset + 4 * i) : 0;
        float value;

        memcpy(&value, &bits, sizeof value);
        out->values[i] = element == 4 ? (double)value : images[offset + i] / 255.0;
    }
    for (size_t row = 0; row < out->rows; row++)
        out->labels[row] = labels[8 + row];
    out->is_float = element == 4;
    measure(out);
    free(images);
    free(labels);
}

void naive_data_limit(struct naive_data *data, size_t n)
{
    struct ff_permutation order =
        ff_permutation_make(ff_rng_make(0, FF_RNG_SAMPLE, 0, 0), data->rows);
    size_t kept = 0;

    for (size_t row = 0; row < data->rows; row++) {
        if (ff_permutation_at(&order, row) >= n)
            continue;
        memmove(data->values + kept * data->features, data->values + row * data->features,
                data->features * sizeof *data->values);
        data->labels[kept++] = data->labels[row];
    }
    data->rows = kept;
    measure(data);
}

void naive_data_release(struct naive_data *data)
{
    free(data->values);
    free(data->labels);
}

/* ---- One row through a layer ---- */

bool naive_is_unsupervised(const struct ff_recipe *recipe)
{
    return strcmp(recipe->label_embedding, "none") == 0;
}

bool naive_is_label_free(const struct ff_recipe *recipe)
{
    return naive_is_conditioned(recipe) || naive_is_unsupervised(recipe);
}

/* Inputs of layer 1 that the label adds in front: 0 if it replaces some, or is not there. */
static uint32_t embedded_inputs(const struct ff_recipe *recipe, const struct naive_data *data)
{
    bool append = !naive_is_backprop(recipe) && strcmp(recipe->label_embedding, "append") == 0;

    return append && !naive_is_label_free(recipe) ? data->classes : 0;
}

bool naive_is_hard(const struct ff_recipe *recipe)
{
    return !naive_is_label_free(recipe) && strcmp(recipe->negatives, "hard") == 0;
}

uint32_t naive_inputs(const struct ff_recipe *recipe, const struct naive_data *data)
{
    return naive_encoded(data) + embedded_inputs(recipe, data);
}

void naive_normalise(size_t n, double *y)
{
    double sum = 0;

    for (size_t j = 0; j < n; j++)
        sum += y[j] * y[j];
    for (size_t j = 0; j < n; j++)
        y[j] *= sqrt((double)n) / (sqrt(sum) + 1e-6);
}

uint32_t naive_encoded(const struct naive_data *data)
{
    return data->features + data->is_float;
}

void naive_encode(const struct naive_data *data, const double *values, double *out)
{
    for (uint32_t j = 0; j < data->features; j++)
        out[j] = data->is_float ? (double)(float)((values[j] - data->mean) * (1 / data->deviation))
                                : values[j];
    if (data->is_float)
        out[data->features] = 1;
}

void naive_embed_values(const struct ff_recipe *recipe, const struct naive_data *data,
                        const double *values, uint32_t label, double *out)
{
    uint32_t added = embedded_inputs(recipe, data);

    naive_encode(data, values, out + added);
    for (uint32_t c = 0; c < data->classes && !naive_is_label_free(recipe); c++) {
        out[c] = c == label ? recipe->label_strength : 0;
        if (label == NAIVE_NEUTRAL)
            out[c] = recipe->label_strength / data->classes;
    }
    naive_normalise(naive_inputs(recipe, data), out);
}

void naive_embed(const struct ff_recipe *recipe, const struct naive_data *data, size_t row,
                 uint32_t label, double *out)
{
    naive_embed_values(recipe, data, data->values + row * data->features, label, out);
}

double naive_forward(const struct oracle_layer *layer, const double *x, double *y)
{
    double sum = 0;

    for (size_t j = 0; j < layer->units; j++) {
        double z = layer->b[j];

        for (size_t k = 0; k < layer->fan_in; k++)
            z += layer->w[j * layer->fan_in + k] * x[k];
        y[j] = z > 0 ? z : 0;
        sum += y[j] * y[j];
    }
    return sum / (double)layer->units;
}

void naive_add_logits(const struct oracle_layer *head, const double *x, double *logits)
{
    for (size_t c = 0; c < head->units; c++) {
        logits[c] += head->b[c];
        for (size_t k = 0; k < head->fan_in; k++)
            logits[c] += head->w[c * head->fan_in + k] * x[k];
    }
}

static size_t widest(const struct naive_network *network)
{
    size_t most = network->inputs;

    for (uint32_t k = 0; k < network->layers; k++)
        most = network->layer[k].units > most ? network->layer[k].units : most;
    return most + network->label_inputs;
}

/* The inputs X of layer K become what it passes on, scaled. Y is room. */
static void pass_on(const struct naive_network *network, const struct ff_recipe *recipe, uint32_t k,
                    double *x, double *y)
{
    const struct oracle_layer *layer = &network->layer[k];

    naive_pass_on(recipe, network->label_inputs, layer, x, y);
    naive_normalise(layer->units, y);
    memcpy(x, y, layer->units * sizeof *x);
}

void naive_goodness(const struct naive_network *network, const struct ff_recipe *recipe,
                    const struct naive_data *data, size_t row, uint32_t label, double *out)
{
    double *x = naive_alloc(2 * widest(network), sizeof *x), *y = x + widest(network);

    naive_embed(recipe, data, row, label, x);
    for (uint32_t k = 0; k < network->layers; k++) {
        const struct oracle_layer *layer = &network->layer[k];

        naive_set_label(recipe, network->label_inputs, layer->fan_in - network->label_inputs, label,
                        x);
        out[k] = naive_forward(layer, x, y);
        pass_on(network, recipe, k, x, y);
    }
    free(x);
}

void naive_logits(const struct naive_network *network, const struct ff_recipe *recipe,
                  const struct naive_data *data, size_t row, double *out)
{
    double *x = naive_alloc(2 * widest(network), sizeof *x), *y = x + widest(network);

    memset(out, 0, data->classes * sizeof *out);
    naive_embed(recipe, data, row, NAIVE_NEUTRAL, x);
    for (uint32_t k = 0; k < network->layers; k++) {
        pass_on(network, recipe, k, x, y);
        if (network->first_head && k + 1 >= network->first_head && network->head[k].w)
            naive_add_logits(&network->head[k], x, out);
    }
    free(x);
}

/* ---- The network ---- */

void naive_layer_init(struct oracle_layer *layer, size_t fan_in, size_t units)
{
    layer->fan_in = fan_in;
    layer->units = units;
    layer->w = naive_alloc(units * fan_in, sizeof *layer->w);
    layer->b = naive_alloc(units, sizeof *layer->b);
}

void naive_init(struct naive_network *out, const struct ff_recipe *recipe, uint32_t layers,
                const struct naive_data *data)
{
    *out = (struct naive_network){
        .layers = layers,
        .inputs = naive_inputs(recipe, data),
        .label_inputs = naive_conditions(recipe, data->classes),
    };
    if (naive_is_backprop(recipe))
        out->first_head = recipe->layers;
    else if (recipe->head_epochs > 0)
        out->first_head = recipe->layers > 1 ? 2 : 1;
    out->layer = naive_alloc(recipe->layers, sizeof *out->layer);
    out->head = naive_alloc(recipe->layers, sizeof *out->head);
}

void naive_release(struct naive_network *network)
{
    for (uint32_t k = 0; k < network->layers; k++) {
        free(network->layer[k].w);
        free(network->layer[k].b);
        free(network->head[k].w);
        free(network->head[k].b);
    }
    free(network->layer);
    free(network->head);
    free(network->epochs);
    free(network->final);
}

void naive_copy(const struct ff_layer *layer, struct oracle_layer *out)
{
    naive_layer_init(out, (size_t)layer->fan_in + layer->classes, layer->units);
    for (uint32_t j = 0; j < layer->units; j++) {
        uint32_t first, count, tile = j / layer->tile_units;
        double *w = out->w + j * out->fan_in;

        ff_tile_range(layer->units, tile, &first, &count);
        for (size_t k = 0; k < layer->fan_in; k++)
            w[k] = (double)layer->weights[j * layer->fan_in + k];
        for (size_t c = 0; c < layer->classes; c++)
            w[layer->fan_in + c] = (double)ff_layer_label_tile(layer, layer->label_weights,
                                                               tile)[c * count + j - first];
        out->b[j] = (double)layer->biases[j];
    }
}

static void read_layer(struct ff_ctx *ctx, struct ff_model_file *file, char kind, uint32_t number,
                       uint64_t generation, const struct ff_layer *shape, struct oracle_layer *out)
{
    struct ff_layer layer;
    struct ff_workers workers = {.ctx = ctx};
    int status = ff_layer_init_paged(&layer, &workers, shape, NULL, NULL);

    if (status == FF_OK)
        status = ff_layer_load(&layer, file, kind, number, generation, false);
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    naive_copy(&layer, out);
    ff_layer_release(&layer);
}

static void read_layers(struct ff_ctx *ctx, struct ff_model_file *file,
                        const struct ff_manifest *manifest, struct naive_network *out)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    struct naive_data shape = {.features = manifest->features, .classes = manifest->classes};

    naive_init(out, recipe, ff_manifest_layers_trained(manifest), &shape);
    for (uint32_t k = 0; k < out->layers; k++) {
        struct ff_layer layer = ff_layer_of(manifest, k + 1, 0);
        struct ff_layer head = ff_layer_shape(layer.units, manifest->classes, 0);

        read_layer(ctx, file, 'W', k + 1, ff_generation_final(manifest->mark.sweep), &layer,
                   &out->layer[k]);
        if (!out->first_head || k + 1 < out->first_head ||
            k + 1 > ff_manifest_heads_trained(manifest))
            continue;
        read_layer(ctx, file, 'H', k + 1, FF_GENERATION_FINAL, &head, &out->head[k]);
    }
}

void naive_read(const char *model, struct naive_network *out)
{
    struct ff_model_file *file;
    struct ff_manifest manifest;
    struct ff_ctx *ctx;
    char *text;
    size_t size;
    int status;

    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    status = ff_model_file_open(ctx, model, FF_MODEL_READ, &file);
    if (status == FF_OK)
        status = ff_model_file_manifest(file, &text, &size);
    if (status == FF_OK)
        status = ff_manifest_read(ctx, model, text, &manifest);
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    read_layers(ctx, file, &manifest, out);
    ff_free(ctx, FF_MEM_OTHER, text, size);
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
    ff_ctx_free(ctx);
}
