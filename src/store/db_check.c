/*
 * The file format of LMDB 0.9 (mdb.c: MDB_page, MDB_meta, MDB_db, MDB_node), in the byte order and
 * word size of the machine:
 *
 *   page   0 u64 number, 8 u16 unused, 10 u16 flags, 12 u16 lower, 14 u16 upper (of a run of
 *          overflow pages: 12 u32 length), 16 u16 offsets of nodes, in key order; nodes fill
 *          [upper, end of page) without gaps
 *   node   0 u16 low, 2 u16 high, 4 u16 flags, 6 u16 size of key, 8 key, then data. In a leaf low
 *          and high are the data's size, and the data may be the number of an overflow page; in a
 *          branch low, high and flags are the child's page number
 *   meta   pages 0 and 1, from byte 16: 0 u32 magic, 4 u32 version, 8 address, 16 map size, 24 and
 *          72 the records of the free and the main tree, 120 u64 last page, 128 u64 transaction
 *   tree   0 u32 unused (in the free tree's record: page size), 4 u16 flags, 6 u16 depth, 8 .. 32
 *          counts, 40 u64 root page, all ones if empty
 *
 * The free tree maps a transaction (u64) to the pages it freed: a count, then page numbers,
 * descending.
 */
#include "store/db_check.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE_HEADER = 16,
    META_FREE_TREE = 24,
    META_MAIN_TREE = 72,
    META_LAST_PAGE = 120,
    META_TRANSACTION = 128,
    TREE_FLAGS = 4,
    TREE_DEPTH = 6,
    TREE_ROOT = 40,
    NODE_HEADER = 8,

    PAGE_BRANCH = 0x01,
    PAGE_LEAF = 0x02,
    PAGE_OVERFLOW = 0x04,
    PAGE_META = 0x08,
    NODE_OVERFLOW = 0x01, /* the only flag of a node in a file of ours */
    TREE_INTEGER_KEY = 0x08,
    TREE_FLAG_MASK = 0x7f, /* those that say how keys and values are kept */

    META_PAGES = 2,
    MIN_PAGE_BYTES = 4096,
    MAX_PAGE_BYTES = 32768,
    MAX_DEPTH = 32,  /* LMDB's cursor stack */
    USUAL_DEPTH = 4, /* at most, of a tree of millions of values */
    MAX_KEY = 511,   /* LMDB's longest key */
    MIN_BRANCH = 2,  /* LMDB asserts it */
};
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define NO_PAGE UINT64_MAX
/* Pages at the end that were given out and freed within one transaction were never written. */
#define MAX_UNWRITTEN_BYTES ((uint64_t)2 << 30)

/* Lower bound of the keys still to come; each key raises it. */
struct order {
    uint8_t key[MAX_KEY];
    size_t size;
    bool any;       /* there is a bound */
    bool inclusive; /* it came from a branch: the next leaf key may equal it */
};

struct tree {
    bool is_free; /* the free tree; else the main one */
    uint16_t depth;
    uint64_t root;
};

struct check {
    struct ff_ctx *ctx;
    int fd;
    const char *path;
    struct ff_db_head head;
    uint8_t *seen; /* one bit per page */
    size_t seen_bytes;
    uint8_t *levels; /* one page per level of the deeper tree */
    size_t levels_bytes;
    struct order order;
};

struct node {
    const uint8_t *key;
    size_t key_size;
    const uint8_t *data; /* in a leaf */
    size_t data_size;    /* in a leaf */
    bool overflow;       /* in a leaf: data is the number of the page that holds it */
    uint64_t child;      /* in a branch */
};

