/* Learning-rate schedules: the factor of the learning rate over one layer's training. One row each
 * in the table of schedule.c. */
#ifndef FF_NN_SCHEDULE_H
#define FF_NN_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct ff_schedule {
    const char *name;
    const char *summary;
    /* The factor, 0 .. 1, of the step that follows DONE of TOTAL steps. */
    double (*factor)(uint64_t done, uint64_t total);
};

/* "linear" (1 to 0), "constant", "half-linear" (constant for half the steps, then linear to 0;
 * Hinton 2022), "cosine". */
const struct ff_schedule *ff_schedule_find(const char *name);
const struct ff_schedule *ff_schedules(size_t *count);

#endif
