#include "naive/streams.h"

#include "data/embed.h"
#include "naive/conditioned.h"
#include "naive/images.h"
#include "naive/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t count_streams(const struct ff_recipe *recipe, uint32_t classes)
{
    if (naive_is_conditioned(recipe))
        return recipe->augment_copies;
    if (naive_is_unsupervised(recipe))
        return 1 + recipe->negative_sets;
    return naive_is_hard(recipe) ? classes + 1 : recipe->negative_sets + 2;
}

/* Whole batches are held out, from the last one on, until they are as many rows as asked. */
static void hold_out(struct naive_streams *streams)
{
    double rows = (double)streams->data->rows;

    streams->learned = streams->data->rows;
    while (streams->batches > 1 &&
           rows - (double)streams->learned < streams->recipe->validation * rows)
        streams->learned = --streams->batches * streams->batch;
}

void naive_streams_init(struct naive_streams *streams, const struct ff_recipe *recipe,
                        const struct naive_data *data)
{
    *streams = (struct naive_streams){
        .recipe = recipe,
        .data = data,
        .row_at = naive_order(recipe->seed, data->rows),
        .batch = recipe->batch < data->rows ? recipe->batch : data->rows,
        .label_inputs = naive_conditions(recipe, data->classes),
        .n = count_streams(recipe, data->classes),
        .sums = naive_alloc(data->rows * data->classes, sizeof *streams->sums),
    };
    streams->batches = (data->rows + streams->batch - 1) / streams->batch;
    hold_out(streams);
    streams->class_weights = naive_class_weights(recipe, data, streams->learned, streams->row_at);
    streams->measured = *data;
    naive_data_measure(&streams->measured, streams->learned, streams->row_at);
    streams->data = &streams->measured;
}

static void free_inputs(struct naive_streams *streams)
{
    for (size_t s = 0; s < streams->n && streams->x; s++)
        free(streams->x[s]);
    free(streams->x);
}

void naive_streams_release(struct naive_streams *streams)
{
    free_inputs(streams);
    free(streams->row_at);
    free(streams->class_weights);
    free(streams->sums);
}

void naive_streams_replace(struct naive_streams *streams, double **outputs, size_t width)
{
    free_inputs(streams);
    streams->x = outputs;
    streams->width = width;
}

size_t naive_streams_head(const struct naive_streams *streams)
{
    return naive_is_label_free(streams->recipe) ? 0 : streams->n - 1;
}

size_t naive_streams_variants(const struct naive_streams *streams)
{
    if (naive_is_conditioned(streams->recipe))
        return streams->n;
    return naive_is_hard(streams->recipe) ? 1 : streams->recipe->negative_sets;
}

size_t naive_streams_rows(const struct naive_streams *streams, size_t batch)
{
    size_t left = streams->data->rows - batch * streams->batch;

    return left < streams->batch ? left : streams->batch;
}

uint16_t naive_streams_truth(const struct naive_streams *streams, size_t place)
{
    return streams->data->labels[streams->row_at[place]];
}

/* ---- The inputs of layer 1 ---- */

/* Where the noise of images comes from: in an epoch, or of one stream as it is stored. */
struct noise {
    struct ff_rng shifts, masks;
};

static struct noise noise_of_epoch(const struct naive_streams *streams, uint32_t epoch)
{
    return (struct noise){ff_rng_make(streams->recipe->seed, FF_RNG_JITTER, 1, epoch),
                          ff_rng_make(streams->recipe->seed, FF_RNG_HYBRID, 1, epoch)};
}

static struct noise noise_of_stream(const struct naive_streams *streams, size_t stream)
{
    uint32_t copy = naive_is_conditioned(streams->recipe) ? (uint32_t)stream : 0;
    uint32_t set = stream > 0 ? (uint32_t)stream - 1 : 0;

    return (struct noise){ff_rng_make(streams->recipe->seed, FF_RNG_COPY_JITTER, 1, copy),
                          ff_rng_make(streams->recipe->seed, FF_RNG_SET_HYBRID, 1, set)};
}

/* The label that a stream embeds into the row at PLACE. */
static uint32_t stream_label(const struct naive_streams *streams, size_t stream, size_t place)
{
    const struct ff_recipe *recipe = streams->recipe;
    uint16_t truth = naive_streams_truth(streams, place);

    if (!naive_is_label_free(recipe) && stream == naive_streams_head(streams))
        return NAIVE_NEUTRAL;
    if (naive_is_hard(recipe))
        return (uint32_t)stream;
    if (stream == 0)
        return truth;
    return ff_wrong_label(recipe->seed, (uint32_t)stream - 1, place, truth, streams->data->classes);
}

