/*
 * CIFAR-10 and CIFAR-100, binary version (Krizhevsky, "Learning multiple layers of features from
 * tiny images", 2009): records of one label byte, or two, and 32 x 32 pixels, first all red, then
 * all green, then all blue values. A directory holds data_batch_1.bin, data_batch_2.bin and so on,
 * or train.bin, for training, and test_batch.bin or test.bin for testing; names of the classes are
 * in text files beside them, a line each.
 */
#include "image/cifar_files.h"
#include "image/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOST_CLASSES 100

struct cifar {
    struct ff_dataset base;
    const struct ff_cifar_layout *layout;
    unsigned column;           /* the label that is read */
    char place[FF_PATH_BYTES]; /* a directory, or the only file */
    enum ff_split split;
    uint16_t class_of[MOST_CLASSES]; /* of a label of the records */
    unsigned batches;                /* number of batches */
    unsigned next_batch;             /* the one to open next */
    uint64_t rows[FF_CIFAR_BATCHES]; /* of each batch */
    uint64_t left;                   /* rows of the open batch not read yet */
    struct ff_input *input;          /* the open batch; NULL: none */
    struct ff_data_files read;       /* the batches before it */
};

/* ---- Opening ---- */

static int check_labels(const struct cifar *cifar, const struct ff_input *input,
                        const unsigned char *labels, uint64_t row)
{
    const struct ff_cifar_layout *layout = cifar->layout;

    for (unsigned i = 0; i < layout->n_labels; i++)
        if (labels[i] >= layout->labels[i].classes)
            return ff_fail(cifar->base.ctx, FF_EINVAL,
                           "%s: %s %u of row %" PRIu64
                           " (from 0): %s has labels from 0 to %u; is this another dataset?",
                           ff_input_path(input), layout->labels[i].name, labels[i], row,
                           layout->title, layout->labels[i].classes - 1);
    return FF_OK;
}

static int ragged(const struct cifar *cifar, const struct ff_input *input, uint64_t rows,
                  uint64_t rest)
{
    return ff_fail(cifar->base.ctx, FF_ECORRUPT,
                   "%s: truncated, or not %s: holds %" PRIu64 " records of %zu bytes and %" PRIu64
                   " bytes more",
                   ff_input_path(input), cifar->layout->title, rows,
                   ff_cifar_record_bytes(cifar->layout), rest);
}

/* Counts the rows of an uncompressed batch by its size; reads only its labels. */
static int scan_plain(const struct cifar *cifar, struct ff_input *input, bool labelled,
                      uint64_t *rows)
{
    const size_t record = ff_cifar_record_bytes(cifar->layout);
    uint64_t bytes = ff_input_file_bytes(input);
    int status = FF_OK;

    *rows = bytes / record;
    if (bytes % record != 0)
        return ragged(cifar, input, *rows, bytes % record);
    for (uint64_t row = 0; labelled && status == FF_OK && row < *rows; row++) {
        unsigned char labels[FF_CIFAR_LABELS] = {0};
        size_t got;

        status = ff_input_peek(input, row * record, labels, cifar->layout->n_labels, &got);
        if (status == FF_OK)
            status = check_labels(cifar, input, labels, row);
    }
    return status;
}

/* Counts the rows of a compressed batch by reading all of it. */
static int scan_compressed(const struct cifar *cifar, struct ff_input *input, bool labelled,
                           uint64_t *rows)
{
    const size_t bytes = ff_cifar_record_bytes(cifar->layout);
    unsigned char record[FF_CIFAR_LABELS + FF_CIFAR_PIXEL_BYTES];
    size_t got = 0;
    int status;

    for (*rows = 0;; ++*rows) {
        status = ff_input_read(input, record, bytes, &got);
        if (status == FF_OK && got == bytes && labelled)
            status = check_labels(cifar, input, record, *rows);
        if (status != FF_OK || got < bytes)
            break;
    }
    if (status == FF_OK)
        status = ff_input_expect_end(input, "its records");
    if (status == FF_OK && got > 0)
        status = ragged(cifar, input, *rows, got);
    return status;
}

static int add_batch(struct cifar *cifar, const char *path, bool labelled)
{
    struct ff_input *input;
    uint64_t rows = 0;
    int status = ff_input_open(cifar->base.ctx, path, &input);

    if (status != FF_OK)
        return status;
    status = ff_input_can_peek(input) ? scan_plain(cifar, input, labelled, &rows)
                                      : scan_compressed(cifar, input, labelled, &rows);
    ff_input_close(input);
    if (status == FF_OK && rows == 0)
        return ff_fail(cifar->base.ctx, FF_EINVAL, "%s: holds no images", path);
    cifar->rows[cifar->batches++] = rows;
    cifar->base.info.rows += rows;
    return status;
}

