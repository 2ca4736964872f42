/* The table of formats, and the code that all formats share. */
#include "data/dataset.h"

#include "base/arithmetic.h"
#include "data/format.h"
#include "data/labels.h"
#include "data/shared.h"
#include "input/input.h"
#include "input/paths.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_ADDRESS(name) &ff_format_##name,
static const struct ff_dataset_format *const formats[] = {FF_DATASET_FORMATS(FORMAT_ADDRESS)};
#undef FORMAT_ADDRESS
/* Of a format, which stores at most one path and the set of labels. */
#define MOST_STATE_BYTES ((size_t)2 * FF_PATH_BYTES + sizeof(struct ff_labels))
#define FORMATS (sizeof formats / sizeof *formats)

const struct ff_dataset_format *const *ff_dataset_formats(size_t *count)
{
    *count = FORMATS;
    return formats;
}

const struct ff_data_format *ff_data_format(size_t i)
{
    return i < FORMATS ? &formats[i]->info : NULL;
}

/* Appends to the comma-separated list TEXT, of BYTES bytes; truncates what does not fit. */
static void add_to_list(char *text, size_t bytes, const char *item)
{
    size_t used = strlen(text);

    snprintf(text + used, bytes - used, "%s%s", used ? ", " : "", item);
}

/* Lists the names and formats that were tried: the message a user with a misnamed file gets. */
static int nobody_bids(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    char list[FF_MESSAGE_BYTES / 2] = "";
    const char *half = spec->split == FF_SPLIT_TRAIN ? "training" : "test";

    if (ff_path_is_directory(spec->path)) {
        if (access(spec->path, X_OK) != 0)
            return ff_fail_errno(ctx, errno, "%s: cannot search this directory", spec->path);
        for (size_t f = 0; f < FORMATS; f++) {
            for (const char *const *name = formats[f]->names[spec->split]; *name; name++)
                add_to_list(list, sizeof list, *name);
        }
        return ff_fail(
            ctx, FF_EFORMAT,
            "%s: no %s images in this directory; looked for %s (files also with .gz or .zst); "
            "rename the files, or give the path of the image file",
            spec->path, half, list);
    }
    for (size_t f = 0; f < FORMATS; f++)
        add_to_list(list, sizeof list, formats[f]->info.summary);
    return ff_fail(ctx, FF_EFORMAT, "%s: not a dataset of a known format; supported formats: %s",
                   spec->path, list);
}

static int highest_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                       const struct ff_dataset_format **winner)
{
    int best = 0;

    *winner = NULL;
    for (size_t f = 0; f < FORMATS; f++) {
        int bid = formats[f]->bid(ctx, spec);

        if (bid < 0)
            return bid;
        if (bid > best) {
            best = bid;
            *winner = formats[f];
        }
    }
    return *winner ? FF_OK : nobody_bids(ctx, spec);
}

/* The seed of the subsample. Never change it: models record only the size of the subsample. */
#define SAMPLE_KEY 0

static void draw_sample(struct ff_dataset *dataset, uint64_t rows)
{
    struct ff_dataset_info *info = &dataset->info;

    info->all_rows = info->rows;
    if (rows == 0 || rows >= info->rows)
        return;
    info->rows = rows;
    dataset->order =
        ff_permutation_make(ff_rng_make(SAMPLE_KEY, FF_RNG_SAMPLE, 0, 0), info->all_rows);
}

/* Finds the format of SPEC. */
static int choose_format(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                         const struct ff_dataset_format **format)
{
    struct stat st;

    assert(spec->split == FF_SPLIT_TRAIN || spec->split == FF_SPLIT_TEST);
    if (spec->rows) {
        *format = &ff_format_rows;
        return FF_OK;
    }
    if (strlen(spec->path) >= FF_PATH_BYTES)
        return ff_fail(ctx, FF_EINVAL, "path of the dataset: longer than %d bytes",
                       FF_PATH_BYTES - 1);
    if (stat(spec->path, &st) != 0)
        return ff_fail_errno(ctx, errno, "%s: cannot open the dataset", spec->path);
    return highest_bid(ctx, spec, format);
}

