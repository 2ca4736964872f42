/* The life of a model file: it comes to be whole or not at all, takes the place of another only
 * with its first checkpoint, and is missed when it is deleted, renamed or replaced. */
#include "store/db.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 200
#define HIDDEN "24x2"

static char *elsewhere, *own; /* own: a folder for scratch */
static struct ff_train_result result;

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* but at the end of a layer */
    opts.threads = 1;
    elsewhere = strdup(train_path(folder, "elsewhere.ff"));
    own = strdup(train_path(folder, "own"));
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
}

static void teardown(void)
{
    free(elsewhere);
    free(own);
    training_end();
}

/* What lies beside the data in the test's folder: names, with blanks between. */
static const char *left(void)
{
    static char names[1024];
    const struct dirent *entry;
    DIR *dir = opendir(folder);

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

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void ck_text(const char *path, const char *text)
{
    char found[256] = "";
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(found, 1, sizeof found - 1, file), strlen(text));
    ck_assert_str_eq(found, text);
    fclose(file);
}

/* --- A model that loses its name while it is trained --- */

enum deed { DELETE, RENAME, REPLACE_BY_TEXT, REPLACE_BY_MODEL, DEEDS };

struct villain {
    enum deed deed;
    long left; /* reports or questions until then */
};

static void commit(enum deed deed)
{
    static const char foreign[] = "another's file";

    switch (deed) {
    case DELETE:
        ck_assert_int_eq(unlink(opts.model), 0);
        break;
    case RENAME:
        ck_assert_int_eq(rename(opts.model, elsewhere), 0);
        break;
    case REPLACE_BY_TEXT:
        write_text(train_path(folder, "new"), foreign);
        ck_assert_int_eq(rename(train_path(folder, "new"), opts.model), 0);
        break;
    default:
        ck_assert_int_eq(rename(elsewhere, opts.model), 0);
    }
}

static void on_epoch(void *arg, const struct ff_epoch_report *report)
{
    struct villain *villain = arg;

    (void)report;
    if (villain->left-- == 0)
        commit(villain->deed);
}

/* Trains another model, complete, and puts it elsewhere; returns its hash. */
static const char *make_other(void)
{
    uint64_t seed = recipe.seed;

    recipe.seed = 77;
    train_ok(ctx, &recipe, &opts);
    recipe.seed = seed;
    ck_assert_int_eq(rename(opts.model, elsewhere), 0);
    return train_hash(elsewhere);
}

static void use_mode(int mode)
{
    if (mode == 1) {
        recipe.mode = "ff-full";
        recipe.negative_sets = 1;
        recipe.embedding = "replace";
        recipe.head_epochs = recipe.epochs;
    } else if (mode == 2) {
        train_backprop("bp", &recipe);
    }
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
}

/* What must be, after a training whose model met with DEED. */
static void ck_after(enum deed deed, const char *other)
{
    static const char *const reasons[] = {"model.ff: was deleted", "elsewhere.ff",
                                          "replaced by another file", "replaced by another file"};

    ck_assert_msg(strstr(ff_ctx_message(ctx), reasons[deed]) != NULL, "%s", ff_ctx_message(ctx));
    switch (deed) {
    case DELETE:
        ck_assert_ptr_null(strstr(left(), "partial"));
        ck_assert_int_ne(access(opts.model, F_OK), 0);
        break;
    case RENAME:
        ck_assert_int_ne(access(opts.model, F_OK), 0);
        break;
    case REPLACE_BY_TEXT:
        ck_text(opts.model, "another's file");
        break;
    default:
        ck_assert_str_eq(train_hash(opts.model), other);
    }
}

static void count_epoch(void *arg, const struct ff_epoch_report *report)
{
    long *epochs = arg;

    (void)report;
    ++*epochs;
}

/* Trains to the end; returns the epochs that were reported. */
static long count_epochs(void)
{
    long epochs = 0;

    opts.on_epoch = count_epoch;
    opts.arg = &epochs;
    train_ok(ctx, &recipe, &opts);
    opts.on_epoch = NULL;
    return epochs;
}

/* Commits the deed in the epoch WHEN of a new model, of which nothing is left but what must be. */
static void train_with_deed(enum deed deed, long when)
{
    struct villain villain = {deed, when};
    const char *other = deed == REPLACE_BY_MODEL ? make_other() : NULL;

    opts.on_epoch = on_epoch;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED, "");
    opts.on_epoch = NULL;
    ck_after(deed, other);
    ck_assert_int_ne(access(train_path(folder, "model.ff.scratch"), F_OK), 0);
    unlink(opts.model);
    unlink(elsewhere);
}

/* In each mode: before the first checkpoint, between two, and before the last. */
START_TEST(a_model_that_lost_its_name_is_missed_at_the_next_checkpoint)
{
    enum deed deed = (enum deed)(_i % DEEDS);
    long epochs;

    use_mode(_i / DEEDS);
    opts.checkpoint_interval_s = 0;
    epochs = count_epochs();
    unlink(opts.model);
    train_with_deed(deed, 0);
    train_with_deed(deed, epochs / 2);
    train_with_deed(deed, epochs - 1);
}
END_TEST

