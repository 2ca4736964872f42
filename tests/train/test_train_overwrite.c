/* A model in the place of another: the old one is overwritten by the first checkpoint, not before.
 */
#include "store/db.h"
#include "support/model_life.h"
#include "support/suite.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A complete model of another seed, from data that is whole; what follows is to replace it. */
static const char *make_old(void)
{
    const char *hash = make_other();

    ck_assert_int_eq(rename(elsewhere, opts.model), 0);
    opts.force = true;
    return hash;
}

/* The old model is whole, and nothing else is left. */
static void ck_old(const char *hash)
{
    ck_assert_str_eq(train_hash(opts.model), hash);
    ck_assert_str_eq(left(), "model.ff");
}

static void patch(const char *name, long offset, const void *bytes, size_t size)
{
    FILE *file = fopen(train_path(directory, name), "r+b");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, offset, SEEK_END), 0);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_fault_in_the_last_row_of_the_data_leaves_the_old_model)
{
    static const unsigned char nan_bits[] = {0x7f, 0xc0, 0, 0};
    const char *hash;

    train_make_floats(directory);
    hash = make_old();
    patch("data/train-images-idx3-ubyte", -4, nan_bits, sizeof nan_bits);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "model.ff is unchanged");
    ck_assert(!result.saved);
    ck_old(hash);
}
END_TEST

START_TEST(data_cut_short_leaves_the_old_model)
{
    const char *hash = make_old();
    char command[3 * 4096];

    /* Packed, then cut: the header says that all is there. */
    snprintf(command, sizeof command,
             "cd %s/data && gzip train-images-idx3-ubyte && "
             "truncate -s -40 train-images-idx3-ubyte.gz",
             directory);
    ck_assert_int_eq(system(command), 0);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ECORRUPT, "model.ff is unchanged");
    ck_old(hash);
    train_remove(train_path(directory, "data"));
    ck_assert_int_ne(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_old(hash);
}
END_TEST

START_TEST(divergence_before_the_first_checkpoint_leaves_the_old_model)
{
    const char *hash = make_old();

    recipe.learning_rate = 1e25;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "model.ff is unchanged");
    ck_old(hash);
}
END_TEST

/* Reading the data; by then nothing is worth a checkpoint. */
START_TEST(an_interruption_before_the_first_checkpoint_leaves_the_old_model)
{
    const char *hash = make_old();
    long questions = 0;

    opts.interrupted = train_countdown;
    opts.arg = &questions;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED, "model.ff is unchanged");
    ck_assert(!result.saved);
    ck_old(hash);
    questions = 10; /* within the first layer: a checkpoint */
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED, "saved");
    ck_assert(result.saved);
    opts.interrupted = NULL;
    opts.force = false;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
    ck_assert(result.resumed);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, LIFE_ROWS));
}
END_TEST

START_TEST(a_kill_before_the_first_checkpoint_leaves_the_old_model)
{
    static const long moments[] = {0, 3, 10};
    const char *hash = make_old();

    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        train_and_die(moments[i]);
        ck_assert_str_eq(train_hash(opts.model), hash);
        ck_assert_int_eq(access(train_path(directory, "model.ff.partial"), F_OK), 0);
    }
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, ""); /* of the old one */
    ck_assert(result.was_complete);
    ck_old(hash);
    train_and_die(3);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
    ck_assert(result.saved);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, LIFE_ROWS));
    ck_assert_str_eq(left(), "model.ff");
}
END_TEST

START_TEST(a_damaged_model_is_replaced_and_a_foreign_file_is_not)
{
    make_old();
    patch("model.ff", -4096, "damaged", 7);
    ck_assert_int_eq(truncate(opts.model, 5 * 4096), 0);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, LIFE_ROWS));
    write_text(opts.model, "text");
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EFORMAT, "model.ff");
    ck_text(opts.model, "text");
}
END_TEST

struct holder {
    int ready, go;
};

static bool hold(void *arg)
{
    const struct holder *holder = arg;
    char byte = 0;

    if (write(holder->ready, &byte, 1) != 1 || read(holder->go, &byte, 1) != 1)
        _exit(1);
    return false;
}

START_TEST(the_old_model_is_locked_while_it_is_being_replaced)
{
    const char *hash = make_old();
    int ready[2], go[2];
    struct holder holder;
    pid_t child;
    char byte;

    ck_assert(pipe(ready) == 0 && pipe(go) == 0);
    holder = (struct holder){ready[1], go[0]};
    child = fork();
    if (child == 0) {
        opts.interrupted = hold;
        opts.arg = &holder;
        _exit(ff_train(ctx, &recipe, &opts, &result) == FF_OK ? 0 : 1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    opts.scratch = own;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ELOCKED, "model.ff");
    ck_status(ff_train_resume(ctx, &opts, &result), FF_ELOCKED, "model.ff");
    opts.force = false;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ELOCKED, "model.ff");
    ck_assert_str_eq(train_hash(opts.model), hash); /* but it can be read */
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* What earlier versions left of a model on a full disk, and when killed. */
START_TEST(training_overwrites_a_stub_and_resume_refuses_it)
{
    static const off_t sizes[] = {0, 4096, 8192};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ff_db *db;

        unlink(opts.model);
        ck_assert_int_eq(ff_db_open(ctx, opts.model, FF_DB_CREATE, &db), FF_OK);
        ff_db_close(db);
        ck_assert_int_eq(truncate(opts.model, sizes[i]), 0);
        ck_status(ff_train_resume(ctx, &opts, &result), FF_EFORMAT, "holds no model");
        ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
        ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, LIFE_ROWS));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: overwrite");
    TCase *tests = tcase_create("overwrite");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, life_setup, life_teardown);
    tcase_add_test(tests, a_fault_in_the_last_row_of_the_data_leaves_the_old_model);
    tcase_add_test(tests, data_cut_short_leaves_the_old_model);
    tcase_add_test(tests, divergence_before_the_first_checkpoint_leaves_the_old_model);
    tcase_add_test(tests, an_interruption_before_the_first_checkpoint_leaves_the_old_model);
    tcase_add_test(tests, a_kill_before_the_first_checkpoint_leaves_the_old_model);
    tcase_add_test(tests, a_damaged_model_is_replaced_and_a_foreign_file_is_not);
    tcase_add_test(tests, the_old_model_is_locked_while_it_is_being_replaced);
    tcase_add_test(tests, training_overwrites_a_stub_and_resume_refuses_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
