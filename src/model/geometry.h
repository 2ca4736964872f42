/*
 * Geometry of rows: rows in stored order are divided into batches, and a batch into chunks of at
 * most FF_CHUNK_ROWS rows. A chunk is the unit of storage and the row dimension of every matrix
 * product, so the division depends on the number of rows and the batch size alone.
 */
#ifndef FF_MODEL_GEOMETRY_H
#define FF_MODEL_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

#define FF_CHUNK_ROWS 256

struct ff_geometry {
    uint64_t rows;
    uint32_t batch;            /* rows of a batch; the last one may have fewer */
    uint32_t chunk_rows;       /* rows of a chunk; the last one of a batch may have fewer */
    uint32_t chunks_per_batch; /* of a full batch */
    uint64_t batches;          /* for training; the held-out batches follow them */
    uint64_t learned_rows;     /* rows of these batches */
    uint32_t chunks;           /* in all batches */
};

/* True if the numbers of rows and of chunks are within the limits. ROWS and BATCH are at least
 * 1. */
bool ff_geometry_fits(uint64_t rows, uint32_t batch);
/* The geometry of ROWS in batches of BATCH, or of ROWS if that is less. They must fit. */
struct ff_geometry ff_geometry_make(uint64_t rows, uint32_t batch);
/* Holds out the last batches: as few as have FRACTION of the rows, but at least one batch stays for
 * training. 0: none is held out. */
void ff_geometry_hold_out(struct ff_geometry *geometry, double fraction);
/* First row and number of rows of CHUNK. */
void ff_chunk_range(const struct ff_geometry *geometry, uint32_t chunk, uint64_t *first,
                    uint32_t *rows);
/* Rows of BATCH, its first chunk and number of chunks. */
uint32_t ff_batch_range(const struct ff_geometry *geometry, uint64_t batch, uint32_t *first_chunk,
                        uint32_t *chunks);

#endif
