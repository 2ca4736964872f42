/* Files that are read or written as a whole. */
#ifndef CLI_WHOLE_FILE_H
#define CLI_WHOLE_FILE_H

#include "common/cli.h"

/*
 * Reads PATH into *TEXT (free() it), with a '\0' behind its *BYTES. Returns EXIT_DONE, or an exit
 * code with the reason printed: EXIT_DAMAGED if it is neither a file nor a pipe, or has more than
 * MOST bytes.
 */
int whole_file_read(const struct cli *cli, const char *path, size_t most, char **text,
                    size_t *bytes);
/*
 * Writes PATH (output_file.h): it holds either what it held before, or all of TEXT, whatever
 * happens. Returns EXIT_DONE, or EXIT_FAILED with the reason printed.
 */
int whole_file_write(const struct cli *cli, const char *path, const char *text, size_t bytes);

#endif
