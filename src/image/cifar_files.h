/*
 * The files of CIFAR-10 and CIFAR-100, binary version: their names, and the layout of their
 * records, one or two label bytes and 32 x 32 pixels, planar.
 */
#ifndef FF_IMAGE_CIFAR_FILES_H
#define FF_IMAGE_CIFAR_FILES_H

#include "data/format.h"
#include "input/input.h"

#define FF_CIFAR_SIDE 32
#define FF_CIFAR_CHANNELS 3
#define FF_CIFAR_PIXEL_BYTES (FF_CIFAR_SIDE * FF_CIFAR_SIDE * FF_CIFAR_CHANNELS)
#define FF_CIFAR_LABELS 2  /* of a record, at most */
#define FF_CIFAR_BATCHES 5 /* at most */

/* A label of the records. */
struct ff_cifar_label {
    const char *name; /* for --label-column */
    unsigned classes;
    const char *names; /* file of the names */
};

struct ff_cifar_layout {
    const struct ff_dataset_format *format;
    const char *title;
    unsigned n_labels; /* of a record: its first bytes, each a label */
    struct ff_cifar_label labels[FF_CIFAR_LABELS];
    bool numbered; /* batches of training data have numbers */
};

extern const struct ff_cifar_layout ff_cifar10, ff_cifar100;

static inline size_t ff_cifar_record_bytes(const struct ff_cifar_layout *layout)
{
    return layout->n_labels + FF_CIFAR_PIXEL_BYTES;
}

/* As bid() of the format. */
int ff_cifar_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                 const struct ff_cifar_layout *layout);
/* Finds the file of batch I (from 0) in the directory PLACE, plain or compressed; if it is missing,
 * OUT is its plain name. If PLACE is a file, it is the only batch. */
bool ff_cifar_find_batch(const struct ff_cifar_layout *layout, const char *place,
                         enum ff_split split, unsigned i, char out[FF_PATH_BYTES]);
/* As find() of the format. */
int ff_cifar_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                  const struct ff_cifar_layout *layout, unsigned i, char path[FF_PATH_BYTES]);

#endif
