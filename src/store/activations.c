/* The common part of all sets: chunks and seals, by means of struct ff_set_ops. */
#include "store/activations.h"

#include "store/bytes.h"
#include "store/db.h"
#include <stdio.h>
#include <string.h>

enum {
    SEAL_RUN = 0,
    SEAL_BOUNDARY = 16,
    SEAL_CHUNKS = 20,
    SEAL_STREAMS = 24,
    SEAL_SWEEP = 28,
    SEAL_BYTES = 32,
};

/* In the key of the seal, which follows the keys of all chunks. */
#define SEAL_CHUNK UINT32_MAX
#define SEAL_STREAM UINT32_MAX

void ff_set_init(struct ff_set *set, const struct ff_set_ops *ops, struct ff_ctx *ctx,
                 const char *name)
{
    set->ops = ops;
    set->ctx = ctx;
    set->coder = NULL;
    set->buffer = NULL;
    set->buffer_bytes = 0;
    snprintf(set->name, sizeof set->name, "%s", name);
}

void ff_set_release(struct ff_set *set)
{
    ff_coder_free(set->coder);
    ff_free(set->ctx, FF_MEM_IO, set->buffer, set->buffer_bytes);
    set->coder = NULL;
    set->buffer = NULL;
    set->buffer_bytes = 0;
}

void ff_set_close(struct ff_set *set)
{
    if (set)
        set->ops->close(set);
}

/* Chunk and stream, big-endian, so that key order is the order of reading. The key of the seal is
 * the last one. */
static void chunk_key(uint32_t chunk, uint32_t stream, uint8_t key[8])
{
    ff_put_be32(key, chunk);
    ff_put_be32(key + 4, stream);
}

/* Encodes into the set's buffer, then copies: the size is known only afterwards. */
static int put_compressed(struct ff_set *set, struct ff_bytes key, const struct ff_matrix *matrix,
                          enum ff_dtype stored, const struct ff_compression *compression,
                          size_t bound)
{
    size_t size;
    void *to;
    int rc;

    if (bound > set->buffer_bytes) {
        ff_free(set->ctx, FF_MEM_IO, set->buffer, set->buffer_bytes);
        set->buffer_bytes = 0;
        set->buffer = ff_alloc(set->ctx, FF_MEM_IO, bound);
        if (!set->buffer)
            return ff_alloc_status(set->ctx);
        set->buffer_bytes = bound;
    }
    rc = ff_value_encode(set->coder, key, matrix, stored, compression, set->buffer, &size);
    if (rc == FF_OK)
        rc = set->ops->reserve(set, key, size, &to);
    if (rc == FF_OK)
        memcpy(to, set->buffer, size);
    return rc;
}

static int put(struct ff_set *set, uint32_t chunk, uint32_t stream, const struct ff_matrix *matrix,
               enum ff_dtype stored, const struct ff_compression *compression)
{
    size_t bound = ff_value_bound(stored, matrix->rows, matrix->columns, compression);
    uint8_t bytes[8];
    struct ff_bytes key = {bytes, sizeof bytes};
    size_t size;
    void *to;
    int rc;

    chunk_key(chunk, stream, bytes);
    if (bound == 0)
        return ff_fail(set->ctx, FF_EINVAL, "%s: a chunk of %u x %u cannot be stored", set->name,
                       matrix->rows, matrix->columns);
    if (!set->coder) {
        rc = ff_coder_new(set->ctx, &set->coder);
        if (rc != FF_OK)
            return rc;
    }
    if (compression->codec != FF_CODEC_NONE)
        return put_compressed(set, key, matrix, stored, compression, bound);
    rc = set->ops->reserve(set, key, bound, &to);
    if (rc == FF_OK)
        rc = ff_value_encode(set->coder, key, matrix, stored, compression, to, &size);
    return rc;
}

int ff_set_put(struct ff_set *set, uint32_t chunk, uint32_t stream, const struct ff_matrix *matrix,
               enum ff_dtype stored, const struct ff_compression *compression)
{
    if (chunk == SEAL_CHUNK)
        return ff_fail(set->ctx, FF_EINVAL, "%s: too many chunks", set->name);
    return put(set, chunk, stream, matrix, stored, compression);
}

static void encode_seal(const struct ff_seal *seal, uint8_t out[SEAL_BYTES])
{
    memcpy(out + SEAL_RUN, seal->run, sizeof seal->run);
    ff_put_le32(out + SEAL_BOUNDARY, seal->boundary);
    ff_put_le32(out + SEAL_CHUNKS, seal->chunks);
    ff_put_le32(out + SEAL_STREAMS, seal->streams);
    ff_put_le32(out + SEAL_SWEEP, seal->sweep);
}

int ff_set_seal(struct ff_set *set, const struct ff_seal *seal)
{
    const struct ff_compression none = {.codec = FF_CODEC_NONE};
    uint8_t bytes[SEAL_BYTES];
    const struct ff_matrix matrix = {FF_U8, 1, SEAL_BYTES, bytes};
    int rc;

    encode_seal(seal, bytes);
    rc = put(set, SEAL_CHUNK, SEAL_STREAM, &matrix, FF_U8, &none);
    ff_set_release(set); /* no put follows */
    return rc == FF_OK ? set->ops->commit(set) : rc;
}

