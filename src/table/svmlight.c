/* Sparse rows as text, as svmlight, libsvm and LIBLINEAR read them: see sparse.h. */
#include "data/labels.h"
#include "table/one_file.h"
#include "table/sparse.h"

#include <inttypes.h>
#include <string.h>

/* It takes less than the second open file that ff_dataset_needs() counts. */
struct svmlight {
    struct ff_dataset base;
    struct ff_sparse rows;
    struct ff_labels classes;
    uint32_t first; /* the index of the first feature */
    bool of_model;  /* the spec has a schema: features and classes may be others */
    uint64_t next;  /* the row to be read next */
};

/* What a pass over the file finds. */
struct scan {
    uint64_t rows;
    bool zero;    /* an index is 0 */
    int64_t last; /* the largest index; -1: there are no values */
};

/* ---- The file ---- */

/* Sets *FITS to whether the file begins with a row that has a value. */
static int sniff(struct ff_sparse *rows, bool unlabelled, bool *fits)
{
    int status = ff_sparse_next_row(rows, fits);

    if (status == FF_OK && *fits && !rows->has_label && !unlabelled)
        *fits = false;
    if (status == FF_OK && *fits)
        status = ff_sparse_next_value(rows, fits);
    return status;
}

static int svmlight_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    int status, bid = ff_one_file_bid(spec, &ff_format_svmlight);
    struct ff_sparse *rows;
    bool fits = false;

    if (bid > 0 || ff_path_is_directory(spec->path))
        return bid;
    rows = ff_alloc(ctx, FF_MEM_IO, sizeof *rows);
    if (!rows)
        return ff_alloc_status(ctx);
    status = ff_sparse_open(ctx, spec->path, rows);
    if (status == FF_OK)
        status = sniff(rows, spec->unlabelled, &fits);
    ff_sparse_release(rows);
    ff_free(ctx, FF_MEM_IO, rows, sizeof *rows);
    switch (status) {
    case FF_OK:
        return fits ? FF_BID_PARSED : 0;
    case FF_ECORRUPT:
    case FF_EINVAL:
    case FF_ENUMERIC:
        return 0;
    default:
        return status;
    }
}

static int svmlight_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                         char path[FF_PATH_BYTES])
{
    return ff_one_file_find(ctx, spec, &ff_format_svmlight, i, path);
}

static int svmlight_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct svmlight *data = (struct svmlight *)dataset;

    return ff_input_describe(data->rows.input, &out->file[out->count++]);
}

static void svmlight_close(struct ff_dataset *dataset)
{
    struct svmlight *data = (struct svmlight *)dataset;

    ff_sparse_release(&data->rows);
    ff_free(dataset->ctx, FF_MEM_IO, data, sizeof *data);
}

/* ---- The first pass ---- */

static int scan_label(struct svmlight *data)
{
    const struct ff_sparse *rows = &data->rows;

    if (!rows->has_label)
        return ff_sparse_fail(rows, FF_EINVAL, "the label is missing before \"%.60s\"",
                              rows->field);
    if (data->of_model || ff_labels_add(&data->classes, rows->label))
        return FF_OK;
    return ff_sparse_fail(rows, FF_EINVAL,
                          "more than %u different labels; divide the range of a quantity into "
                          "classes",
                          FF_MAX_DATA_CLASSES);
}

static int scan_values(struct svmlight *data, struct scan *scan)
{
    struct ff_sparse *rows = &data->rows;
    bool got = true;

    while (got) {
        int status = ff_sparse_next_value(rows, &got);

        if (status != FF_OK)
            return status;
        if (!got)
            break;
        if (rows->index == 0 && data->base.schema.index_base == FF_INDEX_FROM_1)
            return ff_sparse_fail(rows, FF_EMISMATCH,
                                  "index 0, but the indices of the model's data begin with 1");
        scan->zero = scan->zero || rows->index == 0;
        if (rows->index > scan->last)
            scan->last = rows->index;
    }
    return FF_OK;
}

static int scan_rows(struct svmlight *data, bool labelled, struct scan *scan)
{
    bool got = true;
    int status = FF_OK;

    while (got && status == FF_OK) {
        status = ff_sparse_next_row(&data->rows, &got);
        if (status != FF_OK || !got)
            break;
        if (labelled)
            status = scan_label(data);
        if (status == FF_OK)
            status = scan_values(data, scan);
        scan->rows++;
    }
    if (status == FF_OK && (scan->rows == 0 || scan->rows > FF_MAX_DATA_SAMPLES))
        return ff_fail(data->base.ctx, FF_EINVAL,
                       "%s: has %" PRIu64 " rows; 1 to %" PRIu64 " are supported",
                       ff_input_path(data->rows.input), scan->rows, FF_MAX_DATA_SAMPLES);
    return status;
}

/* ---- Opening ---- */

/* Counts the features, or compares them with those of the model. */
static int settle_features(struct svmlight *data, const struct scan *scan)
{
    struct ff_schema *schema = &data->base.schema;
    const char *path = ff_input_path(data->rows.input);
    int64_t features;

    if (schema->index_base == FF_INDEX_UNKNOWN)
        schema->index_base = scan->zero ? FF_INDEX_FROM_0 : FF_INDEX_FROM_1;
    data->first = schema->index_base == FF_INDEX_FROM_1;
    features = scan->last + 1 - data->first;
    if (data->of_model && schema->features > 0) {
        data->base.info.features = schema->features;
        if (features > schema->features)
            ff_warn(data->base.ctx,
                    "%s: features above index %" PRIu32 ", which the model was not trained on, "
                    "are ignored",
                    path, schema->features - 1 + data->first);
        return FF_OK;
    }
    if (scan->last < 0)
        return ff_fail(data->base.ctx, FF_EINVAL, "%s: no row has a value", path);
    data->base.info.features = (uint32_t)features;
    return FF_OK;
}

