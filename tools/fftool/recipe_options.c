/* Options for the fields of a recipe: their rows come from the library's table, and the
 * defaults that `--help` shows of those that depend on mode, recipe or optimizer from recipes
 * completed with each choice. */
#include "common/output.h"
#include "options.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Completes a recipe of one unit, with CHOICE for FIELD if that is not NULL; NULL: it cannot be.
 * The caller frees it. */
static struct ff_recipe *completed(struct ff_ctx *ctx, const char *field, const char *choice)
{
    struct ff_recipe *recipe;

    if (ff_recipe_new(ctx, &recipe) != FF_OK)
        return NULL;
    if (ff_recipe_set(ctx, recipe, "hidden", "1") == FF_OK &&
        ff_recipe_set(ctx, recipe, field, choice) == FF_OK &&
        ff_recipe_complete(ctx, recipe) == FF_OK)
        return recipe;
    ff_recipe_free(recipe);
    return NULL;
}

static double field_value(const struct ff_recipe *recipe, const struct ff_recipe_field *field)
{
    if (field->type == FF_FIELD_REAL)
        return ff_recipe_get_real(recipe, field->name);
    return (double)ff_recipe_get_uint(recipe, field->name);
}

/* Reads the value of field OF in a recipe completed with one choice of FIELD; NAN if it is not used
 * there. HAS_RECIPE, which may be NULL: whether a recipe gives defaults there. */
static double completed_value(struct ff_ctx *ctx, const struct ff_recipe_field *of,
                              const char *field, const char *choice, bool *has_recipe)
{
    struct ff_recipe *recipe = completed(ctx, field, choice);
    double value = NAN;

    if (recipe != NULL && ff_recipe_uses(recipe, of->name))
        value = field_value(recipe, of);
    if (has_recipe != NULL)
        *has_recipe = recipe != NULL && ff_recipe_uses(recipe, "recipe");
    ff_recipe_free(recipe);
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

/* Lists the choices of a field except those that do not use it; returns false if all have the same
 * value, or none uses it. */
static bool values_by_choice(struct ff_ctx *ctx, const struct ff_recipe_field *of,
                             const char *field, struct listing *listing)
{
    bool unused = false;
    const char *name;

    /* Looked up again each time: the table's memory may be shared with other fields'. */
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

/* Shows what a new recipe has. */
static void initial_default(const struct option_spec *option, char *text, size_t size)
{
    const struct ff_recipe_field *of = field_named(option->field);
    struct ff_recipe *recipe;
    struct ff_ctx *ctx;

    *text = '\0';
    if (ff_ctx_new(&ctx) != FF_OK)
        return;
    if (ff_recipe_new(ctx, &recipe) == FF_OK) {
        snprintf(text, size, "%s", text_field(recipe, of).s);
        ff_recipe_free(recipe);
    }
    ff_ctx_free(ctx);
}

static struct option_spec row_of(const struct ff_recipe_field *field)
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
        .field = field->name,
        .in_recipe = true,
        .default_text = initial_default,
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

/* Appends the rows that ROW expands to, to OUT (NULL: they are only counted); returns how many. */
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
            out[n] = row_of(field);
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

/* Sets the fields that CLI was given. Returns a status. */
static int set_given(const struct cli *cli, struct ff_recipe *recipe)
{
    int status = FF_OK;

    for (size_t i = 0; status == FF_OK && cli->options[i].name != NULL; i++)
        if (cli->options[i].in_recipe && cli->given[i] != NULL)
            status = ff_recipe_set(cli->ctx, recipe, cli->options[i].field, cli->given[i]);
    return status;
}

int recipe_from_options(const struct cli *cli, const char *hidden, struct ff_recipe **out)
{
    int status = ff_recipe_new(cli->ctx, out), result;

    if (status == FF_OK)
        status = set_given(cli, *out);
    if (status != FF_OK) {
        result = report_status(cli, status);
    } else {
        status = ff_recipe_set(cli->ctx, *out, "hidden", hidden);
        result = status == FF_EINVAL
                     ? usage_error(cli->command, "--hidden: %s", ff_ctx_message(cli->ctx))
                     : report_status(cli, status);
    }
    if (result != EXIT_DONE) {
        ff_recipe_free(*out);
        *out = NULL;
    }
    return result;
}
