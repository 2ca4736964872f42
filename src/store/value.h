/*
 * A stored value: a matrix behind a header of FF_VALUE_HEADER bytes. The format of weight tiles,
 * optimizer tiles and activation chunks, in the model file and in scratch.
 *
 *   offset  bytes  field (little-endian)
 *        0      4  magic "FFv1"
 *        4      1  codec (enum ff_codec)
 *        5      1  dtype (enum ff_dtype), of the elements as stored
 *        6      1  flags: bit 0: bytes are shuffled within each block (see below)
 *        7      1  zero
 *        8      4  rows
 *       12      4  columns
 *       16      8  raw bytes: rows * ff_row_bytes(dtype, columns)
 *       24      8  stored bytes: length of the payload
 *       32      8  XXH3-64 over the payload, its seed the XXH3-64 over the header's other
 *                  fields (bytes 0 to 31 and 40 to 47) and the key
 *       40      8  zero
 *       48         payload
 *
 * The payload is the elements or, if compressed, one zstd frame for each block of 131,072 elements
 * (the last block may be shorter). A shuffled block holds the first byte of each element, then the
 * second of each, and so on.
 *
 * A row of FF_SCALED_U8 is its scale (float32), then a byte q for each element x, which is decoded
 * as scale * q:
 *
 *     scale = max x / 255        q = x / scale, rounded to nearest even
 *
 * The error of an element is at most half the scale, and zeros stay zero. The type is meant for
 * ReLU activations: negative elements become 0. A row with a NaN or an infinity has the scale NaN
 * and is decoded as NaNs, so that divergence is detected. A row whose scale would be subnormal (all
 * elements below 3e-36) is stored as zeros, with scale 0. A block consists of whole rows: as many
 * as fit in 131,072 bytes, at least one.
 *
 * After LMDB's 16-byte page header the payload of a large value is aligned to 64 bytes. Sizes are
 * taken from this header after it was checked against the length of the value, never from a zstd
 * frame.
 */
#ifndef FF_STORE_VALUE_H
#define FF_STORE_VALUE_H

#include "store/coder.h"

#define FF_VALUE_HEADER 48
/* The largest value, raw or stored; it limits the memory that a damaged header can request. LMDB
 * writes a value with one pwrite(), which is limited to 2 GiB; a tile of 256 units with the largest
 * fan-in (2^20) just fits. */
#define FF_VALUE_MAX_BYTES ((uint64_t)1 << 30)

/* The longest key. */
#define FF_KEY_MAX 64

/* The most bytes, header included, that ff_value_encode() may write for such a matrix; without
 * compression, exactly the bytes that it writes. 0 if there are no elements or they exceed
 * FF_VALUE_MAX_BYTES. */
size_t ff_value_bound(enum ff_dtype stored, uint32_t rows, uint32_t columns,
                      const struct ff_compression *compression);
/*
 * Encodes MATRIX as dtype STORED, which is its own or stores it (ff_dtype_stores()), into OUT
 * (capacity at least ff_value_bound()) and sets *SIZE to the bytes written. With zstd, dense data
 * is shuffled first; the fraction of zero elements decides. A payload that compression does not
 * make smaller is stored uncompressed. Fails with FF_EINVAL, FF_ENOMEM, FF_EBUDGET. Allocates
 * nothing without compression.
 */
FF_CHECK int ff_value_encode(struct ff_coder *coder, struct ff_bytes key,
                             const struct ff_matrix *matrix, enum ff_dtype stored,
                             const struct ff_compression *compression, void *out, size_t *size);
/*
 * Checks the header of STORED, the bytes found under KEY, and describes the value in *OUT. With
 * VERIFY it also checks the hash. NAME is the name of the value in messages ("layer 3, tile 2 of
 * model.ff"). Fails with FF_ECORRUPT. Thread-safe.
 */
FF_CHECK int ff_value_open(struct ff_ctx *ctx, struct ff_bytes key, struct ff_bytes stored,
                           bool verify, const char *name, struct ff_value *out);
/*
 * Decodes VALUE into OUT: rows * columns elements of dtype WANTED (see ff_dtype_stores()),
 * row-major without gaps. Fails with FF_ECORRUPT (NAME in the message), FF_EINVAL, FF_ENOMEM,
 * FF_EBUDGET.
 */
FF_CHECK int ff_value_decode(struct ff_coder *coder, const struct ff_value *value,
                             enum ff_dtype wanted, const char *name, void *out);
/* True if the payload can be read in place as WANTED: uncompressed, of that dtype, and aligned. */
bool ff_value_in_place(const struct ff_value *value, enum ff_dtype wanted);

#endif
