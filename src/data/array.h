/*
 * A file that holds one array: a header, then the elements, last axis fastest. IDX and NumPy files
 * are such; they differ in the header alone. The first axis counts rows.
 */
#ifndef FF_DATA_ARRAY_H
#define FF_DATA_ARRAY_H

#include "data/input.h"

#define FF_ARRAY_AXES 8                   /* most axes an array may have */
#define FF_ARRAY_ROW_ELEMENTS (1u << 24)  /* most elements of a row */
#define FF_ARRAY_ROWS ((uint64_t)1 << 40) /* most rows */

struct ff_element {
    char kind;     /* 'u', 'i' or 'f', as NumPy writes it */
    uint8_t bytes; /* 1, 2, 4 or 8 */
    bool big_endian;
};

struct ff_array {
    struct ff_input *input;
    const char *noun; /* what a row is, for messages: "images" or "labels" */
    struct ff_element element;
    unsigned axes;
    uint64_t shape[FF_ARRAY_AXES]; /* shape[0] rows */
    uint32_t row_elements;         /* product of shape[1 ..] */
    uint64_t header_bytes;
    uint64_t next; /* row that is read next */
};

/* Reads the header from the beginning of INPUT; fills element, axes and shape. Fails with
 * FF_EFORMAT (not this format, or a kind of it that is not supported) or FF_ECORRUPT. */
typedef int ff_array_header_fn(struct ff_ctx *ctx, struct ff_input *input, struct ff_array *array);

/*
 * Opens PATH into ARRAY, bounds its shape and compares it with the size of the file. What a
 * compressed file holds is known only when it is read; at open it is refused if its size cannot
 * possibly hold it. Fails as the header function does and with FF_EINVAL (no rows, too large) or
 * FF_ECORRUPT. NOUN is not copied. ARRAY needs no release after a failure.
 */
FF_CHECK int ff_array_open(struct ff_ctx *ctx, const char *path, const char *noun,
                           ff_array_header_fn *header, struct ff_array *array);
void ff_array_release(struct ff_array *array); /* zeroed: nothing to do */
/* Bytes of a row. */
size_t ff_array_row_bytes(const struct ff_array *array);
/*
 * Reads the next ROWS rows, which must be left, into OUT, in the byte order of this machine. With
 * the last row it checks that the file ends there. FF_ECORRUPT, FF_EIO.
 */
FF_CHECK int ff_array_read(struct ff_ctx *ctx, struct ff_array *array, size_t rows, void *out);
/* Makes the first row the next one. */
FF_CHECK int ff_array_rewind(struct ff_array *array);

#endif
