/*
 * Finding the files of a dataset by name. Paths have at most FF_PATH_BYTES. A file may be
 * compressed: its name then has another ending (.gz, .zst; see decompress.h).
 */
#ifndef FF_INPUT_PATHS_H
#define FF_INPUT_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define FF_PATH_BYTES 4096 /* with the final NUL; the limit of Linux */

bool ff_path_is_directory(const char *path);
/* Returns the part of PATH after its last slash. */
const char *ff_path_base(const char *path);
bool ff_path_ends_with(const char *path, const char *ending);
/* The same for ENDING, also if that of a compression follows. */
bool ff_path_has_ending(const char *path, const char *ending);
/* Removes the ending of a compression, if there is one. */
void ff_path_cut_compression(char *path);
/* True if PATH exists, or the same compressed; PATH becomes the one that exists. */
bool ff_path_exists(char path[FF_PATH_BYTES]);
/* Writes "DIRECTORY/NAME" to OUT, or that of the compressed file if only that exists; false if none
 * exists. */
bool ff_path_find(const char *directory, const char *name, char out[FF_PATH_BYTES]);
/* The same for the first of NAMES (NULL-terminated) that exists. */
bool ff_path_find_any(const char *directory, const char *const *names, char out[FF_PATH_BYTES]);
/* Replaces the first FROM in the last part of PATH by TO. False: not found, or the result would be
 * too long. */
bool ff_path_replace(char path[FF_PATH_BYTES], const char *from, const char *to);

#endif
