#include "data/pair.h"

#include "data/finite.h"

#include "data/format.h"
#include "data/labels.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABELS_AT_ONCE 512
#define CHANNELS_MAX 4 /* grey, grey and alpha, colour, colour and alpha */

struct pair {
    struct ff_dataset base;
    struct ff_array images;
    struct ff_array labels; /* zeroed if unlabelled */
    bool of_model;          /* classes are those of the spec's schema, not those found here */
    struct ff_labels classes;
};

/* ---- Finding the files ---- */

static bool images_path(const struct ff_dataset_spec *spec, const struct ff_dataset_format *format,
                        char out[FF_PATH_BYTES])
{
    if (ff_path_is_directory(spec->path))
        return ff_path_find_any(spec->path, format->names[spec->split], out);
    return snprintf(out, FF_PATH_BYTES, "%s", spec->path) < FF_PATH_BYTES;
}

int ff_pair_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                const struct ff_dataset_format *format, const struct ff_pair_format *pair)
{
    char path[FF_PATH_BYTES];
    unsigned char magic[FF_PAIR_MAGIC];
    struct ff_input *input;
    size_t got = 0;
    int status;

    if (!images_path(spec, format, path))
        return 0;
    status = ff_input_open(ctx, path, &input);
    if (status != FF_OK)
        return status;
    status = ff_input_read(input, magic, sizeof magic, &got);
    ff_input_close(input);
    if (status != FF_OK)
        return status;
    if (pair->magic(magic, got))
        return FF_BID_MAGIC;
    if (ff_path_is_directory(spec->path))
        return FF_BID_DIRECTORY;
    return pair->name(ff_path_base(path)) ? FF_BID_NAME : 0;
}

/* Finds the label file beside the image file IMAGES; either may be compressed. */
static int labels_path(struct ff_ctx *ctx, const char *images, const struct ff_pair_format *pair,
                       char out[FF_PATH_BYTES])
{
    snprintf(out, FF_PATH_BYTES, "%s", images);
    if (!pair->labels_of(out))
        return ff_fail(
            ctx, FF_ENOTFOUND,
            "%s: the name of its label file cannot be derived; give the file with --labels",
            images);
    ff_path_cut_compression(out);
    if (ff_path_exists(out))
        return FF_OK;
    return ff_fail(ctx, FF_ENOTFOUND,
                   "%s: its labels are missing: %s does not exist, nor compressed (.gz or .zst)",
                   images, out);
}

int ff_pair_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                 const struct ff_dataset_format *format, const struct ff_pair_format *pair,
                 unsigned i, char path[FF_PATH_BYTES])
{
    char images[FF_PATH_BYTES];

    *path = '\0';
    if (i >= (spec->unlabelled ? 1 : 2))
        return FF_OK;
    if (!images_path(spec, format, images))
        return ff_fail(ctx, FF_ENOTFOUND, "%s: no images found", spec->path);
    if (i == 1 && !spec->labels)
        return labels_path(ctx, images, pair, path);
    snprintf(path, FF_PATH_BYTES, "%s", i == 0 ? images : spec->labels);
    return FF_OK;
}

/* ---- Labels ---- */

/* Takes N labels, of the rows from FIRST on, as they are in the file. */
typedef int take_labels_fn(struct pair *pair, uint64_t first, size_t n, const int64_t *values,
                           void *arg);

static int read_labels(struct pair *pair, uint64_t rows, take_labels_fn *take, void *arg)
{
    int64_t values[LABELS_AT_ONCE];
    int status = FF_OK;

    while (status == FF_OK && rows > 0) {
        size_t n = rows < LABELS_AT_ONCE ? (size_t)rows : LABELS_AT_ONCE;
        uint64_t first = pair->labels.next;

        status = ff_array_read_integers(pair->base.ctx, &pair->labels, n, values);
        if (status == FF_OK && take)
            status = take(pair, first, n, values, arg);
        rows -= n;
    }
    return status;
}

