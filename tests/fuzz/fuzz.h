/*
 * Fuzz targets: each file fuzz_NAME.c feeds any bytes to one parser and checks what it promises of
 * them. Every build links it with replay.c, which runs the inputs of tests/fuzz/corpus/NAME;
 * `make fuzz` links it with clang's libFuzzer, which searches for inputs of its own.
 *
 * All targets link a copy of value.c that accepts any checksum: else damage would never get past
 * it.
 */
#ifndef FF_TESTS_FUZZ_H
#define FF_TESTS_FUZZ_H

#include <fftool/context.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target. Returns 0; aborts where a promise is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* The most inputs that the replay makes of the whole corpus, files and their mutations: about a
 * second's worth. */
extern const size_t fuzz_replay_inputs;

/* A target calls it where it finds its input valid: the replay fails if that is no file of the
 * corpus, as after a change of the format. */
void fuzz_accept(void);
/* Returns whether fuzz_accept() was called since the last call of this function. */
bool fuzz_was_accepted(void);

/* Aborts, saying where, unless CONDITION holds. */
#define FUZZ_CHECK(condition)                            \
    do {                                                 \
        if (!(condition))                                \
            fuzz_broken(__FILE__, __LINE__, #condition); \
    } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *condition);

/* A context whose memory is limited, so that no input makes the library take gigabytes. */
struct ff_ctx *fuzz_ctx(void);
/* Frees CTX, all of whose memory must have been released. */
void fuzz_ctx_free(struct ff_ctx *ctx);
/* Checks that STATUS is one of the enum and, unless it is FF_OK, comes with a message. Returns
 * STATUS. */
int fuzz_status(const struct ff_ctx *ctx, int status);
/* TEXT of N bytes may go to a terminal: UTF-8 without control characters, line breaks aside. */
bool fuzz_is_printable(const char *text, size_t n);

/* Returns DATA as a string, which the caller frees. Not strndup(): with strict_string_checks GCC's
 * AddressSanitizer takes that for reading beyond SIZE. */
char *fuzz_string(const uint8_t *data, size_t size);

/* A directory for files of this process, removed when it exits. */
const char *fuzz_directory(void);
/* Returns "DIRECTORY/NAME" in one of a few static buffers used in turn. */
const char *fuzz_path(const char *name);
/* The same after writing DATA there. */
const char *fuzz_file(const char *name, const void *data, size_t size);

/* Catches what is written to stderr until fuzz_release_stderr(), which checks that it is printable
 * and returns how many bytes. */
void fuzz_catch_stderr(void);
size_t fuzz_release_stderr(void);

#endif
