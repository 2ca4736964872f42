/* A reader in one process beside a writer in another, in step: what the reader's snapshot holds
 * does not depend on who is faster. */
#include "store/db.h"

#include "fixtures/store_fixture.h"
#include "support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEYS = 8, VALUE_BYTES = 20000, ROUNDS = 10 };

/* What the reader is asked to do. */
enum { PIN = 'p', SAME = 's', UNPIN = 'u', END = 'e' };

static pid_t reader;
static int ask_fd = -1, answer_fd = -1;
static struct ff_db *db; /* the writer's */

static struct ff_bytes key_of(uint32_t i, char out[16])
{
    return (struct ff_bytes){out, (size_t)snprintf(out, 16, "%08u", i)};
}

/* Overwrites all keys, every byte ROUND, some in two transactions. */
static void write_round(unsigned round)
{
    char key[16];
    void *to;

    for (uint32_t i = 0; i < KEYS; i++) {
        must(store_ctx, ff_db_reserve(db, key_of(i, key), VALUE_BYTES, &to));
        memset(to, (int)round, VALUE_BYTES);
    }
    must(store_ctx, ff_db_commit(db));
}

static void write_rounds(unsigned from, unsigned count)
{
    for (unsigned round = from; round < from + count; round++)
        write_round(round);
}

/* Returns the byte that all values are made of; -1: they are not of one. */
static int read_round(struct ff_db *from)
{
    int round = -1;

    for (uint32_t i = 0; i < KEYS; i++) {
        struct ff_bytes found;
        const uint8_t *bytes;
        char key[16];

        if (ff_db_get(from, key_of(i, key), &found) != FF_OK || found.size != VALUE_BYTES)
            return -1;
        bytes = found.data;
        round = i == 0 ? bytes[0] : round;
        for (size_t at = 0; at < found.size; at++) {
            if (bytes[at] != round)
                return -1;
        }
    }
    return round;
}

/* The reader: answers each question with a byte, 1 if all is well. */
static _Noreturn void read_on_demand(const char *path, int questions, int answers)
{
    struct ff_db *from;
    int round = -1;
    char what, answer;

    if (ff_db_open(store_ctx, path, FF_DB_READ, &from) != FF_OK)
        _exit(1);
    while (read(questions, &what, 1) == 1 && what != END) {
        answer = 1;
        if (what == UNPIN)
            ff_db_unpin(from);
        else if (what == PIN)
            answer = (round = read_round(from)) >= 0;
        else
            answer = read_round(from) == round;
        if (write(answers, &answer, 1) != 1)
            _exit(2);
    }
    ff_db_close(from);
    _exit(0);
}

static bool ask(char what)
{
    char answer = 0;

    ck_assert_int_eq(write(ask_fd, &what, 1), 1);
    return read(answer_fd, &answer, 1) == 1 && answer == 1;
}

/* Makes the file of one round, starts the reader, opens the file for writing. */
static void begin(void)
{
    int questions[2], answers[2];
    char path[512];

    snprintf(path, sizeof path, "%s", store_path("file"));
    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_CREATE, &db));
    write_round(1);
    ff_db_close(db);
    ck_assert_int_eq(pipe2(questions, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(answers, O_CLOEXEC), 0);
    reader = fork(); /* no file of LMDB's is open */
    ck_assert_int_ge(reader, 0);
    if (reader == 0) {
        close(questions[1]);
        close(answers[0]);
        read_on_demand(path, questions[0], answers[1]);
    }
    close(questions[0]);
    close(answers[1]);
    ask_fd = questions[1];
    answer_fd = answers[0];
    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_WRITE, &db));
}

static void end(void)
{
    const char what = END;
    int status;

    ff_db_close(db);
    ck_assert_int_eq(write(ask_fd, &what, 1), 1);
    ck_assert_int_eq(waitpid(reader, &status, 0), reader);
    ck_assert_int_eq(status, 0);
    close(ask_fd);
    close(answer_fd);
}

/* The reader begins between two transactions, or within one. */
START_TEST(a_snapshot_stays_intact_whatever_is_committed)
{
    bool within = _i == 1;
    char key[16];

    begin();
    write_rounds(2, 3);
    if (within)
        must(store_ctx, ff_db_delete(db, key_of(0, key)));
    ck_assert(ask(PIN));
    for (unsigned round = 5; round < 5 + ROUNDS; round++) {
        write_round(round);
        ck_assert_msg(ask(SAME), "the snapshot changed %u commits after it began", round - 4);
    }
    ck_assert(ask(UNPIN));
    ck_assert(!ask(SAME)); /* it follows the writer */
    end();
}
END_TEST

