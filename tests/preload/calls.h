/*
 * LD_PRELOAD library that makes the N-th call of a class fail, transfer half, or be the last one of
 * the process: see faults.h. Calls count from main() on, those of the libraries included; calls of
 * the loader and of the libraries' constructors do not.
 *
 * This is what its sources share, hidden: the program and its libraries may have the same names.
 */
#ifndef CALLS_H
#define CALLS_H

#include "preload/faults.h"

#include <stdio.h>
#include <sys/types.h>

enum verdict { GO, FAIL, SHORT, KILL_AFTER };

#pragma GCC visibility push(hidden)

/* NULL: nothing is counted. */
extern struct faults_page *page;

/* Counts a call; kills the process if that is due before it. CALL and PATH, or FD if PATH is NULL,
 * describe it. */
enum verdict judge(enum faults_class class, const char *call, const char *path, int fd);
/* Ends the process after the call if that is the plan. */
void settle(enum verdict verdict);
/* Sets *REAL, unless it is set, to the function that NAME is without this library. */
void find(void **real, const char *name);

/* openat() as a call of FAULTS_OPEN. */
int open_counted(int directory, const char *path, int flags, mode_t mode);
/* A counted stream of FD. */
FILE *stream_of(int fd, const char *mode);

#pragma GCC visibility pop

/* Declares `real`, the function that NAME is without this library. */
#define REAL(name)                 \
    static __typeof__(&name) real; \
    find((void **)&real, #name)

/* The rest of a function whose last statement is a call of CLASS. */
#define CALL(type, failure, class, path, fd, call)               \
    do {                                                         \
        enum verdict verdict = judge(class, __func__, path, fd); \
        type result;                                             \
                                                                 \
        if (verdict == FAIL)                                     \
            return failure;                                      \
        result = call;                                           \
        settle(verdict);                                         \
        return result;                                           \
    } while (0)

#endif
