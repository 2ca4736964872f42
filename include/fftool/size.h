/*
 * Structures that grow. Options, results and descriptions that a caller provides begin with their
 * size in bytes, so that later versions can append members and programs that are compiled already
 * keep working. The caller sets the size: of options with their init function, which sets all
 * defaults, too; of anything else with FF_INIT(), or in C as in
 *
 *     struct ff_plan plan = {.size = sizeof plan};
 *
 * The library reads and writes that many bytes and no more. Members that an older program does not
 * have count as 0, which is valid for every member that a version appends. A newer program works as
 * long as the members that this version does not know are 0. A size that cannot be right, such as
 * 0, and members that are not understood fail with FF_EINVAL before anything is done.
 *
 * A version appends members behind the size that the structure had, never into padding. Structures
 * without a size are those that the library provides, as to callbacks, where it may append members,
 * and rows of arrays and parts of others, whose layout does not change (struct ff_recipe_choice,
 * struct ff_memory).
 */
#ifndef FFTOOL_SIZE_H
#define FFTOOL_SIZE_H

#include <string.h>

/* Fills *STRUCTURE with zeros, but for its size. */
#define FF_INIT(structure)                           \
    do {                                             \
        memset((structure), 0, sizeof *(structure)); \
        (structure)->size = sizeof *(structure);     \
    } while (0)

#endif