int ff_set_check(struct ff_set *set, const struct ff_seal *seal)
{
    uint8_t name[8], wanted[SEAL_BYTES];
    struct ff_bytes key = {name, sizeof name}, stored;
    struct ff_value value;
    int rc;

    chunk_key(SEAL_CHUNK, SEAL_STREAM, name);
    encode_seal(seal, wanted);
    rc = set->ops->find(set, key, &stored);
    if (rc == FF_ENOTFOUND)
        return ff_fail(set->ctx, rc, "%s: is incomplete", set->name);
    if (rc != FF_OK)
        return rc;
    rc = ff_value_open(set->ctx, key, stored, true, set->name, &value);
    if (rc != FF_OK)
        return rc;
    if (value.stored_bytes != SEAL_BYTES || memcmp(value.payload, wanted, SEAL_BYTES) != 0)
        return ff_fail(set->ctx, FF_EMISMATCH, "%s: was written by another run", set->name);
    return FF_OK;
}

void ff_chunk_at(uint32_t chunk, uint32_t stream, struct ff_bytes bytes, struct ff_chunk *out)
{
    out->chunk = chunk;
    out->stream = stream;
    chunk_key(chunk, stream, out->key);
    out->bytes = bytes;
}

int ff_set_find(struct ff_set *set, uint32_t chunk, uint32_t stream, struct ff_chunk *out)
{
    int rc;

    ff_chunk_at(chunk, stream, (struct ff_bytes){NULL, 0}, out);
    rc = set->ops->find(set, (struct ff_bytes){out->key, sizeof out->key}, &out->bytes);
    if (rc == FF_ENOTFOUND)
        return ff_fail(set->ctx, FF_ECORRUPT, "%s: damaged: chunk %u of stream %u is missing",
                       set->name, chunk, stream);
    return rc;
}

int ff_chunk_copy(struct ff_set *set, struct ff_chunk *chunk, void *room, size_t capacity)
{
    int rc = FF_OK;

    if (chunk->bytes.size > capacity)
        return ff_fail(set->ctx, FF_ECORRUPT,
                       "%s: damaged: chunk %u of stream %u has %zu bytes, more than %zu", set->name,
                       chunk->chunk, chunk->stream, chunk->bytes.size, capacity);
    if (set->ops->copy)
        rc = set->ops->copy(set, chunk->bytes, room);
    else
        memcpy(room, chunk->bytes.data, chunk->bytes.size);
    chunk->bytes.data = room;
    return rc;
}

int ff_chunk_read(struct ff_set *set, const struct ff_chunk *chunk, struct ff_coder *coder,
                  enum ff_dtype wanted, uint32_t rows, uint32_t columns, void *buffer,
                  const void **data)
{
    struct ff_bytes key = {chunk->key, sizeof chunk->key};
    char name[sizeof set->name + 64];
    struct ff_value value;
    int rc;

    *data = NULL;
    snprintf(name, sizeof name, "%s: chunk %u of stream %u", set->name, chunk->chunk,
             chunk->stream);
    rc = ff_value_open(set->ctx, key, chunk->bytes, true, name, &value);
    if (rc != FF_OK)
        return rc;
    if (value.rows != rows || value.columns != columns)
        return ff_fail(set->ctx, FF_ECORRUPT, "%s: damaged: %u x %u instead of %u x %u", name,
                       value.rows, value.columns, rows, columns);
    if (ff_value_in_place(&value, wanted)) {
        *data = value.payload;
        return FF_OK;
    }
    if (!buffer || !ff_dtype_stores(value.dtype, wanted))
        return ff_fail(set->ctx, FF_ECORRUPT, "%s: damaged: not stored as %s", name,
                       ff_dtype_name(wanted));
    rc = ff_value_decode(coder, &value, wanted, name, buffer);
    if (rc == FF_OK)
        *data = buffer;
    return rc;
}

bool ff_chunk_in_place(struct ff_set *set, const struct ff_chunk *chunk, enum ff_dtype wanted)
{
    struct ff_bytes key = {chunk->key, sizeof chunk->key};
    struct ff_value value;

    return ff_value_open(set->ctx, key, chunk->bytes, false, set->name, &value) == FF_OK &&
           ff_value_in_place(&value, wanted);
}

void ff_chunk_will_need(struct ff_set *set, const struct ff_chunk *chunk)
{
    set->ops->will_need(set, chunk->bytes);
}

void ff_set_dont_need(struct ff_set *set)
{
    set->ops->dont_need(set);
}

void ff_chunk_trim(struct ff_set *set, const struct ff_chunk *chunk, bool stays,
                   const struct ff_chunk *below, const struct ff_chunk *above)
{
    const uint8_t *begin = chunk->bytes.data, *end = begin + chunk->bytes.size;
    const uint8_t *from = begin - FF_DB_FOLIO_BYTES, *to = end + FF_DB_FOLIO_BYTES;

    if (!set->ops->drop_pages)
        return;
    if (below && (const uint8_t *)below->bytes.data + below->bytes.size > from)
        from = (const uint8_t *)below->bytes.data + below->bytes.size;
    if (above && (const uint8_t *)above->bytes.data < to)
        to = above->bytes.data;
    if (stays) {
        set->ops->drop_pages(set, from, begin);
        set->ops->drop_pages(set, end, to);
    } else {
        set->ops->drop_pages(set, from, to);
    }
}

size_t ff_chunk_slack(size_t bytes)
{
    return bytes < FF_DB_FOLIO_BYTES / 4 ? bytes : FF_DB_FOLIO_BYTES / 4;
}
