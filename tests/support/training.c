#include "support/training.h"

#include "support/each_allocation.h"

#include <check.h>
#include <stdlib.h>

struct ff_recipe recipe;
struct ff_train_opts opts;

void training_begin(size_t rows, const char *hidden)
{
    training_begin_in(train_folder(rows), hidden);
}

void training_begin_in(char *where, const char *hidden)
{
    directory = where;
    ctx = train_ctx();
    train_recipe(ctx, hidden, &recipe);
    train_opts(directory, &opts);
}

void training_end(void)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_recipe_release(&recipe);
    train_opts_release(&opts);
    ff_ctx_free(ctx);
    free(directory);
}

static int train_once(void *arg)
{
    struct ff_train_result result = {.size = sizeof result};

    (void)arg;
    return ff_train(ctx, &recipe, &opts, &result);
}

int64_t train_with_failing_allocations(void)
{
    return fail_each_allocation(ctx, train_once, NULL, 100000);
}

struct ff_model *open_model(void)
{
    struct ff_model *model;

    ck_assert_msg(ff_model_open(ctx, opts.model, &model) == FF_OK, "%s", ff_ctx_message(ctx));
    return model;
}
