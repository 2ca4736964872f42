/* Numbers as text: decimal, with an optional sign, fraction and exponent. */
#ifndef FF_TABLE_NUMBER_H
#define FF_TABLE_NUMBER_H

#include <locale.h>
#include <stdbool.h>

/*
 * Reads all of TEXT, such as "-1.5e3", ".5" or "7.", as the nearest double, ties to even; *OUT is
 * infinite beyond its range. False: TEXT is not such a number; infinities, NaNs and hexadecimal
 * numbers are not. C is the locale "C", so that the decimal point does not depend on that of the
 * process.
 */
bool ff_number_parse(const char *text, locale_t c, double *out);

#endif
