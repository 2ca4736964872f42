/*
 * Paging: when a layer does not fit memory, its tiles live raw in a scratch set of their own, and
 * come into buffers in memory, some at a time, as a walk over them goes on. Some tiles may stay in
 * memory for good. What is paged are tensors laid out as the weights: (units, fan_in).
 *
 * A tile is stored in pages of whole neurons' weights, some 512 KiB each, every one of them
 * committed at once, so that LMDB never holds much of it on the heap.
 */
#ifndef FF_MODEL_PAGER_H
#define FF_MODEL_PAGER_H

#include "base/buffers.h"
#include "model/workers.h"
#include "store/activations.h"

/* Bytes of a page, about: a row of more is one of its own. Few, because all of them wait for a
 * commit at once, and because a fault on one page of the file maps a folio of the page cache, and
 * those are as large as what a commit writes. */
#define FF_PAGER_PAGE_BYTES ((size_t)512 << 10)

/* Which tiles are in memory. All zero: all of them. */
struct ff_residency {
    uint32_t resident; /* the first so many stay */
    uint32_t slots;    /* so many of the others at a time */
};

/* How a walk uses a tensor. */
enum { FF_PAGE_IN = 1, FF_PAGE_OUT = 2 };

enum ff_tensor_id { FF_TENSOR_GRADIENT, FF_TENSOR_WEIGHTS, FF_TENSOR_STATE /* and those after */ };

struct ff_paged_tensor {
    uint32_t id;
    float *data;     /* buffers of the tiles in memory, as the layer lays them out */
    unsigned access; /* FF_PAGE_IN, FF_PAGE_OUT or both */
};

struct ff_pager_opts {
    struct ff_scratch *scratch; /* not owned; holds the tiles as the set FF_BOUNDARY_TILES */
    struct ff_residency residency;
    uint32_t fan_in, units, tile_units;
    bool *damaged; /* set to true when the set turns out to be; may be NULL */
};

struct ff_pager;
FF_CHECK int ff_pager_new(struct ff_workers *workers, const struct ff_pager_opts *opts,
                          struct ff_pager **out);
void ff_pager_free(struct ff_pager *pager);
/* Adds what a pager takes, the pages of its set that THREADS map at a time, and, if
 * tensors go OUT, what waits for a commit. */
void ff_pager_needs(const struct ff_pager_opts *opts, unsigned threads, unsigned out,
                    struct ff_needs *needs);
/* Reads TILES tiles from FIRST on, none of them resident, of the N tensors to be had FF_PAGE_IN. */
FF_CHECK int ff_pager_in(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                         const struct ff_paged_tensor *tensors);
/* Stores those of the tensors that are FF_PAGE_OUT. */
FF_CHECK int ff_pager_out(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                          const struct ff_paged_tensor *tensors);
/* Hints that these tiles are next. */
void ff_pager_will_need(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                        const struct ff_paged_tensor *tensors);

/* The buffer, counted in tiles, that TILE has in memory. */
uint32_t ff_residency_slot(struct ff_residency residency, uint32_t tile);
/* Neurons that tensors have room for in memory, of a layer of so many. */
size_t ff_residency_units(struct ff_residency residency, uint32_t units, uint32_t tile_units);

#endif
