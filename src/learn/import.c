#include "learn/import.h"

#include "base/hex.h"
#include "learn/streams.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define BUCKET_BYTES ((size_t)2 << 20)
#define READ_BYTES ((size_t)256 << 10)

/* A sample in the temporary file: its place within the bucket, its label, its features. */
struct record {
    uint32_t place;
    uint16_t label;
    unsigned char features[];
};
#define RECORD_HEAD offsetof(struct record, features)

struct import {
    struct ff_ctx *ctx;
    const struct ff_import_data_opts *opts;
    size_t row_bytes;
    enum ff_dtype dtype;
    struct ff_import_facts *facts; /* NULL: not wanted */
    XXH3_state_t *hash;
    struct ff_moments_sums sums;
    uint64_t rows_read;
    /* Samples read at a time */
    size_t read_rows;
    unsigned char *read_features;
    uint16_t *read_labels;
    /* The chunk being filled */
    uint32_t chunk, filled;
    unsigned char *features; /* (chunk_rows, features) */
    uint16_t *labels;
    /* Buckets */
    int fd;
    size_t record_bytes;
    uint64_t bucket_rows, buckets;
    uint32_t *bucket_filled;
    unsigned char *bucket, *sorted; /* bucket_rows records as read, and sorted */
};

static int put_chunk(struct import *import)
{
    const struct ff_import_data_opts *opts = import->opts;
    struct ff_matrix labels = {FF_U16, import->filled, 1, import->labels};
    struct ff_matrix rows = {import->dtype, import->filled, opts->dataset->info.features,
                             import->features};
    int status = FF_OK;

    if (opts->dataset->info.classes)
        status = ff_set_put(opts->set, import->chunk, FF_STREAM_LABELS, &labels, FF_U16,
                            &opts->compression);
    if (status == FF_OK)
        status = ff_set_put(opts->set, import->chunk, FF_STREAM_INPUT, &rows, import->dtype,
                            &opts->compression);
    import->chunk++;
    import->filled = 0;
    return status;
}

/* Stores the next sample in stored order. */
static int place_row(struct import *import, const unsigned char *features, uint16_t label)
{
    uint64_t first;
    uint32_t rows;

    memcpy(import->features + import->filled * import->row_bytes, features, import->row_bytes);
    import->labels[import->filled++] = label;
    ff_chunk_range(import->opts->geometry, import->chunk, &first, &rows);
    return import->filled == rows ? put_chunk(import) : FF_OK;
}

/* Refuses to train on labels without a class: the data has changed since its classes were found.
 */
static int check_labels(const struct import *import, size_t rows)
{
    const struct ff_dataset_info *info = &import->opts->dataset->info;

    for (size_t i = 0; i < rows; i++)
        if (import->read_labels[i] >= info->classes)
            return ff_fail(import->ctx, FF_EMISMATCH,
                           "the label of sample %llu (from 0) is of no class that training began "
                           "with: the data was changed",
                           (unsigned long long)(import->rows_read + i));
    return FF_OK;
}

/* Reads, hashes and counts the next samples; *ROWS is at least 1. */
static int read_rows(struct import *import, size_t *rows)
{
    const struct ff_import_data_opts *opts = import->opts;
    uint64_t left = opts->geometry->rows - import->rows_read;
    size_t most = left < import->read_rows ? (size_t)left : import->read_rows;
    int status =
        ff_dataset_read(opts->dataset, most, import->read_features,
                        import->opts->dataset->info.classes ? import->read_labels : NULL, rows);

    if (status != FF_OK)
        return status;
    if (*rows == 0)
        return ff_fail(import->ctx, FF_ECORRUPT, "the dataset ends after %llu of %llu samples",
                       (unsigned long long)import->rows_read,
                       (unsigned long long)opts->geometry->rows);
    if (import->facts && opts->set && opts->dataset->info.classes)
        status = check_labels(import, *rows);
    if (status != FF_OK)
        return status;
    for (size_t i = 0; i < *rows && import->hash; i++) {
        XXH3_128bits_update(import->hash, import->read_labels + i, sizeof(uint16_t));
        XXH3_128bits_update(import->hash, import->read_features + i * import->row_bytes,
                            import->row_bytes);
    }
    import->rows_read += *rows;
    return opts->tick ? opts->tick(opts->arg, import->rows_read) : FF_OK;
}

