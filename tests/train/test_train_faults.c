/* Faults in training are reported as what they are, and lose nothing: resuming afterwards ends in
 * the same bits. */
#include "base/context.h"
#include "support/modes.h"
#include "support/suite.h"
#include "support/training.h"
#include "train/run.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 200
#define HIDDEN "24x2"

static struct ff_train_result result = {.size = sizeof result};

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
}

/* Every allocation of a training in turn fails once. The same model is resumed each time. */
START_TEST(any_allocation_may_fail)
{
    train_kind(_i, &recipe);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_assert_int_gt(train_with_failing_allocations(), 50);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

START_TEST(a_memory_limit_is_kept)
{
    ff_memory_limit(ctx, 100000);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EBUDGET, "memory limit");
    ff_memory_limit(ctx, 0);
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

/* Trains with model and scratch on a file system of so many KiB, until it fits. */
START_TEST(a_full_disk_loses_nothing)
{
    char *disk = strdup(train_path(directory, "disk"));
    const char *usual = opts.model;
    char *model = NULL;
    int full = 0, status = FF_EFULL;

    ck_assert_int_eq(mkdir(disk, 0700), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=64k") != 0) {
        printf("SKIPPED: full disk: no small file system can be mounted here (needs root)\n");
        free(disk);
        return;
    }
    ck_assert_int_gt(asprintf(&model, "%s/model.ff", disk), 0);
    opts.model = model;
    for (unsigned kib = 64; status == FF_EFULL && kib < 65536; kib += kib / 8) {
        char option[32];

        snprintf(option, sizeof option, "size=%uk", kib);
        ck_assert_int_eq(mount("tmpfs", disk, "tmpfs", MS_REMOUNT, option), 0);
        status = ff_train(ctx, &recipe, &opts, &result);
        if (status != FF_OK)
            ck_status(status, FF_EFULL, "");
        full += status == FF_EFULL;
    }
    ck_assert_int_eq(status, FF_OK);
    ck_assert_int_gt(full, 1);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
    ck_assert_int_eq(umount2(disk, MNT_DETACH), 0);
    opts.model = usual;
    free(disk);
    free(model);
}
END_TEST

/* On a disk of so many KiB there is a model that can be resumed, or none. */
START_TEST(a_disk_that_fills_while_a_model_is_created_leaves_nothing)
{
    char *disk = strdup(train_path(directory, "disk")), *model = NULL;
    char *own = strdup(train_path(directory, "own")); /* a directory for scratch */
    const char *usual = opts.model;
    int none = 0, status = FF_EFULL;

    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* but at the end of a layer */
    opts.threads = 1;
    ck_assert_int_eq(mkdir(disk, 0700), 0);
    ck_assert_int_gt(asprintf(&model, "%s/model.ff", disk), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=4k") != 0) {
        printf("SKIPPED: full disk: no small file system can be mounted here (needs root)\n");
        free(disk);
        free(own);
        free(model);
        return;
    }
    opts.model = model;
    opts.scratch = own;
    for (unsigned kib = 4; status == FF_EFULL; kib += 4) {
        char option[32];

        snprintf(option, sizeof option, "size=%uk", kib);
        ck_assert_int_eq(mount("tmpfs", disk, "tmpfs", MS_REMOUNT, option), 0);
        status = ff_train(ctx, &recipe, &opts, &result);
        if (status == FF_OK)
            break;
        ck_status(status, FF_EFULL, "");
        none += access(model, F_OK) != 0;
        ck_assert_int_eq(access(model, F_OK) == 0, result.saved);
        ck_assert_int_ne(access(train_path(disk, "model.ff.partial"), F_OK), 0);
    }
    ck_assert_int_gt(none, 1);
    ck_assert_str_eq(train_hash(model), train_reference(&recipe, ROWS));
    ck_assert_int_eq(umount2(disk, MNT_DETACH), 0);
    opts.model = usual;
    opts.scratch = NULL;
    free(disk);
    free(own);
    free(model);
}
END_TEST

/* Fills the disk once the model is compacted. */
static bool fill_disk(void *arg)
{
    static const char block[4096];
    const char *filler = arg;
    char *copy = NULL;
    FILE *file;

    ck_assert_int_gt(asprintf(&copy, "%s.partial", opts.model), 0);
    if (access(copy, F_OK) == 0 && access(filler, F_OK) != 0) {
        file = fopen(filler, "w");
        ck_assert_ptr_nonnull(file);
        setbuf(file, NULL);
        while (fwrite(block, sizeof block, 1, file) == 1)
            continue;
        fclose(file);
    }
    free(copy);
    return false;
}

START_TEST(without_room_for_the_copy_a_model_is_complete_all_the_same)
{
    char *disk = strdup(train_path(directory, "disk")), *model = NULL, *filler = NULL;
    char *own = strdup(train_path(directory, "own")); /* a directory for scratch */
    const char *usual = opts.model;
    off_t large;

    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* but at the end of a layer */
    opts.threads = 1;
    ck_assert_int_eq(mkdir(disk, 0700), 0);
    ck_assert_int_gt(asprintf(&model, "%s/model.ff", disk), 0);
    ck_assert_int_gt(asprintf(&filler, "%s/filler", disk), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=4m") != 0) {
        printf("SKIPPED: no room for the copy: no small file system can be mounted here (needs "
               "root)\n");
    } else {
        opts.model = model;
        opts.scratch = own;
        opts.interrupted = fill_disk;
        opts.arg = filler;
        ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
        ck_assert_str_eq(train_hash(model), train_reference(&recipe, ROWS));
        ck_assert_int_ne(access(train_path(disk, "model.ff.partial"), F_OK), 0);
        large = train_size_of(model);
        ck_assert_int_eq(unlink(filler), 0);
        opts.interrupted = NULL;
        ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
        ck_assert(result.was_complete);
        ck_assert_int_lt(train_size_of(model), large);
        ck_assert_int_eq(umount2(disk, MNT_DETACH), 0);
    }
    opts.model = usual;
    opts.scratch = NULL;
    free(disk);
    free(own);
    free(model);
    free(filler);
}
END_TEST

/* Holds the model in a child until a byte arrives. */
static bool wait_for_pipe(void *arg)
{
    const int *pipes = arg;
    char byte = 0;

    if (write(pipes[1], &byte, 1) == 1) /* "in training now" */
        pause();
    return true;
}

START_TEST(a_second_trainer_is_refused)
{
    int pipes[2];
    pid_t child;
    char byte;

    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        opts.interrupted = wait_for_pipe;
        opts.arg = pipes;
        _exit(ff_train(ctx, &recipe, &opts, &result) == FF_OK ? 0 : 1);
    }
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ELOCKED, "model.ff");
    ck_status(ff_train_resume(ctx, &opts, &result), FF_ELOCKED, "model.ff");
    opts.force = true;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ELOCKED, "model.ff");
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    opts.force = false;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
}
END_TEST