/* The image at PLACE, shifted unless it is held out. */
static void shifted(const struct naive_streams *streams, const struct noise *noise, size_t place,
                    double *out)
{
    naive_shift(streams->data, &noise->shifts, streams->row_at[place], place,
                place < streams->learned ? streams->recipe->jitter : 0, out);
}

static void import_row(const struct naive_streams *streams, const struct noise *noise,
                       size_t stream, size_t place, double *out)
{
    size_t features = streams->data->features, other;
    double *values = naive_alloc(3 * features, sizeof *values);
    double *here = values + features, *there = here + features;

    shifted(streams, noise, place, values);
    if (naive_is_unsupervised(streams->recipe) && stream > 0) {
        other = naive_partner(&noise->masks, streams->data->rows, streams->recipe->batch, place);
        memcpy(here, values, features * sizeof *here);
        shifted(streams, noise, other, there);
        naive_mix(streams->data, &noise->masks, place, here, there, values);
    }
    naive_embed_values(streams->recipe, streams->data, values, stream_label(streams, stream, place),
                       out);
    free(values);
}

void naive_streams_import(struct naive_streams *streams)
{
    size_t rows = streams->data->rows, width;
    double **x = naive_alloc(streams->n, sizeof *x);

    width = naive_inputs(streams->recipe, streams->data) + streams->label_inputs;
    for (size_t s = 0; s < streams->n; s++) {
        struct noise noise = noise_of_stream(streams, s);

        x[s] = naive_alloc(rows * width, sizeof **x);
        for (size_t place = 0; place < rows; place++)
            import_row(streams, &noise, s, place, x[s] + place * width);
    }
    naive_streams_replace(streams, x, width);
    memset(streams->sums, 0, rows * streams->data->classes * sizeof *streams->sums);
}

/* ---- Rows and pairs ---- */

double *naive_streams_stored(const struct naive_streams *streams, size_t stream, size_t place)
{
    double *x = naive_alloc(streams->width, sizeof *x);

    memcpy(x, streams->x[stream] + place * streams->width, streams->width * sizeof *x);
    return x;
}

double *naive_streams_learn(const struct naive_streams *streams, uint32_t number, uint32_t epoch,
                            size_t stream, size_t place)
{
    double *x = naive_streams_stored(streams, stream, place);
    struct noise noise = noise_of_epoch(streams, epoch);

    if (number == 1)
        import_row(streams, &noise, stream, place, x);
    naive_drop(streams->recipe, number, epoch, place, streams->width - streams->label_inputs, x);
    return x;
}

size_t naive_streams_positive(const struct naive_streams *streams, size_t place)
{
    return naive_is_hard(streams->recipe) ? naive_streams_truth(streams, place) : 0;
}

/* A wrong label, by the softmax of the mean goodness of the layers below. */
static size_t draw_wrong(const struct naive_streams *streams, uint32_t number, uint32_t epoch,
                         size_t place)
{
    const double *sums = streams->sums + place * streams->data->classes;
    double scale = streams->recipe->goodness_scale / (number - 1);
    struct ff_rng rng = ff_rng_make(streams->recipe->seed, FF_RNG_HARD_LABEL, number, epoch);
    uint16_t truth = naive_streams_truth(streams, place);
    size_t drawn = 0;
    double sum = 0, left;

    for (size_t c = 0; c < streams->data->classes; c++)
        sum += c == truth ? 0 : exp(scale * (sums[c] - sums[truth]));
    left = sum * ff_rng_unit(&rng, place);
    for (size_t c = 0; c < streams->data->classes && left >= 0; c++) {
        if (c == truth)
            continue;
        left -= exp(scale * (sums[c] - sums[truth]));
        drawn = c;
    }
    return drawn;
}

size_t naive_streams_negative(const struct naive_streams *streams, uint32_t number, uint32_t epoch,
                              size_t variant, size_t place)
{
    if (!naive_is_hard(streams->recipe))
        return 1 + variant;
    if (number > 1)
        return draw_wrong(streams, number, epoch, place);
    return ff_wrong_label(streams->recipe->seed, epoch, place, naive_streams_truth(streams, place),
                          streams->data->classes);
}

void naive_streams_add_goodness(struct naive_streams *streams, const struct oracle_layer *layer)
{
    size_t classes = streams->data->classes;
    double *y = naive_alloc(layer->units, sizeof *y);

    for (size_t c = 0; c < classes; c++) {
        for (size_t place = 0; place < streams->data->rows; place++)
            streams->sums[place * classes + c] +=
                naive_forward(layer, streams->x[c] + place * streams->width, y);
    }
    free(y);
}
