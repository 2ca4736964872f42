/*
 * Numbers for people: grouped digits, units, a dash for unknown values. For programs see json.h.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <fftool/fftool.h>
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

/* A field's name in words: "label strength". */
struct text text_words(const char *name);
/* The value of FIELD in RECIPE, in which it is set. */
struct text text_field(const struct ff_recipe *recipe, const struct ff_recipe_field *field);

/* A unit of bytes, and its size. */
struct byte_unit {
    const char *name;
    double bytes;
};

/* Returns the unit for BYTES, or -BYTES: the largest of which they are at least 1.0, rounded.
 */
struct byte_unit byte_unit(double bytes);

/* One line with the three metrics of memory, without a newline: "peak 41.2 MiB resident, ...". */
void print_memory(FILE *out, const struct ff_memory *memory);

#endif
