/* Exporting a model. */
#ifndef FF_EXCHANGE_EXPORT_H
#define FF_EXCHANGE_EXPORT_H

#include "base/context.h"

#include <fftool/exchange.h>

/* ff_export() with structures of this version. */
FF_CHECK int ff_export_run(struct ff_ctx *ctx, const struct ff_export_opts *opts,
                           struct ff_export_result *result);

#endif
