/* The size of a file and its two meta pages. */
#include "store/db_check_private.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    META_LAST_PAGE = 120,
    META_TRANSACTION = 128,
    PAGE_META = 0x08,
    MIN_PAGE_BYTES = 4096,
};
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
/* Pages at the end that were allocated and freed within one transaction were never written. */
#define MAX_UNWRITTEN_BYTES ((uint64_t)2 << 30)

int ff_db_damaged(const struct ff_db_source *source, uint64_t page, const char *what)
{
    return ff_fail(source->ctx, FF_ECORRUPT, "%s: damaged: page %" PRIu64 ": %s", source->path,
                   page, what);
}

int ff_db_read_at(const struct ff_db_source *source, uint64_t offset, void *out, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(source->fd, (uint8_t *)out + done, size - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ff_fail_errno(source->ctx, errno, "%s: cannot read", source->path);
        if (got == 0)
            return ff_fail(source->ctx, FF_ECORRUPT, "%s: damaged: truncated", source->path);
        done += (size_t)got;
    }
    return FF_OK;
}

/* Reads the file's size and its first meta page; sets the page size. */
static int check_start(const struct ff_db_source *source, struct ff_db_head *head)
{
    uint8_t page[FF_PAGE_HEADER + FF_DB_META_BYTES];
    const uint8_t *meta = page + FF_PAGE_HEADER;
    struct stat st;
    int rc;

    if (fstat(source->fd, &st) != 0)
        return ff_fail_errno(source->ctx, errno, "%s", source->path);
    if (!S_ISREG(st.st_mode))
        return ff_fail(source->ctx, FF_EFORMAT, "%s: not a file", source->path);
    head->file_bytes = (uint64_t)st.st_size;
    if (st.st_size == 0)
        return ff_fail(source->ctx, FF_EFORMAT, "%s: empty: its creation was interrupted",
                       source->path);
    if (st.st_size < (off_t)sizeof page)
        return ff_fail(source->ctx, FF_EFORMAT, "%s: not an LMDB file", source->path);
    rc = ff_db_read_at(source, 0, page, sizeof page);
    if (rc != FF_OK)
        return rc;
    if (ff_get32(meta) != META_MAGIC)
        return ff_fail(source->ctx, FF_EFORMAT, "%s: not an LMDB file", source->path);
    if (ff_get32(meta + 4) != META_VERSION)
        return ff_fail(source->ctx, FF_EFORMAT, "%s: unsupported version of LMDB", source->path);
    head->page_bytes = ff_get32(meta + FF_META_FREE_TREE);
    if (head->page_bytes < MIN_PAGE_BYTES || head->page_bytes > FF_MAX_PAGE_BYTES ||
        (head->page_bytes & (head->page_bytes - 1)) != 0)
        return ff_db_damaged(source, 0, "invalid page size");
    if (head->file_bytes < FF_META_PAGES * (uint64_t)head->page_bytes)
        return ff_fail(source->ctx, FF_ECORRUPT, "%s: damaged: truncated", source->path);
    return FF_OK;
}

/* Checks both meta pages and copies the newer one, by LMDB's rule, to the head. */
static int check_metas(const struct ff_db_source *source, struct ff_db_head *head)
{
    const uint64_t page_bytes = head->page_bytes;
    uint8_t page[FF_PAGE_HEADER + FF_DB_META_BYTES];
    uint64_t newest = 0, last;
    unsigned used = 0;
    int rc;

    for (unsigned i = 0; i < FF_META_PAGES; i++) {
        const uint8_t *body = page + FF_PAGE_HEADER;

        rc = ff_db_read_at(source, i * page_bytes, page, sizeof page);
        if (rc != FF_OK)
            return rc;
        if (ff_get64(page) != i || ff_get16(page + 10) != PAGE_META ||
            ff_get32(body) != META_MAGIC || ff_get32(body + 4) != META_VERSION ||
            ff_get32(body + FF_META_FREE_TREE) != page_bytes)
            return ff_db_damaged(source, i, "not a meta page");
        if (i == 0 || ff_get64(body + META_TRANSACTION) > newest) {
            newest = ff_get64(body + META_TRANSACTION);
            used = i;
            memcpy(head->meta, body, FF_DB_META_BYTES);
        }
    }
    head->transaction = newest;
    last = ff_get64(head->meta + META_LAST_PAGE);
    /* If it has a lock file, LMDB does not compare them: it expects transaction N on page N % 2. */
    if (newest > INT64_MAX || newest % FF_META_PAGES != used)
        return ff_fail(source->ctx, FF_ECORRUPT, "%s: damaged: invalid transaction number",
                       source->path);
    if (last < FF_META_PAGES - 1 || last >= (head->file_bytes + MAX_UNWRITTEN_BYTES) / page_bytes)
        return ff_fail(source->ctx, FF_ECORRUPT, "%s: damaged: truncated", source->path);
    head->pages = last + 1;
    return FF_OK;
}

int ff_db_check_head(struct ff_ctx *ctx, int fd, const char *path, struct ff_db_head *out)
{
    const struct ff_db_source source = {ctx, fd, path};
    struct ff_db_tree trees[2];
    int rc;

    *out = (struct ff_db_head){0};
    rc = check_start(&source, out);
    if (rc == FF_OK)
        rc = check_metas(&source, out);
    if (rc == FF_OK)
        rc = ff_db_read_trees(&source, out, trees);
    return rc;
}

int ff_db_check(struct ff_ctx *ctx, int fd, const char *path, struct ff_db_head *out)
{
    int rc = ff_db_check_head(ctx, fd, path, out);

    return rc == FF_OK ? ff_db_check_trees(ctx, fd, path, out) : rc;
}

static bool is_regular(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int ff_db_look(struct ff_ctx *ctx, int fd, const char *path, enum ff_db_kind *out)
{
    struct ff_db_head head;
    int rc = ff_db_check_head(ctx, fd, path, &head);
    bool is_cut = head.file_bytes < FF_META_PAGES * (uint64_t)head.page_bytes;

    *out = FF_DB_IS_FOREIGN;
    switch (rc) {
    case FF_OK:
        *out = head.transaction == 0 ? FF_DB_IS_STUB : FF_DB_IS_LMDB;
        return FF_OK;
    case FF_ECORRUPT:
        *out = is_cut ? FF_DB_IS_STUB : FF_DB_IS_LMDB;
        return FF_OK;
    case FF_EFORMAT:
        if (head.file_bytes == 0 && is_regular(fd))
            *out = FF_DB_IS_STUB;
        return FF_OK;
    default:
        return rc;
    }
}
