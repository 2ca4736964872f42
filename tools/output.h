/*
 * How figures look: to people (grouped digits, units, a dash for what is not known) and to programs
 * (JSON, through jansson; what is not a finite number is null).
 */
#ifndef FFTOOL_OUTPUT_H
#define FFTOOL_OUTPUT_H

#include <fftool/fftool.h>
#include <jansson.h>
#include <stdio.h>

/* A short text, returned by value. */
struct text {
    char s[48];
};

struct text text_count(uint64_t count); /* "60,000" */
/* "60,000 samples", "1 sample": UNIT takes an s. */
struct text text_counted(uint64_t count, const char *unit);
struct text text_bytes(uint64_t bytes);                /* "41.2 MiB" */
struct text text_size(uint64_t bytes);                 /* "64M": as it is typed, exactly */
struct text text_duration(double seconds);             /* "2 min 05 s" */
struct text text_percent(double fraction);             /* "2.41 %", "-" for NAN */
struct text text_real(double value);                   /* "0.1234", "-" for NAN */
struct text text_share(uint64_t part, uint64_t whole); /* "12.5 %", "0" for none at all */

/* A unit of bytes, and how many it stands for. */
struct byte_unit {
    const char *name;
    double bytes;
};

/* Returns the unit that BYTES, or -BYTES, are told in: the largest of which they are 1.0, rounded.
 */
struct byte_unit byte_unit(double bytes);

/* One line with the three figures of memory, without a newline: "peak 41.2 MiB resident, ...". */
void print_memory(FILE *out, const struct ff_memory *memory);

json_t *json_from_real(double value);
/* VALUE was a float: of its digits those that are true. */
json_t *json_from_float(double value);
json_t *json_from_count(uint64_t count);
/* TEXT may be NULL (null); bytes that are not UTF-8 become question marks. */
json_t *json_from_text(const char *text);
/* Sets KEY of OBJECT to VALUE, which is taken over. Exits when memory is out. */
void json_add(json_t *object, const char *key, json_t *value);
/* Appends VALUE, which is taken over, to ARRAY. Exits when memory is out. */
void json_append(json_t *array, json_t *value);
/* Adds peak_rss_bytes and the other figures, each category's peak among them, to OBJECT. */
void json_add_memory(json_t *object, const struct ff_memory *memory);
json_t *json_from_recipe(const struct ff_recipe *recipe);
json_t *json_from_choice(const struct ff_layer_choice *choice); /* null: none was made */
/* The fields of RECIPE that are of use in it, without its layers. */
json_t *json_from_defaults(const struct ff_recipe *recipe);
/* Prints VALUE, which is taken over, as an indented document. */
void json_print(FILE *out, json_t *value);
/* Prints VALUE, which is taken over, on one line and flushes it. */
void json_print_line(FILE *out, json_t *value);

/*
 * One object printed member by member, for documents with arrays that would not be small in memory.
 */
struct json_writer {
    FILE *out;
    int depth;
    bool first; /* no member printed yet at this depth */
};

void json_begin(struct json_writer *writer, FILE *out);
/* KEY is NULL in an array. VALUE is taken over. */
void json_member(struct json_writer *writer, const char *key, json_t *value);
/* Prints every member of OBJECT, which is taken over, as members of the one being written. */
void json_members(struct json_writer *writer, json_t *object);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end_array(struct json_writer *writer);
void json_end(struct json_writer *writer);

#endif
