/* For files of kernels: the names of the kernels in the file's level (base/level.h). */
#ifndef FF_NN_LEVEL_H
#define FF_NN_LEVEL_H

#include "base/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ff_adam;
struct ff_labels;
struct ff_rng;
struct ff_sgd;

#define FF_KERNEL FF_DECLARE_KERNEL
#include "nn/kernel_list.h"
#undef FF_KERNEL

#endif
