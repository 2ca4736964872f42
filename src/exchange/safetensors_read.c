#include "exchange/safetensors_read.h"

#include "base/path.h"
#include "exchange/contents.h"
#include "exchange/elements.h"
#include "exchange/safetensors.h"
#include "model/json_text.h"
#include "store/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define METADATA "__metadata__"
#define MOST_DIMENSIONS 2
#define LARGEST_DIMENSION ((json_int_t)1 << 40)

struct ff_safetensors {
    struct ff_ctx *ctx;
    const char *path;
    int fd;
    uint64_t bytes; /* of the file */
    uint64_t start; /* of the tensors */
    json_t *header;
};

/* ---- Reading ---- */

static int read_at(const struct ff_safetensors *file, uint64_t at, void *out, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(file->fd, (char *)out + done, bytes - done, (off_t)(at + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ff_fail_errno(file->ctx, errno, "%s: cannot read", file->path);
        if (n == 0)
            return ff_fail(file->ctx, FF_ECORRUPT, "%s: byte %" PRIu64 ": the file ends here",
                           file->path, at + done);
        done += (size_t)n;
    }
    return FF_OK;
}

int ff_safetensors_read(const struct ff_safetensors *file, const struct ff_safetensor *tensor,
                        uint64_t first, size_t n, float *out)
{
    const size_t element = ff_export_element_bytes(tensor->dtype);
    int status = read_at(file, tensor->at + first * element, out, n * element);

    if (status == FF_OK)
        ff_elements_widen(out, n, tensor->dtype);
    return status;
}

/* ---- The header ---- */

/* The byte of the file at which the header first has NAME in quotes, for messages; that of the
 * header, if it is not there as it is. */
static uint64_t position(const struct ff_safetensors *file, const char *name)
{
    const size_t length = (size_t)(file->start - FF_SAFETENSORS_LENGTH_BYTES), n = strlen(name);
    uint64_t at = FF_SAFETENSORS_LENGTH_BYTES;
    char *text = ff_alloc(file->ctx, FF_MEM_IO, length);

    if (text && read_at(file, at, text, length) == FF_OK) {
        for (size_t i = 0; i + n + 1 < length && at == FF_SAFETENSORS_LENGTH_BYTES; i++) {
            if (text[i] == '"' && text[i + n + 1] == '"' && memcmp(text + i + 1, name, n) == 0)
                at += i;
        }
    }
    ff_free(file->ctx, FF_MEM_IO, text, length);
    return at;
}

static int damaged(const struct ff_safetensors *file, const char *name, const char *what)
{
    return ff_fail(file->ctx, FF_ECORRUPT, "%s: byte %" PRIu64 ": \"%s\": %s", file->path,
                   position(file, name), name, what);
}

static bool dtype_of(const char *name, enum ff_export_dtype *out)
{
    for (int dtype = FF_EXPORT_F32; dtype <= FF_EXPORT_BF16; dtype++) {
        *out = (enum ff_export_dtype)dtype;
        if (strcmp(ff_safetensors_dtype(*out), name) == 0)
            return true;
    }
    return false;
}

static bool read_shape(const json_t *shape, struct ff_safetensor *out)
{
    out->dimensions = json_array_size(shape);
    if (!json_is_array(shape) || out->dimensions < 1 || out->dimensions > MOST_DIMENSIONS)
        return false;
    out->shape[0] = out->shape[1] = 1;
    for (size_t i = 0; i < out->dimensions; i++) {
        const json_t *value = json_array_get(shape, i);

        if (!json_is_integer(value) || json_integer_value(value) < 1 ||
            json_integer_value(value) > LARGEST_DIMENSION)
            return false;
        out->shape[i] = (uint64_t)json_integer_value(value);
    }
    return out->shape[0] <= (uint64_t)LARGEST_DIMENSION / out->shape[1];
}

/* The bytes of a tensor behind the header. */
struct extent {
    uint64_t begin, end;
};

static bool read_extent(const json_t *offsets, struct extent *out)
{
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);

    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return false;
    *out = (struct extent){(uint64_t)json_integer_value(begin), (uint64_t)json_integer_value(end)};
    return true;
}

static int read_tensor(const struct ff_safetensors *file, const char *name, const json_t *value,
                       struct ff_safetensor *out, struct extent *extent)
{
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    uint64_t bytes;