START_TEST(a_renamed_model_can_be_resumed_under_its_new_name)
{
    struct villain villain = {RENAME, 3};
    const char *usual = opts.model;

    opts.checkpoint_interval_s = 0;
    opts.on_epoch = on_epoch;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED, "elsewhere.ff, from which");
    opts.on_epoch = NULL;
    opts.model = elsewhere;
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, "");
    ck_assert_str_eq(train_hash(elsewhere), train_reference(&recipe, ROWS));
    opts.model = usual;
}
END_TEST

START_TEST(a_model_renamed_in_its_second_layer_goes_on_with_the_scratch_it_was_given)
{
    struct villain villain = {RENAME, (long)recipe.epochs};
    const char *usual = opts.model;

    opts.checkpoint_interval_s = 0;
    opts.scratch = own;
    opts.on_epoch = on_epoch;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED, "elsewhere.ff, from which");
    opts.on_epoch = NULL;
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
    ck_assert_int_eq(access(train_path(own, "boundary-1.lmdb"), F_OK), 0);
    opts.model = elsewhere;
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, "");
    ck_assert_str_eq(train_hash(elsewhere), train_reference(&recipe, ROWS));
    ck_assert_int_eq(rmdir(own), 0);
    opts.scratch = NULL;
    opts.model = usual;
}
END_TEST

/* --- A model in the place of another --- */

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
    FILE *file = fopen(train_path(folder, name), "r+b");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, offset, SEEK_END), 0);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_fault_in_the_last_row_of_the_data_leaves_the_old_model)
{
    static const unsigned char nan_bits[] = {0x7f, 0xc0, 0, 0};
    const char *hash;

    train_make_floats(folder);
    hash = make_old();
    patch("data/train-images-idx3-ubyte", -4, nan_bits, sizeof nan_bits);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "model.ff is left as it was");
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
             folder);
    ck_assert_int_eq(system(command), 0);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ECORRUPT, "model.ff is left as it was");
    ck_old(hash);
    train_remove(train_path(folder, "data"));
    ck_assert_int_ne(ff_train(ctx, &recipe, &opts, &result), FF_OK);
    ck_old(hash);
}
END_TEST

START_TEST(divergence_before_the_first_checkpoint_leaves_the_old_model)
{
    const char *hash = make_old();

    recipe.learning_rate = 1e25;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_ENUMERIC, "model.ff is left as it was");
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
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED,
              "model.ff is left as it was");
    ck_assert(!result.saved);
    ck_old(hash);
    questions = 10; /* within the first layer: a checkpoint */
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED, "saved");
    ck_assert(result.saved);
    opts.interrupted = NULL;
    opts.force = false;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
    ck_assert(result.resumed);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

/* Ends the process, as a SIGKILL would. */
static bool die(void *arg)
{
    long *questions = arg;

    if (--*questions < 0)
        kill(getpid(), SIGKILL);
    return false;
}

/* Trains in a child that dies after so many questions whether to stop. */
static void train_and_die(long questions)
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

START_TEST(a_kill_before_the_first_checkpoint_leaves_the_old_model)
{
    static const long moments[] = {0, 3, 10};
    const char *hash = make_old();

    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        train_and_die(moments[i]);
        ck_assert_str_eq(train_hash(opts.model), hash);
        ck_assert_int_eq(access(train_path(folder, "model.ff.partial"), F_OK), 0);
    }
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, ""); /* of the old one */
    ck_assert(result.was_complete);
    ck_old(hash);
    train_and_die(3);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
    ck_assert(result.saved);
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
    ck_assert_str_eq(left(), "model.ff");
}
END_TEST

START_TEST(a_damaged_model_is_replaced_and_a_foreign_file_is_not)
{
    make_old();
    patch("model.ff", -4096, "damaged", 7);
    ck_assert_int_eq(truncate(opts.model, 5 * 4096), 0);
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
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

START_TEST(no_one_trains_the_old_model_while_it_is_to_be_replaced)
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

/* --- A model that comes to be --- */

/* What earlier versions left of a model on a full disk, and when killed. */
START_TEST(a_stub_is_taken_over_by_training_and_no_model_to_resume)
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
        ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
    }
}
END_TEST

START_TEST(a_partial_name_is_no_models_name)
{
    const char *usual = opts.model;

    opts.model = train_path(folder, "model.ff.partial");
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EINVAL, "unfinished models");
    opts.model = usual;
}
END_TEST

/* --- A model that is complete --- */

static char *partial(void)
{
    return strdup(train_path(folder, "model.ff.partial"));
}

/* Of every kind of recipe, then of the modes in which the whole network trains. */
START_TEST(the_size_of_a_complete_model_does_not_depend_on_its_checkpoints)
{
    off_t seldom, often;

    if (_i < train_kinds())
        train_kind(_i, &recipe);
    else
        use_mode(_i - train_kinds() + 1);
    train_ok(ctx, &recipe, &opts);
    seldom = train_size_of(opts.model);
    unlink(opts.model);
    opts.checkpoint_interval_s = 0;
    train_ok(ctx, &recipe, &opts);
    often = train_size_of(opts.model);
    ck_assert_int_eq(often, seldom);
    ck_assert_str_eq(left(), "model.ff");
}
END_TEST

