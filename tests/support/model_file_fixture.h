/* What the tests of model files share: the file "m.ff" in a test's directory, and tiles to put
 * there.
 */
#ifndef MODEL_FILE_FIXTURE_H
#define MODEL_FILE_FIXTURE_H

#include "store/model_file.h"
#include "support/store_fixture.h"

/* Of a tile; tiles of a layer. */
enum { MODEL_ROWS = 20, MODEL_COLUMNS = 300, MODEL_TILES = 5 };

/* Opens m.ff; fails the test if that fails. */
struct ff_model_file *model_open(enum ff_model_mode mode);
/* Fails the test unless opening m.ff fails with STATUS. */
void model_must_not_open(int status, enum ff_model_mode mode);

/* Fills OUT with the values of the tile KEY: each key has its own. */
void model_fill_tile(const struct ff_tile_key *key, float out[MODEL_ROWS * MODEL_COLUMNS]);
/* Puts the tile KEY; returns the status. */
int model_put_tile(struct ff_model_file *file, const struct ff_tile_key *key);
/* Puts all tiles of a generation of weights and optimizer state, flips to it, and gives the file
 * its name. */
void model_checkpoint(struct ff_model_file *file, uint32_t layer, uint64_t generation,
                      const char *manifest);

/* Fail the test unless the tile is there with its values, is missing, the manifest is this text. */
void model_must_have_tile(struct ff_model_file *file, const struct ff_tile_key *key);
void model_must_lack_tile(struct ff_model_file *file, const struct ff_tile_key *key);
void model_must_say(struct ff_model_file *file, const char *manifest);

#endif
