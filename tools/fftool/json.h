/*
 * How figures look to programs: JSON, through jansson. What is not a finite number is null.
 *
 * A JSON text is complete or absent: it is built in memory, and printed once it is whole. Whoever
 * builds a part gets NULL when memory is out, and hands it on: a builder remembers that one of its
 * parts has failed, and fails as a whole.
 *
 * Text is UTF-8. Of strings that others wrote, bytes that are not UTF-8 become \xNN, such as \xe9;
 * characters that a terminal must not get are escaped as \uNNNN (fftool/text.h).
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "cli.h"
#include <jansson.h>
#include <stdio.h>

/* Values; NULL when memory is out. */
json_t *json_from_real(double value);
/* VALUE was a float: of its digits those that are true. */
json_t *json_from_float(double value);
json_t *json_from_count(uint64_t count);
json_t *json_from_text(const char *text); /* TEXT may be NULL (null) */
json_t *json_from_recipe(const struct ff_recipe *recipe);
json_t *json_from_choice(const struct ff_layer_choice *choice); /* null: none was made */
/* The fields of RECIPE that are of use in it, without its layers. */
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
/* Adds peak_rss_bytes and the other figures, each category's peak among them. */
void json_add_memory(struct json_builder *object, const struct ff_memory *memory);
/* Returns what was built, which the caller owns; NULL if anything has failed. */
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
/* Ends it unprinted. */
void json_discard(struct json_writer *writer);

#endif
