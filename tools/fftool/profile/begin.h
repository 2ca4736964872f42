/* The results at the start of a profile. */
#ifndef CLI_PROFILE_BEGIN_H
#define CLI_PROFILE_BEGIN_H

#include "profile/measure.h"

/*
 * Reads the results in PATH, which must have the same SETTINGS, into OUT; if there are none, and
 * with FORCE, creates the file, but never over a file of another kind. LINES prints the warning
 * that results may not be comparable. Returns EXIT_DONE, or an exit code with the reason printed.
 * OUT is to be released in either case.
 */
int profile_begin(const struct cli *cli, const char *path, bool force,
                  const struct profile_settings *settings, struct progress *lines,
                  struct profile_results *out);

#endif
