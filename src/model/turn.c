#include "model/turn.h"

struct ff_turn ff_manifest_turn(const struct ff_manifest *manifest)
{
    return (struct ff_turn){manifest->mark.stage, manifest->mark.layer};
}

struct ff_turn ff_turn_first(void)
{
    return (struct ff_turn){FF_STAGE_IMPORT, 1};
}

struct ff_turn ff_turn_after(const struct ff_recipe *recipe, struct ff_turn turn, bool last_sweep)
{
    const struct ff_turn done = {FF_STAGE_DONE, recipe->layers};

    if (turn.stage == FF_STAGE_IMPORT)
        return (struct ff_turn){FF_STAGE_TRAIN, 1};
    if (ff_recipe_trains_at_once(recipe))
        return done;
    if (turn.stage == FF_STAGE_TRAIN)
        return (struct ff_turn){FF_STAGE_FORWARD, turn.layer};
    if (turn.stage == FF_STAGE_FORWARD && last_sweep && ff_recipe_has_head(recipe, turn.layer))
        return (struct ff_turn){FF_STAGE_HEAD, turn.layer};
    return turn.layer < recipe->layers ? (struct ff_turn){FF_STAGE_TRAIN, turn.layer + 1} : done;
}

bool ff_turn_exists(const struct ff_recipe *recipe, struct ff_turn turn, bool last_sweep)
{
    if (turn.layer < 1 || turn.layer > recipe->layers)
        return false;
    switch (turn.stage) {
    case FF_STAGE_IMPORT:
        return turn.layer == 1;
    case FF_STAGE_TRAIN:
        return turn.layer == 1 || !ff_recipe_trains_at_once(recipe);
    case FF_STAGE_FORWARD:
        return !ff_recipe_trains_at_once(recipe);
    case FF_STAGE_HEAD:
        return !ff_recipe_trains_at_once(recipe) && last_sweep &&
               ff_recipe_has_head(recipe, turn.layer);
    case FF_STAGE_DONE:
        return turn.layer == recipe->layers;
    }
    return false;
}

bool ff_turn_is_of_layer(const struct ff_recipe *recipe, struct ff_turn turn)
{
    return turn.stage != FF_STAGE_IMPORT && !ff_recipe_trains_at_once(recipe);
}

/* Number of parts of the whole network. */
static size_t network_parts(const struct ff_recipe *recipe)
{
    uint32_t first_head = ff_recipe_first_head(recipe);

    return (size_t)recipe->layers + (first_head ? recipe->layers - first_head + 1 : 0);
}

size_t ff_turn_parts(const struct ff_recipe *recipe, struct ff_turn turn)
{
    if (turn.stage != FF_STAGE_TRAIN && turn.stage != FF_STAGE_HEAD)
        return 0;
    return ff_recipe_trains_at_once(recipe) ? network_parts(recipe) : 1;
}

struct ff_part ff_turn_part(const struct ff_recipe *recipe, struct ff_turn turn, size_t i)
{
    uint32_t number = (uint32_t)i;

    if (!ff_recipe_trains_at_once(recipe))
        return (struct ff_part){.kind = turn.stage == FF_STAGE_HEAD ? 'H' : 'W',
                                .number = turn.layer};
    if (number < recipe->layers)
        return (struct ff_part){.kind = 'W', .number = number + 1};
    return (struct ff_part){.kind = 'H',
                            .number = ff_recipe_first_head(recipe) + number - recipe->layers};
}

bool ff_turn_trains(const struct ff_recipe *recipe, struct ff_turn turn, char kind, uint32_t number)
{
    enum ff_stage stage =
        kind == 'H' && !ff_recipe_trains_at_once(recipe) ? FF_STAGE_HEAD : FF_STAGE_TRAIN;

    return turn.stage == stage && (ff_recipe_trains_at_once(recipe) || number == turn.layer);
}
