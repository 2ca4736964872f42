/*
 * Reading of files with any contents: everything is checked before it is used.
 */
#ifndef CLI_READING_H
#define CLI_READING_H

#include "common/cli.h"
#include <jansson.h>

/* A file being read. */
struct reading {
    const struct cli *cli;
    const char *path;
};

/* Prints that the file is damaged or of another kind, and why; returns EXIT_DAMAGED. */
int reading_damaged(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints a warning about the file, which is used all the same. */
void reading_warning(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns a JSON number if it can be a metric (not negative, not huge), else NAN. A number too
 * small for one is 0. */
double reading_number(const json_t *value);

#endif
