/* JSON out. */
#include "output.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 9 digits tell every float apart; doubles here are means of floats. */
#define JSON_FLAGS (JSON_REAL_PRECISION(12) | JSON_ENCODE_ANY)
#define JSON_INDENT_COLUMNS 2

static _Noreturn void out_of_memory(void)
{
    fputs("fftool: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

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
    return json_integer((json_int_t)count);
}

json_t *json_from_text(const char *text)
{
    json_t *value;
    char *copy, *c;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    copy = strdup(text);
    if (copy == NULL)
        out_of_memory();
    for (c = copy; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    value = json_string(copy);
    free(copy);
    return value;
}

void json_add(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        out_of_memory();
}

void json_append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        out_of_memory();
}

/* The process's own figures are 0 where there is no /proc to read them from. */
static json_t *json_from_measured(uint64_t bytes)
{
    return bytes > 0 ? json_from_count(bytes) : json_null();
}

void json_add_memory(json_t *object, const struct ff_memory *memory)
{
    json_t *categories = json_object();
    int i;

    json_add(object, "peak_rss_bytes", json_from_measured(memory->peak_rss_bytes));
    json_add(object, "peak_anon_bytes", json_from_measured(memory->peak_anon_bytes));
    json_add(object, "accounted_peak_bytes", json_from_count(memory->accounted_peak_bytes));
    for (i = 0; i < FF_MEM_CATEGORIES; i++)
        json_add(categories, ff_memory_category((enum ff_category)i),
                 json_from_count(memory->category_peak_bytes[i]));
    json_add(object, "category_peak_bytes", categories);
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
    json_t *object;

    if (choice->first == 0)
        return json_null();
    object = json_object();
    json_add(object, "first", json_from_count(choice->first));
    json_add(object, "last", json_from_count(choice->last));
    json_add(object, "held_out_error", json_from_float(choice->held_out_error));
    json_add(object, "temperature", json_from_float(choice->temperature));
    return object;
}

json_t *json_from_recipe(const struct ff_recipe *recipe)
{
    json_t *out = json_object(), *hidden = json_array();
    uint32_t i;

    for (i = 0; i < recipe->layers; i++)
        json_append(hidden, json_from_count(recipe->hidden[i]));
    json_add(out, "hidden", hidden);
    for (i = 0; i < RECIPE_FIELDS; i++)
        json_add(out, recipe_fields[i].key, json_from_field(recipe, i));
    return out;
}

json_t *json_from_defaults(const struct ff_recipe *recipe)
{
    json_t *out = json_object();
    size_t i;

    for (i = 0; i < RECIPE_FIELDS; i++)
        if (ff_recipe_uses(recipe, recipe_fields[i].at))
            json_add(out, recipe_fields[i].key, json_from_field(recipe, i));
    return out;
}

static void dump(FILE *out, json_t *value, size_t flags)
{
    if (value == NULL)
        out_of_memory();
    json_dumpf(value, out, flags | JSON_FLAGS);
    json_decref(value);
}

void json_print(FILE *out, json_t *value)
{
    dump(out, value, JSON_INDENT(JSON_INDENT_COLUMNS));
    fputc('\n', out);
}

void json_print_line(FILE *out, json_t *value)
{
    dump(out, value, JSON_COMPACT);
    fputc('\n', out);
    fflush(out);
}

static void next_line(struct json_writer *writer)
{
    fprintf(writer->out, "%s\n%*s", writer->first ? "" : ",", writer->depth * JSON_INDENT_COLUMNS,
            "");
    writer->first = false;
}

void json_begin(struct json_writer *writer, FILE *out)
{
    *writer = (struct json_writer){.out = out, .depth = 1, .first = true};
    fputc('{', out);
}

void json_member(struct json_writer *writer, const char *key, json_t *value)
{
    next_line(writer);
    if (key != NULL)
        fprintf(writer->out, "\"%s\": ", key);
    dump(writer->out, value, 0);
}

void json_members(struct json_writer *writer, json_t *object)
{
    void *at;

    for (at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        json_member(writer, json_object_iter_key(at), json_incref(json_object_iter_value(at)));
    json_decref(object);
}

void json_begin_array(struct json_writer *writer, const char *key)
{
    next_line(writer);
    fprintf(writer->out, "\"%s\": [", key);
    writer->depth++;
    writer->first = true;
}

void json_end_array(struct json_writer *writer)
{
    writer->depth--;
    if (!writer->first)
        fprintf(writer->out, "\n%*s", writer->depth * JSON_INDENT_COLUMNS, "");
    fputc(']', writer->out);
    writer->first = false;
}

void json_end(struct json_writer *writer)
{
    fputs("\n}\n", writer->out);
}
