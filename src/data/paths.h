/* Names of files: finding a dataset's parts in a folder. Paths are at most FF_PATH_BYTES long. */
#ifndef FF_DATA_PATHS_H
#define FF_DATA_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define FF_PATH_BYTES 4096 /* with the final NUL; the limit of Linux */

bool ff_path_is_folder(const char *path);
/* Returns the part of PATH after its last slash. */
const char *ff_path_base(const char *path);
bool ff_path_ends_with(const char *path, const char *ending);
/* Whether there is a file PATH; if not but PATH.gz is there, makes PATH that. */
bool ff_path_exists_or_gz(char path[FF_PATH_BYTES]);
/* Writes "FOLDER/NAME" to OUT if there is such a file, else "FOLDER/NAME.gz" if there is. */
bool ff_path_find(const char *folder, const char *name, char out[FF_PATH_BYTES]);
/* The same for the first of NAMES (ended by NULL) that is found. */
bool ff_path_find_any(const char *folder, const char *const *names, char out[FF_PATH_BYTES]);
/* Replaces the first FROM in the last part of PATH by TO. False: it is not there, or no room. */
bool ff_path_replace(char path[FF_PATH_BYTES], const char *from, const char *to);

#endif
