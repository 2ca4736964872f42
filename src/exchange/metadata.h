/*
 * The metadata of an exported file (fftool/exchange.h): the members of the manifest, each as a text
 * of JSON, and what else is needed to compute scores.
 */
#ifndef FF_EXCHANGE_METADATA_H
#define FF_EXCHANGE_METADATA_H

#include "exchange/contents.h"

/* Makes the metadata of EXPORT: an object of strings, which the caller releases. FF_ENOMEM. */
FF_CHECK int ff_metadata_of(const struct ff_export *export, json_t **out);

#endif
