#include "nn/schedule.h"

#include <math.h>
#include <string.h>

/* The fraction of the training that is done, 0 .. 1. */
static double progress(uint64_t done, uint64_t total)
{
    return done < total ? (double)done / (double)total : 1.0;
}

static double linear(uint64_t done, uint64_t total)
{
    return 1.0 - progress(done, total);
}

static double constant(uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return 1.0;
}

static double half_linear(uint64_t done, uint64_t total)
{
    return fmin(1.0, 2.0 * linear(done, total));
}

/* Loshchilov and Hutter 2017, equation 5, without restarts. */
static double cosine(uint64_t done, uint64_t total)
{
    return 0.5 * (1.0 + cos(M_PI * progress(done, total)));
}

static const struct ff_schedule schedules[] = {
    {"linear", "falls from the learning rate to 0 in a straight line", linear},
    {"constant", "stays at the learning rate", constant},
    {"half-linear", "constant for half the steps, then in a straight line to 0", half_linear},
    {"cosine", "falls from the learning rate to 0 along half a cosine wave", cosine},
};

const struct ff_schedule *ff_schedules(size_t *count)
{
    *count = sizeof schedules / sizeof *schedules;
    return schedules;
}

const struct ff_schedule *ff_schedule_find(const char *name)
{
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        if (strcmp(schedules[i].name, name) == 0)
            return &schedules[i];
    }
    return NULL;
}
