/* The manifest in a team: rank 0 alone reads it from the model file. */
#include "model/manifest.h"

#include "base/team.h"

#include <stdlib.h>
#include <string.h>

static int receive(struct ff_ctx *ctx, size_t size, struct ff_manifest *manifest)
{
    char *text = ff_alloc(ctx, FF_MEM_OTHER, size);
    int status;

    if (!text)
        return ff_alloc_status(ctx);
    status = ff_team_broadcast(ctx, 0, text, size);
    if (status == FF_OK)
        status = ff_manifest_read(ctx, "rank 0", text, manifest);
    ff_free(ctx, FF_MEM_OTHER, text, size);
    return status;
}

int ff_manifest_share(struct ff_ctx *ctx, struct ff_manifest *manifest)
{
    char *text = NULL;
    uint64_t size = 0;
    int status = FF_OK;

    if (ctx->team.size == 1)
        return FF_OK;
    if (ctx->team.rank == 0)
        status = ff_manifest_write(ctx, manifest, &text);
    if (status == FF_OK && text)
        size = strlen(text) + 1;
    if (status == FF_OK)
        status = ff_team_broadcast(ctx, 0, &size, sizeof size);
    if (status == FF_OK)
        status = text ? ff_team_broadcast(ctx, 0, text, size) : receive(ctx, size, manifest);
    free(text);
    return status;
}
