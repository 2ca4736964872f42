/* Description of this machine, which measurements need to be compared. */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include <jansson.h>

/*
 * Returns an object: cpu, processors (that this process may use), memory_bytes, kernel, fftool (the
 * version) and blas, which is null: only a model records it. Unknown values are null.
 */
json_t *machine_object(void);
/* Returns the number of processors that this process may use. */
unsigned machine_processors(void);

#endif
