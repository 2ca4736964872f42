/*
 * The zstd-compressed payload of a stored value. It is a sequence of zstd frames, one for each
 * block of FF_BLOCK_ELEMENTS elements, so that compressing, shuffling and converting need memory
 * for one block only, for values of any size. (Rows of FF_SCALED_U8 are not split: a row larger
 * than a block is one block.)
 *
 * A coder owns a compression context, a decompression context and a buffer for a block, each
 * allocated when first needed: about 1 MB for level 1, 2 MB for level 3.
 */
#ifndef FF_STORE_CODER_H
#define FF_STORE_CODER_H

#include "base/buffers.h"
#include "store/matrix.h"

/* One byte of each element of a block fills one zstd block (128 KiB). After shuffling, bytes of
 * different meaning (exponents, fractions) therefore get separate Huffman tables. */
#define FF_BLOCK_ELEMENTS ((size_t)128 * 1024)

/* Compression contexts and buffers of one thread. Their memory is metered (FF_MEM_IO). */
struct ff_coder;
FF_CHECK int ff_coder_new(struct ff_ctx *ctx, struct ff_coder **out);
void ff_coder_free(struct ff_coder *coder); /* NULL-safe */
/* Frees contexts and buffer until they are needed again. */
void ff_coder_release(struct ff_coder *coder);

/* A use of a coder, for the planner. */
struct ff_coder_use {
    enum ff_dtype dtype;    /* as stored */
    bool converts;          /* from or to f32, stored as another dtype */
    uint32_t rows, columns; /* of the largest value */
    int compresses;         /* zstd level; 0: does not compress */
    bool decompresses;
};
/* Adds the memory of a coder after N USES, shuffled blocks included. It creates and frees zstd
 * contexts to get their size; if there is no memory for them, NEEDS are out of memory. */
void ff_coder_needs(size_t n, const struct ff_coder_use *uses, struct ff_needs *needs);
/* The same without the coder itself: what ff_coder_release() frees. */
void ff_coder_work_needs(size_t n, const struct ff_coder_use *uses, struct ff_needs *needs);
/* The ff_ctx passed to ff_coder_new(). */
struct ff_ctx *ff_coder_ctx(const struct ff_coder *coder);
/*
 * Compresses MATRIX as dtype STORED into OUT, optionally shuffled. *SIZE becomes the number of
 * bytes written, or 0 if CAPACITY is too small. Fails with FF_ENOMEM, FF_EBUDGET, FF_EINVAL
 * (level).
 */
FF_CHECK int ff_coder_compress(struct ff_coder *coder, const struct ff_matrix *matrix,
                               enum ff_dtype stored, int level, bool shuffle, void *out,
                               size_t capacity, size_t *size);
/* Decompresses VALUE into OUT: rows * columns elements of dtype WANTED, with
 * ff_dtype_stores(value->dtype, WANTED). Fails with FF_ECORRUPT (NAME in the message), FF_ENOMEM,
 * FF_EBUDGET. */
FF_CHECK int ff_coder_decompress(struct ff_coder *coder, const struct ff_value *value,
                                 enum ff_dtype wanted, const char *name, void *out);

#endif
