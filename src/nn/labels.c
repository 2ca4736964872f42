#include "nn/labels.h"

#include "nn/level.h"

#include <assert.h>

/* Units per block; the derivative of a block is stored beside z. Tiles are usually no wider. */
#define BLOCK 256

/* Not z > 0 ? z : 0, which would turn a NaN into 0 and hide that training has diverged. */
static inline float relu(float z)
{
    return z < 0.0f ? 0.0f : z;
}

static size_t label_of(const struct ff_labels *with, size_t row, size_t i)
{
    return with->labels ? with->labels[row * with->n + i] : i;
}

static float sum_of_squares(size_t units, const float *restrict z, const float *restrict v,
                            float scale)
{
    float lanes[FF_LABEL_LANES] = {0.0f}, sum = 0.0f;
    size_t whole = units - units % FF_LABEL_LANES;

    for (size_t j = 0; j < whole; j += FF_LABEL_LANES) {
        for (size_t l = 0; l < FF_LABEL_LANES; l++) {
            float y = relu(z[j + l] + scale * v[j + l]);

            lanes[l] += y * y;
        }
    }
    for (size_t j = whole; j < units; j++) {
        float y = relu(z[j] + scale * v[j]);

        lanes[j - whole] += y * y;
    }
    for (size_t l = 0; l < FF_LABEL_LANES; l++)
        sum += lanes[l];
    return sum;
}

void FF_AT_LEVEL(ff_label_sums)(const struct ff_labels *with, size_t rows, size_t units,
                                const float *z, size_t ldz, float *sums)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < with->n; c++)
            sums[i * with->n + c] = sum_of_squares(
                units, z + i * ldz, with->v + label_of(with, i, c) * with->ldv, with->scale);
    }
}

/* Two loops, because compilers vectorise only loops that store the outputs. */
static void add_outputs(size_t units, const float *restrict z, const float *restrict v, float scale,
                        float weight, float *restrict out)
{
    float y[BLOCK];

    assert(units <= BLOCK);
    for (size_t j = 0; j < units; j++)
        y[j] = relu(z[j] + scale * v[j]);
    for (size_t j = 0; j < units; j++)
        out[j] += weight * y[j];
}

/* The same, and adds to the gradient of the label's weights. */
static void add_both(size_t units, const float *restrict z, const float *restrict v, float scale,
                     float weight, float *restrict out, float *restrict dv)
{
    for (size_t j = 0; j < units; j++) {
        float part = weight * relu(z[j] + scale * v[j]);

        out[j] += part;
        dv[j] += scale * part;
    }
}

static void clear(size_t n, float *x)
{
    for (size_t j = 0; j < n; j++)
        x[j] = 0.0f;
}

static void copy(size_t n, const float *restrict from, float *restrict to)
{
    for (size_t j = 0; j < n; j++)
        to[j] = from[j];
}

/* ff_label_mix() of units FIRST .. FIRST + COUNT - 1 of a row. */
static void mix_block(const struct ff_labels *with, size_t row, size_t first, size_t count,
                      const float *z, const float *weight, float *out, float *dv)
{
    float mixed[BLOCK];

    clear(count, mixed);
    for (size_t c = 0; c < with->n; c++) {
        size_t at = label_of(with, row, c) * with->ldv + first;

        if (dv)
            add_both(count, z, with->v + at, with->scale, weight[c], mixed, dv + at);
        else
            add_outputs(count, z, with->v + at, with->scale, weight[c], mixed);
    }
    copy(count, mixed, out);
}

static void mix_rows(const struct ff_labels *with, size_t rows, size_t units, const float *z,
                     size_t ldz, const float *weight, float *out, size_t ldo, float *dv)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t first = 0; first < units; first += BLOCK) {
            size_t count = units - first < BLOCK ? units - first : BLOCK;

            mix_block(with, i, first, count, z + i * ldz + first, weight + i * with->n,
                      out + i * ldo + first, dv);
        }
    }
}

void FF_AT_LEVEL(ff_label_mix)(const struct ff_labels *with, size_t rows, size_t units,
                               const float *z, size_t ldz, const float *weight, float *out,
                               size_t ldo)
{
    mix_rows(with, rows, units, z, ldz, weight, out, ldo, NULL);
}

void FF_AT_LEVEL(ff_label_backward)(const struct ff_labels *with, size_t rows, size_t units,
                                    float *z, size_t ldz, const float *weight, float *dv)
{
    mix_rows(with, rows, units, z, ldz, weight, z, ldz, dv);
}
