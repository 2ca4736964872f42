/*
 * Checks an LMDB file before LMDB maps it. LMDB (0.9) has no checksums and trusts page numbers,
 * offsets and sizes: a truncated file raises SIGBUS, a page size of 0 raises SIGFPE, and a node
 * that points outside its page makes it read or write anywhere. LMDB can read and write a file that
 * passes this check without such faults. The content of values is checked by their own headers.
 *
 * Reads with pread(), so that a file that shrinks during the check is an error too. Needs one bit
 * per page of the file and one page per level of a tree.
 */
#ifndef FF_STORE_DB_CHECK_H
#define FF_STORE_DB_CHECK_H

#include "base/buffers.h"

#define FF_DB_META_BYTES 136 /* of a meta page that LMDB uses */

/* The content of the newer one of the two meta pages of a file. */
struct ff_db_head {
    uint64_t file_bytes;
    uint32_t page_bytes;
    uint64_t pages;       /* allocated by LMDB; the last ones may never have been written */
    uint64_t transaction; /* the last committed one */
    uint8_t meta[FF_DB_META_BYTES];
};

/* Checks the file open at FD: size and both meta pages. PATH is for messages. FF_EFORMAT if it is
 * empty or not an LMDB file of this kind, FF_ECORRUPT if damaged, FF_EIO. */
FF_CHECK int ff_db_check_head(struct ff_ctx *ctx, int fd, const char *path, struct ff_db_head *out);
/* Checks every page reachable from the meta page in HEAD, the result of ff_db_check_head(). Fails
 * with FF_EFORMAT, FF_ECORRUPT, FF_EIO, FF_ENOMEM, FF_EBUDGET. */
FF_CHECK int ff_db_check_trees(struct ff_ctx *ctx, int fd, const char *path,
                               const struct ff_db_head *head);
/* Both checks, of a file that no process writes to at the same time. */
FF_CHECK int ff_db_check(struct ff_ctx *ctx, int fd, const char *path, struct ff_db_head *out);
/* For the planner: adds the memory of a check of the trees of a file of FILE_BYTES. */
void ff_db_check_needs(uint64_t file_bytes, struct ff_needs *needs);

/* The kind of a file, judged by its first pages. */
enum ff_db_kind {
    FF_DB_IS_FOREIGN, /* not an LMDB file, or of another program */
    FF_DB_IS_STUB,    /* empty, truncated within the meta pages, or without a commit: left by an
                         interrupted creation */
    FF_DB_IS_LMDB,    /* an LMDB file, possibly damaged */
};
/* Determines the kind of the file open at FD. FF_EIO if it cannot be read. On success the message
 * of CTX may be overwritten; do not report it. */
FF_CHECK int ff_db_look(struct ff_ctx *ctx, int fd, const char *path, enum ff_db_kind *out);

#endif
