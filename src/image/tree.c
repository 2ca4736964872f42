#include "image/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const splits[][4] = {
    [FF_SPLIT_TRAIN] = {"train", NULL},
    [FF_SPLIT_TEST] = {"test", "val", "valid", NULL},
};

/* ---- Finding the root ---- */

static bool join(const char *directory, const char *name, char out[FF_PATH_BYTES])
{
    return snprintf(out, FF_PATH_BYTES, "%s/%s", directory, name) < FF_PATH_BYTES;
}

/* Finds the first directory of SPLIT in PATH that has directories or, if FLAT, images. */
static bool find_split(const char *path, enum ff_split split, bool flat, char out[FF_PATH_BYTES])
{
    for (const char *const *name = splits[split]; *name; name++)
        if (join(path, *name, out) && (ff_listing_has(out, FF_LIST_DIRECTORIES) ||
                                       (flat && ff_listing_has(out, FF_LIST_IMAGES))))
            return true;
    return false;
}

/* True if PATH is divided into train and test: at least one of them has directories, so that
 * neither is a class of that name. */
static bool is_divided(const char *path)
{
    char half[FF_PATH_BYTES];

    return find_split(path, FF_SPLIT_TRAIN, false, half) ||
           find_split(path, FF_SPLIT_TEST, false, half);
}

/* False: the directory of the split is missing. */
static bool find_root(const struct ff_dataset_spec *spec, char out[FF_PATH_BYTES])
{
    if (is_divided(spec->path))
        return find_split(spec->path, spec->split, spec->unlabelled, out);
    return snprintf(out, FF_PATH_BYTES, "%s", spec->path) < FF_PATH_BYTES;
}

/* Sets *FOUND if a directory in ROOT has images. */
static int find_class(struct ff_ctx *ctx, const char *root, bool *found)
{
    struct ff_listing classes;
    char path[FF_PATH_BYTES];
    int status = ff_listing_read(ctx, root, FF_LIST_DIRECTORIES, &classes);

    for (uint32_t i = 0; status == FF_OK && i < classes.n && !*found; i++)
        *found =
            join(root, ff_listing_name(&classes, i), path) && ff_listing_has(path, FF_LIST_IMAGES);
    ff_listing_release(&classes);
    return status == FF_ENOMEM || status == FF_EBUDGET ? status : FF_OK;
}

int ff_tree_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, bool *found)
{
    struct ff_dataset_spec other = *spec;
    char root[FF_PATH_BYTES];

    *found = false;
    if (find_root(spec, root)) {
        *found = ff_listing_has(root, FF_LIST_IMAGES);
        return *found ? FF_OK : find_class(ctx, root, found);
    }
    other.split = spec->split == FF_SPLIT_TRAIN ? FF_SPLIT_TEST : FF_SPLIT_TRAIN;
    return find_root(&other, root) ? find_class(ctx, root, found) : FF_OK;
}

static int no_split(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    if (spec->split == FF_SPLIT_TRAIN)
        return ff_fail(ctx, FF_ENOTFOUND,
                       "%s: has a directory of test images, but no directory train with a "
                       "directory for each class",
                       spec->path);
    return ff_fail(ctx, FF_ENOTFOUND,
                   "%s: has a directory train, but no directory test, val or valid with a "
                   "directory for each class; give the path of the images to use",
                   spec->path);
}

/* ---- Directories ---- */

/* Adds the size and the modification time of PATH to SURVEY. */
static int look_at(const struct ff_tree *tree, const char *path, struct ff_tree_survey *survey)
{
    struct stat st;
    int64_t time;

    if (stat(path, &st) != 0)
        return ff_fail_errno(tree->ctx, errno, "%s: cannot open", path);
    time = ff_data_nanoseconds(st.st_mtim);
    if (time > survey->newest_ns)
        survey->newest_ns = time;
    if (!S_ISDIR(st.st_mode))
        survey->bytes += (uint64_t)st.st_size;
    return FF_OK;
}

static int too_long(const struct ff_tree *tree, const char *name)
{
    return ff_fail(tree->ctx, FF_EINVAL, "%s/%s: a path of more than %d bytes", tree->root, name,
                   FF_PATH_BYTES - 1);
}

/* Lists the images of class tree->label. */
static int read_class(struct ff_tree *tree)
{
    const char *name = tree->flat ? "." : ff_listing_name(&tree->classes, tree->label);
    char directory[FF_PATH_BYTES];
    int status;

    if (!join(tree->root, name, directory))
        return too_long(tree, name);
    status = ff_listing_read(tree->ctx, directory, FF_LIST_IMAGES, &tree->files);
    if (status == FF_OK && tree->survey)
        status = look_at(tree, directory, tree->survey);
    tree->next = 0;
    if (status != FF_OK || tree->flat)
        return status;
    if (tree->survey)
        tree->survey->others += tree->files.others;
    if (tree->files.n == 0)
        return ff_fail(tree->ctx, FF_EINVAL,
                       "%s: a directory of a class without images (.png, .jpg, .jpeg, .pgm, .ppm); "
                       "remove it, or add images",
                       directory);
    return FF_OK;
}

