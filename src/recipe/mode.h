/*
 * Training modes, each a row of mode_rows.h. All share layers, kernels and data path, but differ in
 * the order of work and so in memory use. train/modes.h has their operations.
 */
#ifndef FF_RECIPE_MODE_H
#define FF_RECIPE_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ff_mode {
    const char *name;
    const char *summary; /* for --help */
    const char *recipe;  /* default recipe */
    bool backprop; /* plain layers: no label in the inputs, outputs not normalised, logits from a
                      linear layer on top */
    bool whole_network;  /* all layers train at once, in memory; else one after another */
    float learning_rate; /* for Adam, chosen by measurement; 0: the loss's own */
    float init_gain;     /* W ~ N(0, gain / fan-in) */
    bool recomputes;     /* backprop: keeps some layers' outputs and recomputes the others */
};

/* Finds a mode by name; NULL if there is none. */
const struct ff_mode *ff_mode_find(const char *name);
/* The table; *COUNT rows, the first one is the default. */
const struct ff_mode *ff_modes(size_t *count);

#endif
