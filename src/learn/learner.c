#include "learn/learner.h"

int ff_learner_new(const struct ff_learner_ops *ops, const struct ff_learner_opts *opts,
                   struct ff_learner **out)
{
    struct ff_learner *learner = ff_alloc(opts->workers->ctx, FF_MEM_OTHER, ops->size);
    int status;

    *out = NULL;
    if (!learner)
        return ff_alloc_status(opts->workers->ctx);
    learner->ops = ops;
    learner->opts = *opts;
    status = ops->open(learner);
    if (status == FF_OK)
        *out = learner;
    else
        ff_learner_free(learner);
    return status;
}

void ff_learner_free(struct ff_learner *learner)
{
    if (!learner)
        return;
    learner->ops->close(learner);
    ff_free(learner->opts.workers->ctx, FF_MEM_OTHER, learner, learner->ops->size);
}

double ff_operation_flops(const struct ff_operation *operation, uint32_t chunk_rows)
{
    static const double products[] = {
        [FF_OPERATION_FORWARD] = 1, [FF_OPERATION_LEARN] = 2, [FF_OPERATION_DELTAS] = 1,
        [FF_OPERATION_LOAD] = 0,    [FF_OPERATION_STORE] = 0, [FF_OPERATION_EXCHANGE] = 0};

    return 2 * products[operation->kind] * operation->times * operation->blocks * chunk_rows *
           operation->fan_in * operation->own;
}

int ff_learner_feed(const struct ff_learner *learner, struct ff_set *set, uint32_t boundary,
                    uint32_t pieces, enum ff_feed_use use, struct ff_feed **out)
{
    const struct ff_learner_opts *opts = &learner->opts;

    return ff_job_feed(opts->job, opts->workers, opts->damaged, set, boundary, pieces, use, out);
}
