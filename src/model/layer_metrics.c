#include "model/layer_metrics.h"

#include <math.h>

static bool in_range(float value, double low, double high)
{
    return (double)value >= low && (double)value <= high;
}

uint32_t ff_layer_metrics_stored(const struct ff_recipe *recipe)
{
    return recipe->patience > 0 ? FF_MOST_LAYER_METRICS : FF_LAYER_METRICS;
}

static bool epochs_are_sane(const float *metrics, const struct ff_manifest *manifest)
{
    float learned = metrics[FF_METRIC_LEARNED_EPOCHS];

    return manifest->recipe.patience == 0 ||
           (in_range(learned, 1, ff_manifest_most_epochs(manifest)) &&
            in_range(metrics[FF_METRIC_KEPT_EPOCH], 1, (double)learned));
}

/* Metrics of held-out samples are NAN if there are none. */
static bool are_sane(const float *metrics, uint32_t units)
{
    for (int start = 0; start < FF_RANGE_STARTS; start++) {
        float error = metrics[FF_METRIC_HELD_OUT_ERROR + start];
        float temperature = metrics[FF_METRIC_TEMPERATURE + start];

        if (isnan(error) != isnan(temperature))
            return false;
        if (!isnan(error) && (!in_range(error, 0, 1) ||
                              !in_range(temperature, FF_LEAST_TEMPERATURE, FF_LARGEST_TEMPERATURE)))
            return false;
    }
    return isfinite(metrics[FF_METRIC_LOSS]) && isfinite(metrics[FF_METRIC_GOODNESS_POS]) &&
           isfinite(metrics[FF_METRIC_GOODNESS_NEG]) && in_range(metrics[FF_METRIC_ERROR], 0, 1) &&
           in_range(metrics[FF_METRIC_DEAD_UNITS], 0, units);
}

int ff_layer_metrics_load(struct ff_ctx *ctx, struct ff_model_file *file,
                          const struct ff_manifest *manifest, uint32_t layer,
                          float out[FF_MOST_LAYER_METRICS])
{
    struct ff_tile_key key = {'S', layer, FF_GENERATION_FINAL, 0, 0};
    const struct ff_recipe *recipe = &manifest->recipe;
    int status;

    out[FF_METRIC_LEARNED_EPOCHS] = out[FF_METRIC_KEPT_EPOCH] = NAN;
    status = ff_model_file_get(file, &key, 1, ff_layer_metrics_stored(recipe), out);
    if (status == FF_OK &&
        !(are_sane(out, recipe->hidden[layer - 1]) && epochs_are_sane(out, manifest)))
        status = ff_fail(ctx, FF_ECORRUPT, "%s: layer %u: its metrics are out of range",
                         ff_model_file_path(file), layer);
    return ff_about(ctx, status, FF_ABOUT_MODEL);
}
