/*
 * Address space where it is limited (`ulimit -v`, and -d, which limits most of it).
 */
#ifndef CLI_ADDRESS_SPACE_H
#define CLI_ADDRESS_SPACE_H

#include <stdbool.h>

bool address_space_is_limited(void);

/*
 * OpenBLAS starts a thread for each processor as it is loaded, before main(). Each takes 128 MiB of
 * address space or, if there is less, tries forever, and then the process cannot end. The
 * program does not use them: if address space is limited, this executes the program again, with
 * ARGV and without these threads. Returns if that has happened, if there is no limit, or if it
 * fails.
 */
void spare_address_space(char **argv);

#endif
