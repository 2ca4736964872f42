#include "base/context.h"

bool ff_memo_find(struct ff_ctx *ctx, uint64_t key, double *seconds)
{
    bool found = false;

    pthread_mutex_lock(&ctx->lock);
    for (size_t i = 0; i < ctx->n_memos && !found; i++) {
        found = ctx->memos[i].key == key;
        if (found)
            *seconds = ctx->memos[i].seconds;
    }
    pthread_mutex_unlock(&ctx->lock);
    return found;
}

void ff_memo_note(struct ff_ctx *ctx, uint64_t key, double seconds)
{
    pthread_mutex_lock(&ctx->lock);
    if (ctx->n_memos < FF_MEMOS)
        ctx->memos[ctx->n_memos++] = (struct ff_memo){key, seconds};
    pthread_mutex_unlock(&ctx->lock);
}
