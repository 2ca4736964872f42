#include "fixtures/data_fixture.h"
#include "fixtures/train_fixture.h"
#include "support/scenario_private.h"
#include "support/tree.h"

#include <check.h>
#include <fftool/fftool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAST_MEMORY "1M" /* too little for any training */
#define ROWS 32

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

/* HASH is of a complete one. */
static enum model_state read_model(struct ff_ctx *ctx, const char *path, char hash[33])
{
    enum model_state state = MODEL_DAMAGED;
    uint64_t values, bytes;
    struct ff_model_info info = {.size = sizeof info};
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

enum model_state model_in(const char *directory, char hash[33])
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

char *read_output(const struct scene *scene, const char *directory)
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
