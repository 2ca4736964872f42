#include "image/resize.h"

#include <string.h>

#define FRACTION_BITS 22 /* 8 bits of the value and a sign are left of 32, and one in reserve */
#define HALF (INT32_C(1) << (FRACTION_BITS - 1))

/* ---- Weights ---- */

static void axis_release(struct ff_ctx *ctx, struct ff_resize_axis *axis)
{
    ff_free(ctx, FF_MEM_IO, axis->first, axis->out * sizeof *axis->first);
    ff_free(ctx, FF_MEM_IO, axis->count, axis->out * sizeof *axis->count);
    ff_free(ctx, FF_MEM_IO, axis->weight, (size_t)axis->out * axis->most * sizeof *axis->weight);
    *axis = (struct ff_resize_axis){.in = 0};
}

/* Weight of a pixel at DISTANCE, in supports of one pixel. */
static double triangle(double distance)
{
    if (distance < 0)
        distance = -distance;
    return distance < 1 ? 1 - distance : 0;
}

/* The weights of output pixel O, which sum to one. */
static void weigh(struct ff_resize_axis *axis, uint32_t o)
{
    double scale = (double)axis->in / axis->out, support = scale < 1 ? 1 : scale;
    double centre = (o + 0.5) * scale, low = centre - support + 0.5, high = centre + support + 0.5;
    uint32_t first = low < 0 ? 0 : (uint32_t)low;
    uint32_t end = high > axis->in ? axis->in : (uint32_t)high;
    int32_t *weight = axis->weight + (size_t)o * axis->most;
    double inverse = 1 / support, sum = 0;

    for (uint32_t i = first; i < end; i++)
        sum += triangle((i - centre + 0.5) * inverse);
    for (uint32_t i = first; i < end; i++)
        weight[i - first] = (int32_t)(0.5 + triangle((i - centre + 0.5) * inverse) / sum *
                                                (INT32_C(1) << FRACTION_BITS));
    axis->first[o] = first;
    axis->count[o] = end - first;
}

static int axis_init(struct ff_ctx *ctx, struct ff_resize_axis *axis, uint32_t in, uint32_t out)
{
    /* The support on both sides, and the pixel at its middle. */
    *axis = (struct ff_resize_axis){.in = in, .out = out, .most = 2 * (in / out + 1) + 1};
    axis->first = ff_alloc_array(ctx, FF_MEM_IO, out, sizeof *axis->first);
    axis->count = ff_alloc_array(ctx, FF_MEM_IO, out, sizeof *axis->count);
    axis->weight = ff_alloc_array(ctx, FF_MEM_IO, (size_t)out * axis->most, sizeof *axis->weight);
    if (!axis->first || !axis->count || !axis->weight)
        return ff_alloc_status(ctx);
    for (uint32_t o = 0; o < out; o++)
        weigh(axis, o);
    return FF_OK;
}

/* The most output pixels that the pixels up to an input pixel leave incomplete. Both ends of the
 * inputs of an output pixel grow with it. */
static uint32_t most_at_a_time(const struct ff_resize_axis *axis)
{
    uint32_t most = 1, oldest = 0;

    for (uint32_t o = 0; o < axis->out; o++) {
        while (axis->first[oldest] + axis->count[oldest] <= axis->first[o])
            oldest++;
        if (o - oldest + 1 > most)
            most = o - oldest + 1;
    }
    return most;
}

/* ---- Images ---- */

static size_t row_values(const struct ff_resize *resize)
{
    return (size_t)resize->x.out * resize->channels;
}

void ff_resize_release(struct ff_resize *resize)
{
    size_t n = row_values(resize);

    if (!resize->ctx)
        return;
    ff_free(resize->ctx, FF_MEM_IO, resize->sums, n * resize->held * sizeof *resize->sums);
    ff_free(resize->ctx, FF_MEM_IO, resize->row, n);
    axis_release(resize->ctx, &resize->x);
    axis_release(resize->ctx, &resize->y);
    *resize = (struct ff_resize){.ctx = NULL};
}

int ff_resize_prepare(struct ff_ctx *ctx, struct ff_resize *resize, uint32_t in_width,
                      uint32_t in_height, uint32_t out_width, uint32_t out_height,
                      uint32_t channels)
{
    int status;

    if (resize->ctx && resize->x.in == in_width && resize->y.in == in_height)
        return FF_OK;
    ff_resize_release(resize);
    *resize = (struct ff_resize){.ctx = ctx, .channels = channels};
    status = axis_init(ctx, &resize->x, in_width, out_width);
    if (status == FF_OK)
        status = axis_init(ctx, &resize->y, in_height, out_height);
    if (status == FF_OK) {
        resize->held = most_at_a_time(&resize->y);
        resize->sums =
            ff_alloc_array(ctx, FF_MEM_IO, row_values(resize) * resize->held, sizeof *resize->sums);
        resize->row = ff_alloc(ctx, FF_MEM_IO, row_values(resize));
        if (!resize->sums || !resize->row)
            status = ff_alloc_status(ctx);
    }
    if (status != FF_OK)
        ff_resize_release(resize);
    return status;
}

static void clear(struct ff_resize *resize, uint32_t out)
{
    int32_t *sums = resize->sums + row_values(resize) * (out % resize->held);

    for (size_t i = 0; i < row_values(resize); i++)
        sums[i] = HALF;
}

void ff_resize_begin(struct ff_resize *resize)
{
    resize->next_in = resize->next_out = 0;
    for (uint32_t out = 0; out < resize->held; out++)
        clear(resize, out);
}

static unsigned char rounded(int32_t sum)
{
    int32_t value = sum >> FRACTION_BITS;

    return value > 255 ? 255 : (unsigned char)value;
}

/* Resamples ROW to the output's width. */
static void narrow(struct ff_resize *resize, const unsigned char *row)
{
    const struct ff_resize_axis *x = &resize->x;

    for (uint32_t o = 0; o < x->out; o++) {
        const int32_t *weight = x->weight + (size_t)o * x->most;

        for (uint32_t c = 0; c < resize->channels; c++) {
            const unsigned char *in = row + (size_t)x->first[o] * resize->channels + c;
            int32_t sum = HALF;

            for (uint32_t i = 0; i < x->count[o]; i++)
                sum += weight[i] * in[(size_t)i * resize->channels];
            resize->row[(size_t)o * resize->channels + c] = rounded(sum);
        }
    }
}

void ff_resize_take(struct ff_resize *resize, const unsigned char *row)
{
    const struct ff_resize_axis *y = &resize->y;
    uint32_t in = resize->next_in++;

    narrow(resize, row);
    for (uint32_t o = resize->next_out; o < y->out && y->first[o] <= in; o++) {
        int32_t *sums = resize->sums + row_values(resize) * (o % resize->held);
        int32_t weight = 0;

        if (in - y->first[o] < y->count[o])
            weight = y->weight[(size_t)o * y->most + (in - y->first[o])];
        for (size_t i = 0; i < row_values(resize); i++)
            sums[i] += weight * resize->row[i];
    }
}

bool ff_resize_give(struct ff_resize *resize, unsigned char *out)
{
    const struct ff_resize_axis *y = &resize->y;
    uint32_t o = resize->next_out;
    const int32_t *sums = resize->sums + row_values(resize) * (o % resize->held);

    if (o == y->out || y->first[o] + y->count[o] > resize->next_in)
        return false;
    for (size_t i = 0; i < row_values(resize); i++)
        out[i] = rounded(sums[i]);
    clear(resize, o);
    resize->next_out++;
    return true;
}
