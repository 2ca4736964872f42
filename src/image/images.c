/*
 * Directories of images, one directory for each class, whose name is that of the class (tree.h).
 *
 * When the data is opened to train on, the header of every image is read, to find one that differs
 * and whether any is in colour; with a model the images have its shape, and are opened once. The
 * names of the files of one directory are in memory, and some rows of one image.
 */
#include "base/hex.h"
#include "image/loader.h"
#include "image/tree.h"

#include <fftool/text.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

/* The memory that a plan allows for, beyond an open file: the names of 30,000 files, or libjpeg's
 * rows of an image of 3,000 pixels. What is larger is refused if it exceeds the budget. */
#define USUAL_BYTES ((size_t)1024 * 1024)

struct images {
    struct ff_dataset base;
    struct ff_tree tree, names; /* NAMES: of the files, for predictions; zeroed until then */
    struct ff_loader loader;
    struct ff_tree_survey survey; /* when it was opened */
    bool trusted;                 /* no change after the survey can leave its newest time */
    bool of_model;                /* shape and classes are those of a model */
    uint64_t next;                /* the image to be read next */
    char like[FF_PATH_BYTES];     /* of the loader */
    char hash[FF_HASH_BYTES];     /* of the images read so far */
};

/* ---- Opening ---- */

static int images_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    unsigned char magic[FF_IMAGE_MAGIC];
    struct ff_input *input;
    size_t got = 0;
    bool found;
    int status;

    if (ff_path_is_directory(spec->path)) {
        status = ff_tree_bid(ctx, spec, &found);
        return status != FF_OK ? status : found ? FF_BID_NAME : 0;
    }
    if (!ff_picture_has_name(spec->path))
        return 0;
    status = ff_input_open(ctx, spec->path, &input);
    if (status == FF_OK)
        status = ff_input_read(input, magic, sizeof magic, &got);
    ff_input_close(input);
    if (status != FF_OK)
        return status;
    return ff_picture_has_magic(magic, got) ? FF_BID_CERTAIN : FF_BID_NAME;
}

static void images_close(struct ff_dataset *dataset)
{
    struct images *images = (struct images *)dataset;

    ff_loader_release(&images->loader);
    ff_tree_release(&images->names);
    ff_tree_release(&images->tree);
    ff_free(dataset->ctx, FF_MEM_IO, images, sizeof *images);
}

/* Reads the header of an image: the first one gives the shape, a later one may make it coloured. */
static int look_at_header(void *arg)
{
    struct images *images = arg;
    struct ff_loader *loader = &images->loader;
    struct ff_picture picture;
    int status = ff_picture_open(images->base.ctx, images->tree.path, &picture);

    if (status != FF_OK)
        return status;
    if (loader->shape.height == 0) {
        loader->shape.height = picture.height;
        loader->shape.width = picture.width;
        snprintf(images->like, sizeof images->like, "%.*s has", FF_PATH_BYTES - 8,
                 images->tree.path);
    }
    if (picture.channels > loader->shape.channels)
        loader->shape.channels = picture.channels;
    status = ff_loader_check_size(loader, &picture);
    ff_picture_close(&picture);
    return status;
}

/* Takes the shape of SPEC's model, if it has one. */
static int take_shape(struct images *images, const struct ff_dataset_spec *spec)
{
    struct ff_loader *loader = &images->loader;
    const struct ff_image *shape = spec->schema ? spec->image : NULL;

    loader->like = images->like;
    if (!shape || shape->height == 0) {
        if ((spec->resize_width > 0) != (spec->resize_height > 0) ||
            spec->resize_width > FF_IMAGE_SIDE || spec->resize_height > FF_IMAGE_SIDE)
            return ff_fail(images->base.ctx, FF_EINVAL,
                           "resize: %u x %u; 1 to %u pixels wide and high are supported",
                           spec->resize_width, spec->resize_height, FF_IMAGE_SIDE);
        loader->shape.height = spec->resize_height;
        loader->shape.width = spec->resize_width;
        loader->resizes = spec->resize_height > 0;
        return FF_OK;
    }
    if (shape->channels != 1 && shape->channels != 3)
        return ff_fail(images->base.ctx, FF_EMISMATCH,
                       "%s: images have 1 or 3 channels, but the model was trained on %u",
                       spec->path, shape->channels);
    images->of_model = true;
    loader->shape = *shape;
    loader->resizes = spec->schema->resizes;
    snprintf(images->like, sizeof images->like, "the model was trained on");
    return FF_OK;
}

