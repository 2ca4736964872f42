/* Importing a model from a file that ff_export() wrote. */
#ifndef FF_EXCHANGE_IMPORT_H
#define FF_EXCHANGE_IMPORT_H

#include "base/context.h"

#include <fftool/exchange.h>

FF_CHECK int ff_import_run(struct ff_ctx *ctx, const struct ff_import_opts *opts,
                           struct ff_import_result *result);

#endif
