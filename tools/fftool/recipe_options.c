#include "commands/recipe_options.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static double option_value(const struct option_spec *option, const struct ff_recipe *recipe)
{
    const char *at = (const char *)recipe + option->offset;
    uint32_t count;
    double value;

    if (option->kind == OPTION_REAL) {
        memcpy(&value, at, sizeof value);
        return value;
    }
    memcpy(&count, at, sizeof count);
    return count;
}

/* Reads OPTION's value in a recipe completed with one choice of a field; NAN if it is of no use
 * there. HAS_RECIPE, which may be NULL: whether a recipe gives defaults there. */
static double completed_value(struct ff_ctx *ctx, const struct option_spec *option,
                              const char *field, const char *choice, bool *has_recipe)
{
    struct ff_recipe recipe;
    double value = NAN;

    ff_recipe_init(&recipe);
    if (strcmp(field, "mode") == 0)
        recipe.mode = choice;
    else if (strcmp(field, "recipe") == 0)
        recipe.recipe = choice;
    else
        recipe.optimizer = choice;
    if (ff_recipe_parse_hidden(ctx, "1", &recipe) == FF_OK &&
        ff_recipe_complete(ctx, &recipe) == FF_OK && ff_recipe_uses(&recipe, option->offset))
        value = option_value(option, &recipe);
    if (has_recipe)
        *has_recipe = ff_recipe_uses(&recipe, offsetof(struct ff_recipe, recipe));
    ff_recipe_release(&recipe);
    return value;
}

/* Values and the choices that have them: "0.003 with classic, symba, 0.001 with bp". */
struct listing {
    char *text;
    size_t size, used;
    double last;
    bool differ;
};

static void list_value(struct listing *listing, double value, const char *choice)
{
    bool same = fabs(value - listing->last) <= 0;
    char *end = listing->text + listing->used;
    size_t left = listing->size - listing->used;

    if (listing->used > 0 && !same)
        listing->differ = true;
    if (same)
        listing->used += (size_t)snprintf(end, left, ", %s", choice);
    else
        listing->used += (size_t)snprintf(end, left, "%s%g with %s", listing->used > 0 ? ", " : "",
                                          value, choice);
    if (listing->used >= listing->size)
        listing->used = listing->size - 1;
    listing->last = value;
}

/* Lists the choices of a field but those that make no use of it; returns false if all have one
 * value, or none a use. */
static bool values_by_choice(struct ff_ctx *ctx, const struct option_spec *option,
                             const char *field, struct listing *listing)
{
    bool unused = false;
    const char *name;

    /* Asked for anew each time: the table's memory may be shared with other fields'. */
    for (size_t i = 0; (name = ff_recipe_choices(field)[i].name) != NULL; i++) {
        double value = completed_value(ctx, option, field, name, NULL);

        if (isfinite(value))
            list_value(listing, value, name);
        else
            unused = true;
    }
    return listing->differ || (listing->used > 0 && unused);
}

/* Lists the modes that have no recipe, too. */
static void add_modes(struct ff_ctx *ctx, const struct option_spec *option, struct listing *listing)
{
    const char *name;

    for (size_t i = 0; (name = ff_recipe_choices("mode")[i].name) != NULL; i++) {
        bool has_recipe;
        double value = completed_value(ctx, option, "mode", name, &has_recipe);

        if (isfinite(value) && !has_recipe)
            list_value(listing, value, name);
    }
}

void recipe_default(const struct option_spec *option, char *text, size_t size)
{
    static const char *const fields[] = {"recipe", "mode", "optimizer"};
    struct ff_ctx *ctx;

    *text = '\0';
    if (ff_ctx_new(&ctx) != FF_OK)
        return;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct listing listing = {.text = text, .size = size, .last = NAN};

        if (values_by_choice(ctx, option, fields[i], &listing)) {
            if (strcmp(fields[i], "recipe") == 0)
                add_modes(ctx, option, &listing);
            break;
        }
        if (isfinite(listing.last))
            snprintf(text, size, "%g", listing.last);
    }
    ff_ctx_free(ctx);
}
