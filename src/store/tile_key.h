/* Keys of the model file as bytes; model_file.h defines them. */
#ifndef FF_STORE_TILE_KEY_H
#define FF_STORE_TILE_KEY_H

#include "store/matrix.h"

enum { FF_SLOT_WEIGHTS, FF_SLOT_BIASES, FF_SLOT_LABELS, FF_SLOTS };

struct ff_tile_key {
    char kind; /* 'W', 'O', 'H', 'Q', 'S' */
    uint32_t layer;
    uint64_t generation;
    uint32_t slot;
    uint32_t tile;
};

#define FF_TILE_KEY_BYTES 21

void ff_tile_key_encode(const struct ff_tile_key *key, uint8_t out[FF_TILE_KEY_BYTES]);
/* False if BYTES are not the key of a tile. */
bool ff_tile_key_decode(struct ff_bytes bytes, struct ff_tile_key *out);
/* Writes the name of the tile for messages: "m.ff: layer 3: weights, tile 2". */
void ff_tile_key_name(const struct ff_tile_key *key, const char *path, char *out, size_t size);

#endif
