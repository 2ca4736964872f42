/*
 * The file of `--log`: lines of JSON, each written as a whole or not at all. It is appended to when
 * training goes on; half a line that a killed run has left makes way for the next one. A log that
 * is to be replaced stays as long as the model is that it belongs to: until log_file_release()
 * lines are held in memory. The log is locked while it is open: two trainings never write one.
 */
#ifndef CLI_COMMANDS_LOG_FILE_H
#define CLI_COMMANDS_LOG_FILE_H

#include "cli.h"
#include <jansson.h>
#include <sys/types.h>

struct log_file {
    const char *path; /* NULL: there is none */
    int fd;
    off_t keep;    /* bytes to cut a regular file to before the first line; negative: all of them */
    bool separate; /* what is there has no newline at its end */
    bool made;     /* by this run */
    bool holds;    /* lines are held back */
    char *held;    /* these; NULL: none yet */
    bool written;
    int why; /* an errno why no more can be written; 0: it can */
};

/* Finds out whether PATH is a log or holds nothing, and is no file of the training with OPTS.
 * Returns EXIT_DONE, or an exit code with the reason printed. */
int log_file_check(const struct cli *cli, const struct ff_train_opts *opts, const char *path);
/*
 * Opens PATH, which log_file_check() has approved; NULL: no log. REPLACE: the first line after
 * log_file_release() replaces the contents. Returns EXIT_DONE, or EXIT_FAILED with the reason
 * printed; OUT is to be closed only after success.
 */
int log_file_open(const struct cli *cli, const char *path, bool replace, struct log_file *out);
/* Appends LINE, which is taken over; NULL: memory is out. Returns NULL, or why it failed, once:
 * after a failure nothing more is logged. */
const char *log_file_write(struct log_file *log, json_t *line);
/* The log of an earlier training may go: writes what is held back. Returns as log_file_write(). */
const char *log_file_release(struct log_file *log);
/* Removes the file again if this run has made it and logged nothing. Returns EXIT_DONE, or
 * EXIT_FAILED with the reason printed if not everything could be written. */
int log_file_close(const struct cli *cli, struct log_file *log);

#endif
