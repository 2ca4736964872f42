#include "reading.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* No figure of a real machine is larger, and sums and ratios of such numbers stay finite. */
#define LARGEST_NUMBER 9e18

/* A line about a file. */
struct line {
    char text[400];
};

static struct line line_of(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static struct line line_of(const char *format, va_list args)
{
    struct line line;
    char *c;

    vsnprintf(line.text, sizeof line.text, format, args);
    for (c = line.text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return line;
}

int reading_damaged(const struct reading *reading, const char *format, ...)
{
    struct line why;
    va_list args;

    va_start(args, format);
    why = line_of(format, args);
    va_end(args);
    report_failure(reading->cli, "%s: %s", reading->path, why.text);
    return EXIT_DAMAGED;
}

void reading_warning(const struct reading *reading, const char *format, ...)
{
    struct line what;
    va_list args;

    va_start(args, format);
    what = line_of(format, args);
    va_end(args);
    if (!reading->cli->quiet)
        fprintf(stderr, "fftool: %s: warning: %s: %s\n", reading->cli->command, reading->path,
                what.text);
}

double reading_number(const json_t *value)
{
    double number = json_is_number(value) ? json_number_value(value) : NAN;

    return number >= 0 && number <= LARGEST_NUMBER ? number : NAN;
}
