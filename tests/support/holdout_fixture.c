#include "support/holdout_fixture.h"
#include "support/naive_streams.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void holdout_setup(void)
{
    training_begin(HOLDOUT_ROWS, "24x4");
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
}

void choose(int kind)
{
    train_named(kind ? "symba" : "conditioned", &recipe);
    if (kind) {
        recipe.negatives = "hard";
        recipe.negative_sets = FF_UNSET;
    }
    recipe.activations = "f32";
    recipe.jitter = 1;
    recipe.validation = HOLDOUT_SHARE;
}

static void score_row(const struct naive_network *network, const struct naive_data *data,
                      size_t row, struct scored *out)
{
    for (uint32_t c = 0; c < TRAIN_CLASSES; c++)
        naive_goodness(network, &recipe, data, row, c,
                       out->goodness + (out->rows * TRAIN_CLASSES + c) * HOLDOUT_LAYERS);
    out->labels[out->rows++] = data->labels[row];
}

struct scored score(const char *split)
{
    bool all = strcmp(split, "train") != 0;
    struct scored out = {.labels = naive_alloc(HOLDOUT_ROWS, sizeof *out.labels)};
    struct naive_network network;
    struct naive_streams streams;
    struct naive_data data;

    out.goodness =
        naive_alloc((size_t)HOLDOUT_ROWS * TRAIN_CLASSES * HOLDOUT_LAYERS, sizeof *out.goodness);
    naive_read(opts.model, &network);
    naive_data_read(opts.data.path, split, TRAIN_CLASSES, &data);
    naive_streams_init(&streams, &recipe, &data);
    for (size_t place = all ? 0 : streams.learned; place < data.rows; place++)
        score_row(&network, &data, all ? place : streams.row_at[place], &out);
    naive_streams_release(&streams);
    naive_data_release(&data);
    naive_release(&network);
    return out;
}

void scored_release(struct scored *scored)
{
    free(scored->labels);
    free(scored->goodness);
}

void sum_range(const struct scored *scored, size_t row, uint32_t first, uint32_t last, double *out)
{
    for (size_t c = 0; c < TRAIN_CLASSES; c++) {
        const double *goodness = scored->goodness + (row * TRAIN_CLASSES + c) * HOLDOUT_LAYERS;

        out[c] = 0;
        for (uint32_t layer = first; layer <= last; layer++)
            out[c] += goodness[layer - 1];
    }
}

double count_wrong(const struct scored *scored, uint32_t first, uint32_t last, double *unsure)
{
    double wrong = 0, sums[TRAIN_CLASSES];

    *unsure = 0;
    for (size_t row = 0; row < scored->rows; row++) {
        uint16_t truth = scored->labels[row];
        double others = -INFINITY;

        sum_range(scored, row, first, last, sums);
        for (size_t c = 0; c < TRAIN_CLASSES; c++)
            others = c != truth ? fmax(others, sums[c]) : others;
        wrong += others > sums[truth];
        *unsure += fabs(others - sums[truth]) <= 1e-4 * (1 + fabs(sums[truth]));
    }
    return wrong;
}

void probabilities(const double *sums, uint32_t layers, double temperature, double *p)
{
    double scale = recipe.goodness_scale / layers / temperature, sum = 0;

    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        sum += exp(scale * (sums[c] - sums[0]));
    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        p[c] = exp(scale * (sums[c] - sums[0])) / sum;
}

double cross_entropy(const struct scored *scored, uint32_t first, uint32_t last, double temperature)
{
    double sum = 0, sums[TRAIN_CLASSES], p[TRAIN_CLASSES];

    for (size_t row = 0; row < scored->rows; row++) {
        sum_range(scored, row, first, last, sums);
        probabilities(sums, last - first + 1, temperature, p);
        sum -= log(p[scored->labels[row]]);
    }
    return sum / (double)scored->rows;
}

void ck_ok(int status)
{
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
}

struct ff_range_choice read_model(float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS])
{
    struct ff_range_choice choice;
    struct ff_model_file *file;
    struct ff_manifest manifest;

    ck_ok(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file));
    ck_ok(ff_manifest_load(ctx, file, &manifest));
    for (uint32_t layer = 1; layer <= HOLDOUT_LAYERS; layer++) {
        struct ff_tile_key key = {'S', layer, FF_GENERATION_FINAL, 0, 0};

        ck_ok(ff_model_file_get(file, &key, 1, FF_LAYER_METRICS, metrics[layer - 1]));
    }
    choice = manifest.choice;
    ff_manifest_release(&manifest);
    ff_model_file_close(file);
    return choice;
}

double error_of(float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS], uint32_t first, uint32_t last)
{
    return (double)metrics[last - 1][FF_METRIC_HELD_OUT_ERROR + first - 1];
}

double temperature_of(float metrics[HOLDOUT_LAYERS][FF_LAYER_METRICS], uint32_t first,
                      uint32_t last)
{
    return (double)metrics[last - 1][FF_METRIC_TEMPERATURE + first - 1];
}
