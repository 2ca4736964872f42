#include "store/chunk_index.h"

#define MOST_PLACES 4096 /* 96 KiB */
#define PROBES 8         /* entries in which a chunk may be */
#define NEIGHBOURS 64    /* looked up together: as many as a leaf of the tree has */

struct ff_chunk_index ff_chunk_index_make(uint32_t chunks, uint32_t streams)
{
    struct ff_chunk_index index = {.size = PROBES, .chunks = chunks};

    while (index.size < MOST_PLACES && index.size / 2 < (uint64_t)chunks * streams)
        index.size *= 2;
    return index;
}

struct ff_buffer ff_chunk_index_buffer(struct ff_chunk_index *index)
{
    return (struct ff_buffer){&index->places, FF_MEM_IO, index->size, sizeof *index->places};
}

/* Multiplicative hashing (Knuth, The Art of Computer Programming 6.4). */
static size_t first_place(const struct ff_chunk_index *index, uint32_t chunk, uint32_t stream)
{
    uint64_t hash = ((uint64_t)stream << 32 | chunk) * 0x9e3779b97f4a7c15u;

    return (size_t)(hash >> 32) & (index->size - 1);
}

/* The entry of the chunk, else a free one, else one to replace. */
static struct ff_chunk_place *place_of(const struct ff_chunk_index *index, uint32_t chunk,
                                       uint32_t stream)
{
    size_t first = first_place(index, chunk, stream);

    for (size_t i = 0; i < PROBES; i++) {
        struct ff_chunk_place *place = &index->places[(first + i) & (index->size - 1)];

        if (!place->bytes.data || (place->chunk == chunk && place->stream == stream))
            return place;
    }
    return &index->places[first];
}

/* Looks up chunks after CHUNK, too, as far as there are free entries: the pages of the tree are
 * mapped. */
static void find_neighbours(struct ff_chunk_index *index, struct ff_set *set, uint32_t chunk,
                            uint32_t stream)
{
    uint32_t end = index->chunks - chunk < NEIGHBOURS ? index->chunks : chunk + NEIGHBOURS;
    struct ff_chunk found;

    for (uint32_t next = chunk + 1; next < end; next++) {
        struct ff_chunk_place *place = place_of(index, next, stream);

        if (place->bytes.data)
            continue;
        if (ff_set_find(set, next, stream, &found) != FF_OK)
            return; /* reported when it is asked for */
        *place = (struct ff_chunk_place){next, stream, found.bytes};
    }
}

int ff_chunk_index_find(struct ff_chunk_index *index, struct ff_set *set, uint32_t chunk,
                        uint32_t stream, struct ff_chunk *out)
{
    struct ff_chunk_place *place = place_of(index, chunk, stream);
    int status;

    if (place->bytes.data && place->chunk == chunk && place->stream == stream) {
        ff_chunk_at(chunk, stream, place->bytes, out);
        return FF_OK;
    }
    status = ff_set_find(set, chunk, stream, out);
    if (status == FF_OK) {
        *place = (struct ff_chunk_place){chunk, stream, out->bytes};
        find_neighbours(index, set, chunk, stream);
    }
    ff_set_dont_need(set);
    return status;
}
