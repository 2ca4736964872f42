#include "image/loader.h"

#include <string.h>

int ff_loader_check_size(const struct ff_loader *loader, const struct ff_picture *picture)
{
    const struct ff_image *shape = &loader->shape;

    if (loader->resizes || (picture->width == shape->width && picture->height == shape->height))
        return FF_OK;
    return ff_fail(loader->ctx, FF_EMISMATCH,
                   "%s: %u x %u pixels, but %s %u x %u; train with a size for all images, such as "
                   "--resize %ux%u, or resize this one",
                   ff_input_path(picture->input), picture->width, picture->height, loader->like,
                   shape->width, shape->height, shape->width, shape->height);
}

static int check(const struct ff_loader *loader, const struct ff_picture *picture)
{
    if (picture->channels > loader->shape.channels)
        return ff_fail(loader->ctx, FF_EMISMATCH,
                       "%s: is in colour, but %s grey images; convert it to grey",
                       ff_input_path(picture->input), loader->like);
    return ff_loader_check_size(loader, picture);
}

/* Makes *BLOCK, of *BYTES, one of at least MORE bytes. */
static int grow(struct ff_ctx *ctx, unsigned char **block, size_t *bytes, size_t more)
{
    if (*bytes >= more)
        return FF_OK;
    ff_free(ctx, FF_MEM_IO, *block, *bytes);
    *bytes = 0;
    *block = ff_alloc(ctx, FF_MEM_IO, more);
    if (!*block)
        return ff_alloc_status(ctx);
    *bytes = more;
    return FF_OK;
}

static int prepare(struct ff_loader *loader, const struct ff_picture *picture)
{
    const struct ff_image *shape = &loader->shape;
    int status = grow(loader->ctx, &loader->row, &loader->row_bytes,
                      (size_t)picture->width * shape->channels);

    if (status == FF_OK)
        status = grow(loader->ctx, &loader->out, &loader->out_bytes,
                      (size_t)shape->width * shape->channels);
    if (status != FF_OK || !loader->resizes)
        return status;
    status = ff_resize_prepare(loader->ctx, &loader->resize, picture->width, picture->height,
                               shape->width, shape->height, shape->channels);
    if (status == FF_OK)
        ff_resize_begin(&loader->resize);
    return status;
}

/* Repeats each grey value of ROW for red, green and blue. */
static void make_colour(unsigned char *row, uint32_t width)
{
    for (size_t x = width; x-- > 0;)
        memset(row + 3 * x, row[x], 3);
}

/* Writes ROW as row Y of the sample VALUES. */
static void place(const struct ff_image *shape, const unsigned char *row, uint32_t y,
                  unsigned char *values)
{
    size_t width = shape->width, channels = shape->channels;

    if (!shape->planar) {
        memcpy(values + y * width * channels, row, width * channels);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        for (size_t x = 0; x < width; x++)
            values[(c * shape->height + y) * width + x] = row[x * channels + c];
}

static int decode(struct ff_loader *loader, struct ff_picture *picture, unsigned char *values)
{
    const struct ff_image *shape = &loader->shape;
    uint32_t y = 0;
    int status = FF_OK;

    for (uint32_t i = 0; i < picture->height && status == FF_OK; i++) {
        status = ff_picture_row(picture, loader->row);
        if (status == FF_OK && picture->channels < shape->channels)
            make_colour(loader->row, picture->width);
        if (status != FF_OK)
            break;
        if (!loader->resizes) {
            place(shape, loader->row, i, values);
            continue;
        }
        ff_resize_take(&loader->resize, loader->row);
        while (ff_resize_give(&loader->resize, loader->out))
            place(shape, loader->out, y++, values);
    }
    return status;
}

int ff_loader_load(struct ff_loader *loader, const char *path, unsigned char *values,
                   struct ff_data_file *file)
{
    struct ff_picture picture;
    int status = ff_picture_open(loader->ctx, path, &picture);

    if (status != FF_OK)
        return status;
    status = check(loader, &picture);
    if (status == FF_OK)
        status = prepare(loader, &picture);
    if (status == FF_OK)
        status = decode(loader, &picture, values);
    if (status == FF_OK)
        status = ff_input_describe(picture.input, file);
    ff_picture_close(&picture);
    return status;
}

void ff_loader_release(struct ff_loader *loader)
{
    ff_resize_release(&loader->resize);
    ff_free(loader->ctx, FF_MEM_IO, loader->row, loader->row_bytes);
    ff_free(loader->ctx, FF_MEM_IO, loader->out, loader->out_bytes);
    loader->row = loader->out = NULL;
    loader->row_bytes = loader->out_bytes = 0;
}
