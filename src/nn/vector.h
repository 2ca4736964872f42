/*
 * Vectors of the width of the file's level (base/level.h), an extension of C in gcc and clang. For
 * loops that keep many sums in registers: compilers do not vectorise these by themselves.
 * Operations are element-wise and rounded like scalar ones, so every width gives the same bits.
 */
#ifndef FF_NN_VECTOR_H
#define FF_NN_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Elements of a vector. */
#if defined __AVX512F__
#define FF_VECTOR 16
#elif defined __AVX__
#define FF_VECTOR 8
#else
#define FF_VECTOR 4
#endif

/* For functions that are called with constant numbers of iterations: their loops are unrolled. */
#define FF_ALWAYS_INLINE inline __attribute__((always_inline))

typedef float ff_vector __attribute__((vector_size(FF_VECTOR * sizeof(float))));
typedef int32_t ff_vector_bits __attribute__((vector_size(FF_VECTOR * sizeof(int32_t))));

/* Loads the first N elements from X, which needs no alignment; the others are 0. N may exceed
 * FF_VECTOR. */
static FF_ALWAYS_INLINE ff_vector ff_vector_load(const float *x, size_t n)
{
    ff_vector v = {0.0f};

    if (n >= FF_VECTOR) {
        memcpy(&v, x, sizeof v);
        return v;
    }
    for (size_t i = 0; i < n; i++)
        v[i] = x[i];
    return v;
}

/* Stores the first N elements of V at X; N may exceed FF_VECTOR. */
static FF_ALWAYS_INLINE void ff_vector_store(float *x, ff_vector v, size_t n)
{
    if (n >= FF_VECTOR) {
        memcpy(x, &v, sizeof v);
        return;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = v[i];
}

/* max(z, 0), but NaN stays NaN. */
static FF_ALWAYS_INLINE ff_vector ff_vector_relu(ff_vector z)
{
    return (ff_vector)((ff_vector_bits)z & ~(z < 0.0f));
}

#endif
