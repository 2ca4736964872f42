/*
 * Tiles of a team's layer on their way between the process that holds them and rank 0, which alone
 * has the model file. Every other rank gives its tiles, or asks for them, one after another in an
 * order of its own, while rank 0 serves rank after rank. So no process holds more than its share
 * and one tile.
 */
#ifndef FF_MODEL_TILE_EXCHANGE_H
#define FF_MODEL_TILE_EXCHANGE_H

#include "store/model_file.h"

enum ff_tile_way { FF_TILES_GIVEN, FF_TILES_ASKED };

/* On a rank other than 0: gives DATA, or asks for it, which is the tile of KEY, ROWS x COLUMNS. */
FF_CHECK int ff_tile_exchange(struct ff_ctx *ctx, enum ff_tile_way way,
                              const struct ff_tile_key *key, uint32_t rows, uint32_t columns,
                              float *data);
/* On a rank other than 0: it has no more tiles. */
FF_CHECK int ff_tile_exchange_end(struct ff_ctx *ctx);
/* On rank 0: puts the tiles of all other ranks into FILE, or reads them from it for those that ask;
 * the largest has LARGEST bytes. */
FF_CHECK int ff_tile_exchange_serve(struct ff_ctx *ctx, enum ff_tile_way way,
                                    struct ff_model_file *file, size_t largest);

#endif
