/*
 * What the tests of the store share: a directory of each test's own, deterministic data, files as
 * bytes.
 */
#ifndef FF_TESTS_STORE_FIXTURE_H
#define FF_TESTS_STORE_FIXTURE_H

#include "store/db.h"
#include <check.h>
#include <stdbool.h>

/* Sanitizers hold back freed memory: then what a process uses says nothing. */
#if defined(__SANITIZE_ADDRESS__)
#define STORE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define STORE_SANITIZED 1
#endif
#endif
#ifndef STORE_SANITIZED
#define STORE_SANITIZED 0
#endif

/* Fails the test, with the context's message, unless CALL returns FF_OK. */
#define must(ctx, call) ck_assert_msg((call) == FF_OK, "%s: %s", #call, ff_ctx_message(ctx))
/* Fails the test unless CALL returns STATUS. */
#define must_be(ctx, status, call)                                                      \
    do {                                                                                \
        int got_ = (call);                                                              \
        ck_assert_msg(got_ == (status), "%s gave %d, not %s: %s", #call, got_, #status, \
                      ff_ctx_message(ctx));                                             \
    } while (0)

/* Set up and torn down around each test (checked fixtures). */
extern struct ff_ctx *store_ctx;
void store_setup(void);
/* Also checks that every metered byte was given back. */
void store_teardown(void);
/* "FOLDER/NAME" in the test's directory; one of a few static buffers. */
const char *store_path(const char *name);
/* The test's directory itself. */
const char *store_folder(void);
/* True if the test's directory has an entry NAME; a symbolic link counts by its target. */
bool store_is_there(const char *name);

/* A small generator (xorshift64*), for data and places to damage. */
struct store_random {
    uint64_t state;
};
uint64_t store_random_next(struct store_random *random);
/* COUNT floats, of which ZERO_PERCENT are zero and the others about normal. */
void store_fill(float *out, size_t count, unsigned zero_percent, uint64_t seed);

/* Puts SIZE bytes, all the low byte of I, under a key with I in it; deletes them. */
int store_put_item(struct ff_db *db, uint32_t i, size_t size);
int store_delete_item(struct ff_db *db, uint32_t i);
/* A file with all there is: a branch (from about 100 items), small and large values, a free list.
 */
void store_write_rich_file(const char *path, uint32_t items);

/* Reads a whole file; free() it. */
uint8_t *store_read_file(const char *path, size_t *size);
void store_write_file(const char *path, const void *data, size_t size);
/* Says on the standard error that a test was not run, and why. */
void store_skipped(const char *test, const char *why);

#endif
