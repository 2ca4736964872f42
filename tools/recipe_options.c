#include "recipe_options.h"
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
 * there. */
static double completed_value(struct ff_ctx *ctx, const struct option_spec *option,
                              const char *field, const char *choice)
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
    ff_recipe_release(&recipe);
    return value;
}

/* Writes "0.003 with ff-stream, 0.001 with bp, bp-accum", without the choices that make no use of
 * it; returns false if all choices have one value, or none a use. */
static bool values_by_choice(struct ff_ctx *ctx, const struct option_spec *option,
                             const char *field, char *text, size_t size)
{
    bool differ = false, unused = false;
    double last = NAN;
    size_t used = 0, i;

    for (i = 0; used < size; i++) {
        /* Asked for anew each time: the table's memory may be shared with other fields'. */
        const char *name = ff_recipe_choices(field)[i].name;
        bool same;
        double value;

        if (name == NULL)
            break;
        value = completed_value(ctx, option, field, name);
        unused = unused || !isfinite(value);
        if (!isfinite(value))
            continue;
        same = fabs(value - last) <= 0;
        if (used > 0 && !same)
            differ = true;
        if (same)
            used += (size_t)snprintf(text + used, size - used, ", %s", name);
        else
            used += (size_t)snprintf(text + used, size - used, "%s%g with %s", used > 0 ? ", " : "",
                                     value, name);
        last = value;
    }
    if (used > 0 && unused)
        differ = true;
    if (!differ && isfinite(last))
        snprintf(text, size, "%g", last);
    return differ;
}

void recipe_default(const struct option_spec *option, char *text, size_t size)
{
    static const char *const fields[] = {"recipe", "mode", "optimizer"};
    struct ff_ctx *ctx;
    size_t i;

    *text = '\0';
    if (ff_ctx_new(&ctx) != FF_OK)
        return;
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        if (values_by_choice(ctx, option, fields[i], text, size))
            break;
    ff_ctx_free(ctx);
}
