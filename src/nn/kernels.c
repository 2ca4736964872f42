#include "nn/kernels.h"

#include "nn/level.h"

#include <math.h>

/*
 * Element j of a row is added to lane j % FF_LANES, and the lanes are added in order. This fixed
 * order is also that of a vector loop: the compiler can vectorise it without reordering additions,
 * and with -ffp-contract=off a scalar loop gives the same bits.
 */

/* Added to |y|, so that a row of zeros stays zero instead of becoming 0/0. */
#define NORM_EPSILON 1e-6f

static float add_lanes(const float lanes[FF_LANES])
{
    float sum = 0.0f;

    for (size_t l = 0; l < FF_LANES; l++)
        sum += lanes[l];
    return sum;
}

/* Not z > 0 ? z : 0, which would turn a NaN into 0 and hide that training has diverged. */
static float relu(float z)
{
    return z < 0.0f ? 0.0f : z;
}

/* z: (units), bias: (units). Returns the sum of squares of the row. */
static float bias_relu_row(size_t units, float *restrict z, const float *restrict bias)
{
    float lanes[FF_LANES] = {0.0f};
    size_t whole = units - units % FF_LANES;

    for (size_t j = 0; j < whole; j += FF_LANES) {
        for (size_t l = 0; l < FF_LANES; l++) {
            float y = relu(z[j + l] + bias[j + l]);

            z[j + l] = y;
            lanes[l] += y * y;
        }
    }
    for (size_t j = whole; j < units; j++) {
        float y = relu(z[j] + bias[j]);

        z[j] = y;
        lanes[j - whole] += y * y;
    }
    return add_lanes(lanes);
}

static float sum_of_squares(size_t units, const float *y)
{
    float lanes[FF_LANES] = {0.0f};
    size_t whole = units - units % FF_LANES;

    for (size_t j = 0; j < whole; j += FF_LANES) {
        for (size_t l = 0; l < FF_LANES; l++)
            lanes[l] += y[j + l] * y[j + l];
    }
    for (size_t j = whole; j < units; j++)
        lanes[j - whole] += y[j] * y[j];
    return add_lanes(lanes);
}

static void scale_row(size_t units, float *y, float scale)
{
    for (size_t j = 0; j < units; j++)
        y[j] *= scale;
}

void FF_AT_LEVEL(ff_bias_relu)(size_t rows, size_t units, float *z, size_t ldz, const float *bias,
                               float *sum_squares)
{
    for (size_t i = 0; i < rows; i++)
        sum_squares[i] = bias_relu_row(units, z + i * ldz, bias);
}

static void add_row(size_t units, float *restrict sums, const float *restrict y)
{
    for (size_t j = 0; j < units; j++)
        sums[j] += y[j];
}

void FF_AT_LEVEL(ff_add_bias)(size_t rows, size_t units, float *z, size_t ldz, const float *bias)
{
    for (size_t i = 0; i < rows; i++)
        add_row(units, z + i * ldz, bias);
}

static void relu_row(size_t units, float *z)
{
    for (size_t j = 0; j < units; j++)
        z[j] = relu(z[j]);
}

void FF_AT_LEVEL(ff_relu)(size_t rows, size_t units, float *z, size_t ldz)
{
    for (size_t i = 0; i < rows; i++)
        relu_row(units, z + i * ldz);
}

void FF_AT_LEVEL(ff_scale_rows)(size_t rows, size_t units, float *y, size_t ldy, const float *scale)
{
    for (size_t i = 0; i < rows; i++)
        scale_row(units, y + i * ldy, scale[i]);
}

static void relu_backward_row(size_t units, const float *restrict dy, float *restrict y)
{
    for (size_t j = 0; j < units; j++)
        y[j] = y[j] > 0.0f ? dy[j] : 0.0f;
}

void FF_AT_LEVEL(ff_relu_backward)(size_t rows, size_t units, const float *dy, size_t ldd, float *y,
                                   size_t ldy)
{
    for (size_t i = 0; i < rows; i++)
        relu_backward_row(units, dy + i * ldd, y + i * ldy);
}

static void scale_row_into(size_t units, const float *restrict y, float scale,
                           const float *restrict shift, float *restrict out)
{
    for (size_t j = 0; j < units; j++)
        out[j] = y[j] * scale;
    for (size_t j = 0; shift && j < units; j++)
        out[j] += shift[j];
}

void FF_AT_LEVEL(ff_scale_rows_into)(size_t rows, size_t units, const float *y, size_t ldy,
                                     const float *scale, const float *shift, float *out, size_t ldo)
{
    for (size_t i = 0; i < rows; i++)
        scale_row_into(units, y + i * ldy, scale[i], shift, out + i * ldo);
}

void FF_AT_LEVEL(ff_column_sums)(size_t rows, size_t units, const float *y, size_t ldy,
                                 int accumulate, float *sums)
{
    if (!accumulate) {
        for (size_t j = 0; j < units; j++)
            sums[j] = 0.0f;
    }
    for (size_t i = 0; i < rows; i++)
        add_row(units, sums, y + i * ldy);
}

void FF_AT_LEVEL(ff_normalise_rows)(size_t rows, size_t units, float *y, size_t ldy)
{
    float target = sqrtf((float)units); /* the length of a row whose RMS is 1 */

    for (size_t i = 0; i < rows; i++) {
        float length = sqrtf(sum_of_squares(units, y + i * ldy));

        /* An overflow must not turn into a row of zeros. */
        scale_row(units, y + i * ldy, isinf(length) ? NAN : target / (length + NORM_EPSILON));
    }
}

bool FF_AT_LEVEL(ff_squares_are_finite)(size_t n, const float *x)
{
    return isfinite(sum_of_squares(n, x));
}

bool FF_AT_LEVEL(ff_all_finite)(size_t n, const float *x)
{
    float lanes[FF_LANES] = {0.0f};
    size_t whole = n - n % FF_LANES;

    /* 0 x is 0 if x is finite, else NaN. */
    for (size_t j = 0; j < whole; j += FF_LANES) {
        for (size_t l = 0; l < FF_LANES; l++)
            lanes[l] += 0.0f * x[j + l];
    }
    for (size_t j = whole; j < n; j++)
        lanes[j - whole] += 0.0f * x[j];
    return !isnan(add_lanes(lanes));
}

static void mark_row(size_t units, const float *restrict y, uint8_t *restrict active)
{
    for (size_t j = 0; j < units; j++)
        active[j] |= y[j] > 0.0f;
}

void FF_AT_LEVEL(ff_mark_active)(size_t rows, size_t units, const float *y, size_t ldy,
                                 uint8_t *active)
{
    for (size_t i = 0; i < rows; i++)
        mark_row(units, y + i * ldy, active);
}
