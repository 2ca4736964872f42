#include "data/array.h"

#include <assert.h>
#include <fftool/data.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Numbers are converted in blocks of this size, on the stack. */
#define BUFFER_BYTES 4096

size_t ff_array_row_bytes(const struct ff_array *array)
{
    return (size_t)array->row_elements * array->element.bytes;
}

static int bound_shape(struct ff_ctx *ctx, struct ff_array *array)
{
    const char *path = ff_input_path(array->input);
    uint64_t elements = 1;

    assert(array->axes >= 1 && array->axes <= FF_ARRAY_AXES);
    if (array->shape[0] == 0)
        return ff_fail(ctx, FF_EINVAL, "%s: holds no %s", path, array->noun);
    if (array->shape[0] > FF_MAX_DATA_SAMPLES)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: its header declares %" PRIu64 " %s; the limit is %" PRIu64, path,
                       array->shape[0], array->noun, FF_MAX_DATA_SAMPLES);
    for (unsigned axis = 1; axis < array->axes; axis++) {
        if (array->shape[axis] == 0)
            return ff_fail(ctx, FF_EINVAL, "%s: its %s are empty (axis %u has length 0)", path,
                           array->noun, axis);
        if (__builtin_mul_overflow(elements, array->shape[axis], &elements) ||
            elements > FF_MAX_DATA_FEATURES)
            return ff_fail(ctx, FF_EINVAL,
                           "%s: its %s have more than %u values each, which is the limit", path,
                           array->noun, FF_MAX_DATA_FEATURES);
    }
    array->row_elements = (uint32_t)elements;
    return FF_OK;
}

void ff_array_make_row(struct ff_array *array)
{
    assert(array->axes < FF_ARRAY_AXES && array->next == 0);
    memmove(array->shape + 1, array->shape, array->axes * sizeof *array->shape);
    array->row_elements *= (uint32_t)array->shape[0];
    array->shape[0] = 1;
    array->axes++;
}

static int truncated(struct ff_ctx *ctx, const struct ff_array *array, uint64_t rows)
{
    return ff_fail(ctx, FF_ECORRUPT,
                   "%s: truncated: holds %" PRIu64 " of %" PRIu64 " %s; download or copy it again",
                   ff_input_path(array->input), rows, array->shape[0], array->noun);
}

static int check_size(struct ff_ctx *ctx, const struct ff_array *array)
{
    const char *path = ff_input_path(array->input);
    uint64_t have = ff_input_file_bytes(array->input), need;

    if (__builtin_mul_overflow(array->shape[0], ff_array_row_bytes(array), &need) ||
        __builtin_add_overflow(array->header_bytes, need, &need))
        need = UINT64_MAX;
    if (ff_input_ratio(array->input) > 1) {
        if (need / ff_input_ratio(array->input) > have)
            return ff_fail(ctx, FF_ECORRUPT,
                           "%s: truncated: %" PRIu64 " compressed bytes cannot hold the %" PRIu64
                           " %s that its header declares; download or copy it again",
                           path, have, array->shape[0], array->noun);
        return FF_OK;
    }
    if (have < need) {
        uint64_t held = have > array->header_bytes ? have - array->header_bytes : 0;

        return truncated(ctx, array, held / ff_array_row_bytes(array));
    }
    if (have > need)
        return ff_fail(ctx, FF_ECORRUPT,
                       "%s: has %" PRIu64 " bytes after the %" PRIu64
                       " %s that its header declares; save the file again",
                       path, have - need, array->shape[0], array->noun);
    return FF_OK;
}

/* Both orders are the same if all axes but one have length 1. */
static int settle_order(struct ff_ctx *ctx, struct ff_array *array)
{
    unsigned longer = 0;

    for (unsigned axis = 0; axis < array->axes; axis++)
        longer += array->shape[axis] > 1;
    array->column_major = array->column_major && longer > 1;
    if (array->column_major && !ff_input_can_peek(array->input))
        return ff_fail(ctx, FF_EFORMAT,
                       "%s: a compressed array in Fortran order cannot be read row by row; "
                       "decompress it, or save numpy.ascontiguousarray(x) instead",
                       ff_input_path(array->input));
    return FF_OK;
}

