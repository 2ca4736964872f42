/*
 * What to do about a failure. It depends on the failure, on what it is about, and on the situation
 * that the command is in: one table (hints.c), the first row that fits.
 */
#ifndef CLI_HINTS_H
#define CLI_HINTS_H

#include "cli.h"
#include "shell.h"

/* Prints the hint for STATUS, what a call of the library on CLI's context has failed with, if there
 * is one. */
void print_hint_for(const struct cli *cli, int status);
/* Appends the command that continues CLI's training, with the options that the model does not
 * record, as they were given. */
void add_resume_command(const struct cli *cli, struct shell_text *out);

#endif
