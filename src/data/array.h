/*
 * A file, or a member of an archive, that holds one array: a header, then the elements in row-major
 * order, or, uncompressed, in column-major order. IDX and NumPy files differ only in the header.
 * The first axis is that of the rows.
 */
#ifndef FF_DATA_ARRAY_H
#define FF_DATA_ARRAY_H

#include "data/numbers.h"
#include "input/input.h"
#include "input/paths.h"

#define FF_ARRAY_AXES 8 /* most axes an array may have */

#define FF_MEMBER_BYTES 256 /* of the name of a member, with its end */

struct ff_array_place {
    char path[FF_PATH_BYTES];
    char member[FF_MEMBER_BYTES]; /* of the archive PATH; "": PATH is the array */
};

struct ff_array {
    struct ff_input *input;
    const char *noun; /* the rows' name in messages: "images" or "labels" */
    struct ff_element element;
    unsigned axes;
    uint64_t shape[FF_ARRAY_AXES]; /* shape[0] rows */
    bool column_major;             /* the first axis varies fastest, as in Fortran */
    uint32_t row_elements;         /* product of shape[1 ..] */
    uint64_t header_bytes;
    uint64_t next; /* the row to be read next */
};

/* Reads the header from the beginning of INPUT; sets element, axes, shape and column_major. Fails
 * with FF_EFORMAT (not this format, or an unsupported variant) or FF_ECORRUPT. */
typedef int ff_array_header_fn(struct ff_ctx *ctx, struct ff_input *input, struct ff_array *array);

/*
 * Opens the array at PLACE into ARRAY, bounds its shape and compares it with the size of the file.
 * The content of a compressed file is checked only while it is read; at open the file is rejected
 * if it is too small for its shape at the highest compression ratio, or if it would have to be read
 * by columns. Fails like the header function and with FF_EINVAL (no rows, too large) or
 * FF_ECORRUPT. NOUN is not copied. After a failure ARRAY needs no release.
 */
FF_CHECK int ff_array_open(struct ff_ctx *ctx, const struct ff_array_place *place, const char *noun,
                           ff_array_header_fn *header, struct ff_array *array);
void ff_array_release(struct ff_array *array); /* does nothing if ARRAY is zeroed */
/* Makes the whole array, of fewer than FF_ARRAY_AXES axes and not read yet, its only row. */
void ff_array_make_row(struct ff_array *array);
/* Bytes of a row. */
size_t ff_array_row_bytes(const struct ff_array *array);
/*
 * Reads the next ROWS rows, at most those left, into OUT: uint8 if ff_element_is_byte(), else
 * float32. After the last row it checks that the file ends there. FF_ECORRUPT, FF_EIO, FF_ENUMERIC
 * (a value that is infinite as float32, but not in the file; the message gives row and column).
 * A column-major array costs one system call per column and call: read many rows at once.
 */
FF_CHECK int ff_array_read(struct ff_ctx *ctx, struct ff_array *array, size_t rows, void *out);
/* The same of an array of one number per row, as integers. FF_EINVAL: one is not whole or does not
 * fit; the message gives its row. */
FF_CHECK int ff_array_read_integers(struct ff_ctx *ctx, struct ff_array *array, size_t rows,
                                    int64_t *out);
/* Continues with the first row. */
FF_CHECK int ff_array_rewind(struct ff_array *array);

#endif
