#include "base/float_mode.h"

#if defined(__x86_64__)

#include <xmmintrin.h>

#define FLUSH_RESULTS 0x8000u  /* FTZ */
#define FLUSH_OPERANDS 0x0040u /* DAZ */

ff_float_mode ff_float_mode_flush(void)
{
    unsigned before = _mm_getcsr();

    _mm_setcsr(before | FLUSH_RESULTS | FLUSH_OPERANDS);
    return before;
}

void ff_float_mode_restore(ff_float_mode before)
{
    _mm_setcsr((unsigned)before);
}

#elif defined(__aarch64__)

#define FLUSH ((uint64_t)1 << 24) /* FPCR.FZ: operands and results */

static void set(uint64_t mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

ff_float_mode ff_float_mode_flush(void)
{
    uint64_t before;

    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    set(before | FLUSH);
    return before;
}

void ff_float_mode_restore(ff_float_mode before)
{
    set(before);
}

#else

ff_float_mode ff_float_mode_flush(void)
{
    return 0;
}

void ff_float_mode_restore(ff_float_mode before)
{
    (void)before;
}

#endif
