/*
 * Modes of training, each one row of the table in mode.c: the same layers, kernels and data path,
 * but another order of work, and so another need of memory. What does the work is a row of the same
 * name in train/modes.c.
 */
#ifndef FF_RECIPE_MODE_H
#define FF_RECIPE_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ff_mode {
    const char *name;
    const char *summary; /* for --help */
    const char *recipe;  /* whose defaults hold unless told otherwise */
    bool backprop;       /* layers are plain: no label in the inputs, outputs are not normalised,
                            logits come from a linear layer on the last one */
    bool
        whole_network; /* all layers are in memory and train in one stage; else one after another */
    float learning_rate; /* Adam's, measured to work; 0: the loss's own */
    float init_gain;     /* W ~ N(0, gain / fan-in) */
    bool accumulates;    /* backprop: in micro-batches, whose gradients are added up */
    bool recomputes;     /* backprop: keeps some layers' outputs, and computes the others again */
};

/* Finds a mode by name; NULL if there is none. */
const struct ff_mode *ff_mode_find(const char *name);
/* The table; *COUNT rows, the first one is the default. */
const struct ff_mode *ff_modes(size_t *count);

#endif
