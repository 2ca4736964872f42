/* The public functions of text generation. */
#include <fftool/generate.h>

#include "base/sized.h"
#include "eval/generate.h"

#define DEFAULT_LENGTH 200

void ff_generate_opts_init_size(struct ff_generate_opts *out, size_t size)
{
    const struct ff_generate_opts defaults = {
        .length = DEFAULT_LENGTH, .samples = 1, .temperature = 1};

    out->size = size;
    ff_sized_give(&defaults, sizeof defaults, out);
}

int ff_generate(struct ff_ctx *ctx, const struct ff_generate_opts *opts)
{
    struct ff_generate_opts own;
    int status = ff_sized_take(ctx, "ff_generate_opts", opts,
                               FF_UP_TO(struct ff_generate_opts, arg), &own, sizeof own);

    return status == FF_OK ? ff_generate_text(ctx, &own) : status;
}