START_TEST(divergence_is_reported_and_the_last_checkpoint_stays)
{
    struct ff_model *model;

    recipe.optimizer = "sgd";
    recipe.beta1 = recipe.beta2 = recipe.epsilon = recipe.momentum = NAN;
    recipe.learning_rate = 1e25;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "learning rate");
    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_OK);
    ff_model_close(model);
}
END_TEST

/* A layer's last step is not measured by another one. Each mode, with one step in all. */
START_TEST(divergence_of_the_last_step_is_reported)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    train_named("symba", &recipe);
    recipe.mode = mode_name(MODE_ANY, _i);
    recipe.batch = ROWS;
    recipe.epochs = recipe.head_epochs = 1;
    recipe.learning_rate = 1e30;
    recipe.label_embedding = "replace";
    recipe.negative_sets = 1;
    ck_status(ff_recipe_complete(ctx, &recipe), FF_OK, "");
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "epoch 1: the weights are not");
    ck_assert_int_eq(ff_model_open(ctx, opts.model, &model), FF_OK);
    ck_assert_int_eq(ff_model_info(model, &info), FF_OK);
    ck_assert_uint_eq(info.layers_trained, 0);
    ck_assert(!info.begun);
    ff_model_close(model);
}
END_TEST

/* Weights whose squares are finite, and goodness that is not. */
START_TEST(divergence_is_reported_once_it_is_measured)
{
    recipe.batch = ROWS;
    recipe.epochs = 1;
    recipe.learning_rate = 3e17;
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "loss after training");
}
END_TEST

