/* How the features of a sample are an image. */
#ifndef FF_DATA_IMAGE_H
#define FF_DATA_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Height 0: they are none. */
struct ff_image {
    uint32_t height, width, channels;
    bool planar; /* (channels, height, width), else (height, width, channels) */
};

#endif