static int collect_labels(struct pair *pair, uint64_t first, size_t n, const int64_t *values,
                          void *arg)
{
    (void)arg;
    for (size_t i = 0; i < n; i++) {
        if (!ff_labels_add(&pair->classes, values[i]))
            return ff_fail(pair->base.ctx, FF_EINVAL,
                           "%s: label %" PRId64 " of row %" PRIu64
                           " (from 0) is number %u of the different labels; at most %u are "
                           "supported: merge classes, or divide the range of a quantity into some",
                           ff_input_path(pair->labels.input), values[i], first + i,
                           FF_MAX_DATA_CLASSES + 1, FF_MAX_DATA_CLASSES);
    }
    return FF_OK;
}

/* Reads all labels once, to check them, and to find the classes if the schema does not have them.
 */
static int scan_labels(struct pair *pair)
{
    struct ff_schema *schema = &pair->base.schema;
    int status =
        read_labels(pair, pair->labels.shape[0], pair->of_model ? NULL : collect_labels, NULL);

    if (pair->of_model)
        ff_labels_of_schema(schema, &pair->classes);
    else if (status == FF_OK)
        status = ff_labels_settle(pair->base.ctx, &pair->classes, schema);
    pair->base.info.classes = pair->of_model ? schema->n_classes : pair->classes.n;
    return status == FF_OK ? ff_array_rewind(&pair->labels) : status;
}

static int classify_labels(struct pair *pair, uint64_t first, size_t n, const int64_t *values,
                           void *arg)
{
    uint16_t **out = arg;

    (void)first;
    for (size_t i = 0; i < n; i++) {
        uint16_t label = ff_labels_class(&pair->classes, values[i]);

        if (label == FF_LABEL_UNSEEN && !pair->of_model)
            return ff_data_changed(pair->base.ctx, ff_input_path(pair->labels.input));
        *(*out)++ = label;
    }
    return FF_OK;
}

static int open_labels(struct ff_ctx *ctx, struct pair *pair, ff_array_header_fn *header,
                       const struct ff_array_place *place)
{
    struct ff_array *labels = &pair->labels;
    const struct ff_array *images = &pair->images;
    int status = ff_array_open(ctx, place, "labels", header, labels);
    const char *path;

    if (status != FF_OK)
        return status;
    path = ff_input_path(labels->input);
    if (labels->row_elements != 1)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: has %" PRIu32 " values per row; a label is one integer per row", path,
                       labels->row_elements);
    if (labels->shape[0] != images->shape[0])
        return ff_fail(ctx, FF_EMISMATCH, "%s: %" PRIu64 " labels for the %" PRIu64 " images of %s",
                       path, labels->shape[0], images->shape[0], ff_input_path(images->input));
    return scan_labels(pair);
}

/* ---- Images ---- */

/* Derives the image layout from the axes: (rows, h, w), (rows, h, w, c) or (rows, c, h, w). */
static void describe_images(const struct ff_array *images, struct ff_dataset_info *info)
{
    const uint64_t *shape = images->shape;
    bool channels_first = false;

    info->rows = shape[0];
    info->features = images->row_elements;
    info->is_float = !ff_element_is_byte(images->element);
    if (images->axes == 4 && shape[3] > CHANNELS_MAX) {
        channels_first = true;
        if (shape[1] > CHANNELS_MAX)
            return;
    }
    if (images->axes == 3 || images->axes == 4) {
        info->height = (uint32_t)shape[channels_first ? 2 : 1];
        info->width = (uint32_t)shape[channels_first ? 3 : 2];
        info->planar = channels_first;
        info->channels = images->axes == 3 ? 1 : (uint32_t)shape[channels_first ? 1 : 3];
    }
}

/* Whether ARRAY is a single IMAGE of a model: (h, w), (h, w, c) or (c, h, w). */
static bool is_one_image(const struct ff_array *array, const struct ff_image *image)
{
    const uint64_t *shape = array->shape;
    const unsigned y = image->planar ? 1 : 0, c = image->planar ? 0 : 2;

    if (image->height == 0)
        return false;
    if (image->channels == 1 && array->axes == 2)
        return shape[0] == image->height && shape[1] == image->width;
    return array->axes == 3 && shape[y] == image->height && shape[y + 1] == image->width &&
           shape[c] == image->channels;
}

