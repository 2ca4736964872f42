/* Reading results. */
#include "common/heap.h"
#include "common/whole_file.h"
#include "profile/results.h"
#include "reading.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)16 << 20)

static int check_schema(const struct reading *reading, const json_t *root)
{
    const char *schema = json_string_value(json_object_get(root, "schema"));

    if (schema == NULL)
        return reading_damaged(reading, "not results of `fftool profile`");
    if (strcmp(schema, PROFILE_SCHEMA) != 0)
        return reading_damaged(
            reading, "its schema is \"%.80s\"; this program reads " PROFILE_SCHEMA, schema);
    return EXIT_DONE;
}

/* Whether FIGURE can have this value; NAN is null. */
static bool can_be(enum profile_figure figure, double value)
{
    return !profile_figure_is_whole(figure) || isnan(value) || value == trunc(value);
}

/* A figure may be null, but must be present. */
static int read_figures(const struct reading *reading, const json_t *object, size_t index,
                        struct profile_point *point)
{
    int i;

    for (i = 0; i < PROFILE_FIGURES; i++) {
        enum profile_figure figure = (enum profile_figure)i;
        const char *member = profile_figure_member(figure);
        const json_t *value = json_object_get(object, member);

        if (value == NULL)
            return reading_damaged(reading, "points[%zu]: %s is missing", index, member);
        point->figures[i] = reading_number(value);
        if ((isnan(point->figures[i]) && !json_is_null(value)) ||
            !can_be(figure, point->figures[i]))
            return reading_damaged(reading, "points[%zu]: %s is not a possible value", index,
                                   member);
    }
    return EXIT_DONE;
}

static int read_failure(const struct reading *reading, const json_t *object, size_t index,
                        struct profile_point *point)
{
    const json_t *error = json_object_get(object, "error");
    double code = reading_number(json_object_get(object, "exit_code"));

    if (error == NULL || json_is_null(error))
        return EXIT_DONE;
    if (!json_is_string(error))
        return reading_damaged(reading, "points[%zu]: error is not a string", index);
    point->error = heap_copy(json_string_value(error));
    point->exit_code = code <= 255 ? (int)code : EXIT_FAILED;
    return EXIT_DONE;
}

static int read_point(const struct reading *reading, const json_t *object, size_t index,
                      struct profile_point *point)
{
    const char *mode = json_string_value(json_object_get(object, "mode"));
    const json_t *layers = json_object_get(object, "layers");
    json_int_t depth = json_integer_value(layers);
    int result;

    if (!json_is_object(object))
        return reading_damaged(reading, "points[%zu] is not an object", index);
    if (mode == NULL || *mode == '\0')
        return reading_damaged(reading, "points[%zu]: mode is missing, or not a string", index);
    if (depth < 1 || depth > (json_int_t)FF_MAX_LAYERS)
        return reading_damaged(reading, "points[%zu]: layers is missing, or not from 1 to %u",
                               index, FF_MAX_LAYERS);
    point->mode = heap_copy(mode);
    point->layers = (uint32_t)depth;
    result = read_figures(reading, object, index, point);
    if (result == EXIT_DONE)
        result = read_failure(reading, object, index, point);
    return result;
}

static bool has_room_for_mode(const struct profile_results *results, const char *mode)
{
    static const struct profile_depths none;
    const struct profile_modes one = {.names = {mode}, .n = 1};

    return profile_has_room(results, &one, &none);
}

static int read_points(const struct reading *reading, const json_t *array,
                       struct profile_results *out)
{
    size_t i, n = json_array_size(array);
    int result = EXIT_DONE;

    if (!json_is_array(array))
        return reading_damaged(reading, "points are missing");
    if (n > PROFILE_MOST_POINTS)
        return reading_damaged(reading, "%zu points are more than %d", n, PROFILE_MOST_POINTS);
    for (i = 0; i < n && result == EXIT_DONE; i++) {
        struct profile_point point = {0};

        result = read_point(reading, json_array_get(array, i), i, &point);
        if (result == EXIT_DONE && profile_find(out, point.mode, point.layers) != NULL)
            result = reading_damaged(reading, "points[%zu]: %.80s of %u layers occurs twice", i,
                                     point.mode, point.layers);
        if (result == EXIT_DONE && !has_room_for_mode(out, point.mode))
            result =
                reading_damaged(reading, "points[%zu]: more than %d modes", i, PROFILE_MOST_MODES);
        if (result == EXIT_DONE)
            profile_put(out, &point);
        else
            profile_point_release(&point);
    }
    return result;
}

/* The numbers that describe what was measured. */
static int check_settings(const struct reading *reading, const struct profile_results *results)
{
    static const char *const needed[] = {"hidden", "batch", "epochs"};
    size_t i;

    for (i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!(profile_setting(results, needed[i]) >= 1))
            return reading_damaged(reading, "settings: %s is missing, or not a number from 1",
                                   needed[i]);
    return EXIT_DONE;
}

/* Takes a reference to a member of ROOT that must be an object. */
static int read_object(const struct reading *reading, const json_t *root, const char *name,
                       json_t **out)
{
    json_t *object = json_object_get(root, name);

    if (!json_is_object(object))
        return reading_damaged(reading, "%s are missing", name);
    *out = json_incref(object);
    return EXIT_DONE;
}

/* Takes a reference to a member of ROOT; null if it is absent. */
static json_t *member_or_null(const json_t *root, const char *name)
{
    json_t *value = json_object_get(root, name);

    return value != NULL ? json_incref(value) : json_null();
}

static char *text_or_empty(const json_t *root, const char *name)
{
    const char *text = json_string_value(json_object_get(root, name));

    return heap_copy(text != NULL ? text : "");
}

static int read_document(const struct reading *reading, const json_t *root,
                         struct profile_results *out)
{
    int result = check_schema(reading, root);

    if (result == EXIT_DONE)
        result = read_object(reading, root, "settings", &out->settings);
    if (result == EXIT_DONE)
        result = check_settings(reading, out);
    if (result != EXIT_DONE)
        return result;
    out->machine = member_or_null(root, "machine");
    out->date = text_or_empty(root, "date");
    out->data = text_or_empty(root, "data");
    return read_points(reading, json_object_get(root, "points"), out);
}

int profile_results_parse(const struct reading *reading, const char *text, size_t bytes,
                          struct profile_results *out)
{
    json_error_t error;
    json_t *root;
    int result;

    *out = (struct profile_results){0};
    if (bytes > MOST_BYTES)
        return reading_damaged(reading, "more than %zu MiB; not results of `fftool profile`",
                               MOST_BYTES >> 20);
    root = heap_json(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return reading_damaged(reading, "not a JSON document: line %d: %s", error.line, error.text);
    result = read_document(reading, root, out);
    json_decref(root);
    return result;
}

int profile_results_read(const struct cli *cli, const char *path, struct profile_results *out)
{
    struct reading reading = {cli, path};
    char *text;
    size_t bytes;
    int result;

    *out = (struct profile_results){0};
    result = whole_file_read(cli, path, MOST_BYTES, &text, &bytes);
    if (result == EXIT_DONE)
        result = profile_results_parse(&reading, text, bytes, out);
    free(text);
    return result;
}
