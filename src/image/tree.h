/*
 * The files of a dataset of images: those in the directories of classes, DIR/CLASS/FILE or
 * DIR/train/CLASS/FILE and DIR/test/CLASS/FILE (or val or valid); without labels also those in DIR
 * itself; or a single file. Classes and files are in ascending order of their names' bytes.
 */
#ifndef FF_IMAGE_TREE_H
#define FF_IMAGE_TREE_H

#include "data/format.h"
#include "image/listing.h"

/* What all files are together. */
struct ff_tree_survey {
    uint64_t files, bytes;
    int64_t newest_ns; /* latest modification time of a file or directory, in ns since 1970 */
    uint64_t others;   /* entries of the directories of classes that are no images */
};

struct ff_tree {
    struct ff_ctx *ctx;
    char root[FF_PATH_BYTES];      /* the directory of the classes or of the images, or the image */
    char path[FF_PATH_BYTES];      /* of the file that ff_tree_next() found */
    bool single;                   /* the root is the only image */
    bool flat;                     /* images are in the root */
    struct ff_listing classes;     /* directories of the root, unless it is flat or single */
    struct ff_listing files;       /* of the class, or of the flat root */
    uint32_t label;                /* the number of the class; 0 if there are none */
    uint32_t next;                 /* the file to be found next */
    struct ff_tree_survey *survey; /* in the making; else NULL */
};

/* Sets *FOUND to whether SPEC names a directory with images in the places above, even if those of
 * its split are missing. FF_ENOMEM, FF_EBUDGET; other errors are as if there were none. */
FF_CHECK int ff_tree_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, bool *found);
/* Finds the classes. FF_ENOTFOUND, FF_EFORMAT: no images of the split, or no classes where labels
 * are required. TREE is to be released also on error. */
FF_CHECK int ff_tree_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                          struct ff_tree *tree);
/* Opens the files of TREE once more in TWIN, which is likewise to be released. */
FF_CHECK int ff_tree_twin(const struct ff_tree *tree, struct ff_tree *twin);
/* Finds the next file; *GOT is false at the end. FF_EINVAL: a class has no image. */
FF_CHECK int ff_tree_next(struct ff_tree *tree, bool *got);
void ff_tree_rewind(struct ff_tree *tree);
/* Rewinds TREE, and calls VISIT for each file, unless it is NULL. */
FF_CHECK int ff_tree_survey(struct ff_tree *tree, int (*visit)(void *arg), void *arg,
                            struct ff_tree_survey *out);
/* The last part of the root's path. */
const char *ff_tree_name(const struct ff_tree *tree);
void ff_tree_release(struct ff_tree *tree); /* does nothing if TREE is zeroed */

#endif
