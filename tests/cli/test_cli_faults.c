/*
 * A call that fails, transfers less than asked for, or is the last one of the process loses
 * nothing. The program reports the failure and exits with 1, or completes the command; it leaves no
 * temporaries; the model stays valid; running the command again gives the undisturbed result and
 * the same weights_hash. A spread sample of all calls by default, every call with FFTOOL_LONG=1.
 *
 *   FFTOOL_SCENARIO=NAME  that scenario alone
 *   FFTOOL_FAULT=PREFIX   the cases whose names, as findings print them, begin with PREFIX
 */
#include "fixtures/train_fixture.h"
#include "support/modes.h"
#include "support/scenario.h"
#include "support/suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLE 2            /* cases of a scenario, where not all are tried */
#define GOLDEN 0.6180339887 /* multiples of it spread evenly between 0 and 1 */
#define MOST_SHOWN 10       /* findings of a scenario and a class that are printed */
#define MOST_WORKERS 16

static const struct fault {
    enum faults_class class;
    enum faults_action action;
    int error;
    const char *name;
} faults[] = {
    {FAULTS_OPEN, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_READ, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_WRITE, FAULTS_FAIL, ENOSPC, "ENOSPC"},
    {FAULTS_MMAP, FAULTS_FAIL, ENOMEM, "ENOMEM"},
    {FAULTS_MALLOC, FAULTS_FAIL, ENOMEM, "ENOMEM"},
    {FAULTS_SYNC, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_STDOUT, FAULTS_FAIL_ALWAYS, ENOSPC, "ENOSPC for good"},
    {FAULTS_WRITE, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_READ, FAULTS_SHORT, 0, "short"},
    {FAULTS_UNLINK, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_WRITE, FAULTS_FAIL_ALWAYS, ENOSPC, "ENOSPC for good"},
    {FAULTS_RENAME, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_TRUNCATE, FAULTS_FAIL, ENOSPC, "ENOSPC"},
    {FAULTS_MALLOC, FAULTS_FAIL_ALWAYS, ENOMEM, "ENOMEM for good"},
    {FAULTS_MKDIR, FAULTS_FAIL, ENOSPC, "ENOSPC"},
    {FAULTS_OPEN, FAULTS_FAIL, EMFILE, "EMFILE"},
    {FAULTS_LOCK, FAULTS_FAIL, ENOLCK, "ENOLCK"},
    {FAULTS_WRITE, FAULTS_SHORT, 0, "short"},
    {FAULTS_SPAWN, FAULTS_FAIL, EAGAIN, "EAGAIN"},
    {FAULTS_READ, FAULTS_FAIL, EINTR, "EINTR"},
    {FAULTS_STDOUT, FAULTS_SHORT, 0, "short"},
    {FAULTS_WRITE, FAULTS_FAIL, EINTR, "EINTR"},
    {FAULTS_OPEN, FAULTS_FAIL, EINTR, "EINTR"},
    {FAULTS_SYNC, FAULTS_FAIL, ENOSPC, "ENOSPC"},
    {FAULTS_LOCK, FAULTS_FAIL, EINTR, "EINTR"},
    {FAULTS_STDOUT, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_TRUNCATE, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_TRUNCATE, FAULTS_FAIL, EINTR, "EINTR"},
    {FAULTS_RENAME, FAULTS_FAIL, ENOSPC, "ENOSPC"},
    {FAULTS_MKDIR, FAULTS_FAIL, EIO, "EIO"},
    {FAULTS_OPEN, FAULTS_FAIL, ENOSPC, "ENOSPC"},
    {FAULTS_OPEN, FAULTS_FAIL, ENOMEM, "ENOMEM"},
    {FAULTS_STDOUT, FAULTS_FAIL, EINTR, "EINTR"},
    {FAULTS_OPEN, FAULTS_FAIL_ALWAYS, EMFILE, "EMFILE for good"},
    {FAULTS_ANY, FAULTS_KILL_AFTER, 0, "SIGKILL"},
    {FAULTS_WRITE, FAULTS_KILL_WITHIN, 0, "SIGKILL within"},
};
#define FAULTS (sizeof faults / sizeof *faults)

struct fault_case {
    const struct fault *fault;
    size_t n;
};

struct case_name {
    char s[96];
};

/* How cases ended, of one scenario. In memory that all processes of the test share. */
struct tally {
    _Atomic unsigned failed, succeeded, killed, not_reached;
    _Atomic unsigned cases_of[FAULTS_CLASSES], findings_of[FAULTS_CLASSES];
    _Atomic unsigned findings;
};

