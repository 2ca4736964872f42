/*
 * What the preloaded library faults.so and the test that runs a program under it share: a page of
 * memory, mapped from the file that FAULTS_VARIABLE names. The test writes the plan before the
 * program starts; the library counts calls by class and carries the plan out at the N-th call.
 * Processes that the program starts count on the same page if they are the same program.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdatomic.h>
#include <stdint.h>

#define FAULTS_VARIABLE "FFTOOL_FAULTS"
#define FAULTS_PROGRAM "fftool" /* any other program, e.g. gnuplot, is left alone */

/* X(NAME, TEXT) of each class of calls. stdout: writes to descriptor 1; write: to any other but 2.
 */
#define FAULTS_CLASS_TABLE(X) \
    X(OPEN, "open")           \
    X(READ, "read")           \
    X(WRITE, "write")         \
    X(STDOUT, "stdout")       \
    X(MMAP, "mmap")           \
    X(TRUNCATE, "ftruncate")  \
    X(SYNC, "fsync")          \
    X(UNLINK, "unlink")       \
    X(RENAME, "rename")       \
    X(MKDIR, "mkdir")         \
    X(LOCK, "lock")           \
    X(SPAWN, "spawn")         \
    X(MALLOC, "malloc")       \
    X(ANY, "call") /* any of the above but malloc */

enum faults_class {
#define FAULTS_CLASS_NAME(name, text) FAULTS_##name,
    FAULTS_CLASS_TABLE(FAULTS_CLASS_NAME)
#undef FAULTS_CLASS_NAME
        FAULTS_CLASSES
};

enum faults_action {
    FAULTS_COUNT,       /* nothing fails */
    FAULTS_FAIL,        /* the call fails with ERROR */
    FAULTS_FAIL_ALWAYS, /* so does every later one of the class: a disk that stays full */
    FAULTS_SHORT,       /* a read or write transfers half, without an error */
    FAULTS_KILL_BEFORE, /* SIGKILL instead of the call */
    FAULTS_KILL_WITHIN, /* SIGKILL when a write has transferred half */
    FAULTS_KILL_AFTER   /* SIGKILL after the call */
};

struct faults_page {
    /* The plan. */
    uint32_t class;  /* enum faults_class */
    uint32_t action; /* enum faults_action */
    int32_t error;
    uint64_t n; /* of the class, from 1 */
    /* What happened. */
    _Atomic uint64_t counts[FAULTS_CLASSES];
    _Atomic uint32_t fired;
    char what[256]; /* the call that was hit, and what it was for */
    char made[256]; /* the last temporary directory that has an absolute path */
};

#endif
