/*
 * A stored value: a matrix behind a header of FF_VALUE_HEADER bytes. Weight tiles, optimizer tiles
 * and chunks of activations are all stored so, in the model file as in scratch.
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
 * The payload is the elements, or, compressed, one zstd frame for each block of 131,072 of them
 * (the last block may be shorter). A shuffled block holds the first byte of each element, then the
 * second of each, and so on.
 *
 * A row of FF_SCALED_U8 is its scale (float32), then a byte q for each element x, which comes back
 * as scale * q:
 *
 *     scale = max x / 255        q = x / scale, rounded to nearest even
 *
 * so an element is off by half a scale at most, and zeros stay zeros. It is meant for rectified
 * activations: what is negative becomes 0. A row with a NaN or an infinity in it has the scale NaN
 * and comes back as NaNs, so that divergence shows. A row whose scale would be below the smallest
 * normal number (all of it below 3e-36) is one of zeros, with scale 0. A block is whole rows: as
 * many as 131,072 bytes hold, or one.
 *
 * Behind LMDB's 16-byte page header the payload of a large value falls on a 64-byte boundary. Sizes
 * come from this header after it was checked against the length of the value, never from a zstd
 * frame.
 */
#ifndef FF_STORE_VALUE_H
#define FF_STORE_VALUE_H

#include "store/coder.h"

#define FF_VALUE_HEADER 48
/* No value is larger, raw or stored: it bounds what a damaged header can ask for. LMDB writes a
 * value with one call of pwrite(), which stops short at 2 GiB; a tile of 256 units over the largest
 * fan-in (2^20) just fits. */
#define FF_VALUE_MAX_BYTES ((uint64_t)1 << 30)

/* No key is longer. */
#define FF_KEY_MAX 64

/* Most bytes (header included) that ff_value_encode() may write for these; without compression,
 * exactly what it writes. 0 if there are no elements or they are over FF_VALUE_MAX_BYTES. */
size_t ff_value_bound(enum ff_dtype stored, uint32_t rows, uint32_t columns,
                      const struct ff_compression *compression);
/*
 * Encodes MATRIX as dtype STORED (see ff_dtype_stores()) into OUT (capacity at least
 * ff_value_bound()) and sets *SIZE to the bytes written. With zstd the bytes are shuffled first if
 * that makes dense data smaller, which is decided from the share of zero elements; if compression
 * does not make the payload smaller it is stored uncompressed. Fails with FF_EINVAL, FF_ENOMEM,
 * FF_EBUDGET. Without compression nothing is allocated.
 */
FF_CHECK int ff_value_encode(struct ff_coder *coder, struct ff_bytes key,
                             const struct ff_matrix *matrix, enum ff_dtype stored,
                             const struct ff_compression *compression, void *out, size_t *size);
/*
 * Checks STORED, the bytes found under KEY, and describes it in *OUT. With VERIFY the hash is
 * checked too. NAME tells the message what the value is ("layer 3, tile 2 of model.ff"). Fails with
 * FF_ECORRUPT. Thread-safe.
 */
FF_CHECK int ff_value_open(struct ff_ctx *ctx, struct ff_bytes key, struct ff_bytes stored,
                           bool verify, const char *name, struct ff_value *out);
/*
 * Decodes VALUE into OUT as dtype WANTED (see ff_dtype_stores()). Rows * columns elements, no gaps.
 * Fails with FF_ECORRUPT (NAME in the message), FF_EINVAL, FF_ENOMEM, FF_EBUDGET.
 */
FF_CHECK int ff_value_decode(struct ff_coder *coder, const struct ff_value *value,
                             enum ff_dtype wanted, const char *name, void *out);
/* True when the payload can be read in place as WANTED: uncompressed, of that dtype, aligned to its
 * elements. */
bool ff_value_in_place(const struct ff_value *value, enum ff_dtype wanted);

#endif
