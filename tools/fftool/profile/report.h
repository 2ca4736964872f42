/*
 * How far a profile is: what is missing of the points that are asked for, how long they will take,
 * and the lines on stderr that tell.
 */
#ifndef CLI_PROFILE_REPORT_H
#define CLI_PROFILE_REPORT_H

#include "profile/results.h"
#include "progress.h"

struct profile_report {
    struct progress lines;
    /* What the caller sets, and keeps. */
    const struct profile_results *results;
    const struct profile_modes *modes;
    const struct profile_depths *depths;
    bool retry; /* points that failed are missing */

    size_t points, done; /* that are asked for */
    const char *mode;    /* at work */
    uint32_t layers;
    double began_s;
};

bool profile_is_missing(const struct profile_report *progress, const char *mode, uint32_t layers);
/* Counts the points that are there, and tells if there are any; FILE holds them. */
void profile_report_count(struct profile_report *progress, const char *file);
/* A training begins. */
void profile_report_begin(struct profile_report *progress, const char *mode, uint32_t layers);
/* On a terminal: shows what is at work, in a line that is drawn anew; as often as one likes. ARG is
 * a struct profile_report. */
void profile_report_draw(void *arg);
/* What was at work is among the results now: tells its figures, or why it failed. */
void profile_report_done(struct profile_report *progress);

#endif
