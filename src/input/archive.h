/*
 * A zip archive (PKWARE's APPNOTE; with zip64, members of any size), of which one member at a time
 * is read. Members are stored or deflated; their checksum, a CRC-32, is checked at their end.
 *
 * Unzipping is libzip's. Its memory is not metered, but bounded: a larger directory of members than
 * FF_ARCHIVE_MEMBERS or FF_ARCHIVE_DIRECTORY_BYTES is refused before libzip reads it, so that an
 * archive takes at most 4 MiB, and one of a few members 150 KiB.
 */
#ifndef FF_INPUT_ARCHIVE_H
#define FF_INPUT_ARCHIVE_H

#include "base/context.h"

#include <stdbool.h>

#define FF_ARCHIVE_MEMBERS 4096
#define FF_ARCHIVE_DIRECTORY_BYTES (512 * 1024)
/* The end of an archive that is searched for its directory: the longest comment, the record of the
 * end, the locator of zip64's. Metered, while the archive is opened. */
#define FF_ARCHIVE_TAIL_BYTES (65535 + 22 + 20)

struct ff_archive;

/*
 * Opens the archive in the file FD of BYTES bytes. FD stays the caller's and open; its position
 * does not matter and does not change. PATH names the file in messages; it is not copied. Fails
 * with FF_ECORRUPT (no archive, truncated), FF_EFORMAT (too large a directory), FF_EIO, FF_ENOMEM.
 */
FF_CHECK int ff_archive_open(struct ff_ctx *ctx, const char *path, int fd, uint64_t bytes,
                             struct ff_archive **out);
void ff_archive_close(struct ff_archive *archive); /* NULL-safe */

/* At most FF_ARCHIVE_MEMBERS. */
uint32_t ff_archive_members(const struct ff_archive *archive);
/* The name of member I, as it is stored. Valid while the archive is open. */
const char *ff_archive_name(const struct ff_archive *archive, uint32_t i);

/*
 * Begins the member NAME; LABEL, which is not copied, names it in messages from now on. At most
 * once. Fails with FF_ENOTFOUND, FF_EFORMAT (two members of that name; encrypted; another method of
 * compression than deflate), FF_ECORRUPT (its sizes contradict each other), FF_EIO, FF_ENOMEM.
 */
FF_CHECK int ff_archive_begin(struct ff_archive *archive, const char *name, const char *label);
/* Bytes of the member's content, as the directory declares them. */
uint64_t ff_archive_member_bytes(const struct ff_archive *archive);
bool ff_archive_is_stored(const struct ff_archive *archive);
/* Reads at most WANT bytes; *GOT is 0 only at the end, where the checksum is checked. FF_ECORRUPT,
 * FF_EIO, FF_ENOMEM. */
FF_CHECK int ff_archive_read(struct ff_archive *archive, void *buffer, size_t want, size_t *got);
/* Begins the member again. */
FF_CHECK int ff_archive_rewind(struct ff_archive *archive);
/* Reads at most WANT bytes at OFFSET of a stored member. ff_archive_rewind() must come before the
 * next ff_archive_read(). */
FF_CHECK int ff_archive_peek(struct ff_archive *archive, uint64_t offset, void *buffer, size_t want,
                             size_t *got);

#endif
