/*
 * The clock of a job: progress reports with rate and time left. Work is counted in floating-point
 * operations of the matrix products, which take nearly all of the time.
 */
#ifndef FF_BASE_CLOCK_H
#define FF_BASE_CLOCK_H

#include <fftool/progress.h>
#include <stdbool.h>

struct ff_clock {
    void (*on_progress)(void *arg, const struct ff_progress *progress);
    bool (*interrupted)(void *arg);
    void *arg;
    double began;     /* seconds, monotonic */
    double work_done; /* by this run, in finished phases */
    double work_left; /* when this run began */
    double last_report;
    struct ff_progress now; /* the current phase */
    double phase_began;
    double phase_work;      /* of the whole phase */
    uint64_t phase_skipped; /* rows of the phase done by an earlier run */
};

double ff_now(void); /* seconds, monotonic */

/* Begins a phase of WORK operations in total. FIRST gives its phase, layer, epoch, epochs,
 * rows_total (0: unknown), and in rows the number done by an earlier run. */
void ff_clock_phase(struct ff_clock *clock, const struct ff_progress *first, double work);
/* ROWS rows of the phase are done. Reports at intervals. Returns true if the job is to stop. */
bool ff_clock_tick(struct ff_clock *clock, uint64_t rows, double loss);
/* Ends the phase and reports. */
void ff_clock_end(struct ff_clock *clock);

#endif
