/*
 * Matrices in memory and in storage: element types, compression, and the description of a stored
 * one. value.h defines the stored bytes.
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
    FF_SCALED_U8 = 5, /* f32 as a byte, with a scale for each row: see value.h */
};

#define FF_SCALE_BYTES 4 /* before each row of FF_SCALED_U8 */

enum ff_codec {
    FF_CODEC_NONE = 0,
    FF_CODEC_ZSTD = 1,
};

/* How to compress. All zero: uncompressed. */
struct ff_compression {
    enum ff_codec codec;
    int level; /* zstd level, 1 .. 19; ignored with FF_CODEC_NONE */
};

/* A matrix in memory, rows * columns elements, row-major, without gaps. Not owned. */
struct ff_matrix {
    enum ff_dtype dtype; /* FF_SCALED_U8: rows of ff_row_bytes(), only to be stored */
    uint32_t rows, columns;
    const void *data;
};

/* The bytes of a key or of a stored value. Not owned. */
struct ff_bytes {
    const void *data;
    size_t size;
};

/* A stored value whose header was checked. It points into the stored bytes and is valid as long as
 * they are. */
struct ff_value {
    enum ff_dtype dtype;
    enum ff_codec codec;
    bool shuffled;
    uint32_t rows, columns;
    uint64_t raw_bytes, stored_bytes;
    const void *payload;
};

/* Bytes of one element, without the scale of its row: 4, 2 or 1; 0 for a value outside the enum. */
size_t ff_dtype_size(enum ff_dtype dtype);
/* Bytes of a stored row of COLUMNS elements. */
uint64_t ff_row_bytes(enum ff_dtype dtype, uint32_t columns);
/* "f32", "bf16", "u8", "u16", "scaled u8", "?" */
const char *ff_dtype_name(enum ff_dtype dtype);
/* True if elements of type GIVEN can be stored as STORED and read back as GIVEN: f32 as bf16 or
 * scaled u8, and every type but scaled u8 as itself. */
bool ff_dtype_stores(enum ff_dtype stored, enum ff_dtype given);

#endif