int ff_array_open(struct ff_ctx *ctx, const struct ff_array_place *place, const char *noun,
                  ff_array_header_fn *header, struct ff_array *array)
{
    int status;

    memset(array, 0, sizeof *array);
    array->noun = noun;
    status = *place->member ? ff_input_open_member(ctx, place->path, place->member, &array->input)
                            : ff_input_open(ctx, place->path, &array->input);
    if (status == FF_OK)
        status = header(ctx, array->input, array);
    if (status == FF_OK) {
        array->header_bytes = ff_input_offset(array->input);
        status = bound_shape(ctx, array);
    }
    if (status == FF_OK)
        status = settle_order(ctx, array);
    if (status == FF_OK)
        status = check_size(ctx, array);
    if (status != FF_OK)
        ff_array_release(array);
    return status;
}

void ff_array_release(struct ff_array *array)
{
    ff_input_close(array->input);
    array->input = NULL;
}

/* ---- Reading ---- */

/* Reads N numbers, of which DONE of the next rows were read before, as they are in the file. */
static int read_numbers(struct ff_ctx *ctx, struct ff_array *array, size_t done, size_t n,
                        void *out)
{
    size_t bytes = array->element.bytes, got;
    int status = ff_input_read(array->input, out, n * bytes, &got);

    if (status == FF_OK && got < n * bytes)
        return truncated(ctx, array, array->next + (done + got / bytes) / array->row_elements);
    return status;
}

static int too_large(struct ff_ctx *ctx, const struct ff_array *array, size_t row, size_t column,
                     const void *at)
{
    return ff_fail(ctx, FF_ENUMERIC,
                   "%s: the value in row %" PRIu64
                   ", column %zu (both from 0) is %g, too large for float32; scale the values",
                   ff_input_path(array->input), array->next + row, column,
                   ff_number_to_double(array->element, at));
}

/* Reads N numbers through a small buffer. */
static int read_floats(struct ff_ctx *ctx, struct ff_array *array, size_t n, float *out)
{
    unsigned char buffer[BUFFER_BYTES];
    const size_t bytes = array->element.bytes, at_once = sizeof buffer / bytes;

    for (size_t done = 0, block; done < n; done += block) {
        size_t converted;
        int status;

        block = n - done < at_once ? n - done : at_once;
        status = read_numbers(ctx, array, done, block, buffer);
        if (status != FF_OK)
            return status;
        converted = ff_numbers_to_floats(array->element, block, buffer, out + done);
        if (converted < block)
            return too_large(ctx, array, (done + converted) / array->row_elements,
                             (done + converted) % array->row_elements, buffer + converted * bytes);
    }
    return FF_OK;
}

/* The place of the column-major file's column that holds value J of a row. */
static uint64_t column_of(const struct ff_array *array, uint32_t j)
{
    uint64_t stride = array->row_elements, column = 0;

    for (unsigned axis = array->axes - 1; axis > 0; axis--) {
        stride /= array->shape[axis];
        column += j % array->shape[axis] * stride;
        j = (uint32_t)(j / array->shape[axis]);
    }
    return column;
}

/* Copies or converts N numbers of a column to value J of the rows from ROW on in OUT. */
static int place_column(struct ff_ctx *ctx, const struct ff_array *array, size_t row, size_t n,
                        uint32_t j, const unsigned char *column, void *out)
{
    const size_t width = array->row_elements;

    for (size_t i = 0; i < n; i++) {
        const unsigned char *at = column + i * array->element.bytes;
        size_t place = (row + i) * width + j;

        if (ff_element_is_byte(array->element))
            ((unsigned char *)out)[place] = *at;
        else if (ff_numbers_to_floats(array->element, 1, at, (float *)out + place) == 0)
            return too_large(ctx, array, row + i, j, at);
    }
    return FF_OK;
}