/* Warns of what is ignored. */
static void warn_ignored(const struct images *images)
{
    const struct ff_tree *tree = &images->tree;
    const uint64_t others = images->survey.others;
    char first[NAME_MAX + 1];
    const uint64_t beside =
        tree->flat || tree->single ? 0 : ff_listing_count(tree->root, FF_LIST_IMAGES, first);

    if (others > 0)
        ff_warn(images->base.ctx,
                "%s: %" PRIu64 " entr%s in directories of classes %s no images (.png, .jpg, .jpeg, "
                ".pgm, .ppm), and %s ignored",
                tree->root, others, others == 1 ? "y" : "ies", others == 1 ? "is" : "are",
                others == 1 ? "is" : "are");
    if (beside > 0)
        ff_warn(images->base.ctx,
                "%s: %" PRIu64 " image%s beside the directories of classes (%s%s) %s ignored",
                tree->root, beside, beside == 1 ? "" : "s", first,
                beside == 1 ? "" : ", for example", beside == 1 ? "is" : "are");
}

static int survey(struct images *images)
{
    struct timespec now;
    int status = ff_tree_survey(&images->tree, images->of_model ? NULL : look_at_header, images,
                                &images->survey);

    clock_gettime(CLOCK_REALTIME, &now);
    images->trusted = ff_data_nanoseconds(now) - images->survey.newest_ns > FF_MTIME_GRAIN_NS;
    if (status == FF_OK && !images->of_model)
        warn_ignored(images);
    return status;
}

static bool are_numbers(const struct ff_listing *classes)
{
    char number[FF_CLASS_NAME_BYTES];

    for (uint32_t i = 0; i < classes->n; i++) {
        snprintf(number, sizeof number, "%u", i);
        if (strcmp(ff_listing_name(classes, i), number) != 0)
            return false;
    }
    return true;
}

/* Names the classes of the schema unless they are the numbers from 0 on. */
static int name_classes(struct images *images)
{
    const struct ff_listing *classes = &images->tree.classes;
    struct ff_schema names = {.n_classes = classes->n};
    char *name[FF_MAX_DATA_CLASSES];
    int status;

    for (uint32_t i = 0; i < classes->n; i++) {
        name[i] = classes->text + classes->at[i];
        if (ff_text_escape(name[i], FF_ESCAPE_BYTES, NULL, 0) != strlen(name[i]))
            return ff_fail(images->base.ctx, FF_EINVAL,
                           "%s/%s: the name of a class is not UTF-8; rename the directory",
                           images->tree.root, name[i]);
    }
    if (!are_numbers(classes))
        names.classes = name;
    status = ff_schema_copy(images->base.ctx, &names, &images->base.schema);
    return status;
}

