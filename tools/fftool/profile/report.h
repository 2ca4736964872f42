/*
 * Progress of a profile: the missing points of those requested, their estimated time, and the lines
 * on stderr that report them.
 */
#ifndef CLI_PROFILE_REPORT_H
#define CLI_PROFILE_REPORT_H

#include "common/progress.h"
#include "profile/results.h"

struct profile_report {
    struct progress lines;
    /* Set and owned by the caller. */
    const struct profile_results *results;
    const struct profile_modes *modes;
    const struct profile_depths *depths;
    bool retry; /* failed points are missing */

    size_t points, done; /* requested */
    const char *mode;    /* at work */
    uint32_t layers;
    double began_s;
};

bool profile_is_missing(const struct profile_report *progress, const char *mode, uint32_t layers);
/* Counts the points measured in FILE, and reports their number if there are any. */
void profile_report_count(struct profile_report *progress, const char *file);
/* A training begins. */
void profile_report_begin(struct profile_report *progress, const char *mode, uint32_t layers);
/* On a terminal: shows the running training, in a line that is redrawn; may be called at any rate.
 * ARG is a struct profile_report. */
void profile_report_draw(void *arg);
/* The running training is among the results now: prints its metrics, or why it failed. */
void profile_report_done(struct profile_report *progress);

#endif
