/*
 * A dataset of two array files, images and labels. IDX and NumPy share all but their headers and
 * names, which this description holds.
 */
#ifndef FF_DATA_PAIR_H
#define FF_DATA_PAIR_H

#include "data/array.h"
#include "data/dataset.h"
#include "data/paths.h"

#define FF_PAIR_MAGIC 8 /* first bytes that a format may look at */

struct ff_pair_format {
    ff_array_header_fn *header;
    /* Whether a file that starts with these N bytes (at most FF_PAIR_MAGIC) is of this format. */
    bool (*magic)(const unsigned char *bytes, size_t n);
    /* Whether a file of this name should be, so that a damaged one gets this format's message. */
    bool (*name)(const char *base);
    /* Turns the path of images into that of their labels; false: the name does not tell. */
    bool (*labels_of)(char path[FF_PATH_BYTES]);
};

/* The hooks of a table row. FORMAT, that row, gives the usual names in a folder. */
int ff_pair_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                const struct ff_dataset_format *format, const struct ff_pair_format *pair);
FF_CHECK int ff_pair_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                          const struct ff_dataset_format *format, const struct ff_pair_format *pair,
                          struct ff_dataset **out);
FF_CHECK int ff_pair_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                          uint16_t *labels, size_t *rows);
void ff_pair_close(struct ff_dataset *dataset);
FF_CHECK int ff_pair_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                          const struct ff_dataset_format *format, const struct ff_pair_format *pair,
                          unsigned i, char path[FF_PATH_BYTES]);
FF_CHECK int ff_pair_describe(struct ff_dataset *dataset, struct ff_data_files *out);

#endif
