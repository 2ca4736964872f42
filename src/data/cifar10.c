/*
 * CIFAR-10, binary version (Krizhevsky, "Learning multiple layers of features from tiny images",
 * 2009): records of a label byte and 32 x 32 pixels, first all red, then all green, then all blue
 * values. A directory holds data_batch_1.bin, data_batch_2.bin and so on for training and
 * test_batch.bin for testing.
 */
#include "data/format.h"
#include "data/input.h"
#include "data/paths.h"

#include <inttypes.h>
#include <stdio.h>

#define SIDE 32
#define CHANNELS 3
#define PIXEL_BYTES (SIDE * SIDE * CHANNELS)
#define RECORD_BYTES (1 + PIXEL_BYTES)
#define CLASSES 10
#define BATCHES_MAX 5

struct cifar10 {
    struct ff_dataset base;
    char place[FF_PATH_BYTES]; /* a directory, or the only file */
    enum ff_split split;
    unsigned batches;           /* number of batches */
    unsigned next_batch;        /* the one to open next */
    uint64_t rows[BATCHES_MAX]; /* of each batch */
    uint64_t left;              /* rows of the open batch not read yet */
    struct ff_input *input;     /* the open batch; NULL: none */
    struct ff_data_files read;  /* the batches before it */
};

/* Bids by the name, the size and the first label of the file PATH. */
static int bid_file(struct ff_ctx *ctx, const char *path)
{
    struct ff_input *input;
    unsigned char label = 0;
    size_t got = 0;
    bool sure;
    int status;

    if (!ff_path_ends_with(path, ".bin") && !ff_path_ends_with(path, ".bin.gz"))
        return 0;
    status = ff_input_open(ctx, path, &input);
    if (status == FF_OK)
        status = ff_input_read(input, &label, 1, &got);
    if (status != FF_OK) {
        ff_input_close(input);
        return status;
    }
    sure = got == 1 && label < CLASSES &&
           (ff_input_is_gzip(input) || ff_input_file_bytes(input) % RECORD_BYTES == 0);
    ff_input_close(input);
    return sure ? FF_BID_CERTAIN : FF_BID_NAME;
}

static int cifar10_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    char path[FF_PATH_BYTES];

    if (!ff_path_is_directory(spec->path))
        return bid_file(ctx, spec->path);
    return ff_path_find_any(spec->path, ff_format_cifar10.names[spec->split], path)
               ? FF_BID_DIRECTORY
               : 0;
}

/* Finds the file of batch I (from 0) in the directory PLACE, plain or compressed; if it is missing,
 * OUT is its plain name. If PLACE is a file, it is the only batch. */
static bool find_batch(const char *place, enum ff_split split, unsigned i, char out[FF_PATH_BYTES])
{
    char name[32] = "test_batch.bin";

    if (!ff_path_is_directory(place))
        return snprintf(out, FF_PATH_BYTES, "%s", place) < FF_PATH_BYTES;
    if (split == FF_SPLIT_TRAIN)
        snprintf(name, sizeof name, "data_batch_%u.bin", i + 1);
    return ff_path_find(place, name, out);
}

/* The number of batches, up to the last one that exists. */
static unsigned count_batches(const char *place, enum ff_split split)
{
    unsigned count = !ff_path_is_directory(place) || split == FF_SPLIT_TEST ? 1 : BATCHES_MAX;
    char path[FF_PATH_BYTES];

    while (count > 1 && !find_batch(place, split, count - 1, path))
        count--;
    return count;
}

/* A gap is an error, not a smaller dataset. */
static int cifar10_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                        char path[FF_PATH_BYTES])
{
    unsigned count = count_batches(spec->path, spec->split);

    *path = '\0';
    if (i >= count || find_batch(spec->path, spec->split, i, path))
        return FF_OK;
    return ff_fail(ctx, FF_ENOTFOUND, "%s: is missing, but data_batch_%u.bin exists", path, count);
}

