/*
 * A dataset of two arrays, images and labels: two files, or two members of one archive. IDX and
 * NumPy files differ only in their headers and names, which struct ff_pair_format describes.
 */
#ifndef FF_DATA_PAIR_H
#define FF_DATA_PAIR_H

#include "data/array.h"
#include "data/dataset.h"
#include "input/paths.h"

#define FF_PAIR_MAGIC 8 /* number of first bytes given to magic() */

struct ff_pair_format {
    ff_array_header_fn *header;
    /* True if a file that starts with these N bytes (at most FF_PAIR_MAGIC) is of this format. */
    bool (*magic)(const unsigned char *bytes, size_t n);
    /* True if the name suggests this format, so that a damaged file gets its messages. */
    bool (*name)(const char *base);
    /* Turns the path of an image file into that of its label file; false: the name has no label
     * counterpart. */
    bool (*labels_of)(char path[FF_PATH_BYTES]);
};

/* The operations of a format. FORMAT is its row in the table, with the usual file names. */
int ff_pair_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                const struct ff_dataset_format *format, const struct ff_pair_format *pair);
FF_CHECK int ff_pair_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                          const struct ff_dataset_format *format, const struct ff_pair_format *pair,
                          struct ff_dataset **out);
/* The same for arrays that were found: LABELS with the path "" for none. Both are members of the
 * same archive or neither is. */
FF_CHECK int ff_pair_open_at(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                             ff_array_header_fn *header, const struct ff_array_place *images,
                             const struct ff_array_place *labels, struct ff_dataset **out);
FF_CHECK int ff_pair_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                          uint16_t *labels, size_t *rows);
void ff_pair_close(struct ff_dataset *dataset);
FF_CHECK int ff_pair_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                          const struct ff_dataset_format *format, const struct ff_pair_format *pair,
                          unsigned i, char path[FF_PATH_BYTES]);
FF_CHECK int ff_pair_describe(struct ff_dataset *dataset, struct ff_data_files *out);

#endif
