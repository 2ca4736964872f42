#include "api/options.h"

#include "base/sized.h"

#define DEFAULT_INTERVAL_S 10

void ff_train_opts_init_size(struct ff_train_opts *out, size_t size)
{
    const struct ff_train_opts defaults = {
        .compress = "none",
        .checkpoint_interval_s = DEFAULT_INTERVAL_S,
    };

    out->size = size;
    ff_sized_give(&defaults, sizeof defaults, out);
}

void ff_evaluate_opts_init_size(struct ff_evaluate_opts *out, size_t size)
{
    const struct ff_evaluate_opts defaults = {.method = FF_METHOD_AUTO};

    out->size = size;
    ff_sized_give(&defaults, sizeof defaults, out);
}

int ff_take_train_opts(struct ff_ctx *ctx, const struct ff_train_opts *given,
                       struct ff_train_opts *own)
{
    return ff_sized_take(ctx, "ff_train_opts", given, FF_UP_TO(struct ff_train_opts, data), own,
                         sizeof *own);
}

int ff_take_evaluate_opts(struct ff_ctx *ctx, const struct ff_evaluate_opts *given,
                          struct ff_evaluate_opts *own)
{
    return ff_sized_take(ctx, "ff_evaluate_opts", given, FF_UP_TO(struct ff_evaluate_opts, data),
                         own, sizeof *own);
}
