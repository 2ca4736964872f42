/*
 * Running another program: what it prints is collected, and an interruption (interrupt.h) is passed
 * on to it and to its children.
 */
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include <stddef.h>

struct spawn {
    const char *const *argv; /* ended by NULL; argv[0] is looked for in PATH unless it has a "/" */
    /* "NAME=VALUE", ended by NULL; NULL: this process's */
    const char *const *environment;
    int input;               /* descriptor of its standard input; -1: nothing to read */
    void (*tick)(void *arg); /* called several times a second while it runs; may be NULL */
    void *arg;
};

/* What a stream of the program held; TEXT has a '\0' behind its BYTES. */
struct spawn_output {
    char *text;
    size_t bytes;
};

struct spawn_result {
    int code; /* its exit code; 128 + the number of the signal that ended it */
    struct spawn_output out, err;
};

/*
 * Runs SPAWN to its end. Returns 0, or an errno why it could not be started (ENOENT: no such
 * program) or followed; RESULT is to be released in either case.
 */
int spawn_run(const struct spawn *spawn, struct spawn_result *result);
void spawn_release(struct spawn_result *result);

#endif