    if (!json_is_object(value) || !dtype)
        return damaged(file, name, "is not a tensor with a dtype");
    if (!dtype_of(dtype, &out->dtype))
        return ff_fail(file->ctx, FF_EFORMAT,
                       "%s: byte %" PRIu64
                       ": \"%s\": dtype %s is not supported; save F32, F16 or BF16",
                       file->path, position(file, name), name, dtype);
    if (!read_shape(json_object_get(value, "shape"), out))
        return damaged(file, name, "its shape is not one or two positive numbers");
    if (!read_extent(json_object_get(value, "data_offsets"), extent))
        return damaged(file, name, "its data_offsets are not two ascending numbers");
    bytes = out->shape[0] * out->shape[1] * ff_export_element_bytes(out->dtype);
    if (extent->end - extent->begin != bytes)
        return ff_fail(file->ctx, FF_ECORRUPT,
                       "%s: byte %" PRIu64 ": \"%s\": its shape takes %" PRIu64
                       " bytes, but its data_offsets have %" PRIu64,
                       file->path, position(file, name), name, bytes, extent->end - extent->begin);
    out->at = file->start + extent->begin;
    return FF_OK;
}

static int compare(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;

    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* The tensors must follow each other from the header to the end of the file. */
static int check_extents(const struct ff_safetensors *file, struct extent *extents, size_t n)
{
    uint64_t at = 0;

    qsort(extents, n, sizeof *extents, compare);
    for (size_t i = 0; i < n; i++) {
        if (extents[i].begin != at)
            return ff_fail(file->ctx, FF_ECORRUPT, "%s: byte %" PRIu64 ": %s", file->path,
                           file->start + at,
                           extents[i].begin > at ? "no tensor has the bytes from here on"
                                                 : "two tensors share the bytes before this one");
        at = extents[i].end;
    }
    if (at == file->bytes - file->start)
        return FF_OK;
    return ff_fail(file->ctx, FF_ECORRUPT,
                   "%s: byte %" PRIu64 ": the tensors end here, but the file at byte %" PRIu64
                   "; copy it again",
                   file->path, file->start + at, file->bytes);
}

static int check_metadata(const struct ff_safetensors *file, const json_t *metadata)
{
    void *at;

    if (metadata && !json_is_object(metadata))
        return damaged(file, METADATA, "is not an object");
    for (at = json_object_iter((json_t *)(uintptr_t)metadata); at;
         at = json_object_iter_next((json_t *)(uintptr_t)metadata, at)) {
        if (!json_is_string(json_object_iter_value(at)))
            return damaged(file, METADATA, "has a value that is not a string");
    }
    return FF_OK;
}

static int check_tensors(const struct ff_safetensors *file)
{
    size_t most = json_object_size(file->header), n = 0;
    struct extent *extents = ff_alloc_array(file->ctx, FF_MEM_IO, most, sizeof *extents);
    struct ff_safetensor tensor;
    const char *name;
    json_t *value;
    int status = extents ? FF_OK : ff_alloc_status(file->ctx);

    json_object_foreach(file->header, name, value)
    {
        if (status != FF_OK)
            break;
        if (strcmp(name, METADATA) != 0)
            status = read_tensor(file, name, value, &tensor, &extents[n++]);
    }
    if (status == FF_OK)
        status = check_extents(file, extents, n);
    ff_free(file->ctx, FF_MEM_IO, extents, most * sizeof *extents);
    return status;
}

static int parse_header(struct ff_safetensors *file, const char *text, size_t length)
{
    json_error_t error;
    int status;

    if (length == 0 || *text != '{')
        return ff_fail(
            file->ctx, FF_EFORMAT,
            "%s: byte %d: the header does not begin with {; it is not a safetensors file",
            file->path, FF_SAFETENSORS_LENGTH_BYTES);
    status = ff_json_parse(file->ctx, text, length, &file->header, &error);
    if (status == FF_ECORRUPT)
        return ff_fail(file->ctx, FF_ECORRUPT, "%s: byte %d: header: %s", file->path,
                       FF_SAFETENSORS_LENGTH_BYTES + error.position, error.text);
    return status;
}

static int read_header(struct ff_safetensors *file)
{
    uint8_t prefix[FF_SAFETENSORS_LENGTH_BYTES];
    uint64_t length;
    char *text;
    int status;

    if (file->bytes < sizeof prefix)
        return ff_fail(file->ctx, FF_EFORMAT,
                       "%s: is not a safetensors file: it has %" PRIu64 " bytes", file->path,
                       file->bytes);
    status = read_at(file, 0, prefix, sizeof prefix);
    if (status != FF_OK)
        return status;
    length = ff_get_le64(prefix);
    if (length > file->bytes - sizeof prefix)
        return ff_fail(file->ctx, FF_EFORMAT,
                       "%s: byte 0: a header of %" PRIu64 " bytes does not fit the file of %" PRIu64
                       "; it is truncated, or not a safetensors file",
                       file->path, length, file->bytes);
    if (length > FF_SAFETENSORS_HEADER_BYTES)
        return ff_fail(file->ctx, FF_EFORMAT,
                       "%s: byte 0: a header of %" PRIu64 " bytes; the limit is %u", file->path,
                       length, FF_SAFETENSORS_HEADER_BYTES);
    file->start = sizeof prefix + length;
    text = ff_alloc(file->ctx, FF_MEM_IO, (size_t)length);
    if (!text)
        return ff_alloc_status(file->ctx);
    status = read_at(file, sizeof prefix, text, (size_t)length);
    if (status == FF_OK)
        status = parse_header(file, text, (size_t)length);
    ff_free(file->ctx, FF_MEM_IO, text, (size_t)length);
    return status;
}

/* ---- The file ---- */

static int open_file(struct ff_safetensors *file)
{
    struct stat st;

    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &st) != 0)
        return ff_fail_errno(file->ctx, errno, "%s: cannot open", file->path);
    if (!S_ISREG(st.st_mode))
        return ff_fail(file->ctx, FF_EFORMAT, "%s: is not a regular file", file->path);
    file->bytes = (uint64_t)st.st_size;
    return FF_OK;
}

