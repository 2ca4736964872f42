/*
 * A kind of image file: the state of an open one, and the operations of a decoder. To add a kind,
 * add a file that defines ff_image_NAME and a row to the list below.
 *
 * A decoder delivers rows from the top, 8 bits a value: grey, or red, green and blue. Palettes
 * become colours, 16 bits become 8, and alpha is dropped, as Pillow's convert("RGB") and
 * torchvision do. Profiles and orientation (EXIF) are ignored. Damage is an error, also where a
 * library would only warn and invent the missing pixels.
 */
#ifndef FF_IMAGE_KIND_H
#define FF_IMAGE_KIND_H

#include "input/input.h"

#define FF_IMAGE_SIDE 16384u /* most pixels of a row or a column */
#define FF_IMAGE_MAGIC 8     /* number of first bytes given to magic() */

/* An open image file. */
struct ff_picture {
    struct ff_ctx *ctx;
    struct ff_input *input;
    const struct ff_image_kind *kind;
    uint32_t width, height;
    uint32_t channels; /* 1: grey, 3: colour */
    uint32_t next;     /* the row to be read next */
    void *state;       /* of the decoder; NULL: none */
};

struct ff_image_kind {
    const char *const *endings; /* of file names, without the dot, lower case; NULL-terminated */
    /* True if a file that starts with these N bytes, at most FF_IMAGE_MAGIC, is of this kind. */
    bool (*magic)(const unsigned char *bytes, size_t n);
    /* Reads the header, sets width, height and channels. The caller checks them, and calls close()
     * also on error. */
    int (*open)(struct ff_picture *picture);
    /* Decodes the next row to OUT, width x channels. */
    int (*row)(struct ff_picture *picture, unsigned char *out);
    /* After the last row: checks what follows it. */
    int (*end)(struct ff_picture *picture);
    void (*close)(struct ff_picture *picture);
};

#define FF_IMAGE_KINDS(ROW) \
    ROW(png)                \
    ROW(jpeg)               \
    ROW(pnm)

#define FF_DECLARE_KIND(name) extern const struct ff_image_kind ff_image_##name;
FF_IMAGE_KINDS(FF_DECLARE_KIND)
#undef FF_DECLARE_KIND

#endif
