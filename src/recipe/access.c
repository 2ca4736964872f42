/* The public interface to recipes: create, set and read them by field name. */
#include "base/context.h"
#include "recipe/field.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void ff_recipe_init(struct ff_recipe *out)
{
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    *out = (struct ff_recipe){.layers = 0};
    for (size_t i = 0; i < n; i++)
        ff_field_init(&fields[i], out);
}

void ff_recipe_release(struct ff_recipe *recipe)
{
    free(recipe->hidden);
    recipe->hidden = NULL;
    recipe->layers = 0;
}

/* Reads a whole number at *TEXT and advances past it; false if there is none or it is too large. */
static bool take_number(const char **text, unsigned long long *out)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *out = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

static int append_layers(struct ff_ctx *ctx, struct ff_recipe *recipe, uint64_t units,
                         uint64_t count)
{
    uint32_t *grown;
    int status = ff_recipe_check_units(ctx, units);

    if (status != FF_OK)
        return status;
    if (count < 1 || count > FF_MAX_LAYERS - recipe->layers)
        return ff_fail(ctx, FF_EINVAL, "hidden layers: %llu layers: must be 1 to %u in total",
                       (unsigned long long)count, FF_MAX_LAYERS);
    grown = realloc(recipe->hidden, (recipe->layers + count) * sizeof *grown);
    if (!grown)
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the list of layers");
    recipe->hidden = grown;
    for (uint64_t i = 0; i < count; i++)
        recipe->hidden[recipe->layers++] = (uint32_t)units;
    return FF_OK;
}

int ff_recipe_add_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe)
{
    const char *at = text;

    for (;;) {
        unsigned long long units, count = 1;
        const char *part = at;
        int status;

        if (!take_number(&at, &units) ||
            ((*at == 'x' || *at == 'X') && (at++, !take_number(&at, &count))) ||
            (*at != ',' && *at != '\0'))
            return ff_fail(
                ctx, FF_EINVAL,
                "hidden layers: \"%s\" is not understood: write UNITSxLAYERS such as 2000x4, or a "
                "list such as 1000,500,200",
                part);
        status = append_layers(ctx, recipe, units, count);
        if (status != FF_OK || *at == '\0')
            return status;
        at++;
    }
}

int ff_recipe_parse_hidden(struct ff_ctx *ctx, const char *text, struct ff_recipe *recipe)
{
    int status;

    ff_recipe_release(recipe);
    status = ff_recipe_add_hidden(ctx, text, recipe);
    if (status != FF_OK)
        ff_recipe_release(recipe);
    return status;
}

static int no_memory(struct ff_ctx *ctx)
{
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the recipe");
}

int ff_recipe_new(struct ff_ctx *ctx, struct ff_recipe **out)
{
    *out = malloc(sizeof **out);
    if (!*out)
        return no_memory(ctx);
    ff_recipe_init(*out);
    return FF_OK;
}

int ff_recipe_copy_into(struct ff_ctx *ctx, const struct ff_recipe *recipe, struct ff_recipe *out)
{
    size_t bytes = recipe->layers * sizeof *recipe->hidden;

    *out = *recipe;
    out->hidden = NULL;
    if (bytes == 0)
        return FF_OK;
    out->hidden = malloc(bytes);
    if (!out->hidden) {
        out->layers = 0;
        return no_memory(ctx);
    }
    memcpy(out->hidden, recipe->hidden, bytes);
    return FF_OK;
}

int ff_recipe_copy(struct ff_ctx *ctx, const struct ff_recipe *recipe, struct ff_recipe **out)
{
    int status;

    *out = malloc(sizeof **out);
    if (!*out)
        return no_memory(ctx);
    status = ff_recipe_copy_into(ctx, recipe, *out);
    if (status != FF_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

void ff_recipe_free(struct ff_recipe *recipe)
{
    if (recipe)
        ff_recipe_release(recipe);
    free(recipe);
}

/* On failure RECIPE keeps its layers. */
static int set_hidden(struct ff_ctx *ctx, struct ff_recipe *recipe, const char *value)
{
    struct ff_recipe read = {.layers = 0};
    int status = value ? ff_recipe_parse_hidden(ctx, value, &read) : FF_OK;

    if (status != FF_OK)
        return status;
    ff_recipe_release(recipe);
    recipe->hidden = read.hidden;
    recipe->layers = read.layers;
    return FF_OK;
}

int ff_recipe_set(struct ff_ctx *ctx, struct ff_recipe *recipe, const char *field,
                  const char *value)
{
    const struct ff_field *found = ff_field_find(field);

    if (strcmp(field, "hidden") == 0)
        return set_hidden(ctx, recipe, value);
    if (!found)
        return ff_fail(ctx, FF_EINVAL, "a recipe has no field \"%s\"", field);
    if (value)
        return ff_field_read(ctx, found, value, recipe);
    ff_field_init(found, recipe);
    return FF_OK;
}

/* The field of that name, if it is set in RECIPE; else NULL. */
static const struct ff_field *find_set(const struct ff_recipe *recipe, const char *name)
{
    const struct ff_field *field = ff_field_find(name);

    return field && !ff_field_is_unset(field, recipe) ? field : NULL;
}

uint64_t ff_recipe_get_uint(const struct ff_recipe *recipe, const char *field)
{
    const struct ff_field *found = find_set(recipe, field);

    if (found && found->info.type == FF_FIELD_COUNT)
        return *(const uint32_t *)ff_field_of(found, recipe);
    if (found && found->info.type == FF_FIELD_SEED)
        return *(const uint64_t *)ff_field_of(found, recipe);
    return UINT64_MAX;
}

double ff_recipe_get_real(const struct ff_recipe *recipe, const char *field)
{
    const struct ff_field *found = find_set(recipe, field);

    if (found && found->info.type == FF_FIELD_REAL)
        return *(const double *)ff_field_of(found, recipe);
    return NAN;
}

const char *ff_recipe_get_text(const struct ff_recipe *recipe, const char *field)
{
    const struct ff_field *found = find_set(recipe, field);

    if (found && found->info.type == FF_FIELD_CHOICE)
        return *(const char *const *)ff_field_of(found, recipe);
    return NULL;
}

uint32_t ff_recipe_layers(const struct ff_recipe *recipe)
{
    return recipe->layers;
}

uint32_t ff_recipe_units(const struct ff_recipe *recipe, uint32_t layer)
{
    return layer >= 1 && layer <= recipe->layers ? recipe->hidden[layer - 1] : 0;
}

const struct ff_recipe_choice *ff_recipe_choices(const char *field)
{
    const struct ff_field *found = ff_field_find(field);

    return found && found->choices ? found->choices() : NULL;
}
