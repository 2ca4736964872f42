/*
 * The views of `fftool inspect`. Each reads the model layer by layer and prints as it goes, so that
 * memory stays small for a model of any size. Functions return a status of the library.
 */
#ifndef FFTOOL_INSPECT_H
#define FFTOOL_INSPECT_H

#include "output.h"
#include <fftool/model.h>

/* What --verify found. */
struct verification {
    bool done;
    uint64_t values, bytes;
    json_t *damaged; /* array of texts */
};

/* "waiting", "training", "trained" */
const char *layer_state_name(enum ff_layer_state state);

/* The whole model as text: summary, a table of layers, totals reconciled with the file's size. */
int inspect_print_model(struct ff_model *model, const char *path);
/* One layer as text: figures, tiles, a histogram of weights. */
int inspect_print_layer(struct ff_model *model, uint32_t layer);
/* Either as JSON; LAYER 0 stands for the whole model. */
int inspect_print_json(struct ff_model *model, const char *path, uint32_t layer,
                       const struct verification *verification);
/* Only what --verify found, for a model that is too damaged to be shown. */
int inspect_print_damage_json(const char *path, const struct verification *verification);

/* The range of LAYER's histogram: symmetric about the mean, four standard deviations or as far as
 * weights go. */
void inspect_range(const struct ff_tensor_stats *stats, double *low, double *high);

#endif