/* FF_EINVAL if SPEC has what FORMAT does not take. */
static int check_options(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                         const struct ff_dataset_format *format)
{
    const struct {
        bool given, taken;
        const char *option, *is_for;
    } options[] = {
        {spec->arrays, format->holds_arrays, "array", "archives of arrays (.npz)"},
        {spec->resize_width | spec->resize_height, format->resizes, "resize",
         "image files (.png, .jpg, .pgm, .ppm)"},
        {spec->label_column, format->has_label_columns, "label-column", "tables, and CIFAR-100"},
        {spec->id_column, format->is_table, "id-column", "tables"},
        {spec->fill_missing, format->is_table, "missing mean", "tables"},
        {spec->context, format->is_text, "context", "texts"},
        {spec->fold_case, format->is_text, "fold-case", "texts"},
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].given && !options[i].taken)
            return ff_fail(ctx, FF_EINVAL, "%s: --%s is for %s; this is %s", spec->path,
                           options[i].option, options[i].is_for, format->info.name);
    if (spec->schema && (spec->schema->context > 0) != format->is_text)
        return ff_fail(ctx, FF_EMISMATCH, "%s: %s, but the model was trained on %s", spec->path,
                       format->is_text ? "a text" : "no text",
                       format->is_text ? "other data" : "a text");
    return FF_OK;
}

static int open_dataset(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                        struct ff_dataset **out)
{
    const struct ff_dataset_format *format;
    const struct ff_dataset_info *info;
    int status;

    *out = NULL;
    status = choose_format(ctx, spec, &format);
    if (status == FF_OK)
        status = check_options(ctx, spec, format);
    if (status == FF_OK)
        status = format->open(ctx, spec, out);
    if (status != FF_OK)
        return status;
    (*out)->format = format;
    (*out)->ctx = ctx;
    (*out)->info.format = format->info.name;
    draw_sample(*out, spec->sample);
    info = &(*out)->info;
    assert(info->rows > 0 && info->features > 0 && info->classes <= FF_MAX_DATA_CLASSES);
    assert(spec->unlabelled == (info->classes == 0));
    (void)info;
    return FF_OK;
}

/* Moves the rows that are in the subsample to the front; returns their number. */
static size_t keep_sample(struct ff_dataset *dataset, size_t rows, void *features, uint16_t *labels)
{
    const struct ff_dataset_info *info = &dataset->info;
    size_t row_bytes = (size_t)info->features * (info->is_float ? sizeof(float) : 1), kept = 0;
    unsigned char *at = features;

    for (size_t i = 0; i < rows; i++) {
        if (ff_permutation_at(&dataset->order, dataset->passed++) >= info->rows)
            continue;
        if (kept < i)
            memcpy(at + kept * row_bytes, at + i * row_bytes, row_bytes);
        if (labels)
            labels[kept] = labels[i];
        kept++;
    }
    return kept;
}

static int read_sample(struct ff_dataset *dataset, size_t max_rows, void *features,
                       uint16_t *labels, size_t *rows)
{
    int status = FF_OK;

    while (status == FF_OK && *rows == 0 && dataset->drawn < dataset->info.rows) {
        size_t got = 0;

        status = dataset->format->read(dataset, max_rows, features, labels, &got);
        assert(status != FF_OK || got > 0); /* the permutation reaches every row */
        if (status == FF_OK)
            *rows = keep_sample(dataset, got, features, labels);
        dataset->drawn += *rows;
    }
    return status;
}

int ff_dataset_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out)
{
    bool shared = ff_data_is_to_share(ctx, spec);
    int status = FF_OK;

    *out = NULL;
    if (!shared || ctx->team.rank == 0)
        status = ff_about(ctx, open_dataset(ctx, spec, out), FF_ABOUT_DATA);
    return status == FF_OK && shared ? ff_data_share_opened(ctx, out) : status;
}

static int read_rows(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                     size_t *rows)
{
    bool sampled = dataset->info.rows < dataset->info.all_rows;

    return sampled ? read_sample(dataset, max_rows, features, labels, rows)
                   : dataset->format->read(dataset, max_rows, features, labels, rows);
}

