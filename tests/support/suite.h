/* What every test program ends with. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

/* Runs SUITE, prints as CK_VERBOSITY asks, frees it, and returns main()'s exit code. */
int run_suite(Suite *suite);

#endif
