/*
 * The program as a test runs it: in a folder, under a plan of the preloaded library (see
 * preload/faults.h), with what it printed and how it ended. Program and library are those beside
 * the test program.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "preload/faults.h"

#include <stdbool.h>
#include <stddef.h>

struct program;

struct program_end {
    bool fired;      /* the plan struck */
    int signal;      /* that ended it; 0: none. SIGALRM: it hung */
    int code;        /* exit code, where there was no signal */
    char *out, *err; /* each is text with a 0 behind it */
    size_t out_bytes;
    char made[256]; /* the last temporary directory elsewhere; "": none */
};

/* What one run is to suffer. ACTION FAULTS_COUNT: nothing. */
struct program_plan {
    enum faults_class class;
    enum faults_action action;
    int error;
    uint64_t n;
};

/* True if the library can be preloaded into this build: not with sanitizers, which want to be
 * first. */
bool program_can_fail(void);

/* Keeps files named PREFIX.* for itself. */
struct program *program_new(const char *prefix);
void program_free(struct program *program);

/* Runs COMMAND (arguments, separated by single spaces, without the program's name) in FOLDER, under
 * PLAN (NULL: none). END is released by program_end_release(). */
void program_run(struct program *program, const char *folder, const char *command,
                 const struct program_plan *plan, struct program_end *end);
void program_end_release(struct program_end *end);

/* Calls that the last run made of CLASS, and the one that was struck. */
uint64_t program_calls(const struct program *program, enum faults_class class);
const char *program_struck(const struct program *program);

const char *program_class(enum faults_class class);

/* The bytes of a file, with a 0 behind them; NULL if it cannot be read. The caller frees them. */
char *program_read_file(const char *path, size_t *bytes);

#endif
