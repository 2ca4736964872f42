#include "support/model_life.h"

#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char *elsewhere;
char *own;
struct ff_train_result result = {.size = sizeof result};

void life_setup(void)
{
    training_begin(LIFE_ROWS, "24x2");
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* but at the end of a layer */
    opts.threads = 1;
    elsewhere = strdup(train_path(directory, "elsewhere.ff"));
    own = strdup(train_path(directory, "own"));
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
}

void life_teardown(void)
{
    free(elsewhere);
    free(own);
    training_end();
}

const char *left(void)
{
    static char names[1024];
    const struct dirent *entry;
    DIR *dir = opendir(directory);

    ck_assert_ptr_nonnull(dir);
    *names = '\0';
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "data") != 0) {
            strcat(names, *names ? " " : "");
            strcat(names, entry->d_name);
        }
    }
    closedir(dir);
    return names;
}

void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

void ck_text(const char *path, const char *text)
{
    char found[256] = "";
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(found, 1, sizeof found - 1, file), strlen(text));
    ck_assert_str_eq(found, text);
    fclose(file);
}

char *partial(void)
{
    return strdup(train_path(directory, "model.ff.partial"));
}

const char *make_other(void)
{
    uint64_t seed = recipe.seed;

    recipe.seed = 77;
    train_ok(ctx, &recipe, &opts);
    recipe.seed = seed;
    ck_assert_int_eq(rename(opts.model, elsewhere), 0);
    return train_hash(elsewhere);
}

/* Ends the process, as a SIGKILL would. */
static bool die(void *arg)
{
    long *questions = arg;

    if (--*questions < 0)
        kill(getpid(), SIGKILL);
    return false;
}

void train_and_die(long questions)
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        opts.interrupted = die;
        opts.arg = &questions;
        _exit(ff_train(ctx, &recipe, &opts, &result) == FF_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
}
