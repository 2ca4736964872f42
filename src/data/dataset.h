/*
 * Datasets, read sequentially in chunks of rows: a dataset larger than memory is never held. A
 * format is one file and one row of the table in format.h; each bids for a path, the highest bid
 * opens it.
 */
#ifndef FF_DATA_DATASET_H
#define FF_DATA_DATASET_H

#include "base/buffers.h"
#include "data/format.h"

/*
 * Opens SPEC and checks all that can be checked without reading the images: sizes, matching counts
 * of images and labels, label range (labels are scanned once). Fails with FF_ENOTFOUND, FF_EFORMAT
 * (nobody bids), FF_ECORRUPT (truncated, sizes that do not agree), FF_EMISMATCH (images and labels
 * of different counts), FF_EINVAL (no rows; too many classes). Messages name the file, what is
 * wrong and what was expected.
 *
 * A sample is drawn without replacement, and read in the order of the files. The rows in it are a
 * function of their number and of the number of all rows alone, so that sorted files give a fair
 * sample, and two readers the same one.
 */
FF_CHECK int ff_dataset_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                             struct ff_dataset **out);
/*
 * Reads the next rows, at most MAX_ROWS (1 or more), into FEATURES (MAX_ROWS x features, u8 or f32)
 * and LABELS (NULL when unlabelled or of no interest). *ROWS is 0 at the end only. Fails with
 * FF_EIO, FF_ECORRUPT (the file ends early, bad gzip checksum), FF_ENUMERIC (a float that is not
 * finite; the message tells row and column). Together with the last rows the end of the file is
 * checked. After a failure the dataset can only be closed.
 */
FF_CHECK int ff_dataset_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                             uint16_t *labels, size_t *rows);
/*
 * Describes the files of DATASET, whose rows have been read, as they were then. What is left of
 * them is read; afterwards DATASET can only be closed. FF_EMISMATCH: a file has changed meanwhile.
 */
FF_CHECK int ff_dataset_describe(struct ff_dataset *dataset, struct ff_data_files *out);
void ff_dataset_close(struct ff_dataset *dataset); /* NULL-safe */
/* Names, sizes and times of the files of SPEC, found as ff_dataset_open() finds them; they are not
 * read, and have no hash. FF_ENOTFOUND also if a file is missing. */
FF_CHECK int ff_dataset_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                             struct ff_data_files *out);
/* Adds what an open dataset takes at most, whatever its format. */
void ff_dataset_needs(struct ff_needs *needs);
/* The table, for --help and tests that loop over it; *COUNT rows. */
const struct ff_dataset_format *const *ff_dataset_formats(size_t *count);

#endif
