/* Options that stand for the fields of a recipe: their rows come from the library's table, and the
 * defaults that `--help` shows of those that depend on mode, recipe or optimizer from recipes
 * completed with each choice. */
#include "options.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double field_value(const struct ff_recipe_field *field, const struct ff_recipe *recipe)
{
    const char *at = (const char *)recipe + field->offset;
    uint32_t count;
    double value;

    if (field->type == FF_FIELD_REAL) {
        memcpy(&value, at, sizeof value);
        return value;
    }
    memcpy(&count, at, sizeof count);
    return count;
}

/* Reads the value of field OF in a recipe completed with one choice of FIELD; NAN if it is of no
 * use there. HAS_RECIPE, which may be NULL: whether a recipe gives defaults there. */
static double completed_value(struct ff_ctx *ctx, const struct ff_recipe_field *of,
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
        ff_recipe_complete(ctx, &recipe) == FF_OK && ff_recipe_uses(&recipe, of->offset))
        value = field_value(of, &recipe);
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
static bool values_by_choice(struct ff_ctx *ctx, const struct ff_recipe_field *of,
                             const char *field, struct listing *listing)
{
    bool unused = false;
    const char *name;

    /* Asked for anew each time: the table's memory may be shared with other fields'. */
    for (size_t i = 0; (name = ff_recipe_choices(field)[i].name) != NULL; i++) {
        double value = completed_value(ctx, of, field, name, NULL);

        if (isfinite(value))
            list_value(listing, value, name);
        else
            unused = true;
    }
    return listing->differ || (listing->used > 0 && unused);
}

/* Lists the modes that have no recipe, too. */
static void add_modes(struct ff_ctx *ctx, const struct ff_recipe_field *of, struct listing *listing)
{
    const char *name;

    for (size_t i = 0; (name = ff_recipe_choices("mode")[i].name) != NULL; i++) {
        bool has_recipe;
        double value = completed_value(ctx, of, "mode", name, &has_recipe);

        if (isfinite(value) && !has_recipe)
            list_value(listing, value, name);
    }
}

/* The field of that name; there is one. */
static const struct ff_recipe_field *field_named(const char *name)
{
    size_t i = 0;

    while (strcmp(ff_recipe_field(i)->name, name) != 0)
        i++;
    return ff_recipe_field(i);
}

static void recipe_default(const struct option_spec *option, char *text, size_t size)
{
    static const char *const fields[] = {"recipe", "mode", "optimizer"};
    const struct ff_recipe_field *of = field_named(option->field);
    struct ff_ctx *ctx;

    *text = '\0';
    if (ff_ctx_new(&ctx) != FF_OK)
        return;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct listing listing = {.text = text, .size = size, .last = NAN};

        if (values_by_choice(ctx, of, fields[i], &listing)) {
            if (strcmp(fields[i], "recipe") == 0)
                add_modes(ctx, of, &listing);
            break;
        }
        if (isfinite(listing.last))
            snprintf(text, size, "%g", listing.last);
    }
    ff_ctx_free(ctx);
}

static struct option_spec row_of(const struct ff_recipe_field *field, size_t recipe_offset)
{
    static const enum option_kind kinds[] = {
        [FF_FIELD_CHOICE] = OPTION_CHOICE,
        [FF_FIELD_COUNT] = OPTION_COUNT,
        [FF_FIELD_SEED] = OPTION_COUNT64,
        [FF_FIELD_REAL] = OPTION_REAL,
    };
    struct option_spec row = {
        .kind = kinds[field->type],
        .name = field->option,
        .argument = field->argument,
        .help = field->help,
        .offset = recipe_offset + field->offset,
        .field = field->name,
    };

    if (field->type == FF_FIELD_COUNT) {
        row.min = (uint64_t)field->low;
        row.max = (uint64_t)field->high;
    }
    if (field->default_is == FF_DEFAULT_BY_CHOICE)
        row.default_text = recipe_default;
    else if (field->default_is == FF_DEFAULT_IN_HELP)
        row.default_text = no_default;
    return row;
}

/* Appends the rows that ROW stands for to OUT (NULL: they are only counted); returns how many. */
static size_t expand(const struct option_spec *row, struct option_spec *out)
{
    const struct ff_recipe_field *field;
    size_t n = 0;

    if (row->kind != OPTION_FIELDS) {
        if (out != NULL)
            *out = *row;
        return 1;
    }
    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        if (field->group != row->group || (row->size_only && !field->decides_size))
            continue;
        if (out != NULL)
            out[n] = row_of(field, row->offset);
        n++;
    }
    return n;
}

struct option_spec *options_with_fields(const struct option_spec *options)
{
    const struct option_spec *row;
    struct option_spec *out;
    size_t n = 0;

    for (row = options; row->name != NULL; row++)
        n += expand(row, NULL);
    out = calloc(n + 1, sizeof *out); /* a row without a name ends it */
    if (out == NULL)
        return NULL;
    n = 0;
    for (row = options; row->name != NULL; row++)
        n += expand(row, out + n);
    return out;
}
