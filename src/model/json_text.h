/*
 * JSON as text, for the manifest and exported files.
 *
 * A path may have any bytes, but JSON holds UTF-8 only. A path that is not UTF-8 has two members:
 * NAME, for people, with \xNN for each byte that is not UTF-8; and NAME_hex, all bytes as pairs of
 * hexadecimal digits, which is the one that is read. Any other path has NAME alone.
 */
#ifndef FF_MODEL_JSON_TEXT_H
#define FF_MODEL_JSON_TEXT_H

#include "base/context.h"

#include <jansson.h>

/* VALUE as text with jansson's FLAGS, malloc'd; NULL if out of memory. */
char *ff_json_text(const json_t *value, size_t flags);

/* Parses N bytes of TEXT; repeated members are rejected. The caller frees *OUT, also on error.
 * FF_ECORRUPT, with the reason and the position in *ERROR; FF_ENOMEM. */
FF_CHECK int ff_json_parse(struct ff_ctx *ctx, const char *text, size_t n, json_t **out,
                           json_error_t *error);

/* Sets NAME of OBJECT to PATH; NULL: to null. Returns 0, or -1 if out of memory. */
int ff_json_set_path(json_t *object, const char *name, const char *path);
/* Reads NAME of OBJECT into *PATH, malloc'd; NULL if it is absent or null. FF_ECORRUPT, FF_ENOMEM.
 */
FF_CHECK int ff_json_get_path(struct ff_ctx *ctx, const json_t *object, const char *name,
                              char **path);

#endif
