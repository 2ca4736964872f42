/* Numbers in text, read fast and rounded correctly. */
#ifndef FF_TABLE_NUMBER_H
#define FF_TABLE_NUMBER_H

#include <stdbool.h>

/*
 * Reads TEXT, a decimal number such as -12.5e3 with optional blanks around it, as the nearest
 * double (W. D. Clinger, "How to read floating point numbers accurately", 1990: exact while both
 * digits and power of ten are; else by the C library, in the C locale). False: it is no number, or
 * is not finite.
 */
bool ff_number_read(const char *text, double *out);

#endif
