/*
 * Where the chunks of a set are: what is read in every epoch is looked up in the tree once, as far
 * as there is room. A lookup maps pages of the tree, and unmapping them again costs more time than
 * reading a small chunk. Only for sets that are no longer written.
 */
#ifndef FF_STORE_CHUNK_INDEX_H
#define FF_STORE_CHUNK_INDEX_H

#include "base/buffers.h"
#include "store/activations.h"

struct ff_chunk_place {
    uint32_t chunk, stream;
    struct ff_bytes bytes; /* data NULL: the entry is free */
};

struct ff_chunk_index {
    struct ff_chunk_place *places; /* (size), a hash table */
    size_t size;                   /* a power of two */
    uint32_t chunks;
};

/* An empty index of CHUNKS chunks, or some of them, of STREAMS streams. The caller allocates
 * ff_chunk_index_buffer() and then it is ready. */
struct ff_chunk_index ff_chunk_index_make(uint32_t chunks, uint32_t streams);
struct ff_buffer ff_chunk_index_buffer(struct ff_chunk_index *index);
/* ff_set_find(), and no page of SET stays mapped: no chunk of it may be in use. */
FF_CHECK int ff_chunk_index_find(struct ff_chunk_index *index, struct ff_set *set, uint32_t chunk,
                                 uint32_t stream, struct ff_chunk *out);

#endif
