/* Loads image files as samples of one shape. */
#ifndef FF_IMAGE_LOADER_H
#define FF_IMAGE_LOADER_H

#include "data/image.h"
#include "image/picture.h"
#include "image/resize.h"

struct ff_loader {
    struct ff_ctx *ctx;
    struct ff_image shape;    /* of a sample; 1 or 3 channels. Grey images become colour. */
    bool resizes;             /* an image of another size is resized; else it is an error */
    const char *like;         /* whose shape that is, for messages: the first image, or a model */
    struct ff_resize resize;  /* of the size of the last image */
    unsigned char *row, *out; /* a row of the image and one of the sample */
    size_t row_bytes, out_bytes;
};

/* Loads the image PATH to VALUES, (shape), and describes its file. FF_EMISMATCH: of another shape.
 * LOADER is zeroed at first, except for the members up to LIKE. */
FF_CHECK int ff_loader_load(struct ff_loader *loader, const char *path, unsigned char *values,
                            struct ff_data_file *file);
/* FF_EMISMATCH unless the image has the size of a sample, or is to be resized. */
FF_CHECK int ff_loader_check_size(const struct ff_loader *loader, const struct ff_picture *picture);
void ff_loader_release(struct ff_loader *loader);

#endif
