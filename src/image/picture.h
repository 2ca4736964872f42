/* Image files of any kind, decoded row by row. */
#ifndef FF_IMAGE_PICTURE_H
#define FF_IMAGE_PICTURE_H

#include "image/kind.h"

/* True if the name NAME, in upper or lower case, has the ending of a kind. */
bool ff_picture_has_name(const char *name);
/* True if BYTES, N of them and at most FF_IMAGE_MAGIC, begin a file of some kind. */
bool ff_picture_has_magic(const unsigned char *bytes, size_t n);
/*
 * Opens PATH and reads its header; the kind is that of its first bytes, whatever its name. Messages
 * name the file. FF_ENOTFOUND, FF_EIO, FF_EFORMAT (no image), FF_ECORRUPT, FF_EINVAL (more than
 * FF_IMAGE_SIDE pixels wide or high, or of a variant that is not supported). After an error it
 * needs no release.
 */
FF_CHECK int ff_picture_open(struct ff_ctx *ctx, const char *path, struct ff_picture *picture);
/* Decodes the next row to OUT, width x channels; with the last one, checks the end of the image. */
FF_CHECK int ff_picture_row(struct ff_picture *picture, unsigned char *out);
void ff_picture_close(struct ff_picture *picture); /* does nothing if PICTURE is zeroed */

#endif