static int open_images(struct images *images, const struct ff_dataset_spec *spec)
{
    struct ff_dataset *base = &images->base;
    const struct ff_image *shape = &images->loader.shape;
    int status = take_shape(images, spec);

    if (status == FF_OK)
        status = ff_tree_open(base->ctx, spec, &images->tree);
    if (status == FF_OK)
        status = survey(images);
    if (status == FF_OK && spec->schema)
        status = ff_schema_copy(base->ctx, spec->schema, &base->schema);
    else if (status == FF_OK)
        status = name_classes(images);
    if (status != FF_OK)
        return status;
    if (!spec->schema) {
        base->schema.image_files = true;
        base->schema.resizes = images->loader.resizes;
    }
    base->info = (struct ff_dataset_info){
        .rows = images->survey.files,
        .height = shape->height,
        .width = shape->width,
        .channels = shape->channels,
        .planar = shape->planar,
        .classes = spec->unlabelled ? 0 : base->schema.n_classes,
    };
    if ((uint64_t)shape->height * shape->width * shape->channels > FF_MAX_DATA_FEATURES)
        return ff_fail(base->ctx, FF_EINVAL,
                       "%s: images of %u x %u pixels have more than %u values; use --resize",
                       spec->path, shape->width, shape->height, FF_MAX_DATA_FEATURES);
    base->info.features = shape->height * shape->width * shape->channels;
    return FF_OK;
}

static int images_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                       struct ff_dataset **out)
{
    struct images *images;
    int status;

    if (spec->labels && !spec->unlabelled)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: --labels is not supported: the label of an image is the name of its "
                       "directory",
                       spec->labels);
    images = ff_alloc(ctx, FF_MEM_IO, sizeof *images);
    if (!images)
        return ff_alloc_status(ctx);
    images->base.ctx = images->loader.ctx = ctx;
    status = open_images(images, spec);
    if (status != FF_OK) {
        ff_schema_release(&images->base.schema);
        images_close(&images->base);
    } else {
        *out = &images->base;
    }
    return status;
}

/* ---- Reading ---- */

static int changed(const struct images *images)
{
    return ff_data_changed(images->base.ctx, images->tree.root);
}

/* Adds the file FILE of class NAME to the hash. */
static void add_to_hash(struct images *images, const char *name, const struct ff_data_file *file)
{
    char text[FF_HASH_BYTES + 2 * (NAME_MAX + 1) + FF_HASH_BYTES + 32];
    XXH128_hash_t hash;
    int length = snprintf(text, sizeof text, "%s/%s/%s/%" PRIu64 "/%s", images->hash, name,
                          file->name, file->bytes, file->hash);

    hash = XXH3_128bits(text, (size_t)length);
    ff_hex128(hash.high64, hash.low64, images->hash);
}

static uint16_t label_of(const struct images *images, const char *name)
{
    const struct ff_schema *schema = &images->base.schema;
    char text[FF_CLASS_NAME_BYTES];

    for (uint32_t i = 0; i < schema->n_classes; i++)
        if (strcmp(ff_schema_class(schema, i, text), name) == 0)
            return (uint16_t)i;
    return FF_LABEL_UNSEEN;
}

/* Reads the next image; LABEL may be NULL. */
static int read_image(struct images *images, unsigned char *values, uint16_t *label)
{
    struct ff_tree *tree = &images->tree;
    struct ff_data_file file;
    const char *name = "";
    bool got;
    int status = ff_tree_next(tree, &got);

    if (status == FF_OK && !got)
        return changed(images);
    if (status == FF_OK)
        status = ff_loader_load(&images->loader, tree->path, values, &file);
    if (status != FF_OK)
        return status;
    if (tree->classes.n > 0)
        name = ff_listing_name(&tree->classes, tree->label);
    if (label)
        *label = label_of(images, name);
    add_to_hash(images, name, &file);
    images->next++;
    return FF_OK;
}

static int images_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                       uint16_t *labels, size_t *rows)
{
    struct images *images = (struct images *)dataset;
    const struct ff_dataset_info *info = &dataset->info;
    const uint64_t left = images->survey.files - images->next;
    const size_t n = left < max_rows ? (size_t)left : max_rows;
    unsigned char *values = features;
    int status = FF_OK;

    if (info->classes == 0)
        labels = NULL;
    for (*rows = 0; *rows < n && status == FF_OK; ++*rows)
        status =
            read_image(images, values + *rows * info->features, labels ? &labels[*rows] : NULL);
    return status;
}