static bool count_question(void *arg)
{
    long *questions = arg;

    ++*questions;
    return false;
}

/* The last questions are asked while the model is compacted. */
START_TEST(kills_and_interruptions_do_not_change_the_size_of_a_complete_model)
{
    long questions = 0, left_of_them;
    const char *hash;
    off_t size;

    opts.interrupted = count_question;
    opts.arg = &questions;
    train_ok(ctx, &recipe, &opts);
    hash = train_hash(opts.model);
    size = train_size_of(opts.model);
    opts.checkpoint_interval_s = 0;
    for (long back = 1; back <= questions; back += back > 4 ? questions / 5 : 1) {
        unlink(opts.model);
        train_and_die(questions - back);
        opts.interrupted = NULL;
        ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, "");
        ck_assert(result.was_complete || back > 1);
        ck_assert_str_eq(train_hash(opts.model), hash);
        ck_assert_int_eq(train_size_of(opts.model), size);
        ck_assert_str_eq(left(), "model.ff");
    }
    unlink(opts.model);
    left_of_them = questions - 1;
    opts.interrupted = train_countdown;
    opts.arg = &left_of_them;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_OK, ""); /* all is trained */
    ck_assert_str_eq(train_hash(opts.model), hash);
    ck_assert_int_gt(train_size_of(opts.model), size);
    opts.interrupted = NULL;
    ck_status(ff_train_resume(ctx, &opts, &result), FF_OK, "");
    ck_assert(result.was_complete);
    ck_assert_int_eq(train_size_of(opts.model), size);
}
END_TEST

/* Commits the deed once the model is compacted. */
static bool on_compaction(void *arg)
{
    struct villain *villain = arg;
    char *copy = partial();

    if (access(copy, F_OK) == 0 && villain->left-- == 0)
        commit(villain->deed);
    free(copy);
    return false;
}

START_TEST(a_model_that_loses_its_name_while_it_is_compacted_is_missed)
{
    struct villain villain = {.deed = (enum deed)_i};
    const char *other = villain.deed == REPLACE_BY_MODEL ? make_other() : NULL;

    opts.interrupted = on_compaction;
    opts.arg = &villain;
    ck_status(ff_train(ctx, &recipe, &opts, &result), FF_EREPLACED, "");
    ck_after(villain.deed, other);
    if (villain.deed == RENAME) { /* it is complete */
        opts.interrupted = NULL;
        ck_assert_str_eq(train_hash(elsewhere), train_reference(&recipe, ROWS));
    }
}
END_TEST

static bool delete_copy(void *arg)
{
    char *copy = partial();

    *(int *)arg += unlink(copy) == 0;
    free(copy);
    return false;
}

START_TEST(a_copy_that_is_deleted_costs_a_complete_model_nothing)
{
    int deleted = 0;

    opts.interrupted = delete_copy;
    opts.arg = &deleted;
    train_ok(ctx, &recipe, &opts);
    ck_assert_int_gt(deleted, 0);
    ck_assert_str_eq(left(), "model.ff");
    ck_assert_str_eq(train_hash(opts.model), train_reference(&recipe, ROWS));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: life of a model file");
    TCase *tests = tcase_create("life");

    tcase_add_unchecked_fixture(tests, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_model_that_lost_its_name_is_missed_at_the_next_checkpoint, 0,
                        3 * DEEDS);
    tcase_add_test(tests, a_renamed_model_can_be_resumed_under_its_new_name);
    tcase_add_test(tests,
                   a_model_renamed_in_its_second_layer_goes_on_with_the_scratch_it_was_given);
    tcase_add_test(tests, a_fault_in_the_last_row_of_the_data_leaves_the_old_model);
    tcase_add_test(tests, data_cut_short_leaves_the_old_model);
    tcase_add_test(tests, divergence_before_the_first_checkpoint_leaves_the_old_model);
    tcase_add_test(tests, an_interruption_before_the_first_checkpoint_leaves_the_old_model);
    tcase_add_test(tests, a_kill_before_the_first_checkpoint_leaves_the_old_model);
    tcase_add_test(tests, a_damaged_model_is_replaced_and_a_foreign_file_is_not);
    tcase_add_test(tests, no_one_trains_the_old_model_while_it_is_to_be_replaced);
    tcase_add_test(tests, a_stub_is_taken_over_by_training_and_no_model_to_resume);
    tcase_add_test(tests, a_partial_name_is_no_models_name);
    tcase_add_loop_test(tests, the_size_of_a_complete_model_does_not_depend_on_its_checkpoints, 0,
                        train_kinds() + 2);
    tcase_add_test(tests, kills_and_interruptions_do_not_change_the_size_of_a_complete_model);
    tcase_add_test(tests, a_copy_that_is_deleted_costs_a_complete_model_nothing);
    tcase_add_loop_test(tests, a_model_that_loses_its_name_while_it_is_compacted_is_missed, 0,
                        DEEDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
