/*
 * Modes of training, each one row of the table in mode.c: the same layers, kernels and data path,
 * but another order of work, and so another need of memory.
 */
#ifndef FF_RECIPE_MODE_H
#define FF_RECIPE_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ff_knobs;
struct ff_manifest;
struct ff_needs;
struct ff_plan_job;
struct ff_run;

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
    double operations;   /* floating-point ones of training, for each weight and row, where layers
                            train one after another */
    /* The same of training the whole network on one sample, where it trains at once; else NULL. */
    double (*flops)(const struct ff_manifest *manifest);
    /* The stage FF_STAGE_TRAIN: of the mark's layer, or of the whole network. */
    int (*train)(struct ff_run *run);
    /* For the planner (plan/plan.h): adds what that stage holds with KNOBS on LAYER (the whole
     * network: 1), its feed and parameters included; nothing needs to be allocated. */
    void (*needs)(const struct ff_plan_job *job, uint32_t layer, const struct ff_knobs *knobs,
                  struct ff_needs *needs);
    /* Chunks of a batch at a time where memory is not scarce. NULL: a batch cannot be cut. */
    uint32_t (*micro_chunks)(const struct ff_plan_job *job, uint32_t layer);
};

/* Finds a mode by name; NULL if there is none. */
const struct ff_mode *ff_mode_find(const char *name);
/* The table; *COUNT rows, the first one is the default. */
const struct ff_mode *ff_modes(size_t *count);

#endif
