/* The kernels by their plain names: those of the level in use (base/level.h). */
#include "nn/dropout.h"
#include "nn/kernels.h"
#include "nn/labels.h"
#include "nn/level.h"
#include "nn/optimizer_blocks.h"

#define FF_KERNEL FF_DISPATCH_KERNEL
#include "nn/kernel_list.h"