static int settle_labels(struct svmlight *data, bool labelled)
{
    struct ff_dataset *base = &data->base;

    if (!labelled)
        return FF_OK;
    if (data->of_model) {
        ff_labels_of_schema(&base->schema, &data->classes);
        base->info.classes = base->schema.n_classes;
        return FF_OK;
    }
    base->info.classes = data->classes.n;
    return ff_labels_settle(base->ctx, &data->classes, &base->schema);
}

static int open_rows(struct svmlight *data, const struct ff_dataset_spec *spec)
{
    struct ff_dataset *base = &data->base;
    struct scan scan = {.rows = spec->known_rows, .last = -1};
    char path[FF_PATH_BYTES];
    int status = svmlight_find(base->ctx, spec, 0, path);

    if (status == FF_OK)
        status = ff_sparse_open(base->ctx, path, &data->rows);
    data->of_model = spec->schema != NULL;
    if (status == FF_OK && spec->schema)
        status = ff_schema_copy(base->ctx, spec->schema, &base->schema);
    if (status == FF_OK && spec->known_rows == 0)
        status = scan_rows(data, !spec->unlabelled, &scan);
    if (status == FF_OK)
        status = settle_features(data, &scan);
    if (status == FF_OK)
        status = settle_labels(data, !spec->unlabelled);
    base->info.rows = scan.rows;
    base->info.is_float = true;
    return status == FF_OK ? ff_sparse_rewind(&data->rows) : status;
}

static int svmlight_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                         struct ff_dataset **out)
{
    struct svmlight *data;
    int status;

    if (spec->labels && !spec->unlabelled)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: --labels is not supported: each line of svmlight data begins with its "
                       "label",
                       spec->labels);
    data = ff_alloc(ctx, FF_MEM_IO, sizeof *data);
    if (!data)
        return ff_alloc_status(ctx);
    data->base.ctx = ctx;
    status = open_rows(data, spec);
    if (status != FF_OK) {
        ff_schema_release(&data->base.schema);
        svmlight_close(&data->base);
    } else {
        *out = &data->base;
    }
    return status;
}

/* ---- Reading ---- */

static int changed(const struct svmlight *data)
{
    return ff_data_changed(data->base.ctx, ff_input_path(data->rows.input));
}

static int next_row(struct ff_dataset *dataset, bool *got)
{
    return ff_sparse_next_row(&((struct svmlight *)dataset)->rows, got);
}

/* Reads the row to FEATURES and *LABEL, which may be NULL. */
static int read_row(struct ff_dataset *dataset, float *features, uint16_t *label)
{
    struct svmlight *data = (struct svmlight *)dataset;
    const struct ff_dataset_info *info = &dataset->info;
    struct ff_sparse *rows = &data->rows;
    bool got = true;
    int status = FF_OK;

    if (label && !rows->has_label)
        return changed(data);
    if (label) {
        *label = ff_labels_class(&data->classes, rows->label);
        if (*label == FF_LABEL_UNSEEN && !data->of_model)
            return changed(data);
    }
    memset(features, 0, info->features * sizeof *features);
    while (status == FF_OK && got) {
        status = ff_sparse_next_value(rows, &got);
        if (status != FF_OK || !got)
            break;
        if (rows->index >= data->first && rows->index - data->first < info->features)
            features[rows->index - data->first] = rows->value;
        else if (!data->of_model)
            return changed(data);
    }
    return status;
}

static int svmlight_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                         uint16_t *labels, size_t *rows)
{
    static const struct ff_one_file_rows how = {next_row, read_row};
    struct svmlight *data = (struct svmlight *)dataset;

    return ff_one_file_read(dataset, &how, ff_input_path(data->rows.input), &data->next, max_rows,
                            features, labels, rows);
}

static const char *const train_names[] = {"train.svm", "train.svmlight", "train.libsvm", NULL};
static const char *const test_names[] = {"test.svm", "test.svmlight", "test.libsvm", NULL};

const struct ff_dataset_format ff_format_svmlight = {
    .info = {.name = "svmlight",
             .summary = "svmlight or libsvm files: sparse rows as text",
             .layout = "a directory with train.svm and test.svm, or with .svmlight or .libsvm "
                       "instead of .svm, or a file of any name; a line is LABEL INDEX:VALUE ..., "
                       "with indices in ascending order and without the values that are 0; text "
                       "after # and qid:N are ignored; labels are integers, which predict does not "
                       "require; indices count from 0 if the training data has an index 0, else "
                       "from 1, and there are as many features as the largest index says; other "
                       "data for the model is read in the same way, and features that the model "
                       "does not have are ignored with a warning"},
    .names = {train_names, test_names},
    .bid = svmlight_bid,
    .open = svmlight_open,
    .read = svmlight_read,
    .close = svmlight_close,
    .find = svmlight_find,
    .describe = svmlight_describe,
};
