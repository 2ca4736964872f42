/*
 * Import: a dataset becomes boundary 0 of scratch, images as they are and labels, chunk by chunk,
 * with little memory whatever its size.
 *
 * Training stores the rows in an order of its own, a keyed permutation, so that batches can be
 * whole chunks. To do that out of core, rows first go to buckets of neighbouring places in a
 * temporary file, then each bucket is sorted in memory.
 */
#ifndef FF_LEARN_IMPORT_H
#define FF_LEARN_IMPORT_H

#include "base/rng.h"
#include "data/dataset.h"
#include "model/geometry.h"
#include "store/activations.h"

struct ff_import_opts {
    struct ff_dataset *dataset; /* not owned; the next geometry->rows rows are read */
    const struct ff_geometry *geometry;
    const struct ff_permutation *order; /* row i goes to place order(i); NULL: as they come */
    struct ff_scratch *scratch;         /* of the temporary file; not used without ORDER */
    struct ff_set *set;                 /* written, not sealed; NULL: rows are only hashed */
    struct ff_compression compression;
    bool (*tick)(void *arg, uint64_t rows); /* true: stop with FF_EINTERRUPTED; may be NULL */
    void *arg;
};

/* What the rows are, found out as they are read. */
struct ff_import_facts {
    char fingerprint[FF_HASH_BYTES]; /* hash of labels and features in the order
                                        of the dataset */
    struct ff_data_files files;
    bool learnt[FF_MAX_CLASSES]; /* labels of the rows that layers learn from */
    bool held_out[FF_MAX_CLASSES];
};

/* Imports; FACTS may be NULL, then nothing is hashed. With FACTS the dataset can only be closed
 * then, and FF_EMISMATCH may also say that a file changed while it was read. */
FF_CHECK int ff_import(struct ff_ctx *ctx, const struct ff_import_opts *opts,
                       struct ff_import_facts *facts);

/* Adds what importing rows of FEATURES takes beside dataset and set, which OPTS need not name;
 * returns the bytes of the temporary file. */
uint64_t ff_import_needs(const struct ff_import_opts *opts, uint32_t features, bool is_float,
                         struct ff_needs *needs);

#endif