static int images_begin_ids(struct ff_dataset *dataset, const char **name)
{
    struct images *images = (struct images *)dataset;

    *name = "file";
    return ff_tree_twin(&images->tree, &images->names);
}

/* The path within the root. */
static int images_next_id(struct ff_dataset *dataset, const char **id)
{
    struct images *images = (struct images *)dataset;
    const struct ff_tree *names = &images->names;
    bool got;
    int status = ff_tree_next(&images->names, &got);

    if (status == FF_OK && !got)
        return changed(images);
    *id = names->single ? ff_path_base(names->path) : names->path + strlen(names->root) + 1;
    return status;
}

/* Describes all files as one. */
static void describe_as_one(const struct ff_tree *tree, const struct ff_tree_survey *found,
                            struct ff_data_files *out)
{
    struct ff_data_file *file = &out->file[out->count++];

    snprintf(file->name, sizeof file->name, "%.*s", NAME_MAX, ff_tree_name(tree));
    file->bytes = found->bytes;
    file->mtime_ns = found->newest_ns;
}

static int images_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct images *images = (struct images *)dataset;
    struct ff_data_file *file = &out->file[out->count];
    struct ff_tree_survey now;
    unsigned char *rest = ff_alloc(dataset->ctx, FF_MEM_IO, dataset->info.features);
    int status = rest ? FF_OK : ff_alloc_status(dataset->ctx);

    while (status == FF_OK && images->next < images->survey.files)
        status = read_image(images, rest, NULL);
    ff_free(dataset->ctx, FF_MEM_IO, rest, dataset->info.features);
    if (status == FF_OK)
        status = ff_tree_survey(&images->tree, NULL, NULL, &now);
    if (status != FF_OK)
        return status;
    if (memcmp(&now, &images->survey, sizeof now) != 0)
        return changed(images);
    describe_as_one(&images->tree, &images->survey, out);
    memcpy(file->hash, images->hash, sizeof file->hash);
    if (!images->trusted)
        file->mtime_ns = 0;
    return FF_OK;
}

static int images_look(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                       struct ff_data_files *out)
{
    struct ff_tree_survey now;
    struct ff_tree *tree = ff_alloc(ctx, FF_MEM_IO, sizeof *tree);
    int status;

    if (!tree)
        return ff_alloc_status(ctx);
    status = ff_tree_open(ctx, spec, tree);
    if (status == FF_OK)
        status = ff_tree_survey(tree, NULL, NULL, &now);
    if (status == FF_OK)
        describe_as_one(tree, &now, out);
    ff_tree_release(tree);
    ff_free(ctx, FF_MEM_IO, tree, sizeof *tree);
    return status;
}

static void images_needs(const struct ff_schema *schema, struct ff_needs *needs)
{
    if (schema->image_files)
        needs->bytes[FF_MEM_IO] += sizeof(struct images) + USUAL_BYTES;
}

static const char *const train_names[] = {"CLASS/*.png", NULL};
static const char *const test_names[] = {"CLASS/*.png", NULL};

const struct ff_dataset_format ff_format_images = {
    .info = {.name = "images",
             .summary = "directories of images: .png, .jpg, .jpeg, .pgm and .ppm files",
             .layout =
                 "a directory with a directory of images for each class, or with directories train "
                 "and test (or val, or valid) that have these; the name of a directory is that of "
                 "the class; images are grey or, if any is, all in colour, with 8 bits a value, "
                 "without alpha, and of one size, which --resize gives them; to predict also a "
                 "directory of images, in the order of their names, or an image file"},
    .names = {train_names, test_names},
    .resizes = true,
    .bid = images_bid,
    .open = images_open,
    .read = images_read,
    .close = images_close,
    .look = images_look,
    .describe = images_describe,
    .begin_ids = images_begin_ids,
    .next_id = images_next_id,
    .needs = images_needs,
};
