/*
 * Import: a dataset becomes boundary 0 of scratch, images as they are and labels, chunk by chunk,
 * with little memory whatever its size.
 *
 * Training stores the rows in an order of its own, a keyed permutation, so that batches can be
 * whole chunks. To do that out of core, rows first go to buckets of neighbouring places in a
 * temporary file, then each bucket is sorted in memory.
 */
#ifndef FF_TRAIN_IMPORT_H
#define FF_TRAIN_IMPORT_H

#include "base/rng.h"
#include "data/dataset.h"
#include "store/activations.h"
#include "train/geometry.h"

struct ff_import_opts {
    struct ff_dataset *dataset; /* not owned; the next geometry->rows rows are read */
    const struct ff_geometry *geometry;
    const struct ff_permutation *order; /* row i goes to place order(i); NULL: as they come */
    const char *folder;                 /* of the temporary file; not used without ORDER */
    struct ff_set *set;                 /* written, not sealed; NULL: rows are only hashed */
    struct ff_compression compression;
    bool (*tick)(void *arg, uint64_t rows); /* true: stop with FF_EINTERRUPTED; may be NULL */
    void *arg;
};

/* Imports; with FINGERPRINT not NULL also hashes labels and features in the order of the dataset.
 */
FF_CHECK int ff_import(struct ff_ctx *ctx, const struct ff_import_opts *opts, char fingerprint[33]);

/* Adds what importing rows of FEATURES takes beside dataset and set, which OPTS need not name;
 * returns the bytes of the temporary file. */
uint64_t ff_import_needs(const struct ff_import_opts *opts, uint32_t features, bool is_float,
                         struct ff_needs *needs);

/* Hex digits of a hash of 128 bits, and a zero. */
void ff_hex128(uint64_t high, uint64_t low, char out[33]);

#endif
