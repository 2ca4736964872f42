/*
 * Text from a language model: a model of a text (data.h) whose layers labels condition, or that
 * backpropagation trained. Each character is drawn from the model's probabilities (evaluate.h),
 * given those before it.
 */
#ifndef FFTOOL_GENERATE_H
#define FFTOOL_GENERATE_H

#include <fftool/context.h>
#include <fftool/size.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FF_MAX_GENERATED_SAMPLES 4096u

struct ff_generate_opts {
    size_t size;        /* sizeof(struct ff_generate_opts) */
    const char *model;  /* a complete model */
    const char *prompt; /* UTF-8, the characters before the first one; NULL: none */
    uint64_t length;    /* characters of a sample, 1 or more */
    uint32_t samples;   /* 1 .. FF_MAX_GENERATED_SAMPLES, which go through a layer together */
    unsigned threads;   /* 0: all that the process may use */
    /* The probabilities become p^(1/TEMPERATURE), normalised; 0: the most probable character. */
    double temperature;
    uint64_t seed; /* of the random numbers; those of a sample do not depend on SAMPLES */
    /* Limit of accounted memory: if all layers fit they stay in memory, else one is at a time, read
     * for each character; 0: none. */
    uint64_t memory_bytes;
    /* Takes CHARACTER, UTF-8, number INDEX (from 0) of SAMPLE (from 0), in the order of the
     * characters, and of the samples within one. A nonzero result ends the job and is returned. */
    int (*emit)(void *arg, uint32_t sample, uint64_t index, const char *character);
    bool (*interrupted)(void *arg); /* may be NULL; true: stop with FF_EINTERRUPTED */
    void *arg;                      /* passed to both */
};

/* Fills OUT, of SIZE bytes, with defaults: 200 characters of one sample at temperature 1. */
void ff_generate_opts_init_size(struct ff_generate_opts *out, size_t size);
/* The same for an OUT of the size that this header gives it. */
static inline void ff_generate_opts_init(struct ff_generate_opts *out)
{
    ff_generate_opts_init_size(out, sizeof *out);
}
/* Generates text. FF_EINVAL: an option is out of range, the prompt is no UTF-8, or the model is of
 * no text, not complete or of another recipe; FF_EBUDGET: not even one layer fits. Warns of
 * characters of the prompt that the model does not know. */
FF_CHECK int ff_generate(struct ff_ctx *ctx, const struct ff_generate_opts *opts);

#ifdef __cplusplus
}
#endif
#endif
