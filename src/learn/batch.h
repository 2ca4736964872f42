/* One batch of an epoch, for learners. */
#ifndef FF_LEARN_BATCH_H
#define FF_LEARN_BATCH_H

#include <stdint.h>

struct ff_batch {
    uint64_t batch; /* its number in stored order */
    uint64_t next;  /* number of the next batch; FF_NO_BATCH: the epoch ends */
    uint32_t epoch; /* from 0 */
    uint64_t step;  /* optimizer step in this stage, from 1 */
    float lr;
};
#define FF_NO_BATCH UINT64_MAX

#endif
