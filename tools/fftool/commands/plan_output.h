/*
 * Output of a plan as text and as JSON.
 */
#ifndef CLI_COMMANDS_PLAN_OUTPUT_H
#define CLI_COMMANDS_PLAN_OUTPUT_H

#include "json.h"
#include <fftool/plan.h>

/* Calls LINE with each line of the memory plan, category by category, with its reasons. */
void plan_lines(const struct ff_plan *plan, void (*line)(void *arg, const char *text), void *arg);
/* Adds every value of PLAN to OBJECT. */
void json_add_plan(struct json_builder *object, const struct ff_plan *plan);

#endif
