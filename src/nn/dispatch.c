/* The kernels by their plain names: those of the level in use (base/level.h). */
#include "nn/dropout.h"
#include "nn/kernels.h"
#include "nn/labels.h"
#include "nn/level.h"
#include "nn/optimizer_blocks.h"

struct kernels {
#define FF_KERNEL(type, name, parameters, arguments) type(*name) parameters;
#include "nn/kernel_list.h"
#undef FF_KERNEL
};

#ifdef FF_X86_LEVELS
#define FF_KERNEL(type, name, parameters, arguments) \
    type name##_v3 parameters;                       \
    type name##_v4 parameters;
#include "nn/kernel_list.h"
#undef FF_KERNEL
#endif

static const struct kernels tables[FF_LEVELS] = {
    [FF_LEVEL_BASE] =
        {
#define FF_KERNEL(type, name, parameters, arguments) .name = name##_v1,
#include "nn/kernel_list.h"
#undef FF_KERNEL
        },
#ifdef FF_X86_LEVELS
    [FF_LEVEL_AVX2] =
        {
#define FF_KERNEL(type, name, parameters, arguments) .name = name##_v3,
#include "nn/kernel_list.h"
#undef FF_KERNEL
        },
    [FF_LEVEL_AVX512] =
        {
#define FF_KERNEL(type, name, parameters, arguments) .name = name##_v4,
#include "nn/kernel_list.h"
#undef FF_KERNEL
        },
#endif
};

#define FF_KERNEL(type, name, parameters, arguments)        \
    type name parameters                                    \
    {                                                       \
        FF_RETURN_##type tables[ff_level()].name arguments; \
    }
#define FF_RETURN_void
#define FF_RETURN_bool return
#include "nn/kernel_list.h"
#undef FF_KERNEL
