/* Directories of a test: copied, listed, emptied. */
#ifndef TREE_H
#define TREE_H

#include <limits.h>
#include <stddef.h>

void tree_join(char out[PATH_MAX], const char *directory, const char *name);
/* Copies the directory FROM, with what is in it, to the new directory TO. */
void tree_copy(const char *from, const char *to);
/* The paths of all below DIRECTORY, sorted, each with a newline behind it. The caller frees it. */
char *tree_list(const char *directory);
/* Removes all that is below DIRECTORY. */
void tree_empty(const char *directory);
/* Sets the times of DIRECTORY and of all below it back by so many seconds, if it is there. */
void tree_age(const char *directory, long seconds);

#endif
