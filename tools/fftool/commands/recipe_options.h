/*
 * Options of recipes that more than one command has, and the defaults that `--help` shows of those
 * that belong to a mode, a recipe or an optimizer.
 */
#ifndef CLI_COMMANDS_RECIPE_OPTIONS_H
#define CLI_COMMANDS_RECIPE_OPTIONS_H

#include "options.h"
#include <fftool/recipe.h>

/* A default_text for a number of a recipe. The recipe is the first member of the settings. */
void recipe_default(const struct option_spec *option, char *text, size_t size);

/* Rows of an option table for the member RECIPE (a struct ff_recipe, the first) of TYPE. */
#define RECIPE_STEP_OPTIONS(TYPE, RECIPE)                                                       \
    {.kind = OPTION_COUNT,                                                                      \
     .name = "epochs",                                                                          \
     .argument = "N",                                                                           \
     .help = "epochs; with ff-stream of each layer",                                            \
     .offset = offsetof(TYPE, RECIPE.epochs),                                                   \
     .min = 1,                                                                                  \
     .max = FF_MAX_EPOCHS},                                                                     \
        {.kind = OPTION_COUNT,                                                                  \
         .name = "sweeps",                                                                      \
         .argument = "N",                                                                       \
         .help =                                                                                \
             "rounds over all layers that the epochs of each are divided among; 1: a layer is " \
             "finished before the next one begins (ff-stream)",                                 \
         .offset = offsetof(TYPE, RECIPE.sweeps),                                               \
         .min = 1,                                                                              \
         .max = FF_MAX_EPOCHS},                                                                 \
    {                                                                                           \
        .kind = OPTION_COUNT, .name = "batch", .argument = "N",                                 \
        .help = "samples in a step; each gives a positive and a negative row",                  \
        .offset = offsetof(TYPE, RECIPE.batch), .min = 1, .max = FF_MAX_BATCH                   \
    }

#define RECIPE_LOSS_OPTIONS(TYPE, RECIPE)                                                       \
    {.kind = OPTION_CHOICE,                                                                     \
     .name = "recipe",                                                                          \
     .argument = "NAME",                                                                        \
     .help =                                                                                    \
         "whose defaults hold for what follows, as `fftool recipes` tells [conditioned; symba " \
         "with ff-full]",                                                                       \
     .offset = offsetof(TYPE, RECIPE.recipe),                                                   \
     .field = "recipe",                                                                         \
     .default_text = no_default},                                                               \
    {                                                                                           \
        .kind = OPTION_CHOICE, .name = "loss", .argument = "NAME",                              \
        .help = "what a layer minimises [the recipe's]", .offset = offsetof(TYPE, RECIPE.loss), \
        .field = "loss", .default_text = no_default                                             \
    }

#define RECIPE_NEGATIVE_OPTIONS(TYPE, RECIPE)                                                   \
    {.kind = OPTION_COUNT,                                                                      \
     .name = "negative-sets",                                                                   \
     .argument = "K",                                                                           \
     .help =                                                                                    \
         "sets of random negatives, visited in turn; more learn better and, stored, take more " \
         "disk (losses of pairs)",                                                              \
     .offset = offsetof(TYPE, RECIPE.negative_sets),                                            \
     .min = 1,                                                                                  \
     .max = FF_MAX_NEGATIVE_SETS,                                                               \
     .default_text = recipe_default},                                                           \
    {                                                                                           \
        .kind = OPTION_CHOICE, .name = "negatives", .argument = "HOW",                          \
        .help = "what makes the negatives (losses of pairs) [random]",                          \
        .offset = offsetof(TYPE, RECIPE.negatives), .field = "negatives",                       \
        .default_text = no_default                                                              \
    }

#define RECIPE_LAYER_OPTIONS(TYPE, RECIPE)                                                         \
    {.kind = OPTION_COUNT,                                                                         \
     .name = "label-samples",                                                                      \
     .argument = "N",                                                                              \
     .help =                                                                                       \
         "wrong labels that a row meets in a step (softmax loss), hard ones first; 0: all up to "  \
         "20 classes, else 19",                                                                    \
     .offset = offsetof(TYPE, RECIPE.label_samples),                                               \
     .max = FF_MAX_LABEL_SAMPLES},                                                                 \
        {.kind = OPTION_CHOICE,                                                                    \
         .name = "pass-on",                                                                        \
         .argument = "NAME",                                                                       \
         .help = "outputs of a layer that the next one gets (softmax loss)",                       \
         .offset = offsetof(TYPE, RECIPE.pass_on),                                                 \
         .field = "pass_on"},                                                                      \
        {.kind = OPTION_REAL,                                                                      \
         .name = "dropout",                                                                        \
         .argument = "P",                                                                          \
         .help = "probability that an input of a layer is dropped in a step, 0 to 0.99 "           \
                 "(ff-stream)",                                                                    \
         .offset = offsetof(TYPE, RECIPE.dropout),                                                 \
         .default_text = recipe_default},                                                          \
        {.kind = OPTION_COUNT,                                                                     \
         .name = "jitter",                                                                         \
         .argument = "N",                                                                          \
         .help =                                                                                   \
             "images are shifted by up to N pixels, anew in each epoch; with ff-stream of the "    \
             "first layer",                                                                        \
         .offset = offsetof(TYPE, RECIPE.jitter),                                                  \
         .max = FF_MAX_JITTER},                                                                    \
        {.kind = OPTION_COUNT,                                                                     \
         .name = "augment-copies",                                                                 \
         .argument = "N",                                                                          \
         .help =                                                                                   \
             "copies of the shifted images that are stored for the layers above, visited in turn " \
             "(softmax loss)",                                                                     \
         .offset = offsetof(TYPE, RECIPE.augment_copies),                                          \
         .min = 1,                                                                                 \
         .max = FF_MAX_AUGMENT_COPIES},                                                            \
        {.kind = OPTION_REAL,                                                                      \
         .name = "validation",                                                                     \
         .argument = "X",                                                                          \
         .help = "fraction of the samples, 0 to 0.5, that is held out of training, rounded up to " \
                 "whole batches, to choose the layers whose goodness is summed and to calibrate "  \
                 "probabilities (softmax loss; hard negatives with ff-stream)",                    \
         .offset = offsetof(TYPE, RECIPE.validation)},                                             \
    {                                                                                              \
        .kind = OPTION_CHOICE, .name = "activations", .argument = "TYPE",                          \
        .help = "numbers that stored activations are made of [u8 with conditioned, else f32]",     \
        .offset = offsetof(TYPE, RECIPE.activations), .field = "activations",                      \
        .default_text = no_default                                                                 \
    }

#define RECIPE_OPTIMIZER_OPTION(TYPE, RECIPE)                                               \
    {                                                                                       \
        .kind = OPTION_CHOICE, .name = "optimizer", .argument = "NAME",                     \
        .help = "how weights follow gradients", .offset = offsetof(TYPE, RECIPE.optimizer), \
        .field = "optimizer"                                                                \
    }

#define RECIPE_HEAD_OPTION(TYPE, RECIPE)                                                         \
    {                                                                                            \
        .kind = OPTION_COUNT, .name = "head-epochs", .argument = "N",                            \
        .help = "epochs of the softmax head on each layer from the second, or on the only one; " \
                "0: no head; with ff-full as many as the network's, or 0",                       \
        .offset = offsetof(TYPE, RECIPE.head_epochs), .max = FF_MAX_EPOCHS,                      \
        .default_text = recipe_default                                                           \
    }

#endif