static struct scene scene;
static struct tally *tallies; /* one for each scenario */
static struct tally *tally;   /* of the present one */
static char *root;

/* As messages and FFTOOL_FAULT have it, with a slash behind it. */
static struct case_name name_of(const struct fault_case *one)
{
    struct case_name out;

    snprintf(out.s, sizeof out.s, "%s/%s/%zu/", program_class(one->fault->class), one->fault->name,
             one->n);
    return out;
}

static struct program_plan plan_of(const struct fault_case *one)
{
    return (struct program_plan){one->fault->class, one->fault->action, one->fault->error, one->n};
}

static void found(const struct fault_case *one, const char *struck, const char *what)
{
    tally->findings++;
    if (atomic_fetch_add(&tally->findings_of[one->fault->class], 1) >= MOST_SHOWN)
        return;
    printf("FINDING \"%s\" %s %s: %s\n", scene.scenario->name, name_of(one).s, struck, what);
    fflush(stdout);
}

static void try(struct program *program, const char *name, const struct fault_case *one)
{
    struct program_plan plan = plan_of(one);
    struct program_end end;
    char directory[PATH_MAX], struck[256];
    const char *wrong;

    scene_copy(&scene, name, directory);
    program_run(program, directory, scene.command, &plan, &end);
    snprintf(struck, sizeof struck, "%s", program_struck(program));
    tally->cases_of[one->fault->class]++;
    if (!end.fired)
        tally->not_reached++;
    else if (end.signal)
        tally->killed++;
    else if (end.code)
        tally->failed++;
    else
        tally->succeeded++;
    wrong = scene_check_end(&scene, &plan, &end, directory, true);
    if (end.signal || plan.class == FAULTS_UNLINK)
        scene_age(directory, &end);
    if (!wrong)
        wrong = scene_finish(&scene, program, directory, one->n % 2 == 0);
    if (!wrong && scene.scenario->trains)
        wrong = scene_check_elsewhere(&end);
    program_end_release(&end);
    if (wrong)
        found(one, struck, wrong);
    scene_remove(directory);
}

static bool is_long(void)
{
    return getenv("FFTOOL_LONG") != NULL;
}

static size_t calls_of(const struct fault *fault)
{
    return (size_t)scene.calls[fault->class];
}

/* A sample of cases that is another for each scenario. */
static size_t choose_some(int scenario, struct fault_case *out)
{
    size_t n = 0;

    for (size_t i = 0; n < SAMPLE && i < FAULTS; i++) {
        size_t number = (size_t)scenario * SAMPLE + i;
        const struct fault *fault = &faults[number % FAULTS];
        double turns = GOLDEN * (double)(number / FAULTS + i + 1);
        double part = turns - (double)(size_t)turns;

        if (calls_of(fault) > 0)
            out[n++] = (struct fault_case){fault, 1 + (size_t)(part * (double)calls_of(fault))};
    }
    return n;
}

/* All cases whose names begin with NAMED. */
static size_t choose_all(const char *named, struct fault_case *out)
{
    size_t n = 0;

    for (size_t i = 0; i < FAULTS; i++)
        for (size_t k = 1; k <= calls_of(&faults[i]); k++) {
            struct fault_case one = {&faults[i], k};

            if (strncmp(name_of(&one).s, named, strlen(named)) == 0)
                out[n++] = one;
        }
    return n;
}

static size_t choose(int scenario, struct fault_case **out)
{
    const char *named = getenv("FFTOOL_FAULT");
    size_t room = SAMPLE;

    for (size_t i = 0; i < FAULTS; i++)
        room += calls_of(&faults[i]);
    *out = calloc(room, sizeof **out);
    ck_assert_ptr_nonnull(*out);
    if (named || is_long())
        return choose_all(named ? named : "", *out);
    return choose_some(scenario, *out);
}

static void work(unsigned worker, unsigned workers, const struct fault_case *cases, size_t n)
{
    char prefix[PATH_MAX], name[32];
    struct program *program;

    ck_assert_int_lt(snprintf(prefix, sizeof prefix, "%s/worker%u", root, worker),
                     (int)sizeof prefix);
    snprintf(name, sizeof name, "case%u", worker);
    program = program_new(prefix);
    for (size_t i = worker; i < n; i += workers)
        try(program, name, &cases[i]);
    program_free(program);
}

