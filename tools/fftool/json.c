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

/* The process's own figures are 0 where there is no /proc to read them from. */
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

/* The fields of a recipe beside its layers. */
static const struct {
    const char *key;
    enum { NAME, COUNT, COUNT64, REAL } kind;
    size_t at;
} recipe_fields[] = {
    {"mode", NAME, offsetof(struct ff_recipe, mode)},
    {"recipe", NAME, offsetof(struct ff_recipe, recipe)},
    {"loss", NAME, offsetof(struct ff_recipe, loss)},
    {"optimizer", NAME, offsetof(struct ff_recipe, optimizer)},
    {"schedule", NAME, offsetof(struct ff_recipe, schedule)},
    {"label_embedding", NAME, offsetof(struct ff_recipe, embedding)},
    {"activations", NAME, offsetof(struct ff_recipe, activations)},
    {"epochs", COUNT, offsetof(struct ff_recipe, epochs)},
    {"sweeps", COUNT, offsetof(struct ff_recipe, sweeps)},
    {"batch", COUNT, offsetof(struct ff_recipe, batch)},
    {"negatives", NAME, offsetof(struct ff_recipe, negatives)},
    {"negative_sets", COUNT, offsetof(struct ff_recipe, negative_sets)},
    {"seed", COUNT64, offsetof(struct ff_recipe, seed)},
    {"learning_rate", REAL, offsetof(struct ff_recipe, learning_rate)},
    {"weight_decay", REAL, offsetof(struct ff_recipe, weight_decay)},
    {"momentum", REAL, offsetof(struct ff_recipe, momentum)},
    {"beta1", REAL, offsetof(struct ff_recipe, beta1)},
    {"beta2", REAL, offsetof(struct ff_recipe, beta2)},
    {"epsilon", REAL, offsetof(struct ff_recipe, epsilon)},
    {"goodness_scale", REAL, offsetof(struct ff_recipe, goodness_scale)},
    {"threshold", REAL, offsetof(struct ff_recipe, threshold)},
    {"label_strength", REAL, offsetof(struct ff_recipe, label_strength)},
    {"label_smoothing", REAL, offsetof(struct ff_recipe, label_smoothing)},
    {"label_samples", COUNT, offsetof(struct ff_recipe, label_samples)},
    {"pass_on", NAME, offsetof(struct ff_recipe, pass_on)},
    {"dropout", REAL, offsetof(struct ff_recipe, dropout)},
    {"jitter", COUNT, offsetof(struct ff_recipe, jitter)},
    {"augment_copies", COUNT, offsetof(struct ff_recipe, augment_copies)},
    {"validation", REAL, offsetof(struct ff_recipe, validation)},
    {"peer_normalisation", REAL, offsetof(struct ff_recipe, peer_normalisation)},
    {"head_epochs", COUNT, offsetof(struct ff_recipe, head_epochs)},
    {"head_learning_rate", REAL, offsetof(struct ff_recipe, head_learning_rate)},
    {"head_weight_decay", REAL, offsetof(struct ff_recipe, head_weight_decay)},
};
#define RECIPE_FIELDS (sizeof recipe_fields / sizeof *recipe_fields)

static json_t *json_from_field(const struct ff_recipe *recipe, size_t field)
{
    const void *at = (const char *)recipe + recipe_fields[field].at;

    switch (recipe_fields[field].kind) {
    case NAME:
        return json_from_text(*(const char *const *)at);
    case COUNT:
        return json_from_count(*(const uint32_t *)at);
    case COUNT64:
        return json_from_count(*(const uint64_t *)at);
    default:
        return json_from_real(*(const double *)at);
    }
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

    for (i = 0; i < recipe->layers; i++)
        json_append(&hidden, json_from_count(recipe->hidden[i]));
    json_add(&out, "hidden", json_built(&hidden));
    for (i = 0; i < RECIPE_FIELDS; i++)
        json_add(&out, recipe_fields[i].key, json_from_field(recipe, i));
    return json_built(&out);
}

json_t *json_from_defaults(const struct ff_recipe *recipe)
{
    struct json_builder out = json_build(json_object());
    size_t i;

    for (i = 0; i < RECIPE_FIELDS; i++)
        if (ff_recipe_uses(recipe, recipe_fields[i].at))
            json_add(&out, recipe_fields[i].key, json_from_field(recipe, i));
    return json_built(&out);
}
