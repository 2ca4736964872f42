/* Folders of a test: copied, listed, emptied. */
#ifndef TREE_H
#define TREE_H

#include <limits.h>
#include <stddef.h>

void tree_join(char out[PATH_MAX], const char *folder, const char *name);
/* Copies the folder FROM, with what is in it, to the new folder TO. */
void tree_copy(const char *from, const char *to);
/* The paths of all below FOLDER, sorted, each with a newline behind it. The caller frees it. */
char *tree_list(const char *folder);
/* Removes all that is below FOLDER. */
void tree_empty(const char *folder);
/* Sets the times of FOLDER and of all below it back by so many seconds, if it is there. */
void tree_age(const char *folder, long seconds);

#endif
