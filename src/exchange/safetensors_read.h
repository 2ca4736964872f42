/*
 * Reading a safetensors file: the header is checked as a whole by the rules of the reference parser
 * before any tensor is read, so that a hostile file takes no memory beyond that of its header.
 */
#ifndef FF_EXCHANGE_SAFETENSORS_READ_H
#define FF_EXCHANGE_SAFETENSORS_READ_H

#include "base/context.h"

#include <fftool/exchange.h>
#include <jansson.h>

/* The largest header, of some 70,000 layers. Parsed, it takes about ten times its size; the limit
 * of the reference parser, 100 MB, would take a gigabyte. */
#define FF_SAFETENSORS_HEADER_BYTES (16u << 20)

struct ff_safetensors;

struct ff_safetensor {
    enum ff_export_dtype dtype;
    size_t dimensions; /* 1 or 2 */
    uint64_t shape[2]; /* 1: without a second dimension */
    uint64_t at;       /* its first byte in the file */
};

/* Opens PATH and checks its header. FF_EFORMAT: no safetensors file, or a type of elements that is
 * not supported; FF_ECORRUPT: damaged, with the position in bytes. */
FF_CHECK int ff_safetensors_open(struct ff_ctx *ctx, const char *path, struct ff_safetensors **out);
/* FILE may be NULL. */
void ff_safetensors_close(struct ff_safetensors *file);
const char *ff_safetensors_path(const struct ff_safetensors *file);
/* The number of tensors. */
size_t ff_safetensors_count(const struct ff_safetensors *file);
/* The text of metadata KEY, or NULL. */
const char *ff_safetensors_metadata(const struct ff_safetensors *file, const char *key);
/* Calls VISIT for the name of each tensor until one returns nonzero, which is returned. */
FF_CHECK int ff_safetensors_each(const struct ff_safetensors *file,
                                 int (*visit)(void *arg, const char *name), void *arg);
bool ff_safetensors_has(const struct ff_safetensors *file, const char *name);
/* Finds the tensor NAME of any shape. FF_EMISMATCH: there is none. */
FF_CHECK int ff_safetensors_look_up(const struct ff_safetensors *file, const char *name,
                                    struct ff_safetensor *out);
/* Finds the tensor NAME of ROWS x COLUMNS elements, or, with COLUMNS 0, of ROWS in one dimension.
 * FF_EMISMATCH: there is none, or it has another shape. */
FF_CHECK int ff_safetensors_find(const struct ff_safetensors *file, const char *name, uint64_t rows,
                                 uint64_t columns, struct ff_safetensor *out);
/* Reads N elements of TENSOR from element FIRST on into OUT, as floats. */
FF_CHECK int ff_safetensors_read(const struct ff_safetensors *file,
                                 const struct ff_safetensor *tensor, uint64_t first, size_t n,
                                 float *out);

#endif
