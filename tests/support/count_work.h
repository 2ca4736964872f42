/*
 * How much work a planner does, counted instead of timed: its calls of ff_layer_of() and
 * ff_peak_consider(), which the linker's --wrap leads through here.
 */
#ifndef COUNT_WORK_H
#define COUNT_WORK_H

#include <stddef.h>

/* Calls since the last call of this function. */
size_t count_work(void);

#endif