int ff_dataset_read(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                    size_t *rows)
{
    int status = FF_OK;

    assert(max_rows > 0);
    *rows = 0;
    if (!ff_data_is_received(dataset))
        status = read_rows(dataset, max_rows, features, labels, rows);
    if (status == FF_OK && dataset->shared)
        status = ff_data_share_rows(dataset, features, labels, rows);
    if (status != FF_OK)
        *rows = 0;
    return ff_about(dataset->ctx, status, FF_ABOUT_DATA);
}

int ff_dataset_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    int status = FF_OK;

    *out = (struct ff_data_files){.count = 0};
    if (!ff_data_is_received(dataset))
        status = dataset->format->describe(dataset, out);
    return status == FF_OK && dataset->shared ? ff_data_share_files(dataset, out) : status;
}

static int stat_file(struct ff_ctx *ctx, const char *path, struct ff_data_file *out)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return ff_fail_errno(ctx, errno, "%s: cannot open", path);
    snprintf(out->name, sizeof out->name, "%s", ff_path_base(path));
    out->bytes = (uint64_t)st.st_size;
    out->mtime_ns = ff_data_nanoseconds(st.st_mtim);
    return FF_OK;
}

int ff_dataset_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                    struct ff_data_files *out)
{
    const struct ff_dataset_format *format;
    char path[FF_PATH_BYTES];
    int status = choose_format(ctx, spec, &format);

    *out = (struct ff_data_files){.count = 0};
    if (status == FF_OK && format->look)
        return format->look(ctx, spec, out);
    while (status == FF_OK) {
        status = format->find(ctx, spec, out->count, path);
        if (status != FF_OK || !*path)
            break;
        assert(out->count < FF_DATA_FILES);
        status = stat_file(ctx, path, &out->file[out->count++]);
    }
    return status;
}

void ff_dataset_needs(const struct ff_schema *schema, struct ff_needs *needs)
{
    uint64_t most = 0;

    /* Images and labels. Members of an archive need less: while one is opened, its tail. */
    ff_input_needs(needs);
    ff_input_needs(needs);
    for (size_t f = 0; f < FORMATS; f++) {
        struct ff_needs own = {.mapped = 0};

        if (formats[f]->needs)
            formats[f]->needs(schema, &own);
        most = ff_larger(most, ff_needs_total(&own));
    }
    needs->bytes[FF_MEM_IO] += most;
    needs->bytes[FF_MEM_IO] += MOST_STATE_BYTES;
}

static int first_extra_bytes(struct ff_ctx *ctx, const char *path, uint64_t *out)
{
    struct ff_input *input;
    unsigned char first;
    size_t got;
    int status = ff_input_open(ctx, path, &input);

    if (status != FF_OK)
        return status;
    status = ff_input_read(input, &first, 1, &got);
    *out = ff_input_extra_bytes(input);
    ff_input_close(input);
    return status;
}

int ff_dataset_extra_bytes(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, uint64_t *out)
{
    const struct ff_dataset_format *format;
    char path[FF_PATH_BYTES];
    uint64_t largest = 0, second = 0; /* at most two are open, as ff_dataset_needs() has it */
    int status = choose_format(ctx, spec, &format);

    for (unsigned i = 0; status == FF_OK && format->find; i++) {
        uint64_t extra = 0;

        status = format->find(ctx, spec, i, path);
        if (status != FF_OK || !*path)
            break;
        status = first_extra_bytes(ctx, path, &extra);
        second = ff_larger(second, extra < largest ? extra : largest);
        largest = ff_larger(largest, extra);
    }
    *out = largest + second;
    return status == FF_ENOMEM ? status : FF_OK;
}

int ff_dataset_begin_ids(struct ff_dataset *dataset, const char **name)
{
    *name = NULL;
    return dataset->format->begin_ids ? dataset->format->begin_ids(dataset, name) : FF_OK;
}

int ff_dataset_next_id(struct ff_dataset *dataset, const char **id)
{
    return dataset->format->next_id(dataset, id);
}

void ff_dataset_close(struct ff_dataset *dataset)
{
    if (!dataset)
        return;
    ff_schema_release(&dataset->schema);
    dataset->format->close(dataset);
}
