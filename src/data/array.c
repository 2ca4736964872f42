#include "data/array.h"

#include <assert.h>
#include <fftool/data.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The highest compression ratio of deflate (zlib.net, "zlib Technical Details"). */
#define DEFLATE_RATIO 1032

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
    if (ff_input_is_gzip(array->input)) {
        if (need / DEFLATE_RATIO > have)
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

int ff_array_open(struct ff_ctx *ctx, const char *path, const char *noun,
                  ff_array_header_fn *header, struct ff_array *array)
{
    int status;

    memset(array, 0, sizeof *array);
    array->noun = noun;
    status = ff_input_open(ctx, path, &array->input);
    if (status == FF_OK)
        status = header(ctx, array->input, array);
    if (status == FF_OK) {
        array->header_bytes = ff_input_offset(array->input);
        status = bound_shape(ctx, array);
    }
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

static void swap_bytes(void *values, size_t count, unsigned bytes)
{
    unsigned char *v = values;

    for (; count > 0; count--, v += bytes) {
        for (unsigned i = 0; i < bytes / 2; i++) {
            unsigned char kept = v[i];

            v[i] = v[bytes - 1 - i];
            v[bytes - 1 - i] = kept;
        }
    }
}

int ff_array_read(struct ff_ctx *ctx, struct ff_array *array, size_t rows, void *out)
{
    const bool host_is_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    size_t row_bytes = ff_array_row_bytes(array), got;
    int status;

    assert(rows <= array->shape[0] - array->next && rows <= SIZE_MAX / row_bytes);
    status = ff_input_read(array->input, out, rows * row_bytes, &got);
    if (status != FF_OK)
        return status;
    if (got < rows * row_bytes)
        return truncated(ctx, array, array->next + got / row_bytes);
    array->next += rows;
    if (array->element.bytes > 1 && array->element.big_endian != host_is_big)
        swap_bytes(out, rows * array->row_elements, array->element.bytes);
    if (array->next == array->shape[0]) {
        char tail[64];

        snprintf(tail, sizeof tail, "its %" PRIu64 " %s", array->shape[0], array->noun);
        return ff_input_expect_end(array->input, tail);
    }
    return FF_OK;
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
