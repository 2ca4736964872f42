#include "api/options.h"

#include "base/context.h"
#include "base/sized.h"

#include <math.h>

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

/* Copies the rows of SOURCE, if it has any, to OWN. */
static int own_rows(struct ff_ctx *ctx, struct ff_data_source *source, struct ff_rows *own)
{
    int status;

    if (!source->rows)
        return FF_OK;
    status = ff_sized_take(ctx, "ff_rows", source->rows, FF_UP_TO(struct ff_rows, arg), own,
                           sizeof *own);
    source->rows = own;
    source->path = own->name ? own->name : "rows in memory";
    source->labels = source->arrays = NULL;
    return status;
}

static int check_link(struct ff_ctx *ctx, const struct ff_train_opts *opts)
{
    if (!(opts->bits_per_second >= 0 && isfinite(opts->bits_per_second)))
        return ff_fail(ctx, FF_EINVAL, "bits_per_second %g: must be a positive number",
                       opts->bits_per_second);
    if (!(opts->latency_s >= 0 && isfinite(opts->latency_s)))
        return ff_fail(ctx, FF_EINVAL, "latency_s %g: must be a number of seconds",
                       opts->latency_s);
    return FF_OK;
}

int ff_own_train(struct ff_ctx *ctx, const struct ff_train_opts *given,
                 struct ff_own_train_opts *own)
{
    int status = ff_sized_take(ctx, "ff_train_opts", given, FF_UP_TO(struct ff_train_opts, data),
                               &own->opts, sizeof own->opts);

    if (status == FF_OK && !(own->opts.gflops >= 0 && isfinite(own->opts.gflops)))
        status = ff_fail(ctx, FF_EINVAL, "gflops %g: must be a positive number", own->opts.gflops);
    if (status == FF_OK)
        status = check_link(ctx, &own->opts);
    return status == FF_OK ? own_rows(ctx, &own->opts.data, &own->rows) : status;
}

int ff_own_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *given,
                    struct ff_own_evaluate_opts *own)
{
    int status =
        ff_sized_take(ctx, "ff_evaluate_opts", given, FF_UP_TO(struct ff_evaluate_opts, data),
                      &own->opts, sizeof own->opts);

    return status == FF_OK ? own_rows(ctx, &own->opts.data, &own->rows) : status;
}
