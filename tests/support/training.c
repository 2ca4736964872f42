#include "support/training.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

char *folder;
struct ff_ctx *ctx;
struct ff_recipe recipe;
struct ff_train_opts opts;
char warnings[2048];

void training_begin(size_t rows, const char *hidden)
{
    training_begin_in(train_folder(rows), hidden);
}

void training_begin_in(char *directory, const char *hidden)
{
    folder = directory;
    ctx = train_ctx();
    train_recipe(ctx, hidden, &recipe);
    train_opts(folder, &opts);
}

void training_end(void)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_recipe_release(&recipe);
    train_opts_release(&opts);
    ff_ctx_free(ctx);
    free(folder);
}

static void keep_warning(void *arg, const char *text)
{
    (void)arg;
    ck_assert_uint_lt(strlen(warnings) + strlen(text) + 1, sizeof warnings);
    strcat(strcat(warnings, text), "\n");
}

void training_keep_warnings(void)
{
    warnings[0] = '\0';
    ff_ctx_on_warning(ctx, keep_warning, NULL);
}

void ck_status(int status, int wanted, const char *in_message)
{
    ck_assert_msg(status == wanted, "status %d, not %d: %s", status, wanted, ff_ctx_message(ctx));
    ck_assert_msg(strstr(ff_ctx_message(ctx), in_message) != NULL, "\"%s\" is not in \"%s\"",
                  in_message, ff_ctx_message(ctx));
}

struct ff_model *open_model(void)
{
    struct ff_model *model;

    ck_assert_msg(ff_model_open(ctx, opts.model, &model) == FF_OK, "%s", ff_ctx_message(ctx));
    return model;
}
