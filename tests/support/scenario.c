#include "support/scenario.h"

#include "support/data_fixture.h"
#include "support/train_fixture.h"
#include "support/tree.h"

#include <check.h>
#include <fftool/fftool.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODEL "model.ff"
#define SCRATCH "model.ff.scratch"
#define LOG "log.jsonl"
#define OTHER_SCRATCH "scratch"
#define RESUME "resume " MODEL " --threads 1 --checkpoint-interval 0 --quiet"
#define PROBLEM_BYTES 4096
#define LEAST_MEMORY "1M" /* too little for any training */
#define EXIT_FAULT 1
#define ROWS 32

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

/* ---- JSON ---- */

/* True of a member that is measured: another value each time. */
static bool is_measured(const char *key)
{
    static const char *const parts[] = {"seconds",       "gflops", "_bytes", "per_second",
                                        "bytes_written", "date",   "plan",   "file"};

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

/* ---- Models ---- */

enum model_state { MODEL_ABSENT, MODEL_STUB, MODEL_DAMAGED, MODEL_HALF, MODEL_COMPLETE };

/* HASH is of a complete one. */
static enum model_state read_model(struct ff_ctx *ctx, const char *path, char hash[33])
{
    enum model_state state = MODEL_DAMAGED;
    uint64_t values, bytes;
    struct ff_model_info info;
    struct ff_model *model;

    if (access(path, F_OK) != 0)
        return MODEL_ABSENT;
    if (ff_model_open(ctx, path, &model) != FF_OK)
        return MODEL_STUB;
    if (ff_model_verify(model, NULL, NULL, &values, &bytes) == FF_OK &&
        ff_model_info(model, &info) == FF_OK) {
        state = info.complete ? MODEL_COMPLETE : MODEL_HALF;
        if (info.complete)
            strcpy(hash, info.weights_hash);
    }
    ff_model_close(model);
    return state;
}

static enum model_state model_in(const char *directory, char hash[33])
{
    struct ff_ctx *ctx = train_ctx();
    enum model_state state;
    char path[PATH_MAX];

    tree_join(path, directory, MODEL);
    hash[0] = '\0';
    state = read_model(ctx, path, hash);
    ff_ctx_free(ctx);
    return state;
}

static bool can_resume(const struct scene *scene, const char *directory)
{
    char hash[33];

    return scene->scenario->trains && model_in(directory, hash) >= MODEL_HALF;
}

/* ---- Logs ---- */

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

/* ---- Setting up ---- */

static void make_gzip(const char *from, const char *to)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"};

    ck_assert_int_eq(mkdir(to, 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct data_bytes bytes = data_read(from, names[i]);
        char name[64];

        snprintf(name, sizeof name, "%s.gz", names[i]);
        data_write_gz(to, name, &bytes);
    }
}

char *scene_root(void)
{
    char *root = train_folder(ROWS), *npy = train_folder_of(TRAIN_CLASSES, ROWS);
    char idx[PATH_MAX], to[PATH_MAX];

    tree_join(idx, root, "idx");
    ck_assert_int_eq(rename(train_path(root, "data"), idx), 0);
    tree_join(to, root, "gzip");
    make_gzip(idx, to);
    tree_join(to, root, "npy");
    ck_assert_int_eq(rename(train_path(npy, "data"), to), 0);
    free(npy);
    return root;
}

/* Returns TEXT with every FROM replaced by TO; the caller frees it. */
static char *replaced(const char *text, char from, const char *to)
{
    size_t room = strlen(text) + 1;
    char *out;

    for (const char *at = text; *at; at++)
        room += *at == from ? strlen(to) : 0;
    out = calloc(1, room);
    ck_assert_ptr_nonnull(out);
    for (const char *at = text; *at; at++) {
        if (*at == from)
            strcat(out, to);
        else
            out[strlen(out)] = *at;
    }
    return out;
}

/* The smallest budget that a training is not refused with. */
static void find_budget(struct program *program, const char *directory, const char *command,
                        char out[32])
{
    char *refused = replaced(command, '%', LEAST_MEMORY);
    struct program_end end;
    const char *at;

    program_run(program, directory, refused, NULL, &end);
    at = strstr(end.err, "give --memory ");
    ck_assert_msg(at && sscanf(at, "give --memory %31s", out) == 1, "%s: %s", refused, end.err);
    program_end_release(&end);
    free(refused);
}

/* COMMAND with the datasets' directory and the budget filled in. */
static char *complete(const struct scene *scene, const char *command)
{
    char *placed = replaced(command, '@', scene->root), *out;
    char budget[32] = "";

    if (strchr(placed, '%'))
        find_budget(scene->program, scene->state, placed, budget);
    out = replaced(placed, '%', budget);
    free(placed);
    return out;
}

static void must_end_well(const char *command, const struct program_end *end)
{
    ck_assert_msg(end->signal == 0 && end->code == 0, "%s: signal %d, code %d: %s", command,
                  end->signal, end->code, end->err);
}

/* Makes the state, by the whole of a command or its first calls. */
static void prepare(struct scene *scene)
{
    const struct scenario *scenario = scene->scenario;
    struct program_plan plan = {.class = FAULTS_ANY, .action = FAULTS_KILL_AFTER};
    struct program_end end;
    char path[PATH_MAX];
    char *command;

    if (scenario->directory) {
        tree_join(path, scene->state, scenario->directory);
        ck_assert_int_eq(mkdir(path, 0700), 0);
    }
    if (!scenario->prepare)
        return;
    command = complete(scene, scenario->prepare);
    program_run(scene->program, scene->state, command, NULL, &end);
    must_end_well(command, &end);
    program_end_release(&end);
    if (scenario->cut > 0) {
        plan.n = (uint64_t)(scenario->cut * (double)program_calls(scene->program, FAULTS_ANY));
        tree_empty(scene->state);
        program_run(scene->program, scene->state, command, &plan, &end);
        ck_assert_int_eq(end.signal, SIGKILL);
        program_end_release(&end);
    }
    free(command);
}

static char *read_output(const struct scene *scene, const char *directory)
{
    char path[PATH_MAX];
    size_t bytes;

    if (!scene->scenario->output)
        return NULL;
    tree_join(path, directory, scene->scenario->output);
    return program_read_file(path, &bytes);
}

void scene_open(const char *root, const struct scenario *scenario, struct scene *out)
{
    char prefix[PATH_MAX], directory[PATH_MAX];
    struct program_end end;

    *out = (struct scene){.scenario = scenario};
    strcpy(out->root, root);
    tree_join(prefix, root, "scene");
    out->program = program_new(prefix);
    tree_join(out->state, root, "state");
    ck_assert_int_eq(mkdir(out->state, 0700), 0);
    out->command = complete(out, scenario->command);
    out->again = scenario->again ? complete(out, scenario->again) : NULL;
    prepare(out);
    out->before = tree_list(out->state);
    model_in(out->state, out->hash_before);
    scene_copy(out, "undisturbed", directory);
    program_run(out->program, directory, out->command, NULL, &end);
    must_end_well(out->command, &end);
    for (int c = 0; c < FAULTS_CLASSES; c++)
        out->calls[c] = program_calls(out->program, (enum faults_class)c);
    ck_assert_msg(!scenario->shows || strstr(end.out, scenario->shows), "%s does not show %s: %s",
                  out->command, scenario->shows, end.out);
    out->out = strdup(end.out);
    out->output = read_output(out, directory);
    out->after = tree_list(directory);
    model_in(directory, out->hash);
    program_end_release(&end);
    scene_remove(directory);
}

void scene_close(struct scene *scene)
{
    scene_remove(scene->state);
    program_free(scene->program);
    free(scene->command);
    free(scene->again);
    free(scene->before);
    free(scene->after);
    free(scene->out);
    free(scene->output);
    *scene = (struct scene){0};
}

void scene_copy(const struct scene *scene, const char *name, char directory[PATH_MAX])
{
    tree_join(directory, scene->root, name);
    tree_copy(scene->state, directory);
}

void scene_remove(const char *directory)
{
    tree_empty(directory);
    ck_assert_int_eq(rmdir(directory), 0);
}

void scene_remove_scratch(const char *directory)
{
    static const char *const names[] = {SCRATCH, OTHER_SCRATCH};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tree_join(path, directory, names[i]);
        tree_empty(path);
    }
}

void scene_age(const char *directory, const struct program_end *end)
{
    tree_age(directory, SCENE_AGE_S);
    if (*end->made)
        tree_age(end->made, SCENE_AGE_S);
}

/* ---- Checks ---- */

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