static int check_label(struct ff_ctx *ctx, const struct ff_input *input, unsigned char label,
                       uint64_t row)
{
    if (label < CLASSES)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL,
                   "%s: label %u of row %" PRIu64
                   " (from 0): CIFAR-10 has labels from 0 to 9; is this another dataset?",
                   ff_input_path(input), label, row);
}

static int ragged(struct ff_ctx *ctx, const struct ff_input *input, uint64_t rows, uint64_t rest)
{
    return ff_fail(ctx, FF_ECORRUPT,
                   "%s: truncated, or not CIFAR-10: holds %" PRIu64
                   " records of %d bytes and %" PRIu64 " bytes more",
                   ff_input_path(input), rows, RECORD_BYTES, rest);
}

/* Counts the rows of an uncompressed batch by its size; reads only its labels. */
static int scan_plain(struct ff_ctx *ctx, struct ff_input *input, bool labelled, uint64_t *rows)
{
    uint64_t bytes = ff_input_file_bytes(input);
    int status = FF_OK;

    *rows = bytes / RECORD_BYTES;
    if (bytes % RECORD_BYTES != 0)
        return ragged(ctx, input, *rows, bytes % RECORD_BYTES);
    for (uint64_t row = 0; labelled && status == FF_OK && row < *rows; row++) {
        unsigned char label = 0;
        size_t got;

        status = ff_input_peek(input, row * RECORD_BYTES, &label, 1, &got);
        if (status == FF_OK)
            status = check_label(ctx, input, label, row);
    }
    return status;
}

/* Counts the rows of a compressed batch by reading all of it. */
static int scan_compressed(struct ff_ctx *ctx, struct ff_input *input, bool labelled,
                           uint64_t *rows)
{
    unsigned char record[RECORD_BYTES];
    size_t got = 0;
    int status;

    for (*rows = 0;; ++*rows) {
        status = ff_input_read(input, record, sizeof record, &got);
        if (status == FF_OK && got == RECORD_BYTES && labelled)
            status = check_label(ctx, input, record[0], *rows);
        if (status != FF_OK || got < RECORD_BYTES)
            break;
    }
    if (status == FF_OK)
        status = ff_input_expect_end(input, "its records");
    if (status == FF_OK && got > 0)
        status = ragged(ctx, input, *rows, got);
    return status;
}

static int add_batch(struct ff_ctx *ctx, struct cifar10 *cifar, const char *path, bool labelled)
{
    struct ff_input *input;
    uint64_t rows = 0;
    int status = ff_input_open(ctx, path, &input);

    if (status != FF_OK)
        return status;
    status = ff_input_is_gzip(input) ? scan_compressed(ctx, input, labelled, &rows)
                                     : scan_plain(ctx, input, labelled, &rows);
    ff_input_close(input);
    if (status == FF_OK && rows == 0)
        return ff_fail(ctx, FF_EINVAL, "%s: holds no images", path);
    cifar->rows[cifar->batches++] = rows;
    cifar->base.info.rows += rows;
    return status;
}

static int add_batches(struct ff_ctx *ctx, struct cifar10 *cifar,
                       const struct ff_dataset_spec *spec)
{
    char path[FF_PATH_BYTES];
    int status;

    do {
        status = cifar10_find(ctx, spec, cifar->batches, path);
        if (status == FF_OK && *path)
            status = add_batch(ctx, cifar, path, !spec->unlabelled);
    } while (status == FF_OK && *path);
    return status;
}

static void cifar10_close(struct ff_dataset *dataset)
{
    struct cifar10 *cifar = (struct cifar10 *)dataset;

    ff_input_close(cifar->input);
    ff_free(dataset->ctx, FF_MEM_IO, cifar, sizeof *cifar);
}

