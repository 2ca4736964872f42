/*
 * Writing a zip archive of stored members, as NumPy's .npz, by libzip, which asks for the bytes of
 * the members in order once all are added: nothing but the directory is held in memory. Members and
 * archives may exceed 4 GiB.
 */
#ifndef FF_INPUT_ARCHIVE_WRITE_H
#define FF_INPUT_ARCHIVE_WRITE_H

#include "base/context.h"

#include <stdio.h>

struct ff_archive_writer;

/* A member to be written. */
struct ff_archive_source {
    uint64_t bytes;
    /* Begins the member; it is read once. */
    int (*begin)(void *arg, uint64_t number);
    /* Gives the next bytes, at most WANT and at least 1 until all are read; sets *GOT. */
    int (*read)(void *arg, void *out, size_t want, size_t *got);
    void *arg;
    uint64_t number; /* passed to BEGIN */
};

/* Begins an archive that is written to FILE, empty and seekable, called PATH in messages; both must
 * live until the end. FF_EFORMAT: libzip cannot be loaded. */
FF_CHECK int ff_archive_writer_new(struct ff_ctx *ctx, FILE *file, const char *path,
                                   struct ff_archive_writer **out);
/* Adds the member NAME, whose bytes SOURCE gives during ff_archive_writer_end(). */
FF_CHECK int ff_archive_writer_add(struct ff_archive_writer *writer, const char *name,
                                   const struct ff_archive_source *source);
/* If STATUS is FF_OK, writes all members and the directory. Frees WRITER, which may be NULL.
 * Returns STATUS, or the failure of a source or of writing. */
FF_CHECK int ff_archive_writer_end(struct ff_archive_writer *writer, int status);

#endif
