/*
 * The order of training. A turn is one stage of one layer, or, where the whole network trains at
 * once, of all layers:
 *
 *     import -> train 1 -> forward 1 -> [head 1] -> train 2 -> forward 2 -> [head 2] -> ... -> done
 *     import -> train -> done        where the whole network trains at once
 *
 * With several sweeps, the first layer follows the last one until the last sweep is done; heads are
 * trained in the last sweep.
 */
#ifndef FF_MODEL_TURN_H
#define FF_MODEL_TURN_H

#include "model/layer.h"
#include "model/manifest.h"

struct ff_turn {
    enum ff_stage stage;
    uint32_t layer; /* from 1; where the whole network trains at once 1, and when done the last */
};

/* The turn of MANIFEST's mark. */
struct ff_turn ff_manifest_turn(const struct ff_manifest *manifest);
/* The first turn. */
struct ff_turn ff_turn_first(void);
/* The turn after TURN within a sweep; heads are trained only in the LAST_SWEEP. */
struct ff_turn ff_turn_after(const struct ff_recipe *recipe, struct ff_turn turn, bool last_sweep);
/* True if such a sweep has TURN. */
bool ff_turn_exists(const struct ff_recipe *recipe, struct ff_turn turn, bool last_sweep);
/* True if TURN is about a single layer. */
bool ff_turn_is_of_layer(const struct ff_recipe *recipe, struct ff_turn turn);

/* Number of parts (layers and heads) that train in TURN; may be 0. */
size_t ff_turn_parts(const struct ff_recipe *recipe, struct ff_turn turn);
/* Kind and number of part I of these (layers first, then heads); its layer pointer is NULL. */
struct ff_part ff_turn_part(const struct ff_recipe *recipe, struct ff_turn turn, size_t i);
/* True if the part of KIND ('W' or 'H') and NUMBER trains in TURN. */
bool ff_turn_trains(const struct ff_recipe *recipe, struct ff_turn turn, char kind,
                    uint32_t number);

#endif
