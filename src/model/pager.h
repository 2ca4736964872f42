/*
 * Paging: the tiles of a layer that does not fit memory are stored uncompressed in a scratch set of
 * their own, and a walk over the tiles loads a few at a time into buffers. Some tiles may stay
 * resident. Only tensors laid out as the weights, (units, fan_in), are paged.
 *
 * A tile is stored in pages of whole neurons, about 512 KiB each. Each page is committed on its
 * own, so that LMDB holds little on the heap.
 */
#ifndef FF_MODEL_PAGER_H
#define FF_MODEL_PAGER_H

#include "base/buffers.h"
#include "model/workers.h"
#include "store/activations.h"

/* Approximate bytes of a page; a larger row is a page of its own. Small, because a whole page waits
 * for its commit on the heap, and because a page fault maps a whole folio of the page cache, which
 * is as large as what a commit writes. */
#define FF_PAGER_PAGE_BYTES ((size_t)512 << 10)

/* Which tiles are in memory. All zero: all tiles. */
struct ff_residency {
    uint32_t resident; /* number of tiles, from the first, that stay in memory */
    uint32_t slots;    /* number of the other tiles in memory at a time */
};

/* How a walk uses a tensor. */
enum { FF_PAGE_IN = 1, FF_PAGE_OUT = 2 };

enum ff_tensor_id {
    FF_TENSOR_GRADIENT,
    FF_TENSOR_WEIGHTS,
    FF_TENSOR_STATE /* and the following */
};

struct ff_paged_tensor {
    uint32_t id;
    float *data;     /* buffers of the tiles in memory, in the layer's layout */
    unsigned access; /* FF_PAGE_IN, FF_PAGE_OUT or both */
};

struct ff_pager_opts {
    struct ff_scratch *scratch; /* not owned; the tiles are its set FF_BOUNDARY_TILES */
    struct ff_residency residency;
    uint32_t fan_in, tile_units;
    uint32_t first_tile, units; /* first tile and number of units that this process holds */
    bool *damaged;              /* set to true if the set is found damaged; may be NULL */
};

struct ff_pager;
FF_CHECK int ff_pager_new(struct ff_workers *workers, const struct ff_pager_opts *opts,
                          struct ff_pager **out);
void ff_pager_free(struct ff_pager *pager);
/* Adds the memory of a pager: its buffers, the pages of its set that THREADS map at a time, and, if
 * OUT tensors are written, the page that waits for a commit. */
void ff_pager_needs(const struct ff_pager_opts *opts, unsigned threads, unsigned out,
                    struct ff_needs *needs);
/* Reads TILES tiles from FIRST on, none resident, of those of N tensors that are FF_PAGE_IN. */
FF_CHECK int ff_pager_in(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                         const struct ff_paged_tensor *tensors);
/* Stores the tiles of those tensors that are FF_PAGE_OUT. */
FF_CHECK int ff_pager_out(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                          const struct ff_paged_tensor *tensors);
/* Reads these tiles ahead. */
void ff_pager_will_need(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                        const struct ff_paged_tensor *tensors);

/* The index, in tiles, of the buffer in memory of TILE, counted from the first of the process. */
uint32_t ff_residency_slot(struct ff_residency residency, uint32_t tile);
/* Number of neurons in the buffers of a tensor, for a layer of UNITS. */
size_t ff_residency_units(struct ff_residency residency, uint32_t units, uint32_t tile_units);

#endif
