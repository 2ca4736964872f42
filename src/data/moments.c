#include "data/moments.h"

#include "data/embed.h"

#include <math.h>
#include <stdlib.h>

void ff_moments_release(struct ff_moments *moments)
{
    free(moments->mean);
    free(moments->deviation);
    *moments = (struct ff_moments){.n = 0};
}

int ff_moments_init(struct ff_ctx *ctx, uint32_t n, struct ff_moments *out)
{
    *out = (struct ff_moments){
        .n = n,
        .mean = calloc(n, sizeof *out->mean),
        .deviation = calloc(n, sizeof *out->deviation),
    };
    if (out->mean && out->deviation)
        return FF_OK;
    ff_moments_release(out);
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the means of %u columns", n);
}

int ff_moments_begin(struct ff_ctx *ctx, uint32_t n, struct ff_moments_sums *sums)
{
    int status;

    *sums = (struct ff_moments_sums){.rows = 0};
    status = ff_moments_init(ctx, n, &sums->moments);
    if (status != FF_OK)
        return status;
    sums->origin = calloc(n, sizeof *sums->origin);
    if (sums->origin)
        return FF_OK;
    ff_moments_release(&sums->moments);
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the means of %u columns", n);
}

static double value_at(const void *row, size_t c, bool is_float)
{
    return is_float ? (double)((const float *)row)[c]
                    : (double)((float)((const unsigned char *)row)[c] * FF_PIXEL_SCALE);
}

void ff_moments_add(struct ff_moments_sums *sums, uint32_t columns, const void *row, bool is_float)
{
    const size_t step = sums->moments.n > 1;

    for (size_t c = 0; c < columns; c++) {
        double *origin = &sums->origin[c * step], value = value_at(row, c, is_float);

        if (sums->rows == 0 && (c == 0 || step))
            *origin = value;
        value -= *origin;
        sums->moments.mean[c * step] += value;
        sums->moments.deviation[c * step] += value * value;
    }
    sums->rows++;
}

void ff_moments_end(struct ff_moments_sums *sums, uint32_t columns, struct ff_moments *out)
{
    const struct ff_moments *moments = &sums->moments;
    double values = (double)sums->rows * (moments->n > 1 ? 1 : columns);

    for (uint32_t i = 0; i < moments->n && values > 0; i++) {
        double mean = moments->mean[i] / values;
        double variance = moments->deviation[i] / values - mean * mean;

        moments->mean[i] = sums->origin[i] + mean;
        moments->deviation[i] = variance > 0 ? sqrt(variance) : 0;
    }
    *out = *moments;
    sums->moments = (struct ff_moments){.n = 0};
    ff_moments_abandon(sums);
}

void ff_moments_abandon(struct ff_moments_sums *sums)
{
    ff_moments_release(&sums->moments);
    free(sums->origin);
    sums->origin = NULL;
}
