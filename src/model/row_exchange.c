#include "model/row_exchange.h"

#include "base/team.h"
#include "nn/kernels.h"
#include "store/convert.h"

size_t ff_row_exchange_bytes(const struct ff_layer *layer, enum ff_dtype stored, size_t rows)
{
    return stored == FF_F32 ? 0 : rows * ff_row_bytes(stored, layer->units);
}

int ff_row_exchange(const struct ff_row_exchange *exchange, uint32_t rows, const uint8_t **whole)
{
    const struct ff_layer *layer = exchange->layer;
    struct ff_ctx *ctx = layer->ctx;
    const struct ff_team_columns columns = ff_layer_columns(layer, sizeof(float), rows);
    struct ff_range own = ff_team_share(ctx->team.rank, ctx->team.size, rows);
    float *y = exchange->y + (size_t)own.first * layer->units;
    size_t bytes = ff_row_bytes(exchange->stored, layer->units);
    bool encodes = exchange->stored != FF_F32;
    uint8_t *out = encodes ? exchange->encoded : (void *)exchange->y;
    int status = ff_team_complete_rows(ctx, &columns, exchange->y);

    if (status != FF_OK)
        return status;
    if (!exchange->plain)
        ff_normalise_rows(own.end - own.first, layer->units, y, layer->units);
    if (encodes)
        ff_narrow(y, own.end - own.first, layer->units, exchange->stored, out + own.first * bytes);
    *whole = out;
    return ff_team_gather_beside(ctx, out, bytes, rows);
}
