/*
 * Scratch in memory (FF_MEM_OTHER), with the interface of the one on disk: for comparing streamed
 * training with training in memory, and for tests that need no files. Sets survive being closed
 * until they are dropped or the scratch is closed.
 */
#ifndef FF_TESTS_MEMORY_SCRATCH_H
#define FF_TESTS_MEMORY_SCRATCH_H

#include "store/activations.h"

FF_CHECK int ff_memory_scratch_new(struct ff_ctx *ctx, struct ff_scratch *out);

#endif
