/* The public functions of exchange with other programs. */
#include <fftool/exchange.h>

#include "base/sized.h"
#include "exchange/export.h"
#include "exchange/import.h"

int ff_export(struct ff_ctx *ctx, const struct ff_export_opts *opts,
              struct ff_export_result *result)
{
    struct ff_export_result own = {.size = 0};
    struct ff_export_opts own_opts;
    int status = ff_sized_check(ctx, "ff_export_result", result,
                                FF_UP_TO(struct ff_export_result, last_layer));

    if (status == FF_OK)
        status = ff_sized_take(ctx, "ff_export_opts", opts, FF_UP_TO(struct ff_export_opts, output),
                               &own_opts, sizeof own_opts);
    if (status == FF_OK)
        status = ff_export_run(ctx, &own_opts, &own);
    if (status == FF_OK)
        ff_sized_give(&own, sizeof own, result);
    return status;
}

int ff_import(struct ff_ctx *ctx, const struct ff_import_opts *opts,
              struct ff_import_result *result)
{
    struct ff_import_result own = {.size = 0};
    struct ff_import_opts own_opts;
    int status =
        ff_sized_check(ctx, "ff_import_result", result, FF_UP_TO(struct ff_import_result, bytes));

    if (status == FF_OK)
        status = ff_sized_take(ctx, "ff_import_opts", opts, FF_UP_TO(struct ff_import_opts, model),
                               &own_opts, sizeof own_opts);
    if (status == FF_OK)
        status = ff_import_run(ctx, &own_opts, &own);
    if (status == FF_OK)
        ff_sized_give(&own, sizeof own, result);
    return status;
}
