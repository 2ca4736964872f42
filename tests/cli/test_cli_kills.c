/*
 * A program killed at any call, several times in a row, resumes from its last checkpoint and ends
 * in the bits of an undisturbed run; its log parses, no temporaries are left. Scratch is deleted at
 * random between runs. A few kills by default, 1,000 with FFTOOL_LONG=1.
 *
 *   FFTOOL_SCENARIO=NAME  that scenario alone
 */
#include "base/rng.h"
#include "fixtures/train_fixture.h"
#include "support/scenario.h"
#include "support/suite.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KILLS_SHORT 15
#define KILLS_LONG 1000
#define KILLS_IN_A_ROW 4
#define SCRATCH_STAYS 3 /* of four times */

/* Of a scenario, in memory that all tests share. */
struct tally {
    unsigned kills, runs, findings;
};

static struct tally *tallies;
static struct scene scene;
static struct ff_rng rng;
static uint64_t draws;

static uint32_t draw(uint32_t below)
{
    return ff_rng_below(&rng, draws++, below);
}

static const char *const actions[] = {"before", "within", "after"};

/* Runs COMMAND, killed at a call drawn. Returns whether it was; FIRST and WRONG as in
 * scene_check_end(). */
static bool kill_once(const char *directory, const char *command, bool first, const char **wrong)
{
    struct program_plan plan = {.class = FAULTS_ANY};
    struct program_end end;
    bool killed;

    plan.action = (enum faults_action)(FAULTS_KILL_BEFORE + draw(3));
    plan.n = 1 + draw((uint32_t)scene.calls[FAULTS_ANY]);
    program_run(scene.program, directory, command, &plan, &end);
    killed = end.signal == SIGKILL;
    *wrong = scene_check_end(&scene, &plan, &end, directory, first);
    if (*wrong)
        printf("FINDING \"%s\": %.30s, killed %s call %llu, %s: %s\n", scene.scenario->name,
               command, actions[plan.action - FAULTS_KILL_BEFORE], (unsigned long long)plan.n,
               program_struck(scene.program), *wrong);
    if (killed)
        scene_age(directory, &end);
    program_end_release(&end);
    return killed;
}

/* Runs the command in a new directory under at most LEFT kills, then to its end. */
static void run_under_kills(unsigned left, struct tally *tally)
{
    const char *wrong = NULL, *command = scene.command;
    char directory[PATH_MAX];
    unsigned kills = 0;
    bool killed = true;

    scene_copy(&scene, "case", directory);
    while (killed && !wrong && kills < left) {
        killed = kill_once(directory, command, kills == 0, &wrong);
        kills += killed;
        if (scene.scenario->trains && draw(SCRATCH_STAYS + 1) == 0)
            scene_remove_scratch(directory);
        command = scene_next(&scene, directory, draw(2));
    }
    if (!wrong) {
        wrong = scene_finish(&scene, scene.program, directory, draw(2));
        if (wrong)
            printf("FINDING \"%s\", %u kills: %s\n", scene.scenario->name, kills, wrong);
    }
    tally->kills += kills;
    tally->runs++;
    tally->findings += wrong != NULL;
    scene_remove(directory);
}

static bool is_long(void)
{
    return getenv("FFTOOL_LONG") != NULL;
}

/* Kills of scenario I, so that all add up to the number wanted. */
static unsigned wanted(unsigned i)
{
    unsigned all = is_long() ? KILLS_LONG : KILLS_SHORT, n = (unsigned)scenario_count;

    return all * (i + 1) / n - all * i / n;
}

START_TEST(killed_again_and_again_it_ends_in_the_same_bits)
{
    unsigned kills = wanted((unsigned)_i);
    const char *only = getenv("FFTOOL_SCENARIO");
    struct tally *tally = &tallies[_i];
    char *root;

    if (kills == 0 || (only && strcmp(only, scenarios[_i].name) != 0))
        return;
    rng = ff_rng_make(11, FF_RNG_WEIGHTS, (uint32_t)_i, 0);
    root = scene_root();
    scene_open(root, &scenarios[_i], &scene);
    while (tally->kills < kills) {
        unsigned left = kills - tally->kills;

        run_under_kills(left < KILLS_IN_A_ROW ? left : KILLS_IN_A_ROW, tally);
    }
    fflush(stdout); /* a test that fails exits without */
    ck_assert_uint_eq(tally->findings, 0);
    scene_close(&scene);
    free(root);
}
END_TEST

static void print_row(const char *name, const struct tally *row)
{
    printf("REPORT: %-22s %7u %7u %8u\n", name, row->kills, row->runs, row->findings);
}

/* What was tried, as a table. */
static void report(void)
{
    struct tally sum = {0};

    printf("REPORT: %-22s %7s %7s %8s\n", "Killed", "kills", "runs", "findings");
    for (size_t i = 0; i < scenario_count; i++) {
        print_row(scenarios[i].name, &tallies[i]);
        sum.kills += tallies[i].kills;
        sum.runs += tallies[i].runs;
        sum.findings += tallies[i].findings;
    }
    print_row("all", &sum);
}

int main(void)
{
    Suite *suite;
    TCase *tcase;
    int code;

    if (!program_can_fail()) {
        printf("SKIPPED: kills: this build has sanitizers, before which nothing can be loaded\n");
        return EXIT_SUCCESS;
    }
    tallies = mmap(NULL, scenario_count * sizeof *tallies, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tallies == MAP_FAILED)
        return EXIT_FAILURE;
    suite = suite_create("cli: kills");
    tcase = tcase_create("kills");
    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_loop_test(tcase, killed_again_and_again_it_ends_in_the_same_bits, 0,
                        (int)scenario_count);
    suite_add_tcase(suite, tcase);
    code = run_suite(suite);
    if (is_long())
        report();
    return code;
}
