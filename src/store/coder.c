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
    size_t metered;          /* bytes of both contexts that are metered */
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

void ff_coder_release(struct ff_coder *coder)
{
    ZSTD_freeCCtx(coder->compressor);
    ZSTD_freeDCtx(coder->decompressor);
    ff_meter_sub(coder->ctx, FF_MEM_IO, coder->metered);
    ff_free(coder->ctx, FF_MEM_IO, coder->block, coder->block_bytes);
    *coder = (struct ff_coder){.ctx = coder->ctx};
}

void ff_coder_free(struct ff_coder *coder)
{
    if (!coder)
        return;
    ff_coder_release(coder);
    ff_free(coder->ctx, FF_MEM_IO, coder, sizeof *coder);
}

struct ff_ctx *ff_coder_ctx(const struct ff_coder *coder)
{
    return coder->ctx;
}

/* Updates the meter: zstd resizes its tables when it is used. */
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
        return ff_fail(coder->ctx, FF_ENOMEM, "out of memory: cannot create a zstd context");
    /* The last frame may be unfinished, because it did not fit. */
    code = ZSTD_CCtx_reset(coder->compressor, ZSTD_reset_session_only);
    if (!ZSTD_isError(code))
        code = ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(code))
        code = ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_checksumFlag, 1);
    if (ZSTD_isError(code))
        return ff_fail(coder->ctx, FF_EINVAL, "zstd level %d: %s", level, ZSTD_getErrorName(code));
    return FF_OK;
}

static int need_decompressor(struct ff_coder *coder)
{
    if (!coder->decompressor)
        coder->decompressor = ZSTD_createDCtx();
    if (!coder->decompressor)
        return ff_fail(coder->ctx, FF_ENOMEM, "out of memory: cannot create a zstd context");
    return meter_contexts(coder);
}

/* The conversion between a matrix and the bytes that zstd compresses. It works in units that are
 * stored independently of each other: elements, or rows if they have a scale. */
struct pass {
    enum ff_dtype stored;
    bool convert, shuffle;
    size_t unit_elements;
    size_t matrix_unit, stored_unit; /* bytes of a unit in the matrix, and as stored */
    size_t units, block_units;       /* units of the matrix, and of a full block */
    size_t block_bytes;              /* size of the buffer for a block as stored */
};

/* Only dtype and shape of MATRIX are used. */
static struct pass make_pass(const struct ff_matrix *matrix, enum ff_dtype stored, bool shuffle)
{
    bool by_row = stored == FF_SCALED_U8;
    struct pass pass = {
        .stored = stored,
        .convert = matrix->dtype != stored,
        .shuffle = shuffle && ff_dtype_size(stored) > 1,
        .unit_elements = by_row ? matrix->columns : 1,
        .stored_unit =
            by_row ? (size_t)ff_row_bytes(stored, matrix->columns) : ff_dtype_size(stored),
        .units = by_row ? matrix->rows : (size_t)matrix->rows * matrix->columns,
    };
    size_t full = ff_larger(FF_BLOCK_ELEMENTS * ff_dtype_size(stored), pass.stored_unit);

    pass.matrix_unit = (size_t)ff_row_bytes(matrix->dtype, (uint32_t)pass.unit_elements);
    pass.block_units = full / pass.stored_unit;
    /* A full block even if whole rows do not fill it, so that wider rows never need less. */
    pass.block_bytes = ff_smaller(full, pass.units * pass.stored_unit);
    return pass;
}

/* Buffers for a block: converted, and shuffled. */
static size_t pass_bytes(const struct pass *pass)
{
    return pass->block_bytes * ((size_t)pass->convert + (size_t)pass->shuffle);
}

/* Converts COUNT units at FROM in the matrix to the bytes for zstd. BLOCK has pass_bytes(). */
static const void *source(const struct pass *pass, const uint8_t *from, size_t count,
                          uint8_t *block)
{
    if (pass->convert) {
        ff_narrow(from, count, pass->unit_elements, pass->stored, block);
        from = block;
        block += pass->block_bytes;
    }
    if (pass->shuffle) {
        ff_shuffle(from, count, pass->stored_unit, block);
        from = block;
    }
    return from;
}

/* The output buffer for zstd of a block that becomes units at TO in the matrix. */
static uint8_t *target(const struct pass *pass, uint8_t *block, uint8_t *to)
{
    return pass->convert || pass->shuffle ? block : to;
}

/* Converts the output of zstd to COUNT units at TO. */
static void finish(const struct pass *pass, uint8_t *block, size_t count, uint8_t *to)
{
    const uint8_t *from = block;

    if (pass->shuffle) {
        uint8_t *plain = pass->convert ? block + pass->block_bytes : to;

        ff_unshuffle(from, count, pass->stored_unit, plain);
        from = plain;
    }
    if (pass->convert)
        ff_widen(from, pass->stored, count, pass->unit_elements, to);
}

