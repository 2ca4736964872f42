/* A set of distinct strings, as categories of a column or labels are found: sorted by bytes, with
 * the number of times that each was met. */
#ifndef FF_TABLE_NAMES_H
#define FF_TABLE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ff_name {
    char *text;
    uint64_t count;
    uint32_t index; /* in the list that ff_names_build() was given */
};

struct ff_names {
    struct ff_name *names; /* sorted by TEXT */
    uint32_t n, room;
};

/* Everything is malloc'd. */
void ff_names_release(struct ff_names *names);
/* Counts TEXT, and adds it if it is new and there are less than MOST. False: there are; or memory
 * is out, with *NO_MEMORY. */
bool ff_names_count(struct ff_names *names, const char *text, uint32_t most, bool *no_memory);
/* The name TEXT; NULL: it is none. */
const struct ff_name *ff_names_find(const struct ff_names *names, const char *text);
/* Makes the set of N TEXTS, which is empty before. False: memory is out. */
bool ff_names_build(struct ff_names *names, uint32_t n, char *const *texts);

#endif
