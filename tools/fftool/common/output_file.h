/*
 * Files that appear under their name only when they are complete: at any moment the name has its
 * earlier contents, or all of the new ones.
 *
 * A file is written without a name (O_TMPFILE), so that a process that is killed leaves nothing. It
 * gets its name in the end; where another file has that name, by way of a temporary one, and so it
 * does where a file system cannot do without names, from the start. Temporary names are
 * .fftool-XXXXXXXX in the directory of the output. Their file is locked (flock) as long as its
 * process lives: one without a lock was left behind, and the next output in that directory
 * removes it.
 *
 * A link stays, and so do a file's permissions. A device or pipe is written to, not replaced.
 */
#ifndef CLI_OUTPUT_FILE_H
#define CLI_OUTPUT_FILE_H

#include "common/cli.h"
#include <stdio.h>
#include <sys/types.h>

#define OUTPUT_FILE_TEMPORARY ".fftool-" /* and 8 hexadecimal digits */
#define OUTPUT_FILE_NAME_BYTES (sizeof OUTPUT_FILE_TEMPORARY + 8)

struct output_file {
    FILE *out;
    const char *path;
    char *name;                             /* its name in the directory; NULL: written in place */
    int directory;                          /* a descriptor */
    mode_t mode;                            /* of the file that it replaces; 0: there is none */
    char temporary[OUTPUT_FILE_NAME_BYTES]; /* "": it has no name yet */
};

/* Returns 0 if an output to PATH can be created where the path leads, or an errno. Nothing is
 * created. */
int output_file_check(const char *path);
/* Opens PATH for writing in place, made if absent, with FLAGS such as O_APPEND. A FIFO has to have
 * its reader: nothing waits for one. Returns a descriptor, or -1 with errno set. */
int output_file_open_in_place(const char *path, int flags);
/* Begins an output to PATH. Returns 0, or an errno with nothing to be closed. */
int output_file_open(const char *path, struct output_file *file);
/* Gives the file its name if KEEP and all of it could be written, else drops it. Returns 0, or an
 * errno why it was not kept. */
int output_file_close(struct output_file *file, bool keep);

#endif
