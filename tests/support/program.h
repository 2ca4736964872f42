/*
 * Runs the program in a directory, under a plan of the preloaded library (preload/faults.h), and
 * returns its output and exit code. Program and library are those of the same build.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "preload/faults.h"

#include <stdbool.h>
#include <stddef.h>

struct program;

struct program_end {
    bool fired;      /* the plan was carried out */
    int signal;      /* the signal that ended it; 0: none. SIGALRM: it hung */
    int code;        /* exit code, where there was no signal */
    char *out, *err; /* each is text with a 0 behind it */
    size_t out_bytes;
    char made[256]; /* the last temporary directory elsewhere; "": none */
};

/* The fault of one run. ACTION FAULTS_COUNT: none. */
struct program_plan {
    enum faults_class class;
    enum faults_action action;
    int error;
    uint64_t n;
};

/* True if the library can be preloaded into this build. Sanitizers must be loaded first. */
bool program_can_fail(void);

/* Uses files named PREFIX.*. */
struct program *program_new(const char *prefix);
void program_free(struct program *program);

/* Runs COMMAND (arguments, separated by single spaces, without the program's name) in DIRECTORY,
 * under PLAN (NULL: none). END is released by program_end_release(). */
void program_run(struct program *program, const char *directory, const char *command,
                 const struct program_plan *plan, struct program_end *end);
void program_end_release(struct program_end *end);

/* Number of calls of CLASS in the last run; the call that the plan hit. */
uint64_t program_calls(const struct program *program, enum faults_class class);
const char *program_struck(const struct program *program);

const char *program_class(enum faults_class class);

/* The bytes of a file, with a 0 behind them; NULL if it cannot be read. The caller frees them. */
char *program_read_file(const char *path, size_t *bytes);

#endif
