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

json_t *json_from_recipe(const struct ff_recipe *recipe)
{
    json_t *out = json_object(), *hidden = json_array();
    uint32_t i;

    for (i = 0; i < recipe->layers; i++)
        json_append(hidden, json_from_count(recipe->hidden[i]));
    json_add(out, "hidden", hidden);
    json_add(out, "mode", json_from_text(recipe->mode));
    json_add(out, "recipe", json_from_text(recipe->recipe));
    json_add(out, "loss", json_from_text(recipe->loss));
    json_add(out, "optimizer", json_from_text(recipe->optimizer));
    json_add(out, "schedule", json_from_text(recipe->schedule));
    json_add(out, "label_embedding", json_from_text(recipe->embedding));
    json_add(out, "activations", json_from_text(recipe->activations));
    json_add(out, "epochs", json_from_count(recipe->epochs));
    json_add(out, "sweeps", json_from_count(recipe->sweeps));
    json_add(out, "batch", json_from_count(recipe->batch));
    json_add(out, "negatives", json_from_text(recipe->negatives));
    json_add(out, "negative_sets", json_from_count(recipe->negative_sets));
    json_add(out, "seed", json_from_count(recipe->seed));
    json_add(out, "learning_rate", json_from_real(recipe->learning_rate));
    json_add(out, "weight_decay", json_from_real(recipe->weight_decay));
    json_add(out, "momentum", json_from_real(recipe->momentum));
    json_add(out, "beta1", json_from_real(recipe->beta1));
    json_add(out, "beta2", json_from_real(recipe->beta2));
    json_add(out, "epsilon", json_from_real(recipe->epsilon));
    json_add(out, "goodness_scale", json_from_real(recipe->goodness_scale));
    json_add(out, "threshold", json_from_real(recipe->threshold));
    json_add(out, "label_strength", json_from_real(recipe->label_strength));
    json_add(out, "label_smoothing", json_from_real(recipe->label_smoothing));
    json_add(out, "label_samples", json_from_count(recipe->label_samples));
    json_add(out, "pass_on", json_from_text(recipe->pass_on));
    json_add(out, "dropout", json_from_real(recipe->dropout));
    json_add(out, "jitter", json_from_count(recipe->jitter));
    json_add(out, "augment_copies", json_from_count(recipe->augment_copies));
    json_add(out, "validation", json_from_real(recipe->validation));
    json_add(out, "peer_normalisation", json_from_real(recipe->peer_normalisation));
    json_add(out, "head_epochs", json_from_count(recipe->head_epochs));
    json_add(out, "head_learning_rate", json_from_real(recipe->head_learning_rate));
    json_add(out, "head_weight_decay", json_from_real(recipe->head_weight_decay));
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
