/*
 * JSON output, built with jansson. A number that is not finite is null.
 *
 * A JSON text is complete or absent: it is built in memory, and printed once it is whole. If memory
 * runs out, a part is NULL and may be passed on: a builder with a failed part fails as a whole.
 *
 * Text is UTF-8. In strings from outside, bytes that are not UTF-8 become \xNN, such as \xe9;
 * characters that must not reach a terminal are escaped as \uNNNN (fftool/text.h).
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "common/cli.h"
#include <jansson.h>
#include <stdio.h>

/* Values; NULL: out of memory. */
json_t *json_from_real(double value);
/* VALUE was a float: only its significant digits. */
json_t *json_from_float(double value);
json_t *json_from_count(uint64_t count);
json_t *json_from_text(const char *text); /* TEXT may be NULL (null) */
json_t *json_from_recipe(const struct ff_recipe *recipe);
json_t *json_from_choice(const struct ff_layer_choice *choice); /* null: none was made */
/* The fields that RECIPE uses, without its layers. */
json_t *json_from_defaults(const struct ff_recipe *recipe);

/* An object or an array being built. */
struct json_builder {
    json_t *value;
    bool failed;
};

/* Begins with VALUE, a new object or array, which is taken over; NULL: it fails. */
struct json_builder json_build(json_t *value);
/* Sets KEY of an object to VALUE, which is taken over; NULL: the builder fails. */
void json_add(struct json_builder *object, const char *key, json_t *value);
/* Appends VALUE, as above, to an array. */
void json_append(struct json_builder *array, json_t *value);
/* Adds peak_rss_bytes and the other metrics of memory, with the peak of each category. */
void json_add_memory(struct json_builder *object, const struct ff_memory *memory);
/* Returns the value built, owned by the caller; NULL if any part has failed. */
json_t *json_built(struct json_builder *builder);

/* Returns VALUE, which is taken over and may be NULL, as text with jansson's FLAGS, to be freed
 * with free(); NULL when memory is out. */
char *json_text(json_t *value, size_t flags);
/* Prints VALUE, which is taken over, on stdout as an indented document. Returns EXIT_DONE, or
 * EXIT_FAILED with nothing printed on stdout, and the reason reported, when memory is out. */
int json_print(const struct cli *cli, json_t *value);
/* The same into a text, to be freed with free(); NULL when memory is out. */
char *json_document(json_t *value);

/*
 * A document written member by member, for one with arrays that would not be small as values.
 */
struct json_writer {
    FILE *out; /* to TEXT */
    char *text;
    size_t bytes;
    int depth;
    bool first; /* no member written yet at this depth */
    bool failed;
};

void json_begin(struct json_writer *writer);
/* KEY is NULL in an array. VALUE is taken over; NULL: the document fails. */
void json_member(struct json_writer *writer, const char *key, json_t *value);
/* Writes every member of OBJECT, which is taken over, as members of the one being written. */
void json_members(struct json_writer *writer, json_t *object);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end_array(struct json_writer *writer);
/* Ends the document and prints it; returns as json_print(). */
int json_end(struct json_writer *writer, const struct cli *cli);
/* Ends the document without printing it. */
void json_discard(struct json_writer *writer);

#endif
