#include "model/tile_exchange.h"

#include "base/team.h"

/* What goes before each tile. */
struct parcel {
    struct ff_tile_key key;
    uint32_t rows, columns; /* ROWS 0: no tile follows */
};

static size_t bytes_of(const struct parcel *parcel)
{
    return (size_t)parcel->rows * parcel->columns * sizeof(float);
}

int ff_tile_exchange(struct ff_ctx *ctx, enum ff_tile_way way, const struct ff_tile_key *key,
                     uint32_t rows, uint32_t columns, float *data)
{
    const struct parcel parcel = {*key, rows, columns};
    int status = ff_team_send(ctx, 0, &parcel, sizeof parcel);

    if (status != FF_OK)
        return status;
    return way == FF_TILES_GIVEN ? ff_team_send(ctx, 0, data, bytes_of(&parcel))
                                 : ff_team_receive(ctx, 0, data, bytes_of(&parcel));
}

int ff_tile_exchange_end(struct ff_ctx *ctx)
{
    const struct parcel parcel = {.rows = 0};

    return ff_team_send(ctx, 0, &parcel, sizeof parcel);
}

static int serve_tile(struct ff_ctx *ctx, enum ff_tile_way way, struct ff_model_file *file,
                      unsigned rank, const struct parcel *parcel, float *tile)
{
    const struct ff_matrix matrix = {FF_F32, parcel->rows, parcel->columns, tile};
    int status;

    if (way == FF_TILES_GIVEN) {
        status = ff_team_receive(ctx, rank, tile, bytes_of(parcel));
        return status == FF_OK ? ff_model_file_put(file, &parcel->key, &matrix) : status;
    }
    status = ff_model_file_get(file, &parcel->key, parcel->rows, parcel->columns, tile);
    return status == FF_OK ? ff_team_send(ctx, rank, tile, bytes_of(parcel)) : status;
}

int ff_tile_exchange_serve(struct ff_ctx *ctx, enum ff_tile_way way, struct ff_model_file *file,
                           size_t largest)
{
    float *tile = ff_alloc(ctx, FF_MEM_IO, largest);
    unsigned rank = 1;
    int status = FF_OK;

    if (!tile)
        return ff_alloc_status(ctx);
    while (rank < ctx->team.size && status == FF_OK) {
        struct parcel parcel;

        status = ff_team_receive(ctx, rank, &parcel, sizeof parcel);
        if (status == FF_OK && parcel.rows == 0)
            rank++;
        else if (status == FF_OK)
            status = serve_tile(ctx, way, file, rank, &parcel, tile);
    }
    ff_free(ctx, FF_MEM_IO, tile, largest);
    return status;
}
