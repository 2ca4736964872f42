/* Finding the data of a format whose datasets are single files of usual endings. */
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

#endif
