/* Results of `fftool profile` as a table. */
#ifndef CLI_PROFILE_SUMMARY_H
#define CLI_PROFILE_SUMMARY_H

#include "profile/results.h"

/* Prints peak memory by depth and mode, its growth, and how the modes compare. */
void profile_summary(const struct profile_results *results, FILE *out);

#endif
