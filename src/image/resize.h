/*
 * Resampling of images: bilinear, with antialias. The weight of an input pixel falls linearly with
 * its distance from the centre of the output pixel, over a support that is as wide as the reduction
 * (at least one pixel on either side), so that a reduction averages all pixels. Rows first, then
 * columns, in fixed point with 22 fractional bits, each rounded to 8 bits: the values of Pillow's
 * resize(size, BILINEAR), on every machine.
 *
 * Rows are taken one at a time; only the output rows that an input row contributes to are held.
 */
#ifndef FF_IMAGE_RESIZE_H
#define FF_IMAGE_RESIZE_H

#include "base/context.h"

/* The weights of the input pixels of each output pixel, in one direction. */
struct ff_resize_axis {
    uint32_t in, out;
    uint32_t most;   /* weights of an output pixel, at most */
    uint32_t *first; /* (out): the first input pixel */
    uint32_t *count; /* (out): input pixels */
    int32_t *weight; /* (out, most) */
};

struct ff_resize {
    struct ff_ctx *ctx;
    uint32_t channels;
    struct ff_resize_axis x, y;
    uint32_t held;      /* output rows held at a time */
    uint32_t next_in;   /* the input row to be taken next */
    uint32_t next_out;  /* the output row to be completed next */
    int32_t *sums;      /* (held, x.out * channels): output row Y is row Y % held */
    unsigned char *row; /* (x.out * channels): an input row of the output's width */
};

/* Prepares RESIZE, which is zeroed or was prepared, for images of IN_WIDTH x IN_HEIGHT with
 * CHANNELS. FF_ENOMEM, FF_EBUDGET; RESIZE is then released. */
FF_CHECK int ff_resize_prepare(struct ff_ctx *ctx, struct ff_resize *resize, uint32_t in_width,
                               uint32_t in_height, uint32_t out_width, uint32_t out_height,
                               uint32_t channels);
void ff_resize_release(struct ff_resize *resize); /* does nothing if RESIZE is zeroed */
/* Begins the next image of that size. */
void ff_resize_begin(struct ff_resize *resize);
/* Takes the next input row, (in_width, channels). */
void ff_resize_take(struct ff_resize *resize, const unsigned char *row);
/* Writes the next output row, (out_width, channels), to OUT if the rows taken complete it; returns
 * whether it does. */
bool ff_resize_give(struct ff_resize *resize, unsigned char *out);

#endif
