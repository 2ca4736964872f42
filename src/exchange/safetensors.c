/*
 * Writing safetensors files: the length of the header (8 bytes, little-endian); the header, an
 * object of JSON, padded with spaces so that the tensors are aligned; the tensors in the order of
 * the header, without gaps. https://github.com/huggingface/safetensors
 */
#include "exchange/safetensors.h"
#include "exchange/format.h"
#include "model/json_text.h"
#include "store/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct writing {
    struct ff_export *export;
    struct ff_output output;
    uint64_t offset; /* of the next tensor, behind the header */
    uint64_t data;   /* of the first tensor in the file */
};

/* A tensor in the header. */
static int describe(void *arg, const struct ff_exported *exported)
{
    struct writing *writing = arg;
    enum ff_export_dtype dtype = writing->export->opts->dtype;
    uint32_t shape[2];
    int dimensions = ff_export_shape(exported, shape);
    uint64_t elements = (uint64_t)shape[0] * shape[1];
    uint64_t end = writing->offset + elements * ff_export_element_bytes(dtype);
    FILE *out = writing->output.file;

    fprintf(out, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%" PRIu32, exported->name,
            ff_safetensors_dtype(dtype), shape[0]);
    if (dimensions > 1)
        fprintf(out, ",%" PRIu32, shape[1]);
    fprintf(out, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", writing->offset, end);
    writing->offset = end;
    return ferror(out) ? ff_output_failed(&writing->output) : FF_OK;
}

/* Writes the header, then its length before it. */
static int write_header(struct writing *writing)
{
    struct ff_output *output = &writing->output;
    uint8_t length[FF_SAFETENSORS_LENGTH_BYTES] = {0};
    char *metadata = ff_json_text(writing->export->metadata, JSON_COMPACT | JSON_SORT_KEYS);
    int status;

    if (!metadata)
        return ff_fail(writing->export->ctx, FF_ENOMEM, "out of memory for the metadata");
    errno = 0;
    status = ff_export_put(output, length, sizeof length);
    if (status == FF_OK && fprintf(output->file, "{\"__metadata__\":%s", metadata) < 0)
        status = ff_output_failed(output);
    free(metadata);
    if (status == FF_OK)
        status = ff_export_each(writing->export, describe, writing);
    if (status == FF_OK)
        status = ff_export_put(output, "}", 1);
    while (status == FF_OK && ftello(output->file) % FF_SAFETENSORS_ALIGNMENT != 0)
        status = ff_export_put(output, " ", 1);
    if (status != FF_OK)
        return status;
    writing->data = (uint64_t)ftello(output->file);
    ff_put_le64(length, writing->data - sizeof length);
    rewind(output->file);
    return ff_export_put(output, length, sizeof length);
}

/* Writes N elements at element AT of the tensor that begins at the present offset. */
static int put_at(struct writing *writing, uint64_t at, const void *bytes, size_t n)
{
    const size_t element = ff_export_element_bytes(writing->export->opts->dtype);
    const uint64_t place = writing->data + writing->offset + at * element;

    if (fseeko(writing->output.file, (off_t)place, SEEK_SET) != 0)
        return ff_output_failed(&writing->output);
    return ff_export_put(&writing->output, bytes, n * element);
}

/* A tile of label weights has columns of the rows of the whole tensor. */
static int write_tile(struct writing *writing, const struct ff_exported *exported, uint32_t tile)
{
    const struct ff_tensor *tensor = &exported->tensor;
    const size_t element = ff_export_element_bytes(writing->export->opts->dtype);
    uint32_t first, units;
    const void *bytes;
    int status = ff_export_tile(writing->export, exported, tile, false, &bytes);

    ff_tile_range(tensor->units, tile, &first, &units);
    if (status == FF_OK && !tensor->by_class)
        return put_at(writing, (uint64_t)first * tensor->per_unit, bytes,
                      (size_t)units * tensor->per_unit);
    for (uint64_t row = 0; row < tensor->per_unit && status == FF_OK; row++)
        status = put_at(writing, row * tensor->units + first,
                        (const char *)bytes + row * units * element, units);
    return status;
}

static int write_tensor(void *arg, const struct ff_exported *exported)
{
    struct writing *writing = arg;
    const struct ff_tensor *tensor = &exported->tensor;
    uint64_t elements = (uint64_t)tensor->units * tensor->per_unit;
    int status = FF_OK;

    for (uint32_t tile = 0; tile < ff_tile_count(tensor->units) && status == FF_OK; tile++)
        status = write_tile(writing, exported, tile);
    writing->offset += elements * ff_export_element_bytes(writing->export->opts->dtype);
    return status;
}

static int write(struct ff_export *export)
{
    struct writing writing = {.export = export};
    int status =
        ff_output_begin(export->ctx, export->opts->output, export->opts->force, &writing.output);

    if (status != FF_OK)
        return status;
    status = write_header(&writing);
    writing.offset = 0;
    if (status == FF_OK)
        status = ff_export_each(export, write_tensor, &writing);
    return ff_output_end(&writing.output, status, &export->bytes);
}

const char *ff_safetensors_dtype(enum ff_export_dtype dtype)
{
    static const char *const names[] = {
        [FF_EXPORT_F32] = "F32", [FF_EXPORT_F16] = "F16", [FF_EXPORT_BF16] = "BF16"};

    return names[dtype];
}

const struct ff_exchange_format ff_exchange_safetensors = {
    .info = {.name = "safetensors",
             .suffix = ".safetensors",
             .summary = "safetensors, as PyTorch, JAX and others read it, with metadata"},
    .write = write,
};
