/* Files of names, a line each. */
#ifndef FF_IMAGE_NAMES_H
#define FF_IMAGE_NAMES_H

#include "base/context.h"

/*
 * Reads the COUNT names in the file NAME in the directory PLACE, or beside PLACE if that is a file;
 * blank lines are skipped. *OUT is malloc'd, as are the names; NULL if there is no such file.
 * FF_EINVAL: another number of names, or one that is not UTF-8 or has more than 255 bytes. *OUT is
 * to be freed only on success.
 */
FF_CHECK int ff_names_read(struct ff_ctx *ctx, const char *place, const char *name, uint32_t count,
                           char ***out);

#endif