static int open_images(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct pair *pair,
                       ff_array_header_fn *header, const struct ff_array_place *place)
{
    int status = ff_array_open(ctx, place, "images", header, &pair->images);

    if (status == FF_OK && spec->unlabelled && spec->image &&
        is_one_image(&pair->images, spec->image))
        ff_array_make_row(&pair->images);
    if (status == FF_OK)
        describe_images(&pair->images, &pair->base.info);
    return status;
}

/* ---- The operations ---- */

/* Opens the images. *OUT, if not NULL, is to be given to finish() also on error. */
static int begin(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, ff_array_header_fn *header,
                 const struct ff_array_place *images, struct pair **out)
{
    struct pair *pair = ff_alloc(ctx, FF_MEM_IO, sizeof *pair);
    int status = FF_OK;

    *out = pair;
    if (!pair)
        return ff_alloc_status(ctx);
    pair->base.ctx = ctx;
    pair->of_model = spec->schema && spec->schema->n_classes > 0;
    if (pair->of_model)
        status = ff_schema_copy(ctx, spec->schema, &pair->base.schema);
    return status == FF_OK ? open_images(ctx, spec, pair, header, images) : status;
}

/* Opens the labels, if there are any, unless STATUS is an error. */
static int finish(struct pair *pair, int status, ff_array_header_fn *header,
                  const struct ff_array_place *labels, struct ff_dataset **out)
{
    if (!pair)
        return status;
    if (status == FF_OK && *labels->path)
        status = open_labels(pair->base.ctx, pair, header, labels);
    if (status != FF_OK) {
        ff_schema_release(&pair->base.schema);
        ff_pair_close(&pair->base);
    } else {
        *out = &pair->base;
    }
    return status;
}

int ff_pair_open_at(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                    ff_array_header_fn *header, const struct ff_array_place *images,
                    const struct ff_array_place *labels, struct ff_dataset **out)
{
    struct pair *pair;
    int status = begin(ctx, spec, header, images, &pair);

    return finish(pair, status, header, labels, out);
}

/* The labels are looked for once the images are known to be of this format. */
int ff_pair_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                 const struct ff_dataset_format *format, const struct ff_pair_format *pair_format,
                 struct ff_dataset **out)
{
    struct ff_array_place images = {.member = ""}, labels = {.member = ""};
    struct pair *pair;
    int status = ff_pair_find(ctx, spec, format, pair_format, 0, images.path);

    if (status != FF_OK)
        return status;
    status = begin(ctx, spec, pair_format->header, &images, &pair);
    if (status == FF_OK)
        status = ff_pair_find(ctx, spec, format, pair_format, 1, labels.path);
    return finish(pair, status, pair_format->header, &labels, out);
}

int ff_pair_read(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                 size_t *rows)
{
    struct pair *pair = (struct pair *)dataset;
    struct ff_array *images = &pair->images;
    uint64_t first = images->next, left = images->shape[0] - first;
    size_t n = left < max_rows ? (size_t)left : max_rows;
    int status = FF_OK;

    if (n > 0)
        status = ff_array_read(dataset->ctx, images, n, features);
    if (status == FF_OK && dataset->info.is_float)
        status = ff_check_finite(dataset->ctx, ff_input_path(images->input), first, n,
                                 images->row_elements, features);
    if (status == FF_OK && pair->labels.input)
        status = read_labels(pair, n, labels ? classify_labels : NULL, &labels);
    *rows = n;
    return status;
}

void ff_pair_close(struct ff_dataset *dataset)
{
    struct pair *pair = (struct pair *)dataset;

    ff_array_release(&pair->labels);
    ff_array_release(&pair->images);
    ff_free(dataset->ctx, FF_MEM_IO, pair, sizeof *pair);
}

int ff_pair_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct pair *pair = (struct pair *)dataset;
    int status = ff_input_describe(pair->images.input, &out->file[out->count++]);

    /* Members are of one archive, which is described with the images. */
    if (status == FF_OK && pair->labels.input && !ff_input_archive(pair->labels.input))
        status = ff_input_describe(pair->labels.input, &out->file[out->count++]);
    return status;
}
