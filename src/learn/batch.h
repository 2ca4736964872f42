/* One batch of an epoch, as what learns from it sees it. */
#ifndef FF_LEARN_BATCH_H
#define FF_LEARN_BATCH_H

#include <stdint.h>

struct ff_batch {
    uint64_t batch; /* its number among the stored ones */
    uint64_t next;  /* that of the one after it; FF_NO_BATCH: the epoch ends */
    uint32_t epoch; /* from 0 */
    uint64_t step;  /* of the optimizer in this stage, from 1 */
    float lr;
};
#define FF_NO_BATCH UINT64_MAX

#endif
