#include "views/filters.h"
#include "common/heap.h"
#include "figures/filters.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weights, (rows, columns). */
struct matrix {
    size_t rows, columns;
    float *values;
};

/* A unit, from 0, the squared norm of its weights, and its row among those kept. */
struct strength {
    uint32_t unit;
    double norm;
    size_t row;
};

/* The weights of a layer, of which a block of rows, a tile, is read at a time. */
struct weights {
    struct ff_model *model;
    char name[32];
    size_t rows, columns;
    struct matrix block;
};

static int begin_weights(const struct cli *cli, struct ff_model *model, uint32_t layer,
                         struct weights *out)
{
    struct ff_layer_info info = {.size = sizeof info};
    int status = ff_model_layer(model, layer, &info);

    *out = (struct weights){.model = model, .rows = info.units, .columns = info.fan_in};
    if (status != FF_OK)
        return report_status(cli, status);
    if (info.state == FF_LAYER_WAITING)
        return report_failure(cli, "layer %u is not trained yet", layer);
    snprintf(out->name, sizeof out->name, "layer.%u.weights", layer);
    out->block = (struct matrix){.rows = info.tile_units, .columns = info.fan_in};
    out->block.values = heap_resize(NULL, out->block.rows * info.fan_in, sizeof(float));
    return EXIT_DONE;
}

/* Reads the block that begins with row FIRST. */
static int read_block(struct weights *weights, size_t first)
{
    struct matrix *block = &weights->block;

    if (block->rows > weights->rows - first)
        block->rows = weights->rows - first;
    return ff_model_read_rows(weights->model, weights->name, first, block->rows, block->values);
}

/* By norm, the largest first; units of the same one in their order. */
static int compare(const void *left, const void *right)
{
    const struct strength *a = left, *b = right;

    if (a->norm != b->norm)
        return a->norm > b->norm ? -1 : 1;
    return a->unit < b->unit ? -1 : a->unit > b->unit;
}

/* The strongest units so far, their weights among KEPT, which has a row for each. */
struct strongest {
    struct strength units[FILTERS_MOST];
    size_t n;
    struct matrix kept;
};

/* Keeps UNIT if it is stronger than another one, or there is room. */
static void keep(struct strongest *strongest, uint32_t unit, const float *weights)
{
    const size_t columns = strongest->kept.columns;
    struct strength strength = {.unit = unit}, *weakest = &strongest->units[0];

    for (size_t j = 0; j < columns; j++)
        strength.norm += (double)weights[j] * (double)weights[j];
    strength.norm = isfinite(strength.norm) ? strength.norm : 0;
    for (size_t i = 1; i < strongest->n; i++)
        if (compare(&strongest->units[i], weakest) > 0)
            weakest = &strongest->units[i];
    if (strongest->n < strongest->kept.rows) {
        weakest = &strongest->units[strongest->n];
        weakest->row = strongest->n++;
    } else if (compare(&strength, weakest) > 0) {
        return;
    }
    strength.row = weakest->row;
    *weakest = strength;
    memcpy(strongest->kept.values + strength.row * columns, weights, columns * sizeof *weights);
}

/* Sets OUT to the rows kept, in the order of strength, and NUMBERS to their units, from 1. */
static void sort_strongest(struct strongest *strongest, struct matrix *out,
                           uint32_t numbers[FILTERS_MOST])
{
    const size_t columns = strongest->kept.columns;

    *out = (struct matrix){.rows = strongest->n, .columns = columns};
    out->values = heap_resize(NULL, strongest->n * columns, sizeof *out->values);
    qsort(strongest->units, strongest->n, sizeof *strongest->units, compare);
    for (size_t i = 0; i < strongest->n; i++) {
        memcpy(out->values + i * columns,
               strongest->kept.values + strongest->units[i].row * columns,
               columns * sizeof *out->values);
        numbers[i] = strongest->units[i].unit + 1;
    }
}

