/*
 * How rows are cut: the rows in stored order into batches, a batch into chunks of at most
 * FF_CHUNK_ROWS rows. A chunk is the unit of storage and the row side of every matrix product, so
 * the cut follows from rows and batch alone.
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
    uint64_t batches;          /* that are learned from; those that are held out come after them */
    uint64_t learnt_rows;      /* of these */
    uint32_t chunks;           /* of all batches */
};

/* True if there are not too many rows, and not too many chunks. ROWS and BATCH at least 1. */
bool ff_geometry_fits(uint64_t rows, uint32_t batch);
/* BATCH is cut down to ROWS. They fit. */
struct ff_geometry ff_geometry_make(uint64_t rows, uint32_t batch);
/* Holds out the last batches, so that they have FRACTION of the rows or a little more; at least one
 * batch stays. 0: none is held out. */
void ff_geometry_hold_out(struct ff_geometry *geometry, double fraction);
/* First row and number of rows of CHUNK. */
void ff_chunk_range(const struct ff_geometry *geometry, uint32_t chunk, uint64_t *first,
                    uint32_t *rows);
/* Rows of BATCH, its first chunk and number of chunks. */
uint32_t ff_batch_range(const struct ff_geometry *geometry, uint64_t batch, uint32_t *first_chunk,
                        uint32_t *chunks);

#endif
