/* How much memory this process can use. */
#ifndef FF_BASE_AVAILABLE_H
#define FF_BASE_AVAILABLE_H

#include <stdint.h>

/* MemAvailable of the machine in bytes, or the memory limit of the process's control group if that
 * is lower. 0: unknown. */
uint64_t ff_memory_available(void);

#endif
