/* ff_extend(), for structures of any version. */
#include <fftool/extend.h>

#include "api/options.h"
#include "base/sized.h"
#include "train/extend.h"

int ff_extend(struct ff_ctx *ctx, const struct ff_extend_opts *extend,
              const struct ff_train_opts *train, struct ff_train_result *result)
{
    struct ff_train_result own = {.size = 0};
    struct ff_extend_opts own_extend;
    struct ff_own_train_opts own_train;
    int status =
        ff_sized_check(ctx, "ff_train_result", result, FF_UP_TO(struct ff_train_result, size));

    if (status != FF_OK)
        return status;
    status = ff_sized_take(ctx, "ff_extend_opts", extend, FF_UP_TO(struct ff_extend_opts, epochs),
                           &own_extend, sizeof own_extend);
    if (status == FF_OK)
        status = ff_own_train(ctx, train, &own_train);
    if (status == FF_OK && (!own_extend.from || !own_train.opts.model))
        status = ff_fail(ctx, FF_EINVAL, "no model is named");
    if (status == FF_OK)
        status = ff_extend_run(ctx, &own_extend, &own_train.opts, &own);
    ff_sized_give(&own, sizeof own, result);
    return status;
}
