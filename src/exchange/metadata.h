/*
 * The metadata of an exported file (fftool/exchange.h): the members of the manifest, each as a text
 * of JSON, and what else is needed to compute scores.
 */
#ifndef FF_EXCHANGE_METADATA_H
#define FF_EXCHANGE_METADATA_H

#include "exchange/contents.h"
#include "exchange/safetensors_read.h"

/* Makes the metadata of EXPORT: an object of strings, which the caller releases, also on error. */
FF_CHECK int ff_metadata_of(const struct ff_export *export, json_t **out);

/* True if `fftool export` wrote FILE: it has a manifest. */
bool ff_metadata_is_ours(const struct ff_safetensors *file);
/* Reads the manifest of FILE. FF_EFORMAT: fftool did not write it; FF_ECORRUPT. On error nothing is
 * left to release. */
FF_CHECK int ff_metadata_manifest(struct ff_ctx *ctx, const struct ff_safetensors *file,
                                  struct ff_manifest *out);
/* Reads the metrics of all LAYERS layers; the caller releases *OUT, also on error. */
FF_CHECK int ff_metadata_metrics(struct ff_ctx *ctx, const struct ff_safetensors *file,
                                 uint32_t layers, json_t **out);
/* Sets OUT to the N metrics of LAYER (model/layer_metrics.h). */
FF_CHECK int ff_metadata_metrics_of(struct ff_ctx *ctx, const struct ff_safetensors *file,
                                    const json_t *metrics, uint32_t layer, uint32_t n, float *out);

#endif
