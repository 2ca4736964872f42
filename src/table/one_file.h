/* What formats share whose datasets are single files, read row by row. */
#ifndef FF_TABLE_ONE_FILE_H
#define FF_TABLE_ONE_FILE_H

#include "data/format.h"

/* A bid by name: of the file, by the endings of the usual names in FORMAT; of one in a directory.
 */
int ff_one_file_bid(const struct ff_dataset_spec *spec, const struct ff_dataset_format *format);
/* Like find() of a format. */
FF_CHECK int ff_one_file_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                              const struct ff_dataset_format *format, unsigned i,
                              char path[FF_PATH_BYTES]);

/* How rows are read. */
struct ff_one_file_rows {
    int (*next)(struct ff_dataset *dataset, bool *got); /* begins the next row, if there is one */
    /* Reads the row to FEATURES and *LABEL, which may be NULL. */
    int (*read)(struct ff_dataset *dataset, float *features, uint16_t *label);
};
/* Like read() of a format, of the file PATH. *DONE rows were read before. FF_EMISMATCH: the file
 * has fewer rows than DATASET's, or more. */
FF_CHECK int ff_one_file_read(struct ff_dataset *dataset, const struct ff_one_file_rows *how,
                              const char *path, uint64_t *done, size_t max_rows, float *features,
                              uint16_t *labels, size_t *rows);

#endif