static uint16_t get16(const uint8_t *from)
{
    uint16_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static uint32_t get32(const uint8_t *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static uint64_t get64(const uint8_t *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static int damaged(const struct check *c, uint64_t page, const char *what)
{
    return ff_fail(c->ctx, FF_ECORRUPT, "%s: damaged: page %" PRIu64 ": %s", c->path, page, what);
}

static int read_at(const struct check *c, uint64_t offset, void *out, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(c->fd, (uint8_t *)out + done, size - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ff_fail_errno(c->ctx, errno, "%s: cannot read", c->path);
        if (got == 0)
            return ff_fail(c->ctx, FF_ECORRUPT, "%s: damaged: cut short", c->path);
        done += (size_t)got;
    }
    return FF_OK;
}

/* Marks COUNT pages from PAGE on as used: inside what LMDB gave out, and by nothing else. */
static int claim(struct check *c, uint64_t page, uint64_t count)
{
    if (page < META_PAGES || page >= c->head.pages || count > c->head.pages - page)
        return damaged(c, page, "outside the file");
    for (uint64_t i = page; i < page + count; i++) {
        uint8_t bit = (uint8_t)(1u << (i % 8));

        if (c->seen[i / 8] & bit)
            return damaged(c, i, "used twice");
        c->seen[i / 8] |= bit;
    }
    return FF_OK;
}

static int compare_keys(const struct tree *tree, const uint8_t *a, size_t a_size, const uint8_t *b,
                        size_t b_size)
{
    int difference;

    if (tree->is_free)
        return get64(a) < get64(b) ? -1 : get64(a) > get64(b);
    difference = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return difference ? difference : (a_size > b_size) - (a_size < b_size);
}

/* Checks that NODE's key comes after all before it, in a leaf or (separator) a branch. */
static int advance_order(struct check *c, const struct tree *tree, uint64_t page,
                         const struct node *node, bool separator)
{
    struct order *order = &c->order;
    int difference;

    if (tree->is_free ? node->key_size != sizeof(uint64_t)
                      : node->key_size < 1 || node->key_size > MAX_KEY)
        return damaged(c, page, "size of a key");
    if (order->any) {
        difference = compare_keys(tree, node->key, node->key_size, order->key, order->size);
        if (difference < 0 || (difference == 0 && (separator || !order->inclusive)))
            return damaged(c, page, "keys out of order");
    }
    memcpy(order->key, node->key, node->key_size);
    order->size = node->key_size;
    order->any = true;
    order->inclusive = separator;
    return FF_OK;
}

static unsigned node_count(const uint8_t *page)
{
    return (get16(page + 12) - (unsigned)PAGE_HEADER) / 2;
}

/* Decodes node I of PAGE; false if it is not inside the page's upper part. */
static bool get_node(const uint8_t *page, uint32_t page_bytes, unsigned i, bool leaf,
                     struct node *out)
{
    size_t at = get16(page + PAGE_HEADER + 2 * i);
    const uint8_t *node = page + at;
    size_t low, high, flags;

    *out = (struct node){0};
    if (at % 2 != 0 || at < get16(page + 14) || at + NODE_HEADER > page_bytes)
        return false;
    low = get16(node);
    high = get16(node + 2);
    flags = get16(node + 4);
    out->key = node + NODE_HEADER;
    out->key_size = get16(node + 6);
    if (out->key_size > page_bytes - at - NODE_HEADER)
        return false;
    if (!leaf) {
        out->child = low | high << 16 | flags << 32;
        return true;
    }
    out->data = out->key + out->key_size;
    out->data_size = low | high << 16;
    out->overflow = flags == NODE_OVERFLOW;
    return (flags & ~(size_t)NODE_OVERFLOW) == 0 &&
           (out->overflow ? sizeof(uint64_t) : out->data_size) <=
               page_bytes - at - NODE_HEADER - out->key_size;
}

static size_t node_bytes(const struct node *node, bool leaf)
{
    size_t data = !leaf ? 0 : node->overflow ? sizeof(uint64_t) : node->data_size;

    return (NODE_HEADER + node->key_size + data + 1) & ~(size_t)1;
}

static int check_header(const struct check *c, const struct tree *tree, uint64_t number,
                        const uint8_t *page, bool leaf)
{
    unsigned lower = get16(page + 12), upper = get16(page + 14);
    /* LMDB asserts the bound for branches of the main tree; in the free tree it allows less. */
    unsigned fewest = leaf || tree->is_free ? 1 : MIN_BRANCH;

    if (get64(page) != number)
        return damaged(c, number, "carries another page's number");
    if (get16(page + 10) != (leaf ? PAGE_LEAF : PAGE_BRANCH))
        return damaged(c, number, "not of the expected kind");
    if (lower < PAGE_HEADER || lower % 2 != 0 || lower > upper || upper > c->head.page_bytes)
        return damaged(c, number, "bounds of its free space");
    if (node_count(page) < fewest)
        return damaged(c, number, "too few nodes");
    return FF_OK;
}

/* Checks that nodes fill the page's upper part exactly, each place once: LMDB moves them about by
 * their sizes. */
static int check_nodes(const struct check *c, uint64_t number, const uint8_t *page, bool leaf)
{
    const uint32_t page_bytes = c->head.page_bytes;
    const size_t node_max = ((page_bytes - PAGE_HEADER) / MIN_BRANCH & ~1u) - sizeof(uint16_t);
    bool used[MAX_PAGE_BYTES / 2] = {false}; /* nodes lie on even offsets */
    size_t sum = 0;

    for (unsigned i = 0; i < node_count(page); i++) {
        size_t first = get16(page + PAGE_HEADER + 2 * i), size;
        struct node node;

        if (!get_node(page, page_bytes, i, leaf, &node))
            return damaged(c, number, "a node outside its bounds");
        size = node_bytes(&node, leaf);
        if (size > node_max)
            return damaged(c, number, "a node too large");
        for (size_t at = first / 2; at < (first + size) / 2; at++) {
            if (used[at])
                return damaged(c, number, "nodes overlap");
            used[at] = true;
        }
        sum += size;
    }
    return sum == page_bytes - get16(page + 14) ? FF_OK : damaged(c, number, "gaps between nodes");
}

/* Checks the run of overflow pages that holds NODE's data and gives where the data begin. */
static int check_overflow(struct check *c, const struct node *node, uint64_t *offset)
{
    const uint64_t page_bytes = c->head.page_bytes;
    uint64_t number = get64(node->data);
    uint64_t needed = (PAGE_HEADER - 1 + (uint64_t)node->data_size) / page_bytes + 1;
    uint8_t header[PAGE_HEADER];
    uint32_t pages;
    int rc;

    if (number < META_PAGES || number >= c->head.file_bytes / page_bytes)
        return damaged(c, number, "outside the file");
    rc = read_at(c, number * page_bytes, header, sizeof header);
    if (rc != FF_OK)
        return rc;
    pages = get32(header + 12);
    if (get64(header) != number || get16(header + 10) != PAGE_OVERFLOW)
        return damaged(c, number, "not a value's first page");
    if (pages < needed || pages > c->head.file_bytes / page_bytes - number)
        return damaged(c, number, "length of a value");
    *offset = number * page_bytes + PAGE_HEADER;
    return claim(c, number, pages);
}

/* Checks SIZE bytes of a list of free pages, inside a leaf (LIST) or, if LIST is NULL, at OFFSET.
 */
static int check_free_list(struct check *c, uint64_t page, const uint8_t *list, uint64_t offset,
                           size_t size)
{
    uint8_t piece[512 * sizeof(uint64_t)];
    uint64_t count = 0, before = NO_PAGE;
    int rc;

    for (uint64_t i = 0; i == 0 || i <= count; i++) {
        size_t at = i * sizeof(uint64_t) % sizeof piece;
        size_t left = size - i * sizeof(uint64_t);
        uint64_t number;

        if (i == 0 && size < sizeof(uint64_t))
            return damaged(c, page, "list of free pages");
        if (at == 0) {
            size_t take = left < sizeof piece ? left : sizeof piece;

            if (list)
                memcpy(piece, list + i * sizeof(uint64_t), take);
            else if ((rc = read_at(c, offset + i * sizeof(uint64_t), piece, take)) != FF_OK)
                return rc;
        }
        number = get64(piece + at);
        if (i == 0) {
            count = number;
            if (count > size / sizeof(uint64_t) - 1)
                return damaged(c, page, "list of free pages");
            continue;
        }
        if (number >= before)
            return damaged(c, page, "list of free pages");
        before = number;
        rc = claim(c, number, 1);
        if (rc != FF_OK)
            return rc;
    }
    return FF_OK;
}

static int check_leaf_node(struct check *c, const struct tree *tree, uint64_t page,
                           const struct node *node)
{
    uint64_t offset = 0;
    int rc;

    rc = advance_order(c, tree, page, node, false);
    if (rc == FF_OK && node->overflow)
        rc = check_overflow(c, node, &offset);
    if (rc != FF_OK || !tree->is_free)
        return rc;
    if (get64(node->key) == 0 || get64(node->key) > c->head.transaction)
        return damaged(c, page, "free pages of a transaction to come");
    return check_free_list(c, page, node->overflow ? NULL : node->data, offset, node->data_size);
}

/* Checks page NUMBER and all below it. The recursion is as deep as the tree, MAX_DEPTH at most; no
 * page is entered twice. */
static int check_page(struct check *c, const struct tree *tree, uint64_t number, unsigned level)
{
    const uint32_t page_bytes = c->head.page_bytes;
    const bool leaf = level + 1 == tree->depth;
    uint8_t *page = c->levels + (size_t)level * page_bytes;
    int rc;

    rc = claim(c, number, 1);
    if (rc == FF_OK)
        rc = read_at(c, number * page_bytes, page, page_bytes);
    if (rc == FF_OK)
        rc = check_header(c, tree, number, page, leaf);
    if (rc == FF_OK)
        rc = check_nodes(c, number, page, leaf);
    for (unsigned i = 0; rc == FF_OK && i < node_count(page); i++) {
        struct node node;

        get_node(page, page_bytes, i, leaf, &node);
        if (leaf) {
            rc = check_leaf_node(c, tree, number, &node);
            continue;
        }
        if (i > 0) /* LMDB ignores the first key of a branch */
            rc = advance_order(c, tree, number, &node, true);
        if (rc == FF_OK)
            rc = check_page(c, tree, node.child, level + 1);
    }
    return rc;
}

static int read_tree(const struct check *c, const uint8_t *record, bool is_free, struct tree *out)
{
    unsigned flags = get16(record + TREE_FLAGS) & TREE_FLAG_MASK;

    *out = (struct tree){
        .is_free = is_free,
        .depth = get16(record + TREE_DEPTH),
        .root = get64(record + TREE_ROOT),
    };
    if (flags != (is_free ? TREE_INTEGER_KEY : 0))
        return ff_fail(c->ctx, FF_EFORMAT, "%s: an LMDB file, but of another kind", c->path);
    if ((out->root == NO_PAGE) != (out->depth == 0) || out->depth > MAX_DEPTH)
        return ff_fail(c->ctx, FF_ECORRUPT, "%s: damaged: depth of a tree", c->path);
    return FF_OK;
}

static int check_trees(struct check *c, const struct tree trees[2])
{
    uint16_t depth = trees[0].depth > trees[1].depth ? trees[0].depth : trees[1].depth;
    int rc = FF_OK;

    c->seen_bytes = (size_t)(c->head.pages / 8 + 1);
    c->levels_bytes = (size_t)depth * c->head.page_bytes;
    c->seen = ff_alloc(c->ctx, FF_MEM_IO, c->seen_bytes);
    if (!c->seen)
        return ff_alloc_status(c->ctx);
    c->levels = ff_alloc(c->ctx, FF_MEM_IO, c->levels_bytes);
    if (!c->levels)
        rc = ff_alloc_status(c->ctx);
    for (int i = 0; rc == FF_OK && i < 2; i++) {
        c->order = (struct order){0};
        if (trees[i].depth > 0)
            rc = check_page(c, &trees[i], trees[i].root, 0);
    }
    ff_free(c->ctx, FF_MEM_IO, c->levels, c->levels_bytes);
    ff_free(c->ctx, FF_MEM_IO, c->seen, c->seen_bytes);
    return rc;
}

/* Reads the file's size and its first meta page; sets the page size. */
static int check_start(struct check *c)
{
    uint8_t page[PAGE_HEADER + FF_DB_META_BYTES];
    const uint8_t *meta = page + PAGE_HEADER;
    struct stat st;
    int rc;

    if (fstat(c->fd, &st) != 0)
        return ff_fail_errno(c->ctx, errno, "%s", c->path);
    if (!S_ISREG(st.st_mode))
        return ff_fail(c->ctx, FF_EFORMAT, "%s: not a file", c->path);
    c->head.file_bytes = (uint64_t)st.st_size;
    if (st.st_size == 0)
        return ff_fail(c->ctx, FF_EFORMAT, "%s: empty: its creation was never finished", c->path);
    if (st.st_size < (off_t)sizeof page)
        return ff_fail(c->ctx, FF_EFORMAT, "%s: not an LMDB file", c->path);
    rc = read_at(c, 0, page, sizeof page);
    if (rc != FF_OK)
        return rc;
    if (get32(meta) != META_MAGIC)
        return ff_fail(c->ctx, FF_EFORMAT, "%s: not an LMDB file", c->path);
    if (get32(meta + 4) != META_VERSION)
        return ff_fail(c->ctx, FF_EFORMAT, "%s: of an unknown version of LMDB", c->path);
    c->head.page_bytes = get32(meta + META_FREE_TREE);
    if (c->head.page_bytes < MIN_PAGE_BYTES || c->head.page_bytes > MAX_PAGE_BYTES ||
        (c->head.page_bytes & (c->head.page_bytes - 1)) != 0)
        return damaged(c, 0, "page size");
    if (c->head.file_bytes < META_PAGES * (uint64_t)c->head.page_bytes)
        return ff_fail(c->ctx, FF_ECORRUPT, "%s: damaged: cut short", c->path);
    return FF_OK;
}

/* Checks both meta pages and leaves the newer one, by LMDB's rule, in the head. */
static int check_metas(struct check *c)
{
    const uint64_t page_bytes = c->head.page_bytes;
    uint8_t page[PAGE_HEADER + FF_DB_META_BYTES];
    uint64_t newest = 0, last;
    unsigned used = 0;
    int rc;

    for (unsigned i = 0; i < META_PAGES; i++) {
        const uint8_t *body = page + PAGE_HEADER;

        rc = read_at(c, i * page_bytes, page, sizeof page);
        if (rc != FF_OK)
            return rc;
        if (get64(page) != i || get16(page + 10) != PAGE_META || get32(body) != META_MAGIC ||
            get32(body + 4) != META_VERSION || get32(body + META_FREE_TREE) != page_bytes)
            return damaged(c, i, "not a meta page");
        if (i == 0 || get64(body + META_TRANSACTION) > newest) {
            newest = get64(body + META_TRANSACTION);
            used = i;
            memcpy(c->head.meta, body, FF_DB_META_BYTES);
        }
    }
    c->head.transaction = newest;
    last = get64(c->head.meta + META_LAST_PAGE);
    /* With its lock file LMDB does not compare: transaction N is on page N modulo 2. */
    if (newest > INT64_MAX || newest % META_PAGES != used)
        return ff_fail(c->ctx, FF_ECORRUPT, "%s: damaged: number of a transaction", c->path);
    if (last < META_PAGES - 1 || last >= (c->head.file_bytes + MAX_UNWRITTEN_BYTES) / page_bytes)
        return ff_fail(c->ctx, FF_ECORRUPT, "%s: damaged: cut short", c->path);
    c->head.pages = last + 1;
    return FF_OK;
}

static int read_trees(const struct check *c, struct tree out[2])
{
    int rc = read_tree(c, c->head.meta + META_FREE_TREE, true, &out[0]);

    return rc == FF_OK ? read_tree(c, c->head.meta + META_MAIN_TREE, false, &out[1]) : rc;
}

int ff_db_check_head(struct ff_ctx *ctx, int fd, const char *path, struct ff_db_head *out)
{
    struct check c = {.ctx = ctx, .fd = fd, .path = path};
    struct tree trees[2];
    int rc;

    rc = check_start(&c);
    if (rc == FF_OK)
        rc = check_metas(&c);
    if (rc == FF_OK)
        rc = read_trees(&c, trees);
    *out = c.head;
    return rc;
}

int ff_db_check_trees(struct ff_ctx *ctx, int fd, const char *path, const struct ff_db_head *head)
{
    struct check c = {.ctx = ctx, .fd = fd, .path = path, .head = *head};
    struct tree trees[2];
    int rc = read_trees(&c, trees);

    return rc == FF_OK ? check_trees(&c, trees) : rc;
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
    bool is_cut = head.file_bytes < META_PAGES * (uint64_t)head.page_bytes;

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

void ff_db_check_needs(uint64_t file_bytes, struct ff_needs *needs)
{
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);

    needs->bytes[FF_MEM_IO] += file_bytes / page_bytes / 8 + 1 + USUAL_DEPTH * page_bytes;
}
