#include "store/tile_key.h"

#include "store/bytes.h"
#include <stdio.h>

enum { AT_KIND = 0, AT_LAYER = 1, AT_GENERATION = 5, AT_SLOT = 13, AT_TILE = 17 };

static const char *kind_name(char kind)
{
    switch (kind) {
    case 'W':
        return "weights";
    case 'O':
        return "optimizer state";
    case 'H':
        return "head";
    case 'Q':
        return "head's optimizer state";
    case 'S':
        return "metrics";
    }
    return NULL;
}

void ff_tile_key_encode(const struct ff_tile_key *key, uint8_t out[FF_TILE_KEY_BYTES])
{
    out[AT_KIND] = (uint8_t)key->kind;
    ff_put_be32(out + AT_LAYER, key->layer);
    ff_put_be64(out + AT_GENERATION, key->generation);
    ff_put_be32(out + AT_SLOT, key->slot);
    ff_put_be32(out + AT_TILE, key->tile);
}

bool ff_tile_key_decode(struct ff_bytes bytes, struct ff_tile_key *out)
{
    const uint8_t *from = bytes.data;

    *out = (struct ff_tile_key){0};
    if (bytes.size != FF_TILE_KEY_BYTES || !kind_name((char)from[AT_KIND]))
        return false;
    out->kind = (char)from[AT_KIND];
    out->layer = ff_get_be32(from + AT_LAYER);
    out->generation = ff_get_be64(from + AT_GENERATION);
    out->slot = ff_get_be32(from + AT_SLOT);
    out->tile = ff_get_be32(from + AT_TILE);
    return true;
}

void ff_tile_key_name(const struct ff_tile_key *key, const char *path, char *out, size_t size)
{
    static const char *const slots[FF_SLOTS] = {"", " (biases)", " (labels)"};
    const char *kind = kind_name(key->kind);

    snprintf(out, size, "%s: layer %u: %s%s, tile %u", path, key->layer, kind ? kind : "?",
             slots[key->slot % FF_SLOTS], key->tile);
}
