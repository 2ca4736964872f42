#include "train/same_data.h"

#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct ff_dataset_spec ff_data_spec(const struct ff_manifest *manifest,
                                    const struct ff_train_opts *opts,
                                    const struct ff_data_location *location)
{
    return (struct ff_dataset_spec){
        .path = location->path,
        .labels = location->labels,
        .arrays = location->arrays,
        .rows = opts->data.rows,
        .split = FF_SPLIT_TRAIN,
        .sample = manifest->all_samples ? manifest->samples : 0,
        .schema = &manifest->schema,
        .image = &manifest->image,
    };
}

struct ff_dataset_spec ff_given_data_spec(const struct ff_train_opts *opts)
{
    return (struct ff_dataset_spec){
        .path = opts->data.path,
        .labels = opts->data.labels,
        .arrays = opts->data.arrays,
        .rows = opts->data.rows,
        .split = FF_SPLIT_TRAIN,
        .sample = opts->limit_rows,
        .label_column = opts->data.label_column,
        .id_column = opts->data.id_column,
        .fill_missing = opts->data.fill_missing,
        .context = opts->data.context,
        .fold_case = opts->data.fold_case,
        .resize_width = opts->data.resize_width,
        .resize_height = opts->data.resize_height,
    };
}

struct reading {
    struct ff_ctx *ctx;
    struct ff_clock clock;
};

static int tick(void *arg, uint64_t rows)
{
    struct reading *reading = arg;

    if (!ff_clock_tick(&reading->clock, rows, NAN))
        return FF_OK;
    return ff_fail(reading->ctx, FF_EINTERRUPTED, "interrupted while reading the dataset");
}

static bool has_shape(const struct ff_manifest *manifest, const struct ff_dataset_info *info)
{
    return info->features == manifest->features && info->is_float == manifest->is_float &&
           info->rows >= manifest->samples &&
           (manifest->all_samples == 0 || manifest->all_samples == info->all_rows);
}

static int read_rows(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                     struct ff_dataset *dataset, const struct ff_geometry *geometry,
                     struct ff_import_facts *facts)
{
    struct reading reading = {.ctx = ctx,
                              .clock = {.on_progress = opts->on_progress,
                                        .interrupted = opts->interrupted,
                                        .arg = opts->arg,
                                        .began = ff_now()}};
    struct ff_progress phase = {.phase = FF_PHASE_IMPORT, .rows_total = geometry->rows};
    struct ff_import_data_opts import = {
        .dataset = dataset, .geometry = geometry, .tick = tick, .arg = &reading};

    ff_clock_phase(&reading.clock, &phase, 0);
    return ff_import_data(ctx, &import, facts);
}

int ff_read_facts(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                  const struct ff_manifest *manifest, const struct ff_dataset_spec *spec,
                  struct ff_import_facts *facts)
{
    struct ff_geometry geometry = ff_manifest_geometry(manifest);
    struct ff_dataset *dataset;
    int status = ff_dataset_open(ctx, spec, &dataset);

    memset(facts, 0, sizeof *facts);
    if (status != FF_OK)
        return status;
    if (has_shape(manifest, &dataset->info))
        status = read_rows(ctx, opts, dataset, &geometry, facts);
    else
        status = ff_dataset_describe(dataset, &facts->files);
    ff_dataset_close(dataset);
    return status;
}

int ff_same_data_fingerprint(struct ff_ctx *ctx, const struct ff_train_opts *opts,
                             char out[FF_HASH_BYTES])
{
    struct ff_dataset_spec spec = ff_given_data_spec(opts);
    struct ff_import_facts facts;
    struct ff_dataset *dataset;
    int status;

    if (!opts->data.path)
        return ff_fail(ctx, FF_EINVAL, "no data is named");
    status = ff_dataset_open(ctx, &spec, &dataset);
    if (status != FF_OK)
        return status;
    if (ff_geometry_fits(dataset->info.rows, FF_CHUNK_ROWS)) {
        struct ff_geometry geometry = ff_geometry_make(dataset->info.rows, FF_CHUNK_ROWS);

        status = read_rows(ctx, opts, dataset, &geometry, &facts);
    } else {
        status = ff_fail(ctx, FF_EINVAL, "%s: too many samples", opts->data.path);
    }
    ff_dataset_close(dataset);
    if (status == FF_OK)
        strcpy(out, facts.fingerprint);
    return status;
}