/* Reads ROWS rows of a column-major array, column by column. */
static int read_columns(struct ff_ctx *ctx, const struct ff_array *array, size_t rows, void *out)
{
    unsigned char buffer[BUFFER_BYTES];
    const size_t bytes = array->element.bytes, at_once = sizeof buffer / bytes;
    int status = FF_OK;

    for (uint32_t j = 0; j < array->row_elements; j++) {
        uint64_t first = column_of(array, j) * array->shape[0] + array->next;

        for (size_t done = 0, n; status == FF_OK && done < rows; done += n) {
            size_t got = 0;

            n = rows - done < at_once ? rows - done : at_once;
            status = ff_input_peek(array->input, array->header_bytes + (first + done) * bytes,
                                   buffer, n * bytes, &got);
            if (status == FF_OK && got < n * bytes)
                return truncated(ctx, array, 0);
            if (status == FF_OK)
                status = place_column(ctx, array, done, n, j, buffer, out);
        }
    }
    return status;
}

/* Counts ROWS rows that were read. After the last one it checks the end of the file, which only
 * a sequential reader reaches: a member that was read by columns is read once more. */
static int advance(struct ff_array *array, size_t rows)
{
    char tail[64];

    array->next += rows;
    if (array->next < array->shape[0])
        return FF_OK;
    if (array->column_major)
        return ff_input_archive(array->input) ? ff_input_verify(array->input) : FF_OK;
    snprintf(tail, sizeof tail, "its %" PRIu64 " %s", array->shape[0], array->noun);
    return ff_input_expect_end(array->input, tail);
}

int ff_array_read(struct ff_ctx *ctx, struct ff_array *array, size_t rows, void *out)
{
    size_t n = rows * array->row_elements;
    int status;

    assert(rows <= array->shape[0] - array->next && rows <= SIZE_MAX / ff_array_row_bytes(array));
    if (array->column_major)
        status = read_columns(ctx, array, rows, out);
    else if (ff_element_is_byte(array->element))
        status = read_numbers(ctx, array, 0, n, out);
    else
        status = read_floats(ctx, array, n, out);
    return status == FF_OK ? advance(array, rows) : status;
}

static int not_an_integer(struct ff_ctx *ctx, const struct ff_array *array, size_t i,
                          const void *at)
{
    return ff_fail(
        ctx, FF_EINVAL,
        "%s: the value in row %" PRIu64 " (from 0) is %g: labels are whole numbers below 2^63",
        ff_input_path(array->input), array->next + i, ff_number_to_double(array->element, at));
}

int ff_array_read_integers(struct ff_ctx *ctx, struct ff_array *array, size_t rows, int64_t *out)
{
    unsigned char buffer[BUFFER_BYTES];
    const size_t bytes = array->element.bytes, at_once = sizeof buffer / bytes;

    assert(array->row_elements == 1 && rows <= array->shape[0] - array->next);
    for (size_t done = 0, block; done < rows; done += block) {
        int status;

        block = rows - done < at_once ? rows - done : at_once;
        status = read_numbers(ctx, array, done, block, buffer);
        if (status != FF_OK)
            return status;
        for (size_t i = 0; i < block; i++) {
            if (!ff_number_to_integer(array->element, buffer + i * bytes, &out[done + i]))
                return not_an_integer(ctx, array, done + i, buffer + i * bytes);
        }
    }
    return advance(array, rows);
}

int ff_array_rewind(struct ff_array *array)
{
    uint64_t left = array->header_bytes;
    int status = ff_input_rewind(array->input);

    array->next = 0;
    while (status == FF_OK && left > 0) {
        unsigned char skipped[256];
        size_t step = left < sizeof skipped ? (size_t)left : sizeof skipped;

        status = ff_input_read_all(array->input, skipped, step, "header");
        left -= step;
    }
    return status;
}