static off_t file_bytes(void)
{
    struct stat st;

    ck_assert_int_eq(stat(store_path("file"), &st), 0);
    return st.st_size;
}

START_TEST(pages_are_reused_again_once_nobody_reads)
{
    off_t before, after;

    begin();
    write_rounds(2, ROUNDS);
    before = file_bytes();
    ck_assert(ask(PIN));
    write_rounds(2, ROUNDS);
    ck_assert_int_ge(file_bytes(), before + (ROUNDS - 3) * KEYS * VALUE_BYTES);
    ck_assert(ask(UNPIN));
    write_rounds(2, 3);
    after = file_bytes();
    write_rounds(2, ROUNDS);
    ck_assert_int_eq(file_bytes(), after);
    end();
}
END_TEST

static int reopen(void)
{
    ff_db_close(db);
    return ff_db_open(store_ctx, store_path("file"), FF_DB_WRITE, &db);
}

START_TEST(a_writer_begins_beside_a_reader_of_the_last_two_commits)
{
    begin();
    for (unsigned commits = 0; commits < 2; commits++) {
        write_rounds(2, 3);
        ck_assert(ask(PIN));
        write_rounds(5, commits);
        must(store_ctx, reopen());
        for (unsigned round = 7; round < 7 + ROUNDS; round++) {
            write_round(round);
            ck_assert(ask(SAME));
        }
        ck_assert(ask(UNPIN));
    }
    end();
}
END_TEST

START_TEST(a_writer_does_not_begin_beside_a_reader_of_an_older_commit)
{
    begin();
    ck_assert(ask(PIN));
    write_rounds(2, 2);
    must_be(store_ctx, FF_ELOCKED, reopen());
    ck_assert(ask(SAME));
    ck_assert(ask(UNPIN));
    must(store_ctx, reopen());
    end();
}
END_TEST

/* Its meta pages are those of another, damaged file by now. */
START_TEST(later_snapshots_are_checked_too)
{
    struct ff_bytes first = {"i", 1}, key, value;
    struct ff_db *from;
    uint8_t *good, *other;
    size_t good_bytes, other_bytes;
    char path[512];

    snprintf(path, sizeof path, "%s", store_path("file"));
    store_write_rich_file(store_path("other"), 300);
    store_write_rich_file(path, 300);
    good = store_read_file(path, &good_bytes);
    other = store_read_file(store_path("other"), &other_bytes);
    ck_assert_uint_eq(good_bytes, other_bytes);
    for (size_t page = 2; page < other_bytes / 4096; page++)
        other[page * 4096] ^= 0x40; /* its number */
    other[16 + 128] += 2;           /* a later transaction */
    other[4096 + 16 + 128] += 2;
    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_READ, &from));
    must(store_ctx, ff_db_seek(from, first, &key, &value));
    ff_db_unpin(from);
    store_write_file(path, other, other_bytes);
    must_be(store_ctx, FF_ECORRUPT, ff_db_seek(from, first, &key, &value));
    store_write_file(path, good, good_bytes);
    must(store_ctx, ff_db_seek(from, first, &key, &value));
    ff_db_close(from);
    free(good);
    free(other);
}
END_TEST

/* Between opening and mapping it another file may have taken the name. */
START_TEST(the_file_that_was_opened_is_read)
{
    struct ff_bytes found;
    struct ff_db *from;
    char key[16];
    int fd;

    for (unsigned round = 1; round <= 2; round++) {
        must(store_ctx, ff_db_open(store_ctx, store_path("new"), FF_DB_CREATE, &db));
        write_round(round);
        ff_db_close(db);
        if (round == 1)
            ck_assert_int_eq(rename(store_path("new"), store_path("file")), 0);
    }
    fd = open(store_path("file"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(rename(store_path("new"), store_path("file")), 0);
    must(store_ctx, ff_db_open_fd(store_ctx, fd, store_path("file"), FF_DB_READ, &from));
    must(store_ctx, ff_db_get(from, key_of(0, key), &found));
    ck_assert_int_eq(*(const uint8_t *)found.data, 1);
    ff_db_close(from);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: readers beside a writer");
    TCase *tc = tcase_create("readers");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_loop_test(tc, a_snapshot_stays_intact_whatever_is_committed, 0, 2);
    tcase_add_test(tc, pages_are_reused_again_once_nobody_reads);
    tcase_add_test(tc, a_writer_begins_beside_a_reader_of_the_last_two_commits);
    tcase_add_test(tc, a_writer_does_not_begin_beside_a_reader_of_an_older_commit);
    tcase_add_test(tc, later_snapshots_are_checked_too);
    tcase_add_test(tc, the_file_that_was_opened_is_read);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
