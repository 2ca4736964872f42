/*
 * A trainer killed at any moment goes on from its last checkpoint, and ends in the same bits. A few
 * kills by default, 100 with FFTOOL_LONG=1.
 */
#include "base/rng.h"
#include "support/suite.h"
#include "support/train_fixture.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROWS 600
#define HIDDEN "96x3"
#define EPOCHS 8
#define KILLS_SHORT 12
#define KILLS_LONG 100
#define SHORTEST_MS 2
#define SPREAD_MS 90
#define MOST_RUNS 100000

/* Of the test: every kind of recipe, then one of backpropagation. */
static int kind;

static void make_recipe(struct ff_ctx *ctx, struct ff_recipe *recipe)
{
    train_recipe(ctx, HIDDEN, recipe);
    if (kind < train_kinds())
        train_kind(kind, recipe);
    else
        train_backprop("bp-checkpoint", recipe);
    recipe->epochs = EPOCHS;
    ck_assert_int_eq(ff_recipe_complete(ctx, recipe), FF_OK);
}

/* What the killed process does: exit code 0 when the training is complete. */
static int train_here(const char *folder)
{
    struct ff_ctx *ctx = train_ctx();
    struct ff_recipe recipe;
    struct ff_train_opts opts;
    struct ff_train_result result;
    int status;

    make_recipe(ctx, &recipe);
    train_opts(folder, &opts);
    status = ff_train(ctx, &recipe, &opts, &result);
    if (status != FF_OK)
        fprintf(stderr, "%s\n", ff_ctx_message(ctx));
    return status == FF_OK ? 0 : 1;
}

static void sleep_ms(uint32_t ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

/* Runs the trainer, and kills it after MS (0: lets it end). Returns whether it was killed before
 * its end. */
static bool run_trainer(const char *folder, uint32_t ms)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(train_here(folder));
    if (ms) {
        sleep_ms(ms);
        kill(child, SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        ck_assert_int_eq(WTERMSIG(status), SIGKILL);
        return true;
    }
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    return false;
}

/* Trains in FOLDER under kills, at most LEFT of them; returns how many there were. */
static int train_under_kills(const char *folder, const struct ff_rng *rng, uint64_t *draws,
                             int left)
{
    int kills = 0;

    while (kills < left) {
        uint32_t ms = SHORTEST_MS + ff_rng_below(rng, (*draws)++, SPREAD_MS);

        ck_assert_uint_lt(*draws, MOST_RUNS);
        if (!run_trainer(folder, ms))
            return kills;
        kills++;
    }
    run_trainer(folder, 0);
    return kills;
}

START_TEST(a_killed_trainer_ends_in_the_same_bits)
{
    int wanted = getenv("FFTOOL_LONG") ? KILLS_LONG : KILLS_SHORT, kills = 0, models = 0;
    struct ff_rng rng = ff_rng_make(11, FF_RNG_WEIGHTS, 0, 0);
    char *reference = train_folder(ROWS);
    uint64_t draws = 0;

    kind = _i;
    /* Every training is in a child: LMDB's files are not to be open across fork(). */
    run_trainer(reference, 0);
    while (kills < wanted) {
        char *folder = train_folder(ROWS);

        kills += train_under_kills(folder, &rng, &draws, wanted - kills);
        ck_assert_str_eq(train_hash(train_path(folder, "model.ff")),
                         train_hash(train_path(reference, "model.ff")));
        models++;
        free(folder);
    }
    printf("recipe %d: %d kills over %d models\n", kind, kills, models);
    free(reference);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: kill");
    TCase *tcase = tcase_create("kill");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_loop_test(tcase, a_killed_trainer_ends_in_the_same_bits, 0, train_kinds() + 1);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
