/* Results of `fftool profile` as a table. */
#ifndef FFTOOL_PROFILE_SUMMARY_H
#define FFTOOL_PROFILE_SUMMARY_H

#include "profile_results.h"

/* Prints peak memory by depth and mode, its growth, and how the modes compare. */
void profile_summary(const struct profile_results *results, FILE *out);

#endif