static int write_all(struct import *import, const void *data, size_t size, uint64_t offset)
{
    const char *at = data;

    while (size > 0) {
        ssize_t put = pwrite(import->fd, at, size, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return ff_fail_errno(import->ctx, put < 0 ? errno : EIO,
                                 "%s: cannot write a temporary file", import->opts->scratch->name);
        ff_meter_wrote(import->ctx, (uint64_t)put);
        at += put;
        size -= (size_t)put;
        offset += (uint64_t)put;
    }
    return FF_OK;
}

static int read_all(struct import *import, void *data, size_t size, uint64_t offset)
{
    char *at = data;

    while (size > 0) {
        ssize_t got = pread(import->fd, at, size, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ff_fail_errno(import->ctx, got < 0 ? errno : EIO,
                                 "%s: cannot read a temporary file", import->opts->scratch->name);
        at += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return FF_OK;
}

/* Records what a sample, at PLACE in stored order, adds to the facts. */
static void note_sample(struct import *import, uint64_t place, const void *features, uint16_t label)
{
    const struct ff_dataset_info *info = &import->opts->dataset->info;
    struct ff_import_facts *facts = import->facts;
    bool learned = place < import->opts->geometry->learned_rows;

    if (facts && learned && import->sums.moments.n > 0)
        ff_moments_add(&import->sums, info->features, features, info->is_float);
    if (!facts || !info->classes || label >= info->classes)
        return;
    if (learned)
        facts->learned[label]++;
    else
        facts->held_out[label]++;
}

/* First pass: writes every sample to the next free record of its bucket. */
static int fill_buckets(struct import *import)
{
    struct record *record = (struct record *)(void *)import->sorted;
    int status = FF_OK;

    for (uint64_t row = 0; row < import->opts->geometry->rows && status == FF_OK;) {
        size_t rows = 0;

        status = read_rows(import, &rows);
        for (size_t i = 0; i < rows && status == FF_OK; i++, row++) {
            uint64_t place = ff_order_at(import->opts->order, row);
            uint64_t bucket = place / import->bucket_rows;
            uint64_t at = bucket * import->bucket_rows + import->bucket_filled[bucket]++;

            record->place = (uint32_t)(place % import->bucket_rows);
            record->label = import->read_labels[i];
            note_sample(import, place, import->read_features + i * import->row_bytes,
                        record->label);
            memcpy(record->features, import->read_features + i * import->row_bytes,
                   import->row_bytes);
            status = write_all(import, record, import->record_bytes, at * import->record_bytes);
        }
    }
    return status;
}

/* Second pass: sorts each bucket. The permutation fills every place exactly once. */
static int empty_buckets(struct import *import)
{
    size_t size = import->record_bytes;
    int status = FF_OK;

    for (uint64_t b = 0; b < import->buckets && status == FF_OK; b++) {
        uint32_t rows = import->bucket_filled[b];

        status = read_all(import, import->bucket, rows * size, b * import->bucket_rows * size);
        for (uint32_t i = 0; i < rows && status == FF_OK; i++) {
            const struct record *record = (const void *)(import->bucket + i * size);

            if (record->place >= rows)
                return ff_fail(import->ctx, FF_EIO, "%s: a temporary file is damaged",
                               import->opts->scratch->name);
            memcpy(import->sorted + record->place * size, record, size);
        }
        for (uint32_t i = 0; i < rows && status == FF_OK; i++) {
            const struct record *record = (const void *)(import->sorted + i * size);

            status = place_row(import, record->features, record->label);
        }
        if (status == FF_OK && import->opts->tick)
            status = import->opts->tick(import->opts->arg, import->rows_read);
    }
    return status;
}

static int import_in_order(struct import *import)
{
    int status = FF_OK;

    for (uint64_t row = 0; row < import->opts->geometry->rows && status == FF_OK;) {
        size_t rows = 0;

        status = read_rows(import, &rows);
        for (size_t i = 0; i < rows && status == FF_OK; i++) {
            note_sample(import, row + i, import->read_features + i * import->row_bytes,
                        import->read_labels[i]);
            if (import->opts->set)
                status = place_row(import, import->read_features + i * import->row_bytes,
                                   import->read_labels[i]);
        }
        row += rows;
    }
    return status;
}

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}

static void measure(struct import *import, uint32_t features, bool is_float)
{
    const struct ff_import_data_opts *opts = import->opts;

    import->dtype = is_float ? FF_F32 : FF_U8;
    import->row_bytes = features * ff_dtype_size(import->dtype);
    import->read_rows = at_least_one(READ_BYTES / import->row_bytes);
    if (opts->order) {
        /* Records are aligned for their first field. */
        import->record_bytes = (RECORD_HEAD + import->row_bytes + 3) / 4 * 4;
        import->bucket_rows = at_least_one(BUCKET_BYTES / import->record_bytes);
        if (import->bucket_rows > opts->geometry->rows)
            import->bucket_rows = opts->geometry->rows;
        import->buckets = (opts->geometry->rows + import->bucket_rows - 1) / import->bucket_rows;
    }
}

#define MAX_BUFFERS 7

static size_t list_buffers(struct import *import, struct ff_buffer out[MAX_BUFFERS])
{
    size_t chunk_rows = import->opts->geometry->chunk_rows, row = import->row_bytes;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&import->read_features, FF_MEM_IO, import->read_rows, row},
        {&import->read_labels, FF_MEM_IO, import->read_rows, sizeof(uint16_t)},
        {&import->features, FF_MEM_IO, chunk_rows, row},
        {&import->labels, FF_MEM_IO, chunk_rows, sizeof(uint16_t)},
        {&import->bucket, FF_MEM_IO, import->bucket_rows, import->record_bytes},
        {&import->sorted, FF_MEM_IO, import->bucket_rows, import->record_bytes},
        {&import->bucket_filled, FF_MEM_IO, import->buckets, sizeof(uint32_t)},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

uint64_t ff_import_needs(const struct ff_import_data_opts *opts, uint32_t features, bool is_float,
                         struct ff_needs *needs)
{
    struct import shape = {.opts = opts};
    struct ff_buffer buffers[MAX_BUFFERS];

    measure(&shape, features, is_float);
    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
    return opts->order ? opts->geometry->rows * shape.record_bytes : 0;
}

int ff_import_data(struct ff_ctx *ctx, const struct ff_import_data_opts *opts,
                   struct ff_import_facts *facts)
{
    struct import import = {.ctx = ctx, .opts = opts, .facts = facts, .fd = -1};
    struct ff_buffer buffers[MAX_BUFFERS];
    size_t n;
    int status;

    measure(&import, opts->dataset->info.features, opts->dataset->info.is_float);
    n = list_buffers(&import, buffers);
    status = ff_buffers_alloc(ctx, n, buffers);
    if (facts)
        memset(facts, 0, sizeof *facts);
    if (status == FF_OK && facts) {
        import.hash = XXH3_createState();
        if (!import.hash || XXH3_128bits_reset(import.hash) != XXH_OK)
            status = ff_fail(ctx, FF_ENOMEM, "out of memory for the fingerprint");
    }
    if (status == FF_OK && facts && opts->moment_columns > 0)
        status = ff_moments_begin(ctx, opts->moment_columns, &import.sums);
    if (status == FF_OK && opts->order) {
        status = opts->scratch->ops->temporary(opts->scratch->self, &import.fd);
        if (status == FF_OK)
            status = fill_buckets(&import);
        if (status == FF_OK)
            status = empty_buckets(&import);
    } else if (status == FF_OK) {
        status = import_in_order(&import);
    }
    if (status == FF_OK && facts) {
        XXH128_hash_t hash = XXH3_128bits_digest(import.hash);

        ff_hex128(hash.high64, hash.low64, facts->fingerprint);
        status = ff_dataset_describe(opts->dataset, &facts->files);
        if (status == FF_OK && import.sums.moments.n > 0)
            ff_moments_end(&import.sums, opts->dataset->info.features, &facts->moments);
    }
    ff_moments_abandon(&import.sums);
    ff_memory_sample(ctx);
    if (import.fd >= 0)
        close(import.fd);
    XXH3_freeState(import.hash);
    ff_buffers_free(ctx, n, buffers);
    return status;
}
