/*
 * The payload of a stored value under zstd. A payload is a row of zstd frames, one for each block
 * of FF_BLOCK_ELEMENTS elements, so that compressing, shuffling and converting need memory for one
 * block however large the value is. (Rows of FF_SCALED_U8 are not cut: one that is larger than a
 * block is a block.)
 *
 * A coder owns a compression and a decompression context and a buffer for a block, each made when
 * first needed: about 1 MB for level 1, 2 MB for level 3.
 */
#ifndef FF_STORE_CODER_H
#define FF_STORE_CODER_H

#include "base/buffers.h"
#include "store/matrix.h"

/* One byte of each of so many elements fills one block of zstd (128 KiB): shuffled, bytes of
 * different meaning (exponents, fractions) get Huffman tables of their own. */
#define FF_BLOCK_ELEMENTS ((size_t)128 * 1024)

/* Compression contexts and buffers of one thread. NULL-safe _free. Their memory is metered
 * (FF_MEM_IO). */
struct ff_coder;
FF_CHECK int ff_coder_new(struct ff_ctx *ctx, struct ff_coder **out);
void ff_coder_free(struct ff_coder *coder);

/* What a coder is used for. */
struct ff_coder_use {
    enum ff_dtype dtype;    /* as stored */
    bool converts;          /* from or to f32, stored as another dtype */
    uint32_t rows, columns; /* of the largest value */
    int compresses;         /* zstd's level; 0: it does not */
    bool decompresses;
};
/* Adds what a coder comes to take by N USES of it, shuffled blocks included. To ask their size
 * contexts of zstd are made and freed; where memory is out for that, errno becomes ENOMEM, and the
 * sum is too low. */
void ff_coder_needs(size_t n, const struct ff_coder_use *uses, struct ff_needs *needs);
/* The context that CODER was made with. */
struct ff_ctx *ff_coder_ctx(const struct ff_coder *coder);
/*
 * Compresses MATRIX as dtype STORED into OUT, shuffled or not. *SIZE becomes the bytes written, or
 * 0 if they would be more than CAPACITY. Fails with FF_ENOMEM, FF_EBUDGET, FF_EINVAL (level).
 */
FF_CHECK int ff_coder_compress(struct ff_coder *coder, const struct ff_matrix *matrix,
                               enum ff_dtype stored, int level, bool shuffle, void *out,
                               size_t capacity, size_t *size);
/* Decompresses VALUE into OUT, its rows * columns elements as dtype WANTED, which it stores. Fails
 * with FF_ECORRUPT (NAME in the message), FF_ENOMEM, FF_EBUDGET. */
FF_CHECK int ff_coder_decompress(struct ff_coder *coder, const struct ff_value *value,
                                 enum ff_dtype wanted, const char *name, void *out);

#endif