static unsigned count_workers(void)
{
    const char *jobs = getenv("FFTOOL_JOBS");
    int n = jobs ? atoi(jobs) : 2;

    return is_long() && n > 0 && n <= MOST_WORKERS ? (unsigned)n : 1;
}

static void work_in_parallel(const struct fault_case *cases, size_t n)
{
    unsigned workers = count_workers();
    pid_t children[MOST_WORKERS];
    int status;

    fflush(stdout);
    for (unsigned i = 0; i < workers; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            work(i, workers, cases, n);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < workers; i++) {
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
}

START_TEST(a_failing_call_loses_nothing)
{
    const char *only = getenv("FFTOOL_SCENARIO");
    struct fault_case *cases;
    size_t n;

    if (only && strcmp(only, scenarios[_i].name) != 0)
        return;
    tally = &tallies[_i];
    root = scene_root();
    scene_open(root, &scenarios[_i], &scene);
    n = choose(_i, &cases);
    work_in_parallel(cases, n);
    ck_assert_uint_eq(tally->findings, 0);
    free(cases);
    scene_close(&scene);
    free(root);
}
END_TEST

static void add(const struct tally *one, struct tally *sum)
{
    sum->failed += one->failed;
    sum->succeeded += one->succeeded;
    sum->killed += one->killed;
    sum->not_reached += one->not_reached;
    sum->findings += one->findings;
    for (int c = 0; c < FAULTS_CLASSES; c++)
        sum->cases_of[c] += one->cases_of[c];
}

static void print_row(const char *name, const struct tally *row)
{
    printf("REPORT: %-22s %7u %7u %9u %7u %11u %8u\n", name,
           row->failed + row->succeeded + row->killed + row->not_reached, row->failed,
           row->succeeded, row->killed, row->not_reached, row->findings);
}

/* What was tried, as a table. */
static void report(void)
{
    struct tally sum = {0};

    printf("REPORT: %-22s %7s %7s %9s %7s %11s %8s\n", "Calls failing", "cases", "failed",
           "succeeded", "killed", "not reached", "findings");
    for (size_t i = 0; i < scenario_count; i++) {
        print_row(scenarios[i].name, &tallies[i]);
        add(&tallies[i], &sum);
    }
    print_row("all", &sum);
    for (int c = 0; c < FAULTS_CLASSES; c++)
        printf("REPORT: of these %-14s %7u\n", program_class((enum faults_class)c),
               sum.cases_of[c]);
}

/* True if a scenario trains with "OPTION NAME"; of the DEFAULT name, without that option. */
static bool is_tried(const char *option, const char *name, bool is_default)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < scenario_count; i++) {
        const char *at = scenarios[i].trains ? strstr(scenarios[i].command, option) : NULL;

        if (scenarios[i].trains && !at && is_default)
            return true;
        if (at && strncmp(at + strlen(option), name, length) == 0 &&
            strchr(" ", at[strlen(option) + length]))
            return true;
    }
    return false;
}

START_TEST(every_mode_and_recipe_has_a_scenario)
{
    size_t n;
    const struct ff_recipe_entry *entries = ff_recipes(&n);

    for (size_t i = 0; i < n; i++)
        ck_assert_msg(is_tried("--recipe ", entries[i].name, i == 0), "recipe %s: add a scenario",
                      entries[i].name);
    for (int i = 0; i < mode_count(MODE_ANY); i++)
        ck_assert_msg(is_tried("--mode ", mode_name(MODE_ANY, i), i == 0),
                      "mode %s: add a scenario", mode_name(MODE_ANY, i));
}
END_TEST

int main(void)
{
    Suite *suite;
    TCase *tcase;
    int code;

    if (!program_can_fail()) {
        printf("SKIPPED: faults: this build has sanitizers, before which nothing can be loaded\n");
        return EXIT_SUCCESS;
    }
    tallies = mmap(NULL, scenario_count * sizeof *tallies, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tallies == MAP_FAILED)
        return EXIT_FAILURE;
    suite = suite_create("cli: faults");
    tcase = tcase_create("faults");
    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_test(tcase, every_mode_and_recipe_has_a_scenario);
    tcase_add_loop_test(tcase, a_failing_call_loses_nothing, 0, (int)scenario_count);
    suite_add_tcase(suite, tcase);
    code = run_suite(suite);
    if (is_long())
        report();
    return code;
}
