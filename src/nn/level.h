/* For files of kernels: the names of the kernels in the file's level (base/level.h). */
#ifndef FF_NN_LEVEL_H
#define FF_NN_LEVEL_H

#include "base/level.h"
#include "nn/dropout.h"
#include "nn/kernels.h"
#include "nn/labels.h"
#include "nn/optimizer_blocks.h"

#define FF_KERNEL(type, name, parameters, arguments) type FF_AT_LEVEL(name) parameters;
#include "nn/kernel_list.h"
#undef FF_KERNEL

#endif
