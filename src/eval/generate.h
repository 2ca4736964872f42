/* ff_generate() with options of the library's own size (fftool/generate.h). */
#ifndef FF_EVAL_GENERATE_H
#define FF_EVAL_GENERATE_H

#include "base/context.h"

#include <fftool/generate.h>

FF_CHECK int ff_generate_text(struct ff_ctx *ctx, const struct ff_generate_opts *opts);

#endif
