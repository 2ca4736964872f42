#include "store/coder.h"

#include "base/arithmetic.h"
#include "store/convert.h"
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

struct ff_coder {
    struct ff_ctx *ctx;
    ZSTD_CCtx *compressor;   /* NULL until needed */
    ZSTD_DCtx *decompressor; /* NULL until needed */
    size_t metered;          /* bytes of both that the meter knows of */
    void *block;             /* NULL until needed */
    size_t block_bytes;
};

int ff_coder_new(struct ff_ctx *ctx, struct ff_coder **out)
{
    struct ff_coder *coder = ff_alloc(ctx, FF_MEM_IO, sizeof *coder);

    *out = coder;
    if (!coder)
        return ff_alloc_status(ctx);
    coder->ctx = ctx;
    return FF_OK;
}

void ff_coder_free(struct ff_coder *coder)
{
    if (!coder)
        return;
    ZSTD_freeCCtx(coder->compressor);
    ZSTD_freeDCtx(coder->decompressor);
    ff_meter_sub(coder->ctx, FF_MEM_IO, coder->metered);
    ff_free(coder->ctx, FF_MEM_IO, coder->block, coder->block_bytes);
    ff_free(coder->ctx, FF_MEM_IO, coder, sizeof *coder);
}

struct ff_ctx *ff_coder_ctx(const struct ff_coder *coder)
{
    return coder->ctx;
}

/* zstd sizes its tables when it learns what they are for. */
static int meter_contexts(struct ff_coder *coder)
{
    size_t now = ZSTD_sizeof_CCtx(coder->compressor) + ZSTD_sizeof_DCtx(coder->decompressor);
    int rc = FF_OK;

    if (now > coder->metered)
        rc = ff_meter_reserve(coder->ctx, FF_MEM_IO, now - coder->metered);
    else
        ff_meter_sub(coder->ctx, FF_MEM_IO, coder->metered - now);
    if (rc == FF_OK)
        coder->metered = now;
    return rc;
}

static int need_block(struct ff_coder *coder, size_t bytes)
{
    if (bytes <= coder->block_bytes)
        return FF_OK;
    ff_free(coder->ctx, FF_MEM_IO, coder->block, coder->block_bytes);
    coder->block_bytes = 0;
    coder->block = ff_alloc(coder->ctx, FF_MEM_IO, bytes);
    if (!coder->block)
        return ff_alloc_status(coder->ctx);
    coder->block_bytes = bytes;
    return FF_OK;
}

static int need_compressor(struct ff_coder *coder, int level)
{
    size_t code;

    if (!coder->compressor)
        coder->compressor = ZSTD_createCCtx();
    if (!coder->compressor)
        return ff_fail(coder->ctx, FF_ENOMEM, "out of memory: no zstd context");
    /* A frame that did not fit its room was left unfinished. */
    code = ZSTD_CCtx_reset(coder->compressor, ZSTD_reset_session_only);
    if (!ZSTD_isError(code))
        code = ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(code))
        code = ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_checksumFlag, 1);
    if (ZSTD_isError(code))
        return ff_fail(coder->ctx, FF_EINVAL, "zstd level %d: %s", level, ZSTD_getErrorName(code));
    return FF_OK;
}

/* How a matrix turns into the bytes that zstd sees. */
struct pass {
    const uint8_t *data;
    size_t size_before, size; /* of an element, in the matrix and as stored */
    bool convert, shuffle;
};

static struct pass make_pass(const struct ff_matrix *matrix, enum ff_dtype stored, bool shuffle)
{
    size_t size = ff_dtype_size(stored);

    return (struct pass){
        .data = matrix->data,
        .size_before = ff_dtype_size(matrix->dtype),
        .size = size,
        .convert = matrix->dtype != stored,
        .shuffle = shuffle && size > 1,
    };
}

/* Memory that source() needs for blocks of COUNT elements: converted ones, then shuffled ones. */
static size_t pass_bytes(const struct pass *pass, size_t count)
{
    return count * pass->size * ((size_t)pass->convert + (size_t)pass->shuffle);
}

static const void *source(const struct pass *pass, size_t first, size_t count, uint8_t *block)
{
    const void *from = pass->data + first * pass->size_before;

    if (pass->convert) {
        ff_bf16_from_f32(from, count, block);
        from = block;
        block += count * pass->size;
    }
    if (pass->shuffle) {
        ff_shuffle(from, count, pass->size, block);
        from = block;
    }
    return from;
}