static int read_strongest(const struct cli *cli, struct ff_model *model, uint32_t layer,
                          struct matrix *out, uint32_t numbers[FILTERS_MOST])
{
    struct strongest strongest = {.n = 0};
    struct weights weights;
    int status = FF_OK, result = begin_weights(cli, model, layer, &weights);

    *out = (struct matrix){.values = NULL};
    if (result != EXIT_DONE)
        return result;
    strongest.kept = (struct matrix){
        .rows = weights.rows < FILTERS_MOST ? weights.rows : FILTERS_MOST,
        .columns = weights.columns,
    };
    strongest.kept.values = heap_resize(NULL, strongest.kept.rows * weights.columns, sizeof(float));
    for (size_t first = 0; first < weights.rows && status == FF_OK; first += weights.block.rows) {
        status = read_block(&weights, first);
        for (size_t i = 0; i < weights.block.rows && status == FF_OK; i++)
            keep(&strongest, (uint32_t)(first + i), weights.block.values + i * weights.columns);
    }
    if (status == FF_OK)
        sort_strongest(&strongest, out, numbers);
    free(strongest.kept.values);
    free(weights.block.values);
    return report_status(cli, status);
}

/* Adds to PRODUCT the columns of UPPER from FIRST on times the rows of LOWER. */
static void add_product(const struct matrix *upper, size_t first, const struct matrix *lower,
                        struct matrix *product)
{
    for (size_t i = 0; i < upper->rows; i++)
        for (size_t k = 0; k < lower->rows; k++) {
            float factor = upper->values[i * upper->columns + first + k];

            for (size_t j = 0; j < lower->columns; j++)
                product->values[i * lower->columns + j] +=
                    factor * lower->values[k * lower->columns + j];
        }
}

/* FILTERS becomes FILTERS times the weights of LAYER. */
static int multiply(const struct cli *cli, struct ff_model *model, uint32_t layer,
                    struct matrix *filters)
{
    struct weights lower;
    struct matrix product;
    int status = FF_OK, result = begin_weights(cli, model, layer, &lower);

    if (result != EXIT_DONE)
        return result;
    product = (struct matrix){.rows = filters->rows, .columns = lower.columns};
    product.values = heap_resize(NULL, product.rows * product.columns, sizeof *product.values);
    memset(product.values, 0, product.rows * product.columns * sizeof *product.values);
    for (size_t first = 0; first < lower.rows && status == FF_OK; first += lower.block.rows) {
        status = read_block(&lower, first);
        if (status == FF_OK)
            add_product(filters, first, &lower.block, &product);
    }
    free(lower.block.values);
    free(filters->values);
    *filters = product;
    return report_status(cli, status);
}

/* The weights of the strongest units of LAYER, down to the pixels. */
static int read_filters(const struct cli *cli, struct ff_model *model, uint32_t layer,
                        struct matrix *filters, uint32_t numbers[FILTERS_MOST])
{
    int result = read_strongest(cli, model, layer, filters, numbers);

    while (result == EXIT_DONE && --layer > 0)
        result = multiply(cli, model, layer, filters);
    return result;
}

int inspect_write_filters(const struct cli *cli, struct ff_model *model, const char *name,
                          uint32_t layer, struct gnuplot *out)
{
    struct ff_model_info info = {.size = sizeof info};
    uint32_t numbers[FILTERS_MOST];
    struct matrix filters;
    int result = report_status(cli, ff_model_info(model, &info));

    if (result != EXIT_DONE)
        return result;
    if (info.height == 0)
        return report_failure(cli, "%s: its samples are not images; there are no filters to draw",
                              name);
    result = read_filters(cli, model, layer, &filters, numbers);
    if (result == EXIT_DONE)
        filters_write(out, &(struct filters){.name = name,
                                             .layer = layer,
                                             .units = ff_recipe_units(info.recipe, layer),
                                             .n = (uint32_t)filters.rows,
                                             .numbers = numbers,
                                             .height = info.height,
                                             .width = info.width,
                                             .channels = info.channels,
                                             .planar = info.planar,
                                             .weights = filters.values,
                                             .stride = filters.columns});
    free(filters.values);
    return result;
}
