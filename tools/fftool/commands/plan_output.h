/*
 * Output of a plan as text and as JSON.
 */
#ifndef CLI_COMMANDS_PLAN_OUTPUT_H
#define CLI_COMMANDS_PLAN_OUTPUT_H

#include "common/output.h"
#include "json.h"
#include <fftool/plan.h>

/* The estimated seconds of an epoch of each layer, as on_epoch_time of struct ff_train_opts
 * receives them. All zero: none yet. */
struct plan_times {
    struct plan_time {
        uint32_t first, last; /* 0: the whole network */
        double seconds;
    } * rows;
    size_t n;
};
void plan_times_add(struct plan_times *times, uint32_t first, uint32_t last, double seconds);
void plan_times_release(struct plan_times *times);

/* Calls LINE with the time of a training with PLAN and the speed that it assumes: "estimated time:
 * about 2 min 05 s at 75.0 GFLOP/s (measured)". Some seconds at nominal speed say nothing, and are
 * not printed. */
void plan_time_line(const struct ff_plan *plan, void (*line)(void *arg, const char *text),
                    void *arg);
/* Calls LINE with the time of an epoch of each layer. */
void plan_time_lines(const struct plan_times *times, void (*line)(void *arg, const char *text),
                     void *arg);
/* Adds the estimate of time to OBJECT. */
void json_add_times(struct json_builder *object, const struct ff_plan *plan,
                    const struct plan_times *times);

/* Warns if the training takes so few steps that little may be learned. */
void plan_warn_of_steps(const struct cli *cli, const struct ff_plan *plan);
/* Calls LINE with each line of the memory plan, category by category, with its reasons. */
void plan_lines(const struct ff_plan *plan, void (*line)(void *arg, const char *text), void *arg);
/* Adds every value of PLAN but the time to OBJECT. */
void json_add_plan(struct json_builder *object, const struct ff_plan *plan);

#endif
