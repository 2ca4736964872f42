/*
 * The file of `--log`: lines of JSON, each written as a whole or not at all. A resumed training
 * appends to it; an incomplete last line of a killed run is removed. A log to be overwritten stays
 * as long as its model: until log_file_release() lines are held in memory. The log is locked while
 * it is open: two trainings never write to the same one.
 */
#ifndef CLI_COMMANDS_LOG_FILE_H
#define CLI_COMMANDS_LOG_FILE_H

#include "common/cli.h"
#include <jansson.h>
#include <sys/types.h>

struct log_file {
    const char *path; /* NULL: there is none */
    int fd;
    off_t keep; /* bytes to truncate a regular file to before the first line; negative: keep all */
    bool separate; /* the contents have no newline at the end */
    bool made;     /* by this run */
    bool holds;    /* lines are held back */
    char *held;    /* these; NULL: none yet */
    bool written;
    int why; /* errno of a failed write, after which no more is written; 0: none */
};

/* Finds out whether PATH is a log or empty, and not another file of the training with OPTS.
 * Returns EXIT_DONE, or an exit code with the reason printed. */
int log_file_check(const struct cli *cli, const struct ff_train_opts *opts, const char *path);
/*
 * Opens PATH, which log_file_check() has approved; NULL: no log. REPLACE: the first line after
 * log_file_release() replaces the contents. Returns EXIT_DONE, or EXIT_FAILED with the reason
 * printed; OUT is to be closed only after success.
 */
int log_file_open(const struct cli *cli, const char *path, bool replace, struct log_file *out);
/* Appends LINE and takes ownership; NULL: out of memory. Returns NULL, or the error, once: after a
 * failure nothing more is logged. */
const char *log_file_write(struct log_file *log, json_t *line);
/* The log of an earlier training may be overwritten: writes the lines held back. Returns as
 * log_file_write(). */
const char *log_file_release(struct log_file *log);
/* Removes the file again if this run has made it and logged nothing. Returns EXIT_DONE, or
 * EXIT_FAILED with the reason printed if not everything could be written. */
int log_file_close(const struct cli *cli, struct log_file *log);

#endif
