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

/* A unit, from 0, and the squared norm of its weights. */
struct strength {
    uint32_t unit;
    double norm;
};

static int read_weights(const struct cli *cli, struct ff_model *model, uint32_t layer,
                        struct matrix *out)
{
    struct ff_layer_info info = {.size = sizeof info};
    char name[32];
    int status = ff_model_layer(model, layer, &info);

    *out = (struct matrix){.values = NULL};
    if (status != FF_OK)
        return report_status(cli, status);
    *out = (struct matrix){.rows = info.units, .columns = info.fan_in};
    out->values = heap_resize(NULL, out->rows * out->columns, sizeof *out->values);
    snprintf(name, sizeof name, "layer.%u.weights", layer);
    return report_status(cli,
                         ff_model_read_tensor(model, name, out->values, out->rows * out->columns));
}

/* By norm, the largest first; units of the same one in their order. */
static int compare(const void *left, const void *right)
{
    const struct strength *a = left, *b = right;

    if (a->norm != b->norm)
        return a->norm > b->norm ? -1 : 1;
    return a->unit < b->unit ? -1 : a->unit > b->unit;
}

/* Keeps the strongest rows of WEIGHTS, and sets their NUMBERS, from 1. */
static void keep_strongest(struct matrix *weights, uint32_t numbers[FILTERS_MOST])
{
    size_t n = weights->rows < FILTERS_MOST ? weights->rows : FILTERS_MOST;
    struct strength *order = heap_resize(NULL, weights->rows, sizeof *order);
    float *kept = heap_resize(NULL, n * weights->columns, sizeof *kept);

    for (size_t i = 0; i < weights->rows; i++) {
        double norm = 0;

        for (size_t j = 0; j < weights->columns; j++)
            norm += pow((double)weights->values[i * weights->columns + j], 2);
        order[i] = (struct strength){(uint32_t)i, isfinite(norm) ? norm : 0};
    }
    qsort(order, weights->rows, sizeof *order, compare);
    for (size_t i = 0; i < n; i++) {
        memcpy(kept + i * weights->columns, weights->values + order[i].unit * weights->columns,
               weights->columns * sizeof *kept);
        numbers[i] = order[i].unit + 1;
    }
    free(order);
    free(weights->values);
    weights->values = kept;
    weights->rows = n;
}

/* UPPER becomes UPPER times LOWER. */
static void multiply(struct matrix *upper, const struct matrix *lower)
{
    float *product = heap_resize(NULL, upper->rows * lower->columns, sizeof *product);

    memset(product, 0, upper->rows * lower->columns * sizeof *product);
    for (size_t i = 0; i < upper->rows; i++)
        for (size_t k = 0; k < lower->rows; k++) {
            float factor = upper->values[i * upper->columns + k];

            for (size_t j = 0; j < lower->columns; j++)
                product[i * lower->columns + j] += factor * lower->values[k * lower->columns + j];
        }
    free(upper->values);
    *upper = (struct matrix){upper->rows, lower->columns, product};
}

/* The weights of the strongest units of LAYER, down to the pixels. */
static int read_filters(const struct cli *cli, struct ff_model *model, uint32_t layer,
                        struct matrix *filters, uint32_t numbers[FILTERS_MOST])
{
    int result = read_weights(cli, model, layer, filters);

    if (result == EXIT_DONE)
        keep_strongest(filters, numbers);
    while (result == EXIT_DONE && --layer > 0) {
        struct matrix lower;

        result = read_weights(cli, model, layer, &lower);
        if (result == EXIT_DONE)
            multiply(filters, &lower);
        free(lower.values);
    }
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
