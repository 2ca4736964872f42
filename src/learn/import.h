/*
 * Import: writes a dataset as boundary 0 of scratch, unchanged features and labels, chunk by chunk.
 * Memory does not grow with the dataset.
 *
 * Training stores the samples in shuffled order, a keyed permutation (data/order.h), so that
 * batches are whole chunks. To shuffle out of core, samples are first written to buckets of
 * neighbouring places in a temporary file, then each bucket is sorted in memory.
 */
#ifndef FF_LEARN_IMPORT_H
#define FF_LEARN_IMPORT_H

#include "data/dataset.h"
#include "data/moments.h"
#include "data/order.h"
#include "model/geometry.h"
#include "store/activations.h"

struct ff_import_data_opts {
    struct ff_dataset *dataset; /* not owned; the next geometry->rows rows are read */
    const struct ff_geometry *geometry;
    const struct ff_order *order; /* sample i is stored at order(i); NULL: as read */
    struct ff_scratch *scratch;   /* for the temporary file; unused without ORDER */
    struct ff_set *set;           /* written, not sealed; NULL: samples are only hashed */
    struct ff_compression compression;
    uint32_t moment_columns;               /* of the moments that are measured; 0: none */
    int (*tick)(void *arg, uint64_t rows); /* not FF_OK: stop with this status; may be NULL */
    void *arg;
};

/* Facts about the samples, collected as they are read. */
struct ff_import_facts {
    char fingerprint[FF_HASH_BYTES]; /* hash of labels and features in the order
                                        of the dataset */
    struct ff_data_files files;
    uint64_t learned[FF_MAX_DATA_CLASSES]; /* training samples of each class */
    uint64_t held_out[FF_MAX_DATA_CLASSES];
    struct ff_moments moments; /* of the training samples, to be released; empty on error */
};

/* Imports the dataset. FACTS may be NULL: nothing is hashed then. With FACTS the dataset can only
 * be closed afterwards, and FF_EMISMATCH may also mean that a file changed while it was read. */
FF_CHECK int ff_import_data(struct ff_ctx *ctx, const struct ff_import_data_opts *opts,
                            struct ff_import_facts *facts);

/* Adds the memory of importing samples of FEATURES, without dataset and set, which OPTS need not
 * name. Returns the bytes of the temporary file. */
uint64_t ff_import_needs(const struct ff_import_data_opts *opts, uint32_t features, bool is_float,
                         struct ff_needs *needs);

#endif