int ff_safetensors_open(struct ff_ctx *ctx, const char *path, struct ff_safetensors **out)
{
    struct ff_safetensors *file = ff_alloc(ctx, FF_MEM_IO, sizeof *file);
    int status;

    *out = NULL;
    if (!file)
        return ff_alloc_status(ctx);
    *file = (struct ff_safetensors){.ctx = ctx, .path = path};
    status = open_file(file);
    if (status == FF_OK)
        status = read_header(file);
    if (status == FF_OK)
        status = check_metadata(file, json_object_get(file->header, METADATA));
    if (status == FF_OK)
        status = check_tensors(file);
    if (status != FF_OK)
        ff_safetensors_close(file);
    else
        *out = file;
    return status;
}

void ff_safetensors_close(struct ff_safetensors *file)
{
    if (!file)
        return;
    json_decref(file->header);
    if (file->fd >= 0)
        close(file->fd);
    ff_free(file->ctx, FF_MEM_IO, file, sizeof *file);
}

const char *ff_safetensors_path(const struct ff_safetensors *file)
{
    return file->path;
}

size_t ff_safetensors_count(const struct ff_safetensors *file)
{
    return json_object_size(file->header) - (json_object_get(file->header, METADATA) != NULL);
}

const char *ff_safetensors_metadata(const struct ff_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, METADATA), key));
}

int ff_safetensors_each(const struct ff_safetensors *file,
                        int (*visit)(void *arg, const char *name), void *arg)
{
    const char *name;
    json_t *value;
    int status = 0;

    json_object_foreach(file->header, name, value)
    {
        if (strcmp(name, METADATA) != 0)
            status = visit(arg, name);
        if (status != 0)
            break;
    }
    return status;
}

bool ff_safetensors_has(const struct ff_safetensors *file, const char *name)
{
    return strcmp(name, METADATA) != 0 && json_object_get(file->header, name) != NULL;
}

int ff_safetensors_look_up(const struct ff_safetensors *file, const char *name,
                           struct ff_safetensor *out)
{
    struct extent extent;

    if (!ff_safetensors_has(file, name))
        return ff_fail(file->ctx, FF_EMISMATCH, "%s: has no tensor \"%s\"", file->path, name);
    return read_tensor(file, name, json_object_get(file->header, name), out, &extent);
}

int ff_safetensors_find(const struct ff_safetensors *file, const char *name, uint64_t rows,
                        uint64_t columns, struct ff_safetensor *out)
{
    const size_t dimensions = columns > 0 ? 2 : 1;
    int status = ff_safetensors_look_up(file, name, out);

    if (status != FF_OK)
        return status;
    if (out->dimensions == dimensions && out->shape[0] == rows &&
        (dimensions == 1 || out->shape[1] == columns))
        return FF_OK;
    return ff_fail(file->ctx, FF_EMISMATCH,
                   "%s: byte %" PRIu64 ": \"%s\" has %" PRIu64 " x %" PRIu64
                   " elements, but its model %" PRIu64 " x %" PRIu64,
                   file->path, position(file, name), name, out->shape[0], out->shape[1], rows,
                   dimensions == 1 ? 1 : columns);
}
