/*
 * The files of a dataset as they were when they were read. A model records them. Equal size and
 * modification time show without reading that a file is unchanged; the hash shows whether the
 * content of a rewritten file is the same.
 */
#ifndef FF_INPUT_FILES_H
#define FF_INPUT_FILES_H

#include "base/context.h"
#include "base/hex.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define FF_DATA_FILES 8 /* most files of a dataset */

struct ff_data_file {
    char name[NAME_MAX + 1]; /* the last part of its path */
    uint64_t bytes;
    /* Modification time, in ns since 1970. 0: unknown, because the file was modified so shortly
     * before it was read that a later change could leave the same time. */
    int64_t mtime_ns;
    char hash[FF_HASH_BYTES]; /* XXH3-128 of its bytes, in hex; "": not read */
};

struct ff_data_files {
    uint32_t count; /* 0: not known */
    struct ff_data_file file[FF_DATA_FILES];
};

#define FF_MTIME_GRAIN_NS INT64_C(2000000000) /* the coarsest modification times: 2 s, on FAT */
/* TIME in the unit of ff_data_file.mtime_ns. */
int64_t ff_data_nanoseconds(struct timespec time);
bool ff_data_files_equal(const struct ff_data_files *a, const struct ff_data_files *b);
/* True if the names, sizes and modification times of NOW, which need no hashes, equal those of
 * READ. False if READ has no files or an unknown time. */
bool ff_data_files_untouched(const struct ff_data_files *read, const struct ff_data_files *now);
/* FF_EMISMATCH: PATH, a file or directory, was changed while it was read. */
int ff_data_changed(struct ff_ctx *ctx, const char *path);

#endif
