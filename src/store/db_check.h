/*
 * Checks an LMDB file before LMDB maps it. LMDB (0.9) has no checksums and follows page numbers,
 * offsets and sizes as it finds them: a truncated file raises SIGBUS, a page size of 0 SIGFPE, a
 * node that points outside its page reads or writes anywhere. What passes here can be read, and
 * written to, without any of that; what the values hold is checked by their own headers.
 *
 * Reads with pread(), so that a file that shrinks meanwhile is an error too. Takes one bit per page
 * of the file and one page per level of a tree.
 */
#ifndef FF_STORE_DB_CHECK_H
#define FF_STORE_DB_CHECK_H

#include "base/buffers.h"

#define FF_DB_META_BYTES 136 /* of a meta page that LMDB uses */

/* What the newer of a file's two meta pages says. */
struct ff_db_head {
    uint64_t file_bytes;
    uint32_t page_bytes;
    uint64_t pages;       /* that LMDB has given out; the last ones may never have been written */
    uint64_t transaction; /* the last that was committed */
    uint8_t meta[FF_DB_META_BYTES];
};

/* Checks the file open at FD (PATH, for messages): size and both meta pages. FF_EFORMAT if it is
 * empty or not an LMDB file of this kind, FF_ECORRUPT if damaged, FF_EIO. */
FF_CHECK int ff_db_check_head(struct ff_ctx *ctx, int fd, const char *path, struct ff_db_head *out);
/* Checks every page reachable from the meta page of HEAD, as ff_db_check_head() gave it.
 * FF_ECORRUPT, FF_EIO, FF_ENOMEM, FF_EBUDGET. */
FF_CHECK int ff_db_check_trees(struct ff_ctx *ctx, int fd, const char *path,
                               const struct ff_db_head *head);
/* Both, of a file that nobody writes to meanwhile. */
FF_CHECK int ff_db_check(struct ff_ctx *ctx, int fd, const char *path, struct ff_db_head *out);
/* For the planner: adds what checking the trees of a file of FILE_BYTES takes meanwhile. */
void ff_db_check_needs(uint64_t file_bytes, struct ff_needs *needs);

/* What a file is, judged by its first pages. */
enum ff_db_kind {
    FF_DB_IS_FOREIGN, /* not LMDB's, or of another kind */
    FF_DB_IS_STUB,    /* empty, cut off within the meta pages, or without a commit: what is left if
                         its creation is cut short */
    FF_DB_IS_LMDB,    /* maybe damaged */
};
/* Looks at the file open at FD. Fails if it cannot be read: what it is remains unknown (FF_EIO).
 * Else it leaves a message that is not to be reported. */
FF_CHECK int ff_db_look(struct ff_ctx *ctx, int fd, const char *path, enum ff_db_kind *out);

#endif
