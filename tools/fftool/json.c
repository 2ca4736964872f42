/* JSON values, of which documents are built. */
#include "json.h"
#include <fftool/text.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *json_from_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_from_float(double value)
{
    char digits[32];

    snprintf(digits, sizeof digits, "%.7g", value);
    return json_from_real(strtod(digits, NULL));
}

json_t *json_from_count(uint64_t count)
{
    if (count > INT64_MAX) /* an estimate, of more than jansson's integers hold */
        return json_real((double)count);
    return json_integer((json_int_t)count);
}

/* TEXT with the bytes escaped that are not UTF-8. */
static json_t *json_from_bytes(const char *text)
{
    size_t size = ff_text_escape(text, FF_ESCAPE_BYTES, NULL, 0) + 1;
    char *escaped = malloc(size);
    json_t *value = NULL;

    if (escaped != NULL) {
        ff_text_escape(text, FF_ESCAPE_BYTES, escaped, size);
        value = json_string(escaped);
    }
    free(escaped);
    return value;
}

json_t *json_from_text(const char *text)
{
    json_t *value;

    if (text == NULL)
        return json_null();
    value = json_string(text); /* NULL, too, if it is not UTF-8 */
    return value != NULL ? value : json_from_bytes(text);
}

struct json_builder json_build(json_t *value)
{
    return (struct json_builder){value, value == NULL};
}

void json_add(struct json_builder *object, const char *key, json_t *value)
{
    if (json_object_set_new(object->value, key, value) != 0)
        object->failed = true;
}

void json_append(struct json_builder *array, json_t *value)
{
    if (json_array_append_new(array->value, value) != 0)
        array->failed = true;
}

json_t *json_built(struct json_builder *builder)
{
    json_t *value = builder->value;

    if (builder->failed) {
        json_decref(value);
        value = NULL;
    }
    *builder = json_build(NULL);
    return value;
}

/* Metrics of the process are 0 without /proc. */
static json_t *json_from_measured(uint64_t bytes)
{
    return bytes > 0 ? json_from_count(bytes) : json_null();
}

void json_add_memory(struct json_builder *object, const struct ff_memory *memory)
{
    struct json_builder categories = json_build(json_object());
    int i;

    json_add(object, "peak_rss_bytes", json_from_measured(memory->peak_rss_bytes));
    json_add(object, "peak_anon_bytes", json_from_measured(memory->peak_anon_bytes));
    json_add(object, "accounted_peak_bytes", json_from_count(memory->accounted_peak_bytes));
    for (i = 0; i < FF_MEM_CATEGORIES; i++)
        json_add(&categories, ff_memory_category((enum ff_category)i),
                 json_from_count(memory->category_peak_bytes[i]));
    json_add(object, "category_peak_bytes", json_built(&categories));
}

static json_t *json_from_field(const struct ff_recipe *recipe, const struct ff_recipe_field *field)
{
    switch (field->type) {
    case FF_FIELD_CHOICE:
        return json_from_text(ff_recipe_get_text(recipe, field->name));
    case FF_FIELD_COUNT:
    case FF_FIELD_SEED:
        return json_from_count(ff_recipe_get_uint(recipe, field->name));
    case FF_FIELD_REAL:
        break;
    }
    return json_from_real(ff_recipe_get_real(recipe, field->name));
}

/* Adds the fields of RECIPE except its layers; USED_ONLY: those that it uses. */
static void json_add_fields(struct json_builder *out, const struct ff_recipe *recipe,
                            bool used_only)
{
    const struct ff_recipe_field *field;

    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++)
        if (!used_only || ff_recipe_uses(recipe, field->name))
            json_add(out, field->name, json_from_field(recipe, field));
}

json_t *json_from_choice(const struct ff_layer_choice *choice)
{
    struct json_builder object;

    if (choice->first == 0)
        return json_null();
    object = json_build(json_object());
    json_add(&object, "first", json_from_count(choice->first));
    json_add(&object, "last", json_from_count(choice->last));
    json_add(&object, "held_out_error", json_from_float(choice->held_out_error));
    json_add(&object, "temperature", json_from_float(choice->temperature));
    return json_built(&object);
}

json_t *json_from_recipe(const struct ff_recipe *recipe)
{
    struct json_builder out = json_build(json_object()), hidden = json_build(json_array());
    uint32_t i;

    for (i = 1; i <= ff_recipe_layers(recipe); i++)
        json_append(&hidden, json_from_count(ff_recipe_units(recipe, i)));
    json_add(&out, "hidden", json_built(&hidden));
    json_add_fields(&out, recipe, false);
    return json_built(&out);
}

json_t *json_from_defaults(const struct ff_recipe *recipe)
{
    struct json_builder out = json_build(json_object());

    json_add_fields(&out, recipe, true);
    return json_built(&out);
}