START_TEST(another_recipe_does_not_touch_the_model)
{
    const char *hash;

    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    hash = train_hash(opts.model);
    recipe.batch = 31;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EMISMATCH, "batch");
    recipe.batch = 32;
    opts.limit_rows = 100;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EMISMATCH, "samples");
    ck_assert_str_eq(train_hash(opts.model), hash);
}
END_TEST

START_TEST(changed_data_is_noticed_when_it_is_read_again)
{
    long left = 60;
    FILE *file;

    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    file = fopen(train_path(directory, "data/train-images-idx3-ubyte"), "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 1000, SEEK_SET), 0);
    fputc(255, file);
    ck_assert_int_eq(fclose(file), 0);
    for (int k = 0; k < 3; k++) {
        char name[64];

        snprintf(name, sizeof name, "model.ff.scratch/boundary-%d.lmdb", k);
        unlink(train_path(directory, name));
    }
    opts.interrupted = NULL;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EMISMATCH, "changed");
}
END_TEST

static void copy_flipped(const unsigned char *bytes, size_t size, size_t at, const char *path)
{
    FILE *out = fopen(path, "wb");
    unsigned char flipped = bytes[at] ^ (unsigned char)(1u << at % 8);

    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, at, out), at);
    ck_assert_uint_eq(fwrite(&flipped, 1, 1, out), 1);
    ck_assert_uint_eq(fwrite(bytes + at + 1, 1, size - at - 1, out), size - at - 1);
    ck_assert_int_eq(fclose(out), 0);
}

/* What a flipped bit in the file may do: be found, or strike a byte that nothing reads. */
static bool is_found(const char *path, const char *hash)
{
    uint64_t values, bytes;
    struct ff_model *model;
    struct ff_model_info info = {.size = sizeof info};
    int status = ff_model_open(ctx, path, &model);
    bool found = status != FF_OK;

    if (found) {
        ck_assert_msg(status == FF_ECORRUPT || status == FF_EFORMAT, "%d %s", status,
                      ff_ctx_message(ctx));
        return true;
    }
    found = ff_model_verify(model, NULL, NULL, &values, &bytes) != FF_OK;
    status = ff_model_info(model, &info);
    if (status == FF_OK)
        ck_assert_str_eq(info.weights_hash, hash);
    else
        ck_assert_int_eq(status, FF_ECORRUPT);
    ff_model_close(model);
    return found || status != FF_OK;
}

START_TEST(no_flipped_bit_changes_weights_unseen)
{
    static unsigned char bytes[1 << 20];
    const char *copy = train_path(directory, "flipped.ff"), *hash;
    size_t size, found = 0, tried = 0;
    FILE *file;

    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    hash = train_hash(opts.model);
    file = fopen(opts.model, "rb");
    ck_assert_ptr_nonnull(file);
    size = fread(bytes, 1, sizeof bytes, file);
    ck_assert(size > 0 && size < sizeof bytes);
    fclose(file);
    for (size_t at = 0; at < size; at += getenv("FFTOOL_LONG") ? 1 : 61, tried++) {
        copy_flipped(bytes, size, at, copy);
        found += is_found(copy, hash);
    }
    printf("%zu bits flipped, %zu found, the others in unused bytes\n", tried, found);
    ck_assert_uint_gt(found, tried / 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: faults");
    TCase *tcase = tcase_create("faults");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_loop_test(tcase, any_allocation_may_fail, 0, train_kinds());
    tcase_add_test(tcase, a_memory_limit_is_kept);
    tcase_add_test(tcase, a_full_disk_loses_nothing);
    tcase_add_test(tcase, a_disk_that_fills_while_a_model_is_created_leaves_nothing);
    tcase_add_test(tcase, without_room_for_the_copy_a_model_is_complete_all_the_same);
    tcase_add_test(tcase, a_second_trainer_is_refused);
    tcase_add_test(tcase, divergence_is_reported_and_the_last_checkpoint_stays);
    tcase_add_loop_test(tcase, divergence_of_the_last_step_is_reported, 0, mode_count(MODE_ANY));
    tcase_add_test(tcase, divergence_is_reported_once_it_is_measured);
    tcase_add_test(tcase, another_recipe_does_not_touch_the_model);
    tcase_add_test(tcase, changed_data_is_noticed_when_it_is_read_again);
    tcase_add_test(tcase, no_flipped_bit_changes_weights_unseen);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