static int cifar10_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                        struct ff_dataset **out)
{
    struct cifar10 *cifar;
    int status;

    if (spec->labels && !spec->unlabelled)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: --labels is not supported: CIFAR-10 batches contain the labels",
                       spec->labels);
    cifar = ff_alloc(ctx, FF_MEM_IO, sizeof *cifar);
    if (!cifar)
        return ff_alloc_status(ctx);
    cifar->base.ctx = ctx;
    cifar->base.info = (struct ff_dataset_info){
        .features = PIXEL_BYTES,
        .height = SIDE,
        .width = SIDE,
        .channels = CHANNELS,
        .planar = true,
        .classes = spec->unlabelled ? 0 : CLASSES,
    };
    cifar->split = spec->split;
    snprintf(cifar->place, sizeof cifar->place, "%s", spec->path);
    status = add_batches(ctx, cifar, spec);
    if (status != FF_OK)
        cifar10_close(&cifar->base);
    else
        *out = &cifar->base;
    return status;
}

/* Closes the open batch, if any. */
static int end_batch(struct cifar10 *cifar)
{
    struct ff_data_files *read = &cifar->read;
    int status = FF_OK;

    if (cifar->input)
        status = ff_input_describe(cifar->input, &read->file[read->count++]);
    ff_input_close(cifar->input);
    cifar->input = NULL;
    return status;
}

/* Opens the next batch, which must exist. */
static int next_batch(struct cifar10 *cifar)
{
    char path[FF_PATH_BYTES];
    int status = end_batch(cifar);

    if (status != FF_OK)
        return status;
    cifar->left = cifar->rows[cifar->next_batch];
    if (!find_batch(cifar->place, cifar->split, cifar->next_batch++, path))
        return ff_fail(cifar->base.ctx, FF_ENOTFOUND, "%s: was deleted while it was in use", path);
    return ff_input_open(cifar->base.ctx, path, &cifar->input);
}

static int read_record(struct cifar10 *cifar, unsigned char *pixels, uint16_t *label)
{
    uint64_t row = ff_input_offset(cifar->input) / RECORD_BYTES;
    unsigned char byte;
    int status = ff_input_read_all(cifar->input, &byte, 1, "records");

    if (status == FF_OK && cifar->base.info.classes > 0)
        status = check_label(cifar->base.ctx, cifar->input, byte, row);
    if (status == FF_OK)
        status = ff_input_read_all(cifar->input, pixels, PIXEL_BYTES, "records");
    if (status == FF_OK && label)
        *label = byte;
    return status;
}

static int cifar10_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                        uint16_t *labels, size_t *rows)
{
    struct cifar10 *cifar = (struct cifar10 *)dataset;
    unsigned char *pixels = features;
    int status = FF_OK;

    if (dataset->info.classes == 0)
        labels = NULL;
    for (*rows = 0; status == FF_OK && *rows < max_rows;) {
        if (cifar->left == 0 && cifar->next_batch == cifar->batches)
            break;
        if (cifar->left == 0)
            status = next_batch(cifar);
        if (status == FF_OK)
            status =
                read_record(cifar, pixels + *rows * PIXEL_BYTES, labels ? labels + *rows : NULL);
        cifar->left--;
        ++*rows;
    }
    return status;
}

static int cifar10_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct cifar10 *cifar = (struct cifar10 *)dataset;
    int status = FF_OK;

    while (status == FF_OK && cifar->next_batch < cifar->batches)
        status = next_batch(cifar);
    if (status == FF_OK)
        status = end_batch(cifar);
    *out = cifar->read;
    return status;
}

static const char *const train_names[] = {"data_batch_1.bin", NULL};
static const char *const test_names[] = {"test_batch.bin", NULL};

const struct ff_dataset_format ff_format_cifar10 = {
    .info = {.name = "cifar10",
             .summary = "CIFAR-10 binary batches",
             .layout = "a directory with data_batch_1.bin, data_batch_2.bin, ... and "
                       "test_batch.bin, or a file"},
    .names = {train_names, test_names},
    .bid = cifar10_bid,
    .open = cifar10_open,
    .read = cifar10_read,
    .close = cifar10_close,
    .find = cifar10_find,
    .describe = cifar10_describe,
};
