/*
 * Matrices in memory, and as they are stored: the types of their elements, how they are compressed,
 * and how a stored one is described. value.h has the bytes.
 */
#ifndef FF_STORE_MATRIX_H
#define FF_STORE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ff_dtype {
    FF_F32 = 1,
    FF_BF16 = 2, /* the upper half of an f32, rounded to nearest even */
    FF_U8 = 3,
    FF_U16 = 4,
    FF_SCALED_U8 = 5, /* a byte, of f32, and a scale for each row: see value.h */
};

#define FF_SCALE_BYTES 4 /* before each row of FF_SCALED_U8 */

enum ff_codec {
    FF_CODEC_NONE = 0,
    FF_CODEC_ZSTD = 1,
};

/* How to store. The defaults (all zero) mean: uncompressed. */
struct ff_compression {
    enum ff_codec codec;
    int level; /* zstd's, 1 .. 19; ignored for FF_CODEC_NONE */
};

/* A matrix in memory, rows * columns elements, row-major, without gaps. Not owned. */
struct ff_matrix {
    enum ff_dtype dtype; /* not FF_SCALED_U8 */
    uint32_t rows, columns;
    const void *data;
};

/* The bytes of a key or of a stored value. Not owned. */
struct ff_bytes {
    const void *data;
    size_t size;
};

/* A checked stored value. It points into the stored bytes and lives as long as they do. */
struct ff_value {
    enum ff_dtype dtype;
    enum ff_codec codec;
    bool shuffled;
    uint32_t rows, columns;
    uint64_t raw_bytes, stored_bytes;
    const void *payload;
};

/* Size of one element, its row's scale aside: 4, 2 or 1 bytes; 0 for a value outside the enum. */
size_t ff_dtype_size(enum ff_dtype dtype);
/* Size of a row of COLUMNS elements as stored. */
uint64_t ff_row_bytes(enum ff_dtype dtype, uint32_t columns);
/* "f32", "bf16", "u8", "u16", "scaled u8", "?" */
const char *ff_dtype_name(enum ff_dtype dtype);
/* True if elements of type GIVEN may be stored as STORED, and be read again as GIVEN: f32 as bf16
 * or scaled u8, and every type but scaled u8 as itself. */
bool ff_dtype_stores(enum ff_dtype stored, enum ff_dtype given);

#endif
