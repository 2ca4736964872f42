/*
 * The files of a dataset as they were when they were read. A model keeps them: by size and
 * modification time it is seen without reading that nothing has changed, by the hash that a file
 * which was written again is the same, or which of several is not.
 */
#ifndef FF_DATA_FILES_H
#define FF_DATA_FILES_H

#include "base/hex.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define FF_DATA_FILES 8 /* most files of a dataset */

struct ff_data_file {
    char name[NAME_MAX + 1]; /* the last part of its path */
    uint64_t bytes;
    /* Modification time, in ns since 1970. 0: unknown, as the file was modified so shortly before
     * it was read that a later change might show the same time. */
    int64_t mtime_ns;
    char hash[FF_HASH_BYTES]; /* XXH3-128 of its bytes, in hex; "": not read */
};

struct ff_data_files {
    uint32_t count; /* 0: not known */
    struct ff_data_file file[FF_DATA_FILES];
};

/* A modification time as struct ff_data_file has it. */
int64_t ff_data_nanoseconds(struct timespec time);
bool ff_data_files_equal(const struct ff_data_files *a, const struct ff_data_files *b);
/* True if NOW, which need not be read, has the names, sizes and times of files that were READ. */
bool ff_data_files_untouched(const struct ff_data_files *read, const struct ff_data_files *now);

#endif