static int read_classes(struct ff_tree *tree)
{
    int status = ff_listing_read(tree->ctx, tree->root, FF_LIST_DIRECTORIES, &tree->classes);

    if (status != FF_OK)
        return status;
    if (tree->classes.n == 0)
        return ff_fail(tree->ctx, FF_EFORMAT,
                       "%s: images without labels: put those of each class into a directory that "
                       "has the name of the class",
                       tree->root);
    if (tree->classes.n > FF_MAX_DATA_CLASSES)
        return ff_fail(tree->ctx, FF_EINVAL,
                       "%s: %u directories, one for each class; at most %u classes are supported",
                       tree->root, tree->classes.n, FF_MAX_DATA_CLASSES);
    return FF_OK;
}

int ff_tree_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_tree *tree)
{
    memset(tree, 0, sizeof *tree);
    tree->ctx = ctx;
    tree->single = !ff_path_is_directory(spec->path);
    if (tree->single && !spec->unlabelled)
        return ff_fail(ctx, FF_EFORMAT,
                       "%s: an image alone has no label; give a directory that has a directory of "
                       "images for each class",
                       spec->path);
    if (tree->single)
        snprintf(tree->root, sizeof tree->root, "%s", spec->path);
    else if (!find_root(spec, tree->root))
        return no_split(ctx, spec);
    tree->flat = spec->unlabelled && !tree->single && ff_listing_has(tree->root, FF_LIST_IMAGES);
    if (tree->flat && ff_listing_has(tree->root, FF_LIST_DIRECTORIES))
        ff_warn(ctx, "%s: holds images, so its directories are ignored", tree->root);
    return tree->flat || tree->single ? FF_OK : read_classes(tree);
}

int ff_tree_twin(const struct ff_tree *tree, struct ff_tree *twin)
{
    memset(twin, 0, sizeof *twin);
    twin->ctx = tree->ctx;
    twin->single = tree->single;
    twin->flat = tree->flat;
    memcpy(twin->root, tree->root, sizeof twin->root);
    return twin->flat || twin->single ? FF_OK : read_classes(twin);
}

const char *ff_tree_name(const struct ff_tree *tree)
{
    const char *base = ff_path_base(tree->root);

    return *base ? base : tree->root;
}

void ff_tree_release(struct ff_tree *tree)
{
    ff_listing_release(&tree->classes);
    ff_listing_release(&tree->files);
}

/* ---- Files ---- */

void ff_tree_rewind(struct ff_tree *tree)
{
    ff_listing_release(&tree->files);
    tree->label = tree->next = 0;
}

static int next_of_single(struct ff_tree *tree, bool *got)
{
    *got = tree->next++ == 0;
    memcpy(tree->path, tree->root, sizeof tree->path);
    return FF_OK;
}

int ff_tree_next(struct ff_tree *tree, bool *got)
{
    const uint32_t classes = tree->flat ? 1 : tree->classes.n;
    const char *name;
    int status = FF_OK, length;

    if (tree->single)
        return next_of_single(tree, got);
    *got = false;
    if (tree->files.n > 0 && tree->next == tree->files.n) {
        ff_listing_release(&tree->files);
        tree->label++;
    }
    if (tree->label == classes)
        return FF_OK;
    if (tree->files.n == 0)
        status = read_class(tree);
    if (status != FF_OK || tree->files.n == 0)
        return status;
    name = ff_listing_name(&tree->files, tree->next++);
    length = tree->flat ? snprintf(tree->path, FF_PATH_BYTES, "%s/%s", tree->root, name)
                        : snprintf(tree->path, FF_PATH_BYTES, "%s/%s/%s", tree->root,
                                   ff_listing_name(&tree->classes, tree->label), name);
    if (length >= FF_PATH_BYTES)
        return too_long(tree, name);
    *got = true;
    return FF_OK;
}

/* Visits each file from the first to the last. */
static int survey_files(struct ff_tree *tree, int (*visit)(void *arg), void *arg)
{
    bool got = true;
    int status = FF_OK;

    while (status == FF_OK && got) {
        status = ff_tree_next(tree, &got);
        if (status != FF_OK || !got)
            break;
        tree->survey->files++;
        status = look_at(tree, tree->path, tree->survey);
        if (status == FF_OK && visit)
            status = visit(arg);
    }
    return status;
}

int ff_tree_survey(struct ff_tree *tree, int (*visit)(void *arg), void *arg,
                   struct ff_tree_survey *out)
{
    int status = FF_OK;

    *out = (struct ff_tree_survey){.files = 0};
    ff_tree_rewind(tree);
    tree->survey = out;
    if (!tree->single)
        status = look_at(tree, tree->root, out);
    if (status == FF_OK)
        status = survey_files(tree, visit, arg);
    tree->survey = NULL;
    ff_tree_rewind(tree);
    return status;
}
