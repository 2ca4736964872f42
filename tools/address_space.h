/*
 * Address space where it is limited (`ulimit -v`, and -d, which limits most of it).
 */
#ifndef FFTOOL_ADDRESS_SPACE_H
#define FFTOOL_ADDRESS_SPACE_H

#include <stdbool.h>

bool address_space_is_limited(void);

/*
 * OpenBLAS starts a thread for each processor as it is loaded, before main(). Each takes 128 MiB of
 * address space or, if there is not as much, tries for ever, and then the process cannot end. They
 * are of no use here: where address space is limited the program, run as ARGV, starts anew without
 * them. Returns if it has, if there is no limit, or if it cannot.
 */
void spare_address_space(char **argv);

#endif
