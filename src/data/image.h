/* The image layout of the features of a sample. */
#ifndef FF_DATA_IMAGE_H
#define FF_DATA_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Height 0: not an image. */
struct ff_image {
    uint32_t height, width, channels;
    bool planar; /* (channels, height, width), else (height, width, channels) */
};

#endif
