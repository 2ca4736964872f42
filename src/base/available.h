/* How much memory there is for this process. */
#ifndef FF_BASE_AVAILABLE_H
#define FF_BASE_AVAILABLE_H

#include <stdint.h>

/* Bytes that the machine can still give, or the limit of a control group that holds the process, if
 * that is less. 0: not known. */
uint64_t ff_memory_available(void);

#endif
