#include "base/clock.h"

#include <math.h>
#include <time.h>

#define REPORT_INTERVAL_S 0.1

double ff_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double share_done(const struct ff_clock *clock, uint64_t rows)
{
    return clock->now.rows_total ? (double)rows / (double)clock->now.rows_total : 0;
}

static void report(struct ff_clock *clock)
{
    double now = ff_now(), in_phase = now - clock->phase_began;
    uint64_t rows = clock->now.rows - clock->phase_skipped;
    double done = clock->work_done + clock->phase_work * (share_done(clock, clock->now.rows) -
                                                          share_done(clock, clock->phase_skipped));

    clock->last_report = now;
    if (!clock->on_progress)
        return;
    clock->now.rows_per_second = in_phase > 0 ? (double)rows / in_phase : 0;
    clock->now.seconds_left =
        done > 0 ? (clock->work_left - done) * (now - clock->began) / done : -1;
    clock->on_progress(clock->arg, &clock->now);
}

void ff_clock_phase(struct ff_clock *clock, const struct ff_progress *first, double work)
{
    uint32_t layers = clock->now.layers;

    clock->now = *first;
    clock->now.layers = layers;
    clock->now.loss = NAN;
    clock->phase_began = ff_now();
    clock->phase_work = work;
    clock->phase_skipped = first->rows;
    report(clock);
}

bool ff_clock_tick(struct ff_clock *clock, uint64_t rows, double loss)
{
    clock->now.rows = rows;
    clock->now.loss = loss;
    if (ff_now() - clock->last_report >= REPORT_INTERVAL_S)
        report(clock);
    return clock->interrupted && clock->interrupted(clock->arg);
}

void ff_clock_end(struct ff_clock *clock)
{
    clock->now.rows = clock->now.rows_total;
    report(clock);
    clock->work_done += clock->phase_work * (1 - share_done(clock, clock->phase_skipped));
}
