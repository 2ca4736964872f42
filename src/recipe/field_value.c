/* Values of fields: parsing, checking, setting. */
#include "recipe/field.h"

#include "base/context.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int ff_field_check_number(struct ff_ctx *ctx, const char *name, double value, double low,
                          double high)
{
    if (value >= low && value <= high)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "%s %.10g: must be %.10g to %.10g", name, value, low, high);
}

/* Finds the choice of FIELD called NAME (may be NULL) and stores it in *OUT. */
static int find_choice(struct ff_ctx *ctx, const struct ff_field *field, const char *name,
                       const char **out)
{
    const struct ff_recipe_choice *choice = ff_recipe_choices(field->info.name);
    char known[256] = "";

    for (; choice->name; choice++) {
        if (name && strcmp(choice->name, name) == 0) {
            *out = choice->name;
            return FF_OK;
        }
        if (strlen(known) + strlen(choice->name) + 3 < sizeof known) {
            strcat(known, *known ? ", " : "");
            strcat(known, choice->name);
        }
    }
    return ff_fail(ctx, FF_EINVAL, "%s \"%s\" is not known: choose one of %s", field->info.name,
                   name ? name : "", known);
}

/* Manifests have signed integers. (INT64_MAX as a double would be 2^63.) */
static int check_seed(struct ff_ctx *ctx, uint64_t seed)
{
    if (seed <= INT64_MAX)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "seed %llu: must be 0 to %lld", (unsigned long long)seed,
                   (long long)INT64_MAX);
}

static void *member(const struct ff_field *field, struct ff_recipe *recipe)
{
    return (char *)recipe + field->offset;
}

int ff_field_settle(struct ff_ctx *ctx, const struct ff_field *field, struct ff_recipe *recipe)
{
    char words[FF_FIELD_WORDS_BYTES];
    const char **name;

    switch (field->info.type) {
    case FF_FIELD_CHOICE:
        name = member(field, recipe);
        return find_choice(ctx, field, *name, name);
    case FF_FIELD_SEED:
        return check_seed(ctx, *(const uint64_t *)member(field, recipe));
    case FF_FIELD_COUNT:
    case FF_FIELD_REAL:
        break;
    }
    return ff_field_check_number(ctx, ff_field_words(field, words), ff_field_number(field, recipe),
                                 field->info.low, field->info.high);
}

/* Accepts digits only. */
static bool read_whole(const char *text, uint64_t *out)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

/* The decimal separator is a point in every locale. */
static bool read_real(const char *text, double *out)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *end;

    if (c == (locale_t)0)
        return false;
    *out = strtod_l(text, &end, c);
    freelocale(c);
    return end != text && *end == '\0' && isfinite(*out);
}

/* Stores the value of TEXT unchecked, a choice as the string itself; false if it is not a
 * number. */
static bool store(const struct ff_field *field, const char *text, struct ff_recipe *recipe)
{
    void *at = member(field, recipe);
    uint64_t whole;

    switch (field->info.type) {
    case FF_FIELD_CHOICE:
        *(const char **)at = text;
        return true;
    case FF_FIELD_REAL:
        return read_real(text, at);
    case FF_FIELD_SEED:
        return read_whole(text, at);
    case FF_FIELD_COUNT:
        break;
    }
    if (!read_whole(text, &whole) || whole > UINT32_MAX)
        return false;
    *(uint32_t *)at = (uint32_t)whole;
    return true;
}

static void unset(const struct ff_field *field, struct ff_recipe *recipe)
{
    void *at = member(field, recipe);

    switch (field->info.type) {
    case FF_FIELD_CHOICE:
        *(const char **)at = NULL;
        break;
    case FF_FIELD_COUNT:
        *(uint32_t *)at = FF_UNSET;
        break;
    case FF_FIELD_SEED:
        *(uint64_t *)at = 0;
        break;
    case FF_FIELD_REAL:
        *(double *)at = NAN;
        break;
    }
}

void ff_field_init(const struct ff_field *field, struct ff_recipe *recipe)
{
    if (!field->initial || !store(field, field->initial, recipe))
        unset(field, recipe);
}

static int refuse_text(struct ff_ctx *ctx, const struct ff_field *field, const char *text)
{
    char words[FF_FIELD_WORDS_BYTES];

    ff_field_words(field, words);
    if (field->info.type == FF_FIELD_SEED)
        return ff_fail(ctx, FF_EINVAL, "%s \"%s\": must be a whole number from 0 to %lld", words,
                       text, (long long)INT64_MAX);
    return ff_fail(ctx, FF_EINVAL, "%s \"%s\": must be a %s from %.10g to %.10g", words, text,
                   field->info.type == FF_FIELD_REAL ? "number" : "whole number", field->info.low,
                   field->info.high);
}

int ff_field_read(struct ff_ctx *ctx, const struct ff_field *field, const char *text,
                  struct ff_recipe *recipe)
{
    struct ff_recipe read = *recipe;
    int status;

    if (!store(field, text, &read))
        return refuse_text(ctx, field, text);
    status = ff_field_settle(ctx, field, &read);
    if (status == FF_OK)
        ff_field_copy(field, recipe, &read);
    return status;
}