static int add_batches(struct cifar *cifar, const struct ff_dataset_spec *spec)
{
    char path[FF_PATH_BYTES];
    int status;

    do {
        status = ff_cifar_find(cifar->base.ctx, spec, cifar->layout, cifar->batches, path);
        if (status == FF_OK && *path)
            status = add_batch(cifar, path, !spec->unlabelled);
    } while (status == FF_OK && *path);
    return status;
}

/* Chooses the label: that of the model, or the one of the spec; the last one by default. */
static int choose_label(struct cifar *cifar, const struct ff_dataset_spec *spec)
{
    const struct ff_cifar_layout *layout = cifar->layout;
    const char *wanted = spec->schema ? spec->schema->label_name : spec->label_column;

    cifar->column = layout->n_labels - 1;
    for (unsigned i = 0; wanted && i < layout->n_labels; i++) {
        char number[16];

        snprintf(number, sizeof number, "%u", i + 1);
        if (strcmp(wanted, layout->labels[i].name) == 0 || strcmp(wanted, number) == 0) {
            cifar->column = i;
            return FF_OK;
        }
    }
    if (!wanted || spec->schema)
        return FF_OK;
    return ff_fail(cifar->base.ctx, FF_EINVAL, "%s: no label \"%s\"; %s has the label%s %s%s%s",
                   spec->path, wanted, layout->title, layout->n_labels > 1 ? "s" : "",
                   layout->labels[0].name, layout->n_labels > 1 ? " and " : "",
                   layout->n_labels > 1 ? layout->labels[1].name : "");
}

/* Finds the class of label LABEL of the records, whose name in the data is NAME or, if that is
 * NULL, unknown. A model that learned it under another name has it in the same place. */
static uint16_t class_of(const struct cifar *cifar, const struct ff_schema *model, unsigned label,
                         const char *name)
{
    char text[FF_CLASS_NAME_BYTES], number[FF_CLASS_NAME_BYTES];

    snprintf(number, sizeof number, "%u", label);
    for (uint32_t i = 0; i < model->n_classes; i++) {
        const char *known = ff_schema_class(model, i, text);

        if ((name && strcmp(known, name) == 0) || strcmp(known, number) == 0)
            return (uint16_t)i;
    }
    if (!name && model->n_classes == cifar->layout->labels[cifar->column].classes)
        return (uint16_t)label;
    return FF_LABEL_UNSEEN;
}

/* Names the classes, or finds those of the model. */
static int find_classes(struct cifar *cifar, const struct ff_dataset_spec *spec)
{
    const struct ff_cifar_label *label = &cifar->layout->labels[cifar->column];
    struct ff_schema own = {.n_classes = label->classes}, *schema = &cifar->base.schema;
    int status =
        ff_names_read(cifar->base.ctx, cifar->place, label->names, label->classes, &own.classes);

    if (status == FF_OK)
        status = ff_schema_copy(cifar->base.ctx, spec->schema ? spec->schema : &own, schema);
    for (unsigned i = 0; status == FF_OK && i < label->classes; i++)
        cifar->class_of[i] = class_of(cifar, schema, i, own.classes ? own.classes[i] : NULL);
    ff_schema_release(&own);
    if (status == FF_OK && !spec->schema && cifar->layout->n_labels > 1) {
        schema->label_name = strdup(label->name);
        if (!schema->label_name)
            return ff_fail(cifar->base.ctx, FF_ENOMEM, "out of memory for the name of the label");
    }
    cifar->base.info.classes = schema->n_classes;
    return status;
}

static void cifar_close(struct ff_dataset *dataset)
{
    struct cifar *cifar = (struct cifar *)dataset;

    ff_input_close(cifar->input);
    ff_free(dataset->ctx, FF_MEM_IO, cifar, sizeof *cifar);
}

static int open_cifar(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                      const struct ff_cifar_layout *layout, struct ff_dataset **out)
{
    struct cifar *cifar;
    int status;

    if (spec->labels && !spec->unlabelled)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: --labels is not supported: %s batches contain the labels", spec->labels,
                       layout->title);
    cifar = ff_alloc(ctx, FF_MEM_IO, sizeof *cifar);
    if (!cifar)
        return ff_alloc_status(ctx);
    cifar->layout = layout;
    cifar->base.ctx = ctx;
    cifar->base.info = (struct ff_dataset_info){
        .features = FF_CIFAR_PIXEL_BYTES,
        .height = FF_CIFAR_SIDE,
        .width = FF_CIFAR_SIDE,
        .channels = FF_CIFAR_CHANNELS,
        .planar = true,
    };
    cifar->split = spec->split;
    snprintf(cifar->place, sizeof cifar->place, "%s", spec->path);
    status = choose_label(cifar, spec);
    if (status == FF_OK)
        status = add_batches(cifar, spec);
    if (status == FF_OK && !spec->unlabelled)
        status = find_classes(cifar, spec);
    if (status != FF_OK) {
        ff_schema_release(&cifar->base.schema);
        cifar_close(&cifar->base);
    } else {
        *out = &cifar->base;
    }
    return status;
}

