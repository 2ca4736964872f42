#include "support/scenario_private.h"
#include "support/tree.h"

#include <check.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESUME "resume " MODEL " --threads 1 --checkpoint-interval 0 --quiet"
#define PROBLEM_BYTES 4096
#define EXIT_FAULT 1

static const char *problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *problem(const char *format, ...)
{
    static char text[PROBLEM_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return text;
}

/* ---- JSON and logs ---- */

/* True of a member that is measured: another value each time. */
static bool is_measured(const char *key)
{
    static const char *const parts[] = {"seconds",    "gflops",        "_bytes",
                                        "per_second", "bytes_written", "date",
                                        "plan",       "file",          "speed"};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(key, parts[i]))
            return true;
    return false;
}

/* Takes what is measured out of VALUE. */
static void strip(json_t *value)
{
    const char *key;
    json_t *member;
    void *next;
    size_t i;

    json_array_foreach(value, i, member) strip(member);
    json_object_foreach_safe(value, next, key, member)
    {
        if (is_measured(key))
            json_object_del(value, key);
        else
            strip(member);
    }
}

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);

    if (value)
        strip(value);
    return value;
}

static bool same_json(const char *a, const char *b)
{
    json_t *left = parse(a), *right = parse(b);
    bool same = left && right && json_equal(left, right);

    json_decref(left);
    json_decref(right);
    return same;
}

static bool is_json(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    bool is = value != NULL;

    json_decref(value);
    return is;
}

static const char *check_log(const struct scene *scene, const char *directory)
{
    char path[PATH_MAX];
    char *text, *line, *rest;
    size_t bytes;
    bool good = true;

    if (!scene->scenario->log)
        return NULL;
    tree_join(path, directory, LOG);
    text = program_read_file(path, &bytes);
    if (!text)
        return NULL;
    good = bytes == 0 || text[bytes - 1] == '\n';
    for (line = strtok_r(text, "\n", &rest); line && good; line = strtok_r(NULL, "\n", &rest))
        good = is_json(line);
    free(text);
    return good ? NULL : problem("a line of the log is no JSON object");
}

/* ---- Files and models ---- */

const char *scene_check_elsewhere(const struct program_end *end)
{
    if (!*end->made || access(end->made, F_OK) != 0)
        return NULL;
    return problem("%s is left behind", end->made);
}

/* True if NAME is a file that a training that has not ended leaves on purpose. */
static bool is_scratch(const char *name)
{
    const char *in = strchr(name, '/');

    if (!in)
        return strcmp(name, SCRATCH) == 0 || strcmp(name, OTHER_SCRATCH) == 0;
    return strncmp(in + 1, "boundary-", 9) == 0 || strcmp(in + 1, "tiles.lmdb") == 0;
}

static bool is_model(const char *name)
{
    return strcmp(name, MODEL) == 0 || strcmp(name, MODEL "-lock") == 0;
}

/* True if the line NAME is one of LIST. */
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
        if ((at == list || at[-1] == '\n') && at[length] == '\n')
            return true;
    return false;
}

/* The files in DIRECTORY are at most those that were there, the command's own, and scratch. */
static const char *check_leftovers(const struct scene *scene, const char *directory)
{
    char *list = tree_list(directory), *rest;
    const char *wrong = NULL;

    for (char *name = strtok_r(list, "\n", &rest); name && !wrong;
         name = strtok_r(NULL, "\n", &rest)) {
        bool mine = scene->scenario->trains && (is_scratch(name) || is_model(name));

        if (!mine && !is_listed(scene->before, name) && !is_listed(scene->after, name))
            wrong = problem("%s is left behind", name);
    }
    free(list);
    return wrong;
}

/* The model that a failed command leaves: none before the first checkpoint, else a whole one. */
static const char *check_model(const struct scene *scene, const char *directory)
{
    char hash[33];
    enum model_state state = model_in(directory, hash);

    if (state == MODEL_DAMAGED)
        return problem("the model is damaged");
    if (is_listed(scene->before, MODEL) && state < MODEL_HALF)
        return problem("the model that was there is gone or cannot be opened");
    if (state == MODEL_COMPLETE && strcmp(hash, scene->hash) != 0 &&
        strcmp(hash, scene->hash_before) != 0)
        return problem("the model is complete, with other weights");
    return NULL;
}

/* ---- A command that ended ---- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static const char *check_printed(const struct scene *scene, const struct program_end *end)
{
    switch (scene->scenario->prints) {
    case PRINTS_JSON:
        return same_json(end->out, scene->out) ? NULL : problem("prints other JSON: %s", end->out);
    case PRINTS_LINES:
        return same_text(end->out, scene->out) ? NULL : problem("prints other lines");
    case PRINTS_TEXT:
        break;
    }
    return count_lines(end->out) == count_lines(scene->out)
               ? NULL
               : problem("prints other text: %s", end->out);
}

/* The files are those of an undisturbed run. Its log may be absent: nothing is logged of a model
 * that was complete already. */