int ff_coder_compress(struct ff_coder *coder, const struct ff_matrix *matrix, enum ff_dtype stored,
                      int level, bool shuffle, void *out, size_t capacity, size_t *size)
{
    struct pass pass = make_pass(matrix, stored, shuffle);
    const uint8_t *data = matrix->data;
    size_t written = 0;
    int rc;

    rc = need_compressor(coder, level);
    if (rc == FF_OK)
        rc = need_block(coder, pass_bytes(&pass));
    if (rc != FF_OK)
        return rc;
    for (size_t i = 0; i < pass.units; i += pass.block_units) {
        size_t count = ff_smaller(pass.units - i, pass.block_units);
        const void *bytes = source(&pass, data + i * pass.matrix_unit, count, coder->block);
        size_t code = ZSTD_compress2(coder->compressor, (uint8_t *)out + written,
                                     capacity - written, bytes, count * pass.stored_unit);

        rc = meter_contexts(coder);
        if (rc != FF_OK)
            return rc;
        if (ZSTD_isError(code)) {
            /* Apart from out of memory, the only error left: OUT is too small. */
            *size = 0;
            if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
                return ff_fail(coder->ctx, FF_ENOMEM, "out of memory in zstd");
            return FF_OK;
        }
        written += code;
    }
    *size = written;
    return FF_OK;
}

/* Counts a context of SIZE bytes, 0 if it could not be created. */
static void count_context(size_t size, struct ff_needs *needs)
{
    needs->bytes[FF_MEM_IO] += size;
    needs->out_of_memory = needs->out_of_memory || size == 0;
}

/* Counts a context after it has compressed BYTES; its size depends only on BYTES and the level. */
static void count_compressor(int level, size_t bytes, struct ff_needs *needs)
{
    size_t bound = ZSTD_compressBound(bytes);
    void *zeros = calloc(1, bytes), *packed = malloc(bound);
    ZSTD_CCtx *compressor = ZSTD_createCCtx();
    bool created =
        zeros && packed && compressor &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, level)) &&
        !ZSTD_isError(ZSTD_compress2(compressor, packed, bound, zeros, bytes));

    count_context(created ? ZSTD_sizeof_CCtx(compressor) : 0, needs);
    ZSTD_freeCCtx(compressor);
    free(zeros);
    free(packed);
}

static void count_decompressor(struct ff_needs *needs)
{
    ZSTD_DCtx *decompressor = ZSTD_createDCtx();

    count_context(ZSTD_sizeof_DCtx(decompressor), needs); /* 0 of NULL */
    ZSTD_freeDCtx(decompressor);
}

void ff_coder_work_needs(size_t n, const struct ff_coder_use *uses, struct ff_needs *needs)
{
    size_t block = 0, compressed = 0;
    bool decompresses = false;
    int level = 0;

    for (size_t i = 0; i < n; i++) {
        const struct ff_coder_use *use = &uses[i];
        struct ff_matrix shape = {.dtype = use->converts ? FF_F32 : use->dtype,
                                  .rows = use->rows,
                                  .columns = use->columns};
        struct pass pass = make_pass(&shape, use->dtype, true);

        if (use->compresses || use->decompresses)
            block = ff_larger(block, pass_bytes(&pass));
        if (use->compresses)
            compressed =
                ff_larger(compressed, ff_smaller(pass.units, pass.block_units) * pass.stored_unit);
        level = use->compresses > level ? use->compresses : level;
        decompresses = decompresses || use->decompresses;
    }
    needs->bytes[FF_MEM_IO] += block;
    if (level)
        count_compressor(level, compressed, needs);
    if (decompresses)
        count_decompressor(needs);
}

void ff_coder_needs(size_t n, const struct ff_coder_use *uses, struct ff_needs *needs)
{
    needs->bytes[FF_MEM_IO] += sizeof(struct ff_coder);
    ff_coder_work_needs(n, uses, needs);
}

static int damaged(struct ff_coder *coder, const char *name, const char *why)
{
    return ff_fail(coder->ctx, FF_ECORRUPT, "%s: damaged: %s", name, why);
}

/* Decompresses the frame at *AT, which must have exactly BYTES, into OUT; moves *AT after it. */
static int take_frame(struct ff_coder *coder, struct ff_bytes *at, const char *name, void *out,
                      size_t bytes)
{
    size_t frame = ZSTD_findFrameCompressedSize(at->data, at->size), code = frame;

    if (!ZSTD_isError(frame))
        code = ZSTD_decompressDCtx(coder->decompressor, out, bytes, at->data, frame);
    if (ZSTD_isError(code))
        return damaged(coder, name, ZSTD_getErrorName(code));
    if (code != bytes)
        return damaged(coder, name, "a block is too short");
    *at = (struct ff_bytes){(const uint8_t *)at->data + frame, at->size - frame};
    return FF_OK;
}

int ff_coder_decompress(struct ff_coder *coder, const struct ff_value *value, enum ff_dtype wanted,
                        const char *name, void *out)
{
    struct ff_matrix shape = {.dtype = wanted, .rows = value->rows, .columns = value->columns};
    struct pass pass = make_pass(&shape, value->dtype, value->shuffled);
    struct ff_bytes at = {value->payload, (size_t)value->stored_bytes};
    int rc = need_decompressor(coder);

    if (rc == FF_OK)
        rc = need_block(coder, pass_bytes(&pass));
    for (size_t i = 0; i < pass.units && rc == FF_OK; i += pass.block_units) {
        size_t count = ff_smaller(pass.units - i, pass.block_units);
        uint8_t *to = (uint8_t *)out + i * pass.matrix_unit;

        rc =
            take_frame(coder, &at, name, target(&pass, coder->block, to), count * pass.stored_unit);
        if (rc == FF_OK)
            finish(&pass, coder->block, count, to);
    }
    if (rc == FF_OK && at.size > 0)
        return damaged(coder, name, "bytes after the last block");
    return rc;
}
