/* The lists of options of `fftool profile`. */
#ifndef CLI_PROFILE_LIST_H
#define CLI_PROFILE_LIST_H

#include "profile/results.h"

/*
 * Reads depths such as "2,4,8" or "2,7,...,47" into OUT, in ascending order: three dots continue in
 * equal steps up to the number after them. Returns EXIT_DONE, or EXIT_USAGE with the reason
 * printed.
 */
int profile_parse_depths(const char *command, const char *text, struct profile_depths *out);
/* Reads names of training modes, without repetition. Returns as above; the names live forever. */
int profile_parse_modes(const char *command, const char *text, struct profile_modes *out);

#endif
