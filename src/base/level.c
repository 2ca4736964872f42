#include "base/level.h"

#include <assert.h>
#include <stdatomic.h>

#define UNKNOWN FF_LEVELS

static _Atomic unsigned in_use = UNKNOWN;

#ifdef FF_X86_LEVELS

unsigned ff_levels_here(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2"))
        return FF_LEVEL_AVX2;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return FF_LEVEL_AVX512;
    return FF_LEVELS;
}

#else

unsigned ff_levels_here(void)
{
    return FF_LEVELS;
}

#endif

unsigned ff_level(void)
{
    unsigned level = atomic_load_explicit(&in_use, memory_order_relaxed);

    if (level == UNKNOWN) {
        level = ff_levels_here() - 1;
        atomic_store_explicit(&in_use, level, memory_order_relaxed);
    }
    return level;
}

void ff_level_use(unsigned index)
{
    assert(index < ff_levels_here());
    atomic_store_explicit(&in_use, index, memory_order_relaxed);
}
