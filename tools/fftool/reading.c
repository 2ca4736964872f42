#include "reading.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* No metric of a real machine is larger, and no float is smaller. Sums and ratios of such
 * numbers stay finite. */
#define LARGEST_NUMBER 9e18
#define SMALLEST_NUMBER 1e-100

/* What is said of a file. */
struct remark {
    char text[400];
};

int reading_damaged(const struct reading *reading, const char *format, ...)
{
    struct remark why;
    va_list args;

    va_start(args, format);
    vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    report_failure(reading->cli, "%s: %s", reading->path, why.text);
    return EXIT_DAMAGED;
}

void reading_warning(const struct reading *reading, const char *format, ...)
{
    struct remark what;
    va_list args;

    va_start(args, format);
    vsnprintf(what.text, sizeof what.text, format, args);
    va_end(args);
    report_warning(reading->cli, "%s: %s", reading->path, what.text);
}

double reading_number(const json_t *value)
{
    double number = json_is_number(value) ? json_number_value(value) : NAN;

    if (!(number >= 0 && number <= LARGEST_NUMBER))
        return NAN;
    return number < SMALLEST_NUMBER ? 0 : number;
}