int ff_coder_compress(struct ff_coder *coder, const struct ff_matrix *matrix, enum ff_dtype stored,
                      int level, bool shuffle, void *out, size_t capacity, size_t *size)
{
    struct pass pass = make_pass(matrix, stored, shuffle);
    size_t elements = (size_t)matrix->rows * matrix->columns;
    size_t written = 0;
    int rc;

    rc = need_compressor(coder, level);
    if (rc == FF_OK)
        rc = need_block(coder, pass_bytes(&pass, ff_smaller(elements, FF_BLOCK_ELEMENTS)));
    if (rc != FF_OK)
        return rc;
    for (size_t i = 0; i < elements; i += FF_BLOCK_ELEMENTS) {
        size_t count = ff_smaller(elements - i, FF_BLOCK_ELEMENTS);
        size_t code =
            ZSTD_compress2(coder->compressor, (uint8_t *)out + written, capacity - written,
                           source(&pass, i, count, coder->block), count * pass.size);

        rc = meter_contexts(coder);
        if (rc != FF_OK)
            return rc;
        if (ZSTD_isError(code)) {
            /* The only way to fail left, apart from memory, is a lack of room: not smaller. */
            *size = 0;
            if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
                return ff_fail(coder->ctx, FF_ENOMEM, "out of memory: zstd");
            return FF_OK;
        }
        written += code;
    }
    *size = written;
    return FF_OK;
}

/* Bytes that a context takes once it has compressed BYTES: they follow from size and level alone.
 */
static size_t compressor_bytes(int level, size_t bytes)
{
    size_t bound = ZSTD_compressBound(bytes), size;
    void *zeros = calloc(1, bytes), *packed = malloc(bound);
    ZSTD_CCtx *compressor = ZSTD_createCCtx();

    if (zeros && packed && compressor) {
        (void)ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, level);
        (void)ZSTD_compress2(compressor, packed, bound, zeros, bytes);
    }
    size = ZSTD_sizeof_CCtx(compressor);
    ZSTD_freeCCtx(compressor);
    free(zeros);
    free(packed);
    return size;
}

static size_t decompressor_bytes(void)
{
    ZSTD_DCtx *decompressor = ZSTD_createDCtx();
    size_t size = ZSTD_sizeof_DCtx(decompressor);

    ZSTD_freeDCtx(decompressor);
    return size;
}

void ff_coder_needs(const struct ff_coder_use *use, struct ff_needs *needs)
{
    size_t size = ff_dtype_size(use->dtype), count = ff_smaller(use->elements, FF_BLOCK_ELEMENTS);
    struct pass pass = {.size = size, .convert = use->converts, .shuffle = size > 1};
    size_t block = use->compresses ? pass_bytes(&pass, count) : 0;

    if (use->decompresses && pass.shuffle && count * size > block)
        block = count * size;
    needs->bytes[FF_MEM_IO] += sizeof(struct ff_coder) + block;
    if (use->compresses)
        needs->bytes[FF_MEM_IO] += compressor_bytes(use->compresses, count * size);
    if (use->decompresses)
        needs->bytes[FF_MEM_IO] += decompressor_bytes();
}

/* Block by block in place, through the coder's block. */
static int unshuffle(struct ff_coder *coder, size_t elements, size_t size, uint8_t *data)
{
    int rc = need_block(coder, ff_smaller(elements, FF_BLOCK_ELEMENTS) * size);

    if (rc != FF_OK)
        return rc;
    for (size_t i = 0; i < elements; i += FF_BLOCK_ELEMENTS) {
        size_t count = ff_smaller(elements - i, FF_BLOCK_ELEMENTS);

        memcpy(coder->block, data + i * size, count * size);
        ff_unshuffle(coder->block, count, size, data + i * size);
    }
    return FF_OK;
}

int ff_coder_decompress(struct ff_coder *coder, const struct ff_value *value, const char *name,
                        void *out)
{
    size_t code;
    int rc;

    if (!coder->decompressor)
        coder->decompressor = ZSTD_createDCtx();
    if (!coder->decompressor)
        return ff_fail(coder->ctx, FF_ENOMEM, "out of memory: no zstd context");
    code = ZSTD_decompressDCtx(coder->decompressor, out, (size_t)value->raw_bytes, value->payload,
                               (size_t)value->stored_bytes);
    rc = meter_contexts(coder);
    if (rc != FF_OK)
        return rc;
    if (ZSTD_isError(code))
        return ff_fail(coder->ctx, FF_ECORRUPT, "%s: damaged: %s", name, ZSTD_getErrorName(code));
    if (code != value->raw_bytes)
        return ff_fail(coder->ctx, FF_ECORRUPT, "%s: damaged: unpacks to %zu bytes, not %llu", name,
                       code, (unsigned long long)value->raw_bytes);
    if (!value->shuffled)
        return FF_OK;
    return unshuffle(coder, (size_t)value->rows * value->columns, ff_dtype_size(value->dtype), out);
}
