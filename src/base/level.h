/*
 * Levels of instruction sets. A file of kernels is compiled once for each level of x86-64, under
 * names with the level behind them, and a dispatcher calls the functions of the highest level that
 * the processor has: so one binary runs everywhere, and as fast as it can. Every level gives the
 * same bits: sums run in fixed orders, and nothing is contracted to fused operations.
 *
 * Level 1 is what the compiler is set to otherwise; on other architectures there is no other.
 */
#ifndef FF_BASE_LEVEL_H
#define FF_BASE_LEVEL_H

/* The level that a file is compiled for: the Makefile sets it for those of kernels. */
#ifndef FF_LEVEL
#define FF_LEVEL 1
#endif

#define FF_JOIN_LEVEL(name, level) name##_v##level
#define FF_NAME_AT(name, level) FF_JOIN_LEVEL(name, level)
/* The name of the kernel NAME in this file's level. */
#define FF_AT_LEVEL(name) FF_NAME_AT(name, FF_LEVEL)

/* Indices of dispatchers' tables, lowest first. */
enum {
    FF_LEVEL_BASE, /* v1 */
#ifdef FF_X86_LEVELS
    FF_LEVEL_AVX2,   /* v3 */
    FF_LEVEL_AVX512, /* v4 */
#endif
    FF_LEVELS
};

/*
 * A kernel as FF_KERNEL(TYPE OF RESULT, NAME, PARAMETERS, ARGUMENTS): its declaration at the level
 * of the file, and the function of the plain name, which calls the kernel of the level in use.
 */
#define FF_DECLARE_KERNEL(type, name, parameters, arguments) type FF_AT_LEVEL(name) parameters;
#ifdef FF_X86_LEVELS
#define FF_DISPATCH_KERNEL(type, name, parameters, arguments) \
    type name##_v3 parameters;                                \
    type name##_v4 parameters;                                \
    type name parameters                                      \
    {                                                         \
        static type(*const levels[FF_LEVELS]) parameters = {  \
            [FF_LEVEL_BASE] = name##_v1,                      \
            [FF_LEVEL_AVX2] = name##_v3,                      \
            [FF_LEVEL_AVX512] = name##_v4,                    \
        };                                                    \
        FF_RETURN_##type levels[ff_level()] arguments;        \
    }
#else
#define FF_DISPATCH_KERNEL(type, name, parameters, arguments) \
    type name parameters                                      \
    {                                                         \
        FF_RETURN_##type name##_v1 arguments;                 \
    }
#endif
#define FF_RETURN_void
#define FF_RETURN_bool return
#define FF_RETURN_size_t return

/* The number of levels that this processor runs, from the lowest on. */
unsigned ff_levels_here(void);
/* The index of the level in use: at first the highest that runs here. */
unsigned ff_level(void);
/* Uses level INDEX, one that runs here, from now on in the whole process. */
void ff_level_use(unsigned index);

#endif
