/*
 * How a plan looks, to people and to programs.
 */
#ifndef CLI_COMMANDS_PLAN_OUTPUT_H
#define CLI_COMMANDS_PLAN_OUTPUT_H

#include "json.h"
#include <fftool/plan.h>

/* Calls LINE with each line of the plan of memory, category by category, and how it came about. */
void plan_lines(const struct ff_plan *plan, void (*line)(void *arg, const char *text), void *arg);
/* Adds every figure of PLAN to OBJECT. */
void json_add_plan(struct json_builder *object, const struct ff_plan *plan);

#endif
