/*
 * Data from standard input. Datasets are read more than once, so what is not a file is first copied
 * to a temporary file without a name, which no ending of the program can leave behind.
 */
#ifndef CLI_STANDARD_INPUT_H
#define CLI_STANDARD_INPUT_H

#include "common/cli.h"

#define STANDARD_INPUT_PATH "/dev/stdin" /* of the data once it is kept */

/* Keeps standard input in a file in one of N DIRECTORIES, the first that takes files. Returns
 * EXIT_DONE, or EXIT_FAILED or EXIT_INTERRUPTED with the reason printed. */
int standard_input_keep(const struct cli *cli, const char *const *directories, size_t n);

#endif