static bool has_files(const struct scene *scene, const char *directory)
{
    char *list = tree_list(directory), *with_log = NULL;
    bool has = strcmp(list, scene->after) == 0;

    if (!has && scene->scenario->log) {
        ck_assert_int_gt(asprintf(&with_log, LOG "\n%s", list), 0);
        has = strcmp(with_log, scene->after) == 0;
    }
    free(with_log);
    free(list);
    return has;
}

static const char *left_behind(const char *directory)
{
    char *list = tree_list(directory);
    const char *wrong = problem("these files are left: %s", list);

    free(list);
    return wrong;
}

/* Of a command that says that it has succeeded. */
static const char *check_success(const struct scene *scene, const char *directory, bool tidy)
{
    const char *wrong = NULL;
    char *output = read_output(scene, directory);
    char hash[33];

    if (!same_text(output, scene->output))
        wrong = problem("%s has another content", scene->scenario->output);
    free(output);
    model_in(directory, hash);
    if (strcmp(hash, scene->hash) != 0)
        wrong = problem("weights %s, not %s", hash, scene->hash);
    if (!wrong && tidy && !has_files(scene, directory))
        wrong = left_behind(directory);
    return wrong ? wrong : check_log(scene, directory);
}

/* What a command that fails may have printed: whole JSON or none, whole lines. */
static const char *check_unprinted(const struct scene *scene, const struct program_end *end)
{
    bool good = end->out_bytes == 0;

    switch (scene->scenario->prints) {
    case PRINTS_JSON:
        good = good || same_json(end->out, scene->out);
        break;
    case PRINTS_LINES:
        good = good || strncmp(end->out, scene->out, end->out_bytes) == 0;
        break;
    case PRINTS_TEXT:
        good = good || end->out[end->out_bytes - 1] == '\n';
        break;
    }
    return good ? NULL : problem("fails, having printed: %s", end->out);
}

/* Of a command that says that it has failed. */
static const char *check_failure(const struct scene *scene, const struct program_plan *plan,
                                 const struct program_end *end, const char *directory)
{
    const char *wrong = NULL;

    if (end->code != EXIT_FAULT)
        return problem("exit code %d: %s", end->code, end->err);
    if (strncmp(end->err, "fftool: ", 8) != 0 && !strstr(end->err, "\nfftool: "))
        return problem("fails without a message: %s", end->err);
    if (plan->class != FAULTS_STDOUT)
        wrong = check_unprinted(scene, end);
    if (!wrong && plan->class != FAULTS_UNLINK)
        wrong = check_leftovers(scene, directory);
    return wrong ? wrong : check_model(scene, directory);
}

static bool kills(const struct program_plan *plan)
{
    return plan->action >= FAULTS_KILL_BEFORE;
}

const char *scene_check_end(const struct scene *scene, const struct program_plan *plan,
                            const struct program_end *end, const char *directory, bool first)
{
    bool prints_same = first || !scene->scenario->trains;

    if (end->signal == SIGALRM)
        return problem("hangs");
    if (end->signal == SIGKILL && kills(plan) && end->fired)
        return check_model(scene, directory);
    if (end->signal)
        return problem("dies of signal %d: %s", end->signal, end->err);
    if (end->code == 0 && prints_same && check_printed(scene, end))
        return check_printed(scene, end);
    if (end->code == 0)
        return check_success(scene, directory, plan->class != FAULTS_UNLINK);
    if (!end->fired)
        return problem("fails of itself: %s", end->err);
    if (plan->class != FAULTS_UNLINK && scene_check_elsewhere(end))
        return scene_check_elsewhere(end);
    return check_failure(scene, plan, end, directory);
}

/* ---- The command after a failure ---- */

static bool can_resume(const struct scene *scene, const char *directory)
{
    char hash[33];

    return scene->scenario->trains && model_in(directory, hash) >= MODEL_HALF;
}

const char *scene_next(const struct scene *scene, const char *directory, bool resume)
{
    if (scene->again)
        return scene->again;
    if (!resume || !can_resume(scene, directory))
        return scene->command;
    return scene->scenario->log ? RESUME " --log " LOG : RESUME;
}

const char *scene_finish(const struct scene *scene, struct program *program, const char *directory,
                         bool resume)
{
    const char *command = scene_next(scene, directory, resume), *wrong;
    struct program_end end;
    char hash[33];

    program_run(program, directory, command, NULL, &end);
    if (end.signal || end.code) {
        wrong = problem("%.20s afterwards: signal %d, code %d: %s", command, end.signal, end.code,
                        end.err);
        program_end_release(&end);
        return wrong;
    }
    wrong = scene->scenario->trains ? NULL : check_printed(scene, &end);
    program_end_release(&end);
    if (wrong)
        return wrong;
    model_in(directory, hash);
    if (strcmp(hash, scene->hash) != 0)
        return problem("weights %s afterwards, not %s", hash, scene->hash);
    return has_files(scene, directory) ? check_log(scene, directory) : left_behind(directory);
}
