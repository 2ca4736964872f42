/*
 * Reading files that may hold anything: nothing of them is believed unchecked.
 */
#ifndef CLI_READING_H
#define CLI_READING_H

#include "cli.h"
#include <jansson.h>

/* A file being read. */
struct reading {
    const struct cli *cli;
    const char *path;
};

/* Prints that the file is damaged, or no such file, and why; returns EXIT_DAMAGED. */
int reading_damaged(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints a warning about the file, which is used none the less. */
void reading_warning(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns a number of JSON if it can be a figure (not negative, not huge), else NAN. What is too
 * small for one is 0. */
double reading_number(const json_t *value);

#endif
