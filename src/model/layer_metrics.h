/*
 * The stored metrics of a trained layer, measured in its forward pass over all training samples:
 * one row of floats, in a tile of kind 'S' (struct ff_layer_info).
 */
#ifndef FF_MODEL_LAYER_METRICS_H
#define FF_MODEL_LAYER_METRICS_H

#include "model/manifest.h"
#include "store/model_file.h"

enum {
    FF_METRIC_LOSS,
    FF_METRIC_GOODNESS_POS,
    FF_METRIC_GOODNESS_NEG,
    FF_METRIC_ERROR,
    FF_METRIC_DEAD_UNITS,
    FF_METRIC_HELD_OUT_ERROR, /* goodness summed from each possible first layer to this one */
    FF_METRIC_TEMPERATURE = FF_METRIC_HELD_OUT_ERROR + FF_RANGE_STARTS, /* for the same sums */
    FF_LAYER_METRICS = FF_METRIC_TEMPERATURE + FF_RANGE_STARTS,
    /* Stored after them if layers may stop early, else NAN. */
    FF_METRIC_LEARNED_EPOCHS = FF_LAYER_METRICS,
    FF_METRIC_KEPT_EPOCH,
    FF_MOST_LAYER_METRICS
};

/* Number of metrics stored for each layer. */
uint32_t ff_layer_metrics_stored(const struct ff_recipe *recipe);

/* Reads the metrics of LAYER, trained with MANIFEST's recipe, from FILE. FF_ECORRUPT also if they
 * are out of range. */
FF_CHECK int ff_layer_metrics_load(struct ff_ctx *ctx, struct ff_model_file *file,
                                   const struct ff_manifest *manifest, uint32_t layer,
                                   float out[FF_MOST_LAYER_METRICS]);

#endif
