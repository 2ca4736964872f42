/*
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011). A number is a function of (seed, purpose, layer, epoch,
 * index): there is no state to save, and any thread may draw any number in any order.
 */
#ifndef FF_BASE_RNG_H
#define FF_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* The purpose of a sequence. The values are part of the file format: never change or reuse one. */
enum ff_rng_purpose {
    FF_RNG_IMPORT_ORDER = 1,   /* the order in which rows are stored */
    FF_RNG_WEIGHTS = 2,        /* initial weights */
    FF_RNG_BATCH_ORDER = 3,    /* the order of batches within an epoch */
    FF_RNG_NEGATIVE_LABEL = 4, /* wrong labels */
    FF_RNG_HEAD_ORDER = 5,     /* the order of batches for the head */
    FF_RNG_HARD_LABEL = 6,     /* hard negatives: wrong labels drawn by head or goodness */
    FF_RNG_LABEL_WEIGHTS = 7,  /* initial weights of labels */
    FF_RNG_DROPOUT = 8,        /* which inputs are dropped */
    FF_RNG_LABEL_SAMPLE = 9,   /* wrong labels sampled for a row when there are many classes */
    FF_RNG_JITTER = 10,        /* random shifts of images, or context dropout of texts, in an epoch
                                  of the first layer */
    FF_RNG_COPY_JITTER = 11,   /* the same in a stored augmentation copy */
    FF_RNG_HYBRID = 12,        /* masks of hybrid images in an epoch of the first layer */
    FF_RNG_SET_HYBRID = 13,    /* masks of the hybrid images of a stored negative set */
    FF_RNG_SAMPLE = 14,        /* the permutation that a subsample of a dataset is drawn from */
    FF_RNG_GENERATE = 15,      /* characters of generated text */
};

struct ff_rng {
    uint32_t key[2];
    uint32_t stream[2];
};

/* The sequence for these keys. LAYER is below 2^24. */
struct ff_rng ff_rng_make(uint64_t seed, enum ff_rng_purpose purpose, uint32_t layer,
                          uint32_t epoch);
/* Block INDEX of the sequence: four independent uniform 32-bit numbers. */
void ff_rng_block(const struct ff_rng *rng, uint64_t index, uint32_t out[4]);
/* Philox 4x32-10 on several blocks at once; inline for kernels, which are compiled for several
 * levels of instruction sets (base/level.h). */
#define FF_RNG_LANES 32

#define FF_PHILOX_ROUNDS 10
#define FF_PHILOX_M0 0xD2511F53u
#define FF_PHILOX_M1 0xCD9E8D57u
#define FF_PHILOX_W0 0x9E3779B9u
#define FF_PHILOX_W1 0xBB67AE85u

/* One round of all lanes. */
static inline void ff_philox_round(uint32_t k0, uint32_t k1, uint32_t c[4][FF_RNG_LANES])
{
    for (size_t l = 0; l < FF_RNG_LANES; l++) {
        uint64_t p0 = (uint64_t)FF_PHILOX_M0 * c[0][l], p1 = (uint64_t)FF_PHILOX_M1 * c[2][l];

        c[0][l] = (uint32_t)(p1 >> 32) ^ c[1][l] ^ k0;
        c[1][l] = (uint32_t)p1;
        c[2][l] = (uint32_t)(p0 >> 32) ^ c[3][l] ^ k1;
        c[3][l] = (uint32_t)p0;
    }
}

/* Blocks INDEX .. INDEX + FF_RNG_LANES - 1 at once, laid out so that compilers vectorise the loop:
 * word w of block b is OUT[w][b]. */
static inline void ff_rng_blocks(const struct ff_rng *rng, uint64_t index,
                                 uint32_t out[4][FF_RNG_LANES])
{
    uint32_t k0 = rng->key[0], k1 = rng->key[1];

    for (size_t l = 0; l < FF_RNG_LANES; l++) {
        out[0][l] = (uint32_t)(index + l);
        out[1][l] = (uint32_t)((index + l) >> 32);
        out[2][l] = rng->stream[0];
        out[3][l] = rng->stream[1];
    }
    for (int round = 0; round < FF_PHILOX_ROUNDS; round++) {
        ff_philox_round(k0, k1, out);
        k0 += FF_PHILOX_W0;
        k1 += FF_PHILOX_W1;
    }
}

/* A uniform integer in [0, bound), bound > 0. Bias below 2^-32 (Lemire's multiplication on 64
 * bits).
 */
uint32_t ff_rng_below(const struct ff_rng *rng, uint64_t index, uint32_t bound);
/* A uniform number in [0, 1) with 53 random bits. */
double ff_rng_unit(const struct ff_rng *rng, uint64_t index);
/* Four independent samples of the standard normal distribution (Box and Muller 1958). */
void ff_rng_normal(const struct ff_rng *rng, uint64_t index, float out[4]);

/*
 * A keyed permutation of 0 .. n-1 without a table: a Feistel network over the smallest even number
 * of bits that can hold n-1, applied again while the result is not below n (cycle walking: Black
 * and Rogaway, "Ciphers with arbitrary finite domains", 2002).
 */
struct ff_permutation {
    struct ff_rng rng;
    uint64_t n;
    unsigned half_bits;
};

/* n is at least 1 and at most 2^62. */
struct ff_permutation ff_permutation_make(struct ff_rng rng, uint64_t n);
/* The image of I, for I < n. */
uint64_t ff_permutation_at(const struct ff_permutation *permutation, uint64_t i);

#endif
