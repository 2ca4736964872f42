#include "data/shared.h"

#include "base/team.h"

bool ff_data_is_to_share(const struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    return ctx->team.size > 1 && ctx->team.shares_data && spec->together;
}

static void received_close(struct ff_dataset *dataset)
{
    ff_free(dataset->ctx, FF_MEM_IO, dataset, sizeof *dataset);
}

/* What a format requires of the dataset is checked by rank 0. */
static const struct ff_dataset_format received = {
    .info = {.name = "data of rank 0"},
    .is_table = true,
    .close = received_close,
};

bool ff_data_is_received(const struct ff_dataset *dataset)
{
    return dataset->format == &received;
}

static int make_received(struct ff_ctx *ctx, struct ff_dataset **out)
{
    *out = ff_alloc(ctx, FF_MEM_IO, sizeof **out);
    if (!*out)
        return ff_alloc_status(ctx);
    (*out)->format = &received;
    (*out)->ctx = ctx;
    return FF_OK;
}

int ff_data_share_opened(struct ff_ctx *ctx, struct ff_dataset **dataset)
{
    struct ff_dataset_info info = {.format = NULL};
    int status;

    if (ctx->team.rank == 0)
        info = (*dataset)->info;
    status = ff_team_broadcast(ctx, 0, &info, sizeof info);
    if (status == FF_OK && ctx->team.rank > 0) {
        info.format = received.info.name;
        status = make_received(ctx, dataset);
    }
    if (status == FF_OK) {
        (*dataset)->info = info;
        (*dataset)->shared = true;
    }
    return status;
}

int ff_data_share_rows(struct ff_dataset *dataset, void *features, uint16_t *labels, size_t *rows)
{
    const struct ff_dataset_info *info = &dataset->info;
    size_t row_bytes = (size_t)info->features * (info->is_float ? sizeof(float) : 1);
    uint64_t n = *rows;
    int status = ff_team_broadcast(dataset->ctx, 0, &n, sizeof n);

    if (status == FF_OK)
        status = ff_team_broadcast(dataset->ctx, 0, features, n * row_bytes);
    if (status == FF_OK && labels)
        status = ff_team_broadcast(dataset->ctx, 0, labels, n * sizeof *labels);
    *rows = n;
    return status;
}

int ff_data_share_files(struct ff_dataset *dataset, struct ff_data_files *files)
{
    return ff_team_broadcast(dataset->ctx, 0, files, sizeof *files);
}
