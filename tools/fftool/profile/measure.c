#include "profile/measure.h"
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/output.h"
#include "common/spawn.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_VARIABLE "FFTOOL_LIMIT_MEMORY"
#define NO_GROUP_CODE 125 /* of limit-memory: no control group can be made */
#define PEAK_FILE "cgroup-peak"
#define MODEL_FILE "model.ff"
#define MOST_ARGUMENTS 48
#define FORWARD_FORWARD "ff-" /* how the names of its modes begin */

/* The words of a command, ended by NULL. */
struct words {
    char *v[MOST_ARGUMENTS + 1];
    size_t n;
};

/* Adds one word. */
static void add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct words *words, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (words->n == MOST_ARGUMENTS || vasprintf(&words->v[words->n], format, args) < 0) {
        fputs("fftool: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    va_end(args);
    words->n++;
    words->v[words->n] = NULL;
}

static void add_count(struct words *words, const char *option, uint64_t value)
{
    add(words, "--%s", option);
    add(words, "%llu", (unsigned long long)value);
}

static void add_text(struct words *words, const char *option, const char *value)
{
    add(words, "--%s", option);
    add(words, "%s", value);
}

static void release_words(struct words *words)
{
    while (words->n > 0)
        free(words->v[--words->n]);
}

/* Runs WORDS to the end. Returns EXIT_DONE, whatever the exit code was; or as profile_measure().
 * A complete run counts, even if it was interrupted meanwhile. */
static int run_words(const struct profile_bench *bench, const struct words *words,
                     struct spawn_result *result)
{
    struct spawn spawn = {
        .argv = (const char *const *)words->v, .input = -1, .tick = bench->tick, .arg = bench->arg};
    int why = spawn_run(&spawn, result);

    if (interrupt_asked(NULL) && (why != 0 || result->code != EXIT_DONE))
        return EXIT_INTERRUPTED;
    if (why != 0)
        return report_failure(bench->cli, "%s: %s", words->v[0], strerror(why));
    return EXIT_DONE;
}

/*
 * This program by its path in /proc: it stays the same for all points even if another is installed
 * in the meantime. Without /proc: by the name of its call.
 */
static char *own_program(void)
{
    char *path = heap_format("/proc/%ld/exe", (long)getpid());

    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return heap_copy(program_invocation_name);
}

/* Returns the script, or NULL. */
static char *find_limit_memory(void)
{
    /* Where `make install` puts it, and in a build tree, relative to the directory of the program.
     */
    static const char *const places[] = {"../libexec/fftool/limit-memory",
                                         "../../tools/limit-memory"};
    const char *given = getenv(LIMIT_VARIABLE);
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    size_t i;

    if (given != NULL && *given != '\0')
        return heap_copy(given);
    if (length < 0)
        return NULL;
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        char *path = heap_format("%s/%s", program, places[i]);

        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

static void add_limit(const struct profile_bench *bench, struct words *words)
{
    add(words, "%s", bench->limit_memory);
    add(words, "-o");
    add(words, "%s/" PEAK_FILE, bench->directory);
    add(words, "%llu", (unsigned long long)bench->settings->limit);
}

/* The first line of TEXT, which is cut there. */
static const char *first_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
    return text;
}

/* Checks before any work that a limit can be enforced. */
static int try_limit(const struct profile_bench *bench)
{
    struct words words = {.n = 0};
    struct spawn_result result;
    int code;

    add_limit(bench, &words);
    add(&words, "true");
    code = run_words(bench, &words, &result);
    if (code == EXIT_DONE && result.code == NO_GROUP_CODE)
        code = report_failure(bench->cli, "--limit: %s", first_line(result.err.text));
    spawn_release(&result);
    release_words(&words);
    return code;
}

int profile_bench_init(struct profile_bench *bench)
{
    bench->program = own_program();
    if (bench->settings->limit == 0)
        return EXIT_DONE;
    bench->limit_memory = find_limit_memory();
    if (bench->limit_memory == NULL)
        return report_failure(bench->cli,
                              "--limit: limit-memory is not installed; set " LIMIT_VARIABLE
                              " to its path (in the source tree: tools/limit-memory)");
    return try_limit(bench);
}

void profile_bench_release(struct profile_bench *bench)
{
    free(bench->program);
    free(bench->limit_memory);
    free(bench->blas);
    *bench = (struct profile_bench){0};
}

static bool is_forward_forward(const char *mode)
{
    return strncmp(mode, FORWARD_FORWARD, strlen(FORWARD_FORWARD)) == 0;
}

/* Adds to RECIPE, unless STATUS is a failure already; returns the status. */
__attribute__((format(printf, 5, 6))) static int set(const struct cli *cli,
                                                     struct ff_recipe *recipe, int status,
                                                     const char *field, const char *format, ...)
{
    char value[64];
    va_list args;

    if (status != FF_OK)
        return status;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    return ff_recipe_set(cli->ctx, recipe, field, value);
}

/* The recipe that `fftool train` is given for one point. The caller frees it. */
static int make_recipe(const struct cli *cli, const struct profile_settings *settings,
                       const char *mode, uint32_t layers, struct ff_recipe **out)
{
    int status = ff_recipe_new(cli->ctx, out);

    status = set(cli, *out, status, "hidden", "%ux%u", settings->hidden, layers);
    status = set(cli, *out, status, "mode", "%s", mode);
    status = set(cli, *out, status, "batch", "%u", settings->batch);
    status = set(cli, *out, status, "epochs", "%u", settings->epochs);
    status = set(cli, *out, status, "seed", "%llu", (unsigned long long)settings->seed);
    status = set(cli, *out, status, "optimizer", "%s", settings->optimizer);
    if (is_forward_forward(mode))
        status = set(cli, *out, status, "head_epochs", "0"); /* the original work has no head */
    return status;
}

int profile_check(const struct cli *cli, const struct profile_settings *settings, const char *mode,
                  uint32_t layers)
{
    struct ff_train_opts opts;
    struct ff_recipe *recipe;
    struct ff_plan plan = {.size = sizeof plan};
    int status = make_recipe(cli, settings, mode, layers, &recipe);

    ff_train_opts_init(&opts);
    opts.data.path = settings->data;
    opts.limit_rows = settings->samples;
    opts.threads = settings->threads;
    if (status == FF_OK)
        status = ff_plan_train(cli->ctx, recipe, &opts, NULL, &plan);
    ff_recipe_free(recipe);
    return report_status(cli, status);
}

int profile_fingerprint(const struct cli *cli, struct profile_settings *settings)
{
    struct ff_train_opts opts;

    ff_train_opts_init(&opts);
    opts.data.path = settings->data;
    opts.limit_rows = settings->samples;
    opts.interrupted = interrupt_asked;
    return report_status(cli, ff_train_fingerprint(cli->ctx, &opts, settings->fingerprint));
}

static void add_training(const struct profile_bench *bench, const char *mode, uint32_t layers,
                         struct words *words)
{
    const struct profile_settings *settings = bench->settings;

    add(words, "%s", bench->program);
    add(words, "train");
    add_text(words, "mode", mode);
    add_text(words, "data", settings->data);
    add(words, "--hidden");
    add(words, "%ux%u", settings->hidden, layers);
    add_count(words, "batch", settings->batch);
    add_count(words, "limit", settings->samples);
    add_count(words, "epochs", settings->epochs);
    add_count(words, "seed", settings->seed);
    add_text(words, "optimizer", settings->optimizer);
    if (is_forward_forward(mode)) {
        add_text(words, "recipe", "classic"); /* as the original work, which has no head */
        add_count(words, "head-epochs", 0);
    }
    if (settings->memory > 0)
        add_count(words, "memory", settings->memory);
    add_count(words, "threads", settings->threads);
    add(words, "--model");
    add(words, "%s/" MODEL_FILE, bench->directory);
    add(words, "--json");
    add(words, "--quiet");
    add(words, "--force");
}

/* The reason in the last line of a program that begins with its name; NULL: none. */
static char *reason_given(const char *text)
{
    static const char *const names[] = {"fftool: train: ", "fftool: "};
    const char *line = text, *reason = NULL;
    size_t i;

    while (*line != '\0') {
        size_t length = strcspn(line, "\n");

        for (i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0) {
                reason = line + strlen(names[i]);
                break;
            }
        line += length + (line[length] == '\n');
    }
    return reason != NULL ? heap_format("%.*s", (int)strcspn(reason, "\n"), reason) : NULL;
}

/* Why the training failed, in a line. */
static char *failure_text(const struct profile_bench *bench, const struct spawn_result *result)
{
    char *reason;

    if (result->code == PROFILE_KILLED_CODE && bench->limit_memory != NULL)
        return heap_format("did not fit the limit of %s", text_size(bench->settings->limit).s);
    reason = reason_given(result->err.text);
    if (reason != NULL)
        return reason;
    if (result->code == PROFILE_KILLED_CODE)
        return heap_copy("killed, probably by the kernel because memory ran out");
    return heap_format("ended with exit code %d", result->code);
}

static void fail(struct profile_point *point, int code, char *why)
{
    point->exit_code = code;
    point->error = why;
}

/* Reads the metrics that the training has printed. */
static void read_figures(const struct spawn_result *result, struct profile_point *point)
{
    json_t *root = heap_json(result->out.text, result->out.bytes, 0, NULL);
    int i;

    if (root == NULL)
        fail(point, result->code, heap_copy("printed no result"));
    for (i = 0; i < PROFILE_FIGURES; i++)
        point->figures[i] =
            reading_number(json_object_get(root, profile_figure_member((enum profile_figure)i)));
    json_decref(root);
}

/* The peak of the control group; NAN if the kernel does not report it. */
static double read_cgroup_peak(const struct profile_bench *bench)
{
    char *path = heap_format("%s/" PEAK_FILE, bench->directory);
    FILE *in = fopen(path, "re");
    double peak;

    if (in == NULL || fscanf(in, "%lf", &peak) != 1)
        peak = NAN;
    if (in != NULL)
        fclose(in);
    free(path);
    return peak;
}

/* Only a model records it. */
static void learn_blas(struct profile_bench *bench)
{
    struct ff_ctx *ctx;
    struct ff_model *model;
    struct ff_model_info info = {.size = sizeof info};
    char *path;

    if (bench->blas != NULL || ff_ctx_new(&ctx) != FF_OK)
        return;
    path = heap_format("%s/" MODEL_FILE, bench->directory);
    if (ff_model_open(ctx, path, &model) == FF_OK) {
        if (ff_model_info(model, &info) == FF_OK && info.blas != NULL)
            bench->blas = heap_copy(info.blas);
        ff_model_close(model);
    }
    free(path);
    ff_ctx_free(ctx);
}

/*
 * Evaluates the model on the test split, without a limit, because the memory of the evaluation is
 * not measured. Without such a split the training is a result all the same.
 */
static int evaluate(const struct profile_bench *bench, struct profile_point *point)
{
    struct words words = {.n = 0};
    struct spawn_result result;
    json_t *root;
    int code;

    add(&words, "%s", bench->program);
    add(&words, "eval");
    add(&words, "%s/" MODEL_FILE, bench->directory);
    add_text(&words, "data", bench->settings->data);
    add_count(&words, "threads", bench->settings->threads);
    add(&words, "--json");
    add(&words, "--quiet");
    code = run_words(bench, &words, &result);
    if (code == EXIT_DONE && result.code != EXIT_DONE) {
        progress_line(bench->progress, "fftool: %s: warning: --eval: %s", bench->cli->command,
                      first_line(result.err.text));
    } else if (code == EXIT_DONE) {
        root = heap_json(result.out.text, result.out.bytes, 0, NULL);
        point->figures[PROFILE_TEST_ERROR] = reading_number(json_object_get(root, "error"));
        json_decref(root);
    }
    spawn_release(&result);
    release_words(&words);
    return code;
}

int profile_measure(struct profile_bench *bench, const char *mode, uint32_t layers,
                    struct profile_point *out)
{
    struct words words = {.n = 0};
    struct spawn_result result;
    int code, i;

    *out = (struct profile_point){.mode = heap_copy(mode), .layers = layers};
    for (i = 0; i < PROFILE_FIGURES; i++)
        out->figures[i] = NAN;
    if (bench->limit_memory != NULL)
        add_limit(bench, &words);
    add_training(bench, mode, layers, &words);
    code = run_words(bench, &words, &result);
    if (code == EXIT_DONE && result.code != EXIT_DONE)
        fail(out, result.code, failure_text(bench, &result));
    else if (code == EXIT_DONE)
        read_figures(&result, out);
    spawn_release(&result);
    release_words(&words);
    if (code != EXIT_DONE || out->error != NULL)
        return code;
    if (bench->limit_memory != NULL)
        out->figures[PROFILE_CGROUP_PEAK] = read_cgroup_peak(bench);
    learn_blas(bench);
    return bench->settings->eval ? evaluate(bench, out) : EXIT_DONE;
}
