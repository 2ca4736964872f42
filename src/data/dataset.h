/*
 * Datasets, read sequentially in chunks of rows, so that a dataset may be larger than memory. A
 * format is one file and one row of the table in format.h. Each format bids for a path; the highest
 * bidder opens it.
 */
#ifndef FF_DATA_DATASET_H
#define FF_DATA_DATASET_H

#include "base/buffers.h"
#include "data/format.h"

/*
 * Opens SPEC and checks all that can be checked without reading the images: sizes, equal numbers of
 * images and labels, the labels (they are scanned once). Fails with FF_ENOTFOUND, FF_EFORMAT (no
 * format bids), FF_ECORRUPT (truncated, sizes that disagree), FF_EMISMATCH (different numbers of
 * images and labels), FF_EINVAL (no rows; too many classes; labels that are not integers). Messages
 * name the file, the fault and what was expected.
 *
 * Labels that are not 0, 1, ... without gaps become classes in ascending order, whose names are
 * then in the schema of the dataset. With spec->schema they become the classes of those names.
 *
 * With spec->sample a random subsample is drawn without replacement and read in file order. It
 * depends only on its size and on the number of rows in the files: files sorted by class give a
 * representative subsample, and every reader gets the same one.
 */
FF_CHECK int ff_dataset_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                             struct ff_dataset **out);
/*
 * Reads the next rows, at most MAX_ROWS (1 or more), into FEATURES (MAX_ROWS x features, u8 or f32)
 * and LABELS (NULL if unlabelled or not wanted; FF_LABEL_UNSEEN: not in spec->schema). *ROWS is 0
 * only at the end. Fails with FF_EIO, FF_ECORRUPT (truncated file, bad gzip checksum), FF_ENUMERIC
 * (a float that is not finite; the message gives row and column). The call that returns the last
 * rows checks the end of the file. After a failure the dataset can only be closed.
 */
FF_CHECK int ff_dataset_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                             uint16_t *labels, size_t *rows);
/*
 * Describes the files of DATASET as they were while its rows were read. Call after the last row. It
 * reads the rest of the files; afterwards DATASET can only be closed. FF_EMISMATCH: a file was
 * changed since it was opened.
 */
FF_CHECK int ff_dataset_describe(struct ff_dataset *dataset, struct ff_data_files *out);
/* Begins to read the names of all rows, apart from their values. *NAME becomes that of their column
 * ("id" if it has none), or "file"; NULL: rows have no names. Fails like ff_dataset_open(). */
FF_CHECK int ff_dataset_begin_ids(struct ff_dataset *dataset, const char **name);
/* Reads the name of the next row, valid until the next call. FF_EMISMATCH: there are no more. */
FF_CHECK int ff_dataset_next_id(struct ff_dataset *dataset, const char **id);
void ff_dataset_close(struct ff_dataset *dataset); /* NULL-safe */
/* Names, sizes and modification times of the files of SPEC, found as by ff_dataset_open(); a tree
 * of image files is one file, with their total size and the latest time. The files are not read, so
 * the hashes are empty. FF_ENOTFOUND also if a file is missing. */
FF_CHECK int ff_dataset_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                             struct ff_data_files *out);
/* Adds the memory of an open dataset of SCHEMA, at most, but for its ff_dataset_extra_bytes(). */
void ff_dataset_needs(const struct ff_schema *schema, struct ff_needs *needs);
/* Memory that decompressing the files of SPEC takes beyond that, and as much again for the names of
 * its rows. The files' first bytes are read; 0 if that fails, as it will when they are opened, but
 * for FF_ENOMEM. */
FF_CHECK int ff_dataset_extra_bytes(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                                    uint64_t *out);
/* The table of formats, for generic tests; *COUNT rows. */
const struct ff_dataset_format *const *ff_dataset_formats(size_t *count);

#endif
