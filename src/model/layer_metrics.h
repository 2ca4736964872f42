/*
 * The metrics of a layer as trained, measured in its forward pass over all training samples, as the
 * model file has them: one row of floats, a tile of kind 'S' (struct ff_layer_info).
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
    FF_METRIC_HELD_OUT_ERROR, /* with goodness summed from each of the first layers to this one */
    FF_METRIC_TEMPERATURE = FF_METRIC_HELD_OUT_ERROR + FF_RANGE_STARTS, /* of the same sums */
    FF_LAYER_METRICS = FF_METRIC_TEMPERATURE + FF_RANGE_STARTS
};

/* Those that FILE has of LAYER, trained with MANIFEST's recipe. FF_ECORRUPT also if they are not
 * what a trainer stores. */
FF_CHECK int ff_layer_metrics_load(struct ff_ctx *ctx, struct ff_model_file *file,
                                   const struct ff_manifest *manifest, uint32_t layer,
                                   float out[FF_LAYER_METRICS]);

#endif
