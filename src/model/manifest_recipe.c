#include "model/manifest_recipe.h"

#include "model/json_text.h"
#include "recipe/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Layers as "1000x3,500", runs of equal widths joined; malloc'd. */
static char *hidden_text(const struct ff_recipe *recipe)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    for (uint32_t i = 0; i < recipe->layers;) {
        uint32_t run = 1;

        while (i + run < recipe->layers && recipe->hidden[i + run] == recipe->hidden[i])
            run++;
        fprintf(out, run > 1 ? "%s%ux%u" : "%s%u", i ? "," : "", recipe->hidden[i], run);
        i += run;
    }
    return fclose(out) == 0 ? text : (free(text), NULL);
}

static json_t *field_to_json(const struct ff_field *field, const struct ff_recipe *recipe)
{
    const void *at = ff_field_of(field, recipe);

    switch (field->info.type) {
    case FF_FIELD_COUNT:
        return json_integer(*(const uint32_t *)at);
    case FF_FIELD_SEED:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case FF_FIELD_REAL:
        return json_real(*(const double *)at);
    case FF_FIELD_CHOICE:
        return json_string(*(const char *const *)at);
    }
    return NULL;
}

json_t *ff_manifest_recipe_write(const struct ff_recipe *recipe)
{
    json_t *object = json_object();
    char *hidden = hidden_text(recipe);
    size_t n;
    const struct ff_field *fields = ff_fields(&n);
    int failed = !hidden || json_object_set_new(object, "hidden", json_string(hidden));

    free(hidden);
    for (size_t i = 0; i < n && !failed; i++)
        failed = json_object_set_new(object, ff_field_key(&fields[i]),
                                     field_to_json(&fields[i], recipe));
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int field_from_json(struct ff_ctx *ctx, const struct ff_field *field, const json_t *value,
                           struct ff_recipe *recipe)
{
    char *at = (char *)recipe + field->offset;
    json_int_t integer = json_integer_value(value);

    switch (field->info.type) {
    case FF_FIELD_COUNT:
        if (!json_is_integer(value) || integer < 0 || integer > UINT32_MAX)
            break;
        *(uint32_t *)(void *)at = (uint32_t)integer;
        return FF_OK;
    case FF_FIELD_SEED:
        if (!json_is_integer(value) || integer < 0)
            break;
        *(uint64_t *)(void *)at = (uint64_t)integer;
        return FF_OK;
    case FF_FIELD_REAL:
        if (!json_is_number(value))
            break;
        *(double *)(void *)at = json_number_value(value);
        return FF_OK;
    case FF_FIELD_CHOICE:
        for (const struct ff_recipe_choice *choice = ff_recipe_choices(field->info.name);
             json_is_string(value) && choice->name; choice++) {
            if (strcmp(choice->name, json_string_value(value)) == 0) {
                *(const char **)(void *)at = choice->name;
                return FF_OK;
            }
        }
        break;
    }
    return ff_fail(ctx, FF_ECORRUPT, "recipe: \"%s\" is missing or out of range", field->info.name);
}

static bool has_key(const char *key)
{
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(ff_field_key(&fields[i]), key) == 0)
            return true;
    }
    return false;
}

/* A later version may have added a field that decides the weights. */
static int check_keys(struct ff_ctx *ctx, json_t *object)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);

        if (strcmp(key, "hidden") != 0 && !has_key(key))
            return ff_fail(ctx, FF_EFORMAT,
                           "recipe: \"%s\" is unknown: the model is of a later version, or damaged",
                           key);
    }
    return FF_OK;
}

int ff_manifest_recipe_read(struct ff_ctx *ctx, json_t *object, int version, struct ff_recipe *out)
{
    const char *hidden = json_string_value(json_object_get(object, "hidden"));
    size_t n;
    const struct ff_field *fields = ff_fields(&n);
    int status;

    ff_recipe_init(out);
    status = check_keys(ctx, object);
    if (status == FF_OK)
        status = ff_recipe_parse_hidden(ctx, hidden ? hidden : "", out);
    for (size_t i = 0; i < n && status == FF_OK; i++) {
        const json_t *value = json_object_get(object, ff_field_key(&fields[i]));

        if (value || version >= fields[i].since)
            status = field_from_json(ctx, &fields[i], value, out);
    }
    return status == FF_OK ? ff_recipe_complete(ctx, out) : status;
}

/* FF_EMISMATCH, which names WHAT differs and both values. */
static int differ(struct ff_ctx *ctx, const char *what, const json_t *was, const json_t *is)
{
    char *a = ff_json_text(was, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    char *b = ff_json_text(is, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    int status = ff_fail(ctx, FF_EMISMATCH, "the model was trained with %s %s, not %s", what,
                         a ? a : "?", b ? b : "?");

    free(a);
    free(b);
    return status;
}

int ff_manifest_same_recipe(struct ff_ctx *ctx, const struct ff_recipe *stored,
                            const struct ff_recipe *given)
{
    json_t *was = ff_manifest_recipe_write(stored), *is = ff_manifest_recipe_write(given);
    int status = was && is ? FF_OK : ff_fail(ctx, FF_ENOMEM, "out of memory for the recipes");
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    for (size_t i = 0; i <= n && status == FF_OK; i++) {
        const char *key = i == 0 ? "hidden" : ff_field_key(&fields[i - 1]);
        const json_t *a = json_object_get(was, key), *b = json_object_get(is, key);
        char words[FF_FIELD_WORDS_BYTES];

        if (!json_equal(a, b))
            status = differ(ctx, i == 0 ? key : ff_field_words(&fields[i - 1], words), a, b);
    }
    json_decref(was);
    json_decref(is);
    return status;
}