/* ---- Reading ---- */

/* Closes the open batch, if any. */
static int end_batch(struct cifar *cifar)
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
static int next_batch(struct cifar *cifar)
{
    char path[FF_PATH_BYTES];
    int status = end_batch(cifar);

    if (status != FF_OK)
        return status;
    cifar->left = cifar->rows[cifar->next_batch];
    if (!ff_cifar_find_batch(cifar->layout, cifar->place, cifar->split, cifar->next_batch++, path))
        return ff_fail(cifar->base.ctx, FF_ENOTFOUND, "%s: was deleted while it was in use", path);
    return ff_input_open(cifar->base.ctx, path, &cifar->input);
}

static int read_record(struct cifar *cifar, unsigned char *pixels, uint16_t *label)
{
    const struct ff_cifar_layout *layout = cifar->layout;
    uint64_t row = ff_input_offset(cifar->input) / ff_cifar_record_bytes(layout);
    unsigned char labels[FF_CIFAR_LABELS];
    int status = ff_input_read_all(cifar->input, labels, layout->n_labels, "records");

    if (status == FF_OK && cifar->base.info.classes > 0)
        status = check_labels(cifar, cifar->input, labels, row);
    if (status == FF_OK)
        status = ff_input_read_all(cifar->input, pixels, FF_CIFAR_PIXEL_BYTES, "records");
    if (status == FF_OK && label)
        *label = cifar->class_of[labels[cifar->column]];
    return status;
}

static int cifar_read(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                      size_t *rows)
{
    struct cifar *cifar = (struct cifar *)dataset;
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
            status = read_record(cifar, pixels + *rows * FF_CIFAR_PIXEL_BYTES,
                                 labels ? labels + *rows : NULL);
        cifar->left--;
        ++*rows;
    }
    return status;
}

static int cifar_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct cifar *cifar = (struct cifar *)dataset;
    int status = FF_OK;

    while (status == FF_OK && cifar->next_batch < cifar->batches)
        status = next_batch(cifar);
    if (status == FF_OK)
        status = end_batch(cifar);
    *out = cifar->read;
    return status;
}

/* ---- The formats ---- */

static int cifar10_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    return ff_cifar_bid(ctx, spec, &ff_cifar10);
}

static int cifar10_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                        struct ff_dataset **out)
{
    return open_cifar(ctx, spec, &ff_cifar10, out);
}

static int cifar10_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                        char path[FF_PATH_BYTES])
{
    return ff_cifar_find(ctx, spec, &ff_cifar10, i, path);
}

static int cifar100_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    return ff_cifar_bid(ctx, spec, &ff_cifar100);
}

static int cifar100_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                         struct ff_dataset **out)
{
    return open_cifar(ctx, spec, &ff_cifar100, out);
}

static int cifar100_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                         char path[FF_PATH_BYTES])
{
    return ff_cifar_find(ctx, spec, &ff_cifar100, i, path);
}

static const char *const train_names_10[] = {"data_batch_1.bin", NULL};
static const char *const test_names_10[] = {"test_batch.bin", NULL};
static const char *const train_names_100[] = {"train.bin", NULL};
static const char *const test_names_100[] = {"test.bin", NULL};

const struct ff_dataset_format ff_format_cifar10 = {
    .info = {.name = "cifar10",
             .summary = "CIFAR-10 binary batches",
             .layout = "a directory with data_batch_1.bin, data_batch_2.bin, ... and "
                       "test_batch.bin, or a file; names of the classes are in batches.meta.txt "
                       "beside them, if it exists"},
    .names = {train_names_10, test_names_10},
    .bid = cifar10_bid,
    .open = cifar10_open,
    .read = cifar_read,
    .close = cifar_close,
    .find = cifar10_find,
    .describe = cifar_describe,
};

const struct ff_dataset_format ff_format_cifar100 = {
    .info = {.name = "cifar100",
             .summary = "CIFAR-100, binary version",
             .layout = "a directory with train.bin and test.bin, or a file; the label is the fine "
                       "one, with --label-column coarse the coarse one; names of the classes are "
                       "in fine_label_names.txt and coarse_label_names.txt beside them, if they "
                       "exist"},
    .names = {train_names_100, test_names_100},
    .bid = cifar100_bid,
    .open = cifar100_open,
    .read = cifar_read,
    .close = cifar_close,
    .find = cifar100_find,
    .describe = cifar_describe,
    .has_label_columns = true,
};