static const struct ff_data_file *find_file(const struct ff_data_files *files, const char *name)
{
    for (uint32_t i = 0; i < files->count; i++) {
        if (strcmp(files->file[i].name, name) == 0)
            return &files->file[i];
    }
    return NULL;
}

/* Appends to TEXT how FILE differs from WAS, the file of that name that training began with (NULL:
 * none). */
static void add_change(char *text, size_t size, const struct ff_data_file *was,
                       const struct ff_data_file *file)
{
    size_t used = strlen(text);

    used += (size_t)snprintf(text + used, size - used, "%s%.80s", used ? ", " : "", file->name);
    if (used >= size)
        return;
    if (!was)
        snprintf(text + used, size - used, " (new)");
    else if (was->bytes == file->bytes)
        snprintf(text + used, size - used, " (%" PRIu64 " bytes then and now)", file->bytes);
    else
        snprintf(text + used, size - used, " (%" PRIu64 " bytes then, %" PRIu64 " now)", was->bytes,
                 file->bytes);
}

/* Lists the files that differ in TEXT; "the data" if they are not known. Returns true if it lists
 * several. */
static bool list_changes(const struct ff_data_files *then, const struct ff_data_files *now,
                         char *text, size_t size)
{
    uint32_t changes = 0;

    *text = '\0';
    for (uint32_t i = 0; i < now->count && then->count > 0; i++) {
        const struct ff_data_file *file = &now->file[i], *was = find_file(then, file->name);

        if (was && strcmp(was->hash, file->hash) == 0)
            continue;
        add_change(text, size, was, file);
        changes++;
    }
    if (!*text)
        snprintf(text, size, "the data");
    return changes > 1;
}

int ff_other_data(struct ff_ctx *ctx, const char *model, const struct ff_manifest *manifest,
                  const char *path, const struct ff_import_facts *facts)
{
    char changes[FF_MESSAGE_BYTES / 2];
    bool several = list_changes(&manifest->files, &facts->files, changes, sizeof changes);

    if (strcmp(path, manifest->data_path) == 0)
        return ff_about(ctx,
                        ff_fail(ctx, FF_EMISMATCH,
                                "%s: %s %s changed since the training of %s began; restore %s, or "
                                "train from the beginning: the same `fftool train` with --force",
                                path, changes, several ? "have" : "has", model,
                                several ? "them" : "it"),
                        FF_ABOUT_DATA);
    return ff_about(ctx,
                    ff_fail(ctx, FF_EMISMATCH,
                            "%s was trained on other data than that of %s: %s %s of %s", model,
                            path, changes, several ? "differ from those" : "differs from that",
                            manifest->data_path),
                    FF_ABOUT_MODEL);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

int ff_same_data(struct ff_ctx *ctx, const struct ff_train_opts *opts, struct ff_manifest *manifest,
                 const struct ff_data_location *location)
{
    struct ff_dataset_spec spec = ff_data_spec(manifest, opts, location);
    bool moved = !same_text(location->path, manifest->data_path) ||
                 !same_text(location->labels, manifest->data_labels) ||
                 !same_text(location->arrays, manifest->data_arrays);
    struct ff_import_facts facts;
    struct ff_data_files now;
    int status = ff_dataset_find(ctx, &spec, &now);

    if (status != FF_OK || (!moved && ff_data_files_untouched(&manifest->files, &now)))
        return status;
    status = ff_read_facts(ctx, opts, manifest, &spec, &facts);
    if (status == FF_OK && strcmp(facts.fingerprint, manifest->fingerprint) != 0)
        status = ff_other_data(ctx, opts->model, manifest, location->path, &facts);
    if (status == FF_OK)
        manifest->files = facts.files;
    return status;
}
