#include "support/evaluate_fixture.h"

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN "40,50,30"

static char *folders[TRAIN_MAX_KINDS];
static struct ff_recipe recipes[TRAIN_MAX_KINDS];

const char *evaluate_folder;
struct ff_recipe evaluate_recipe;
struct ff_ctx *evaluate_ctx;
struct ff_evaluate_opts evaluate_opts;
int evaluate_warnings;

void evaluate_train_in(const char *where, struct ff_recipe *recipe)
{
    struct ff_ctx *ctx = train_ctx();
    struct ff_train_opts train;

    train_opts(where, &train);
    train_ok(ctx, recipe, &train);
    train_opts_release(&train);
    ff_ctx_free(ctx);
}

static bool is_usual(int kind)
{
    return strcmp(recipes[kind].recipe, "symba") == 0;
}

void evaluate_model_setup(void)
{
    struct ff_ctx *ctx = train_ctx();

    train_root_setup();
    for (int kind = 0; kind < train_kinds(); kind++) {
        folders[kind] = train_folder(EVALUATE_ROWS);
        train_recipe(ctx, HIDDEN, &recipes[kind]);
        train_kind(kind, &recipes[kind]);
        if (is_usual(kind))
            recipes[kind].embedding = "append";
        evaluate_train_in(folders[kind], &recipes[kind]);
    }
    ff_ctx_free(ctx);
}

void evaluate_model_teardown(void)
{
    for (int kind = 0; kind < train_kinds(); kind++) {
        ff_recipe_release(&recipes[kind]);
        free(folders[kind]);
    }
    train_root_teardown();
}

static void count_warning(void *arg, const char *text)
{
    (void)text;
    ++*(int *)arg;
}

static void release_paths(void)
{
    free((void *)(uintptr_t)evaluate_opts.model);
    free((void *)(uintptr_t)evaluate_opts.data.path);
}

void evaluate_use(const char *where)
{
    release_paths();
    evaluate_opts.model = strdup(train_path(where, "model.ff"));
    evaluate_opts.data.path = strdup(train_path(where, "data"));
}

void evaluate_choose(int kind)
{
    evaluate_folder = folders[kind];
    evaluate_recipe = recipes[kind];
    evaluate_use(evaluate_folder);
}

void evaluate_setup(void)
{
    int usual = 0;

    while (!is_usual(usual))
        usual++;
    evaluate_ctx = train_ctx();
    evaluate_warnings = 0;
    ff_ctx_on_warning(evaluate_ctx, count_warning, &evaluate_warnings);
    ff_evaluate_opts_init(&evaluate_opts);
    evaluate_choose(usual);
    evaluate_opts.threads = 2;
}

void evaluate_teardown(void)
{
    struct ff_memory memory;

    ff_memory_read(evaluate_ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ck_assert_int_eq(evaluate_strangers(evaluate_folder), 0);
    release_paths();
    ff_ctx_free(evaluate_ctx);
}

static bool is_stranger(const char *name)
{
    static const char *const known[] = {".", "..", "data", "model.ff", "model.ff.scratch"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i]) == 0)
            return false;
    }
    return true;
}

int evaluate_strangers(const char *where)
{
    DIR *dir = opendir(where);
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += is_stranger(entry->d_name);
    closedir(dir);
    return count;
}

void evaluate_ok(struct ff_evaluation *out)
{
    ck_assert_msg(ff_evaluate(evaluate_ctx, &evaluate_opts, out) == FF_OK, "%s",
                  ff_ctx_message(evaluate_ctx));
}

void evaluate_ck_status(int status, int wanted, const char *in_message)
{
    const char *message = ff_ctx_message(evaluate_ctx);

    ck_assert_msg(status == wanted, "status %d, not %d: %s", status, wanted, message);
    ck_assert_msg(strstr(message, in_message) != NULL, "\"%s\" is not in \"%s\"", in_message,
                  message);
}

int evaluate_keep(void *arg, const struct ff_prediction *prediction)
{
    struct evaluate_predictions *kept = arg;

    ck_assert_uint_eq(prediction->index, kept->next++);
    ck_assert_uint_eq(prediction->classes, TRAIN_CLASSES);
    kept->labels[prediction->index] = prediction->label;
    memcpy(kept->scores[prediction->index], prediction->scores, sizeof kept->scores[0]);
    return 0;
}
