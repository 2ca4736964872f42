/*
 * What to do about a failure: one table (hints.c), searched for the first row that fits the
 * failure, its subject, and the situation of the command.
 */
#ifndef CLI_HINTS_H
#define CLI_HINTS_H

#include "common/cli.h"
#include "common/shell.h"

/* Prints the hint, if there is one, for STATUS, returned by a call of the library on CLI's context.
 */
void print_hint_for(const struct cli *cli, int status);
/* Appends the command that resumes CLI's training, with the given options that the model does not
 * record. */
void add_resume_command(const struct cli *cli, struct shell_text *out);

#endif
