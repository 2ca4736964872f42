/*
 * Progress on stderr: on a terminal a bar with rate and time left, redrawn in place; elsewhere a
 * line from time to time; nothing when quiet.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <fftool/train.h>
#include <stdbool.h>

struct progress {
    bool quiet, terminal;
    bool drawn;         /* a bar stands on the current line */
    double last_time_s; /* of the last bar or line */
};

void progress_init(struct progress *progress, bool quiet);
/* Shows the progress; may be called at any rate. */
void progress_show(struct progress *progress, const struct ff_progress *at);
/* Prints a permanent line, above the bar. */
void progress_line(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Removes the bar. */
void progress_end(struct progress *progress);
/* Seconds of a clock that only moves forward. */
double now_s(void);

#endif
