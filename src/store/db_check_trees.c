/* Checks every page of the two trees: its number, its nodes, the order of its keys. */
#include "store/db_check_private.h"

#include <unistd.h>

enum {
    TREE_FLAGS = 4,
    TREE_DEPTH = 6,
    TREE_ROOT = 40,
    NODE_HEADER = 8,

    PAGE_BRANCH = 0x01,
    PAGE_LEAF = 0x02,
    PAGE_OVERFLOW = 0x04,
    NODE_OVERFLOW = 0x01, /* the only node flag that fftool's files use */
    TREE_INTEGER_KEY = 0x08,
    TREE_FLAG_MASK = 0x7f, /* the flags for the format of keys and values */

    MAX_DEPTH = 32,  /* LMDB's cursor stack */
    USUAL_DEPTH = 4, /* maximum for a tree of millions of values */
    MAX_KEY = 511,   /* LMDB's longest key */
    MIN_BRANCH = 2,  /* asserted by LMDB */
};
#define NO_PAGE UINT64_MAX

/* The lower bound of the keys that follow; each key raises it. */
struct order {
    uint8_t key[MAX_KEY];
    size_t size;
    bool any;       /* a bound is set */
    bool inclusive; /* it is the key of a branch: the next leaf key may equal it */
};

struct check {
    struct ff_db_source source;
    const struct ff_db_head *head;
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

/* Marks COUNT pages from PAGE on as used. Fails if one is not allocated, or used already. */
static int claim(struct check *c, uint64_t page, uint64_t count)
{
    if (page < FF_META_PAGES || page >= c->head->pages || count > c->head->pages - page)
        return ff_db_damaged(&c->source, page, "outside the file");
    for (uint64_t i = page; i < page + count; i++) {
        uint8_t bit = (uint8_t)(1u << (i % 8));

        if (c->seen[i / 8] & bit)
            return ff_db_damaged(&c->source, i, "used twice");
        c->seen[i / 8] |= bit;
    }
    return FF_OK;
}

static int compare_keys(const struct ff_db_tree *tree, const uint8_t *a, size_t a_size,
                        const uint8_t *b, size_t b_size)
{
    int difference;

    if (tree->is_free)
        return ff_get64(a) < ff_get64(b) ? -1 : ff_get64(a) > ff_get64(b);
    difference = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return difference ? difference : (a_size > b_size) - (a_size < b_size);
}

/* Checks that the key of NODE, in a leaf or (SEPARATOR) in a branch, follows all earlier keys. */
static int advance_order(struct check *c, const struct ff_db_tree *tree, uint64_t page,
                         const struct node *node, bool separator)
{
    struct order *order = &c->order;
    int difference;

    if (tree->is_free ? node->key_size != sizeof(uint64_t)
                      : node->key_size < 1 || node->key_size > MAX_KEY)
        return ff_db_damaged(&c->source, page, "invalid key size");
    if (order->any) {
        difference = compare_keys(tree, node->key, node->key_size, order->key, order->size);
        if (difference < 0 || (difference == 0 && (separator || !order->inclusive)))
            return ff_db_damaged(&c->source, page, "keys out of order");
    }
    memcpy(order->key, node->key, node->key_size);
    order->size = node->key_size;
    order->any = true;
    order->inclusive = separator;
    return FF_OK;
}

static unsigned node_count(const uint8_t *page)
{
    return (ff_get16(page + 12) - (unsigned)FF_PAGE_HEADER) / 2;
}

/* Decodes node I of PAGE; false if it is not within the upper part of the page. */
static bool get_node(const uint8_t *page, uint32_t page_bytes, unsigned i, bool leaf,
                     struct node *out)
{
    size_t at = ff_get16(page + FF_PAGE_HEADER + 2 * i);
    const uint8_t *node = page + at;
    size_t low, high, flags;

    *out = (struct node){0};
    if (at % 2 != 0 || at < ff_get16(page + 14) || at + NODE_HEADER > page_bytes)
        return false;
    low = ff_get16(node);
    high = ff_get16(node + 2);
    flags = ff_get16(node + 4);
    out->key = node + NODE_HEADER;
    out->key_size = ff_get16(node + 6);
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

static int check_header(const struct check *c, const struct ff_db_tree *tree, uint64_t number,
                        const uint8_t *page, bool leaf)
{
    unsigned lower = ff_get16(page + 12), upper = ff_get16(page + 14);
    /* LMDB asserts the minimum for branches of the main tree; in the free tree it allows less. */
    unsigned fewest = leaf || tree->is_free ? 1 : MIN_BRANCH;

    if (ff_get64(page) != number)
        return ff_db_damaged(&c->source, number, "wrong page number");
    if (ff_get16(page + 10) != (leaf ? PAGE_LEAF : PAGE_BRANCH))
        return ff_db_damaged(&c->source, number, "wrong page type");
    if (lower < FF_PAGE_HEADER || lower % 2 != 0 || lower > upper || upper > c->head->page_bytes)
        return ff_db_damaged(&c->source, number, "invalid bounds of its free space");
    if (node_count(page) < fewest)
        return ff_db_damaged(&c->source, number, "too few nodes");
    return FF_OK;
}

/* Checks that nodes fill the upper part of the page without overlaps or gaps: LMDB relies on their
 * sizes when it moves them. */
static int check_nodes(const struct check *c, uint64_t number, const uint8_t *page, bool leaf)
{
    const uint32_t page_bytes = c->head->page_bytes;
    const size_t node_max = ((page_bytes - FF_PAGE_HEADER) / MIN_BRANCH & ~1u) - sizeof(uint16_t);
    bool used[FF_MAX_PAGE_BYTES / 2] = {false}; /* nodes have even offsets */
    size_t sum = 0;

    for (unsigned i = 0; i < node_count(page); i++) {
        size_t first = ff_get16(page + FF_PAGE_HEADER + 2 * i), size;
        struct node node;

        if (!get_node(page, page_bytes, i, leaf, &node))
            return ff_db_damaged(&c->source, number, "a node outside its bounds");
        size = node_bytes(&node, leaf);
        if (size > node_max)
            return ff_db_damaged(&c->source, number, "a node too large");
        for (size_t at = first / 2; at < (first + size) / 2; at++) {
            if (used[at])
                return ff_db_damaged(&c->source, number, "nodes overlap");
            used[at] = true;
        }
        sum += size;
    }
    return sum == page_bytes - ff_get16(page + 14)
               ? FF_OK
               : ff_db_damaged(&c->source, number, "gaps between nodes");
}

/* Checks the run of overflow pages with the data of NODE; *OFFSET becomes that of the data. */
static int check_overflow(struct check *c, const struct node *node, uint64_t *offset)
{
    const uint64_t page_bytes = c->head->page_bytes;
    uint64_t number = ff_get64(node->data);
    uint64_t needed = (FF_PAGE_HEADER - 1 + (uint64_t)node->data_size) / page_bytes + 1;
    uint8_t header[FF_PAGE_HEADER];
    uint32_t pages;
    int rc;

    if (number < FF_META_PAGES || number >= c->head->file_bytes / page_bytes)
        return ff_db_damaged(&c->source, number, "outside the file");
    rc = ff_db_read_at(&c->source, number * page_bytes, header, sizeof header);
    if (rc != FF_OK)
        return rc;
    pages = ff_get32(header + 12);
    if (ff_get64(header) != number || ff_get16(header + 10) != PAGE_OVERFLOW)
        return ff_db_damaged(&c->source, number, "not the first page of a value");
    if (pages < needed || pages > c->head->file_bytes / page_bytes - number)
        return ff_db_damaged(&c->source, number, "invalid length of a value");
    *offset = number * page_bytes + FF_PAGE_HEADER;
    return claim(c, number, pages);
}

/* Checks a list of free pages of SIZE bytes, in a leaf (LIST) or, if LIST is NULL, at OFFSET. */
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
            return ff_db_damaged(&c->source, page, "invalid list of free pages");
        if (at == 0) {
            size_t take = left < sizeof piece ? left : sizeof piece;

            if (list)
                memcpy(piece, list + i * sizeof(uint64_t), take);
            else if ((rc = ff_db_read_at(&c->source, offset + i * sizeof(uint64_t), piece, take)) !=
                     FF_OK)
                return rc;
        }
        number = ff_get64(piece + at);
        if (i == 0) {
            count = number;
            if (count > size / sizeof(uint64_t) - 1)
                return ff_db_damaged(&c->source, page, "invalid list of free pages");
            continue;
        }
        if (number >= before)
            return ff_db_damaged(&c->source, page, "invalid list of free pages");
        before = number;
        rc = claim(c, number, 1);
        if (rc != FF_OK)
            return rc;
    }
    return FF_OK;
}

static int check_leaf_node(struct check *c, const struct ff_db_tree *tree, uint64_t page,
                           const struct node *node)
{
    uint64_t offset = 0;
    int rc;

    rc = advance_order(c, tree, page, node, false);
    if (rc == FF_OK && node->overflow)
        rc = check_overflow(c, node, &offset);
    if (rc != FF_OK || !tree->is_free)
        return rc;
    if (ff_get64(node->key) == 0 || ff_get64(node->key) > c->head->transaction)
        return ff_db_damaged(&c->source, page, "free pages of a future transaction");
    return check_free_list(c, page, node->overflow ? NULL : node->data, offset, node->data_size);
}

/* Checks page NUMBER and all pages below it. The recursion is as deep as the tree, at most
 * MAX_DEPTH; no page is visited twice. */
static int check_page(struct check *c, const struct ff_db_tree *tree, uint64_t number,
                      unsigned level)
{
    const uint32_t page_bytes = c->head->page_bytes;
    const bool leaf = level + 1 == tree->depth;
    uint8_t *page = c->levels + (size_t)level * page_bytes;
    int rc;

    rc = claim(c, number, 1);
    if (rc == FF_OK)
        rc = ff_db_read_at(&c->source, number * page_bytes, page, page_bytes);
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

static int read_tree(const struct ff_db_source *source, const uint8_t *record, bool is_free,
                     struct ff_db_tree *out)
{
    unsigned flags = ff_get16(record + TREE_FLAGS) & TREE_FLAG_MASK;

    *out = (struct ff_db_tree){
        .is_free = is_free,
        .depth = ff_get16(record + TREE_DEPTH),
        .root = ff_get64(record + TREE_ROOT),
    };
    if (flags != (is_free ? TREE_INTEGER_KEY : 0))
        return ff_fail(source->ctx, FF_EFORMAT, "%s: an LMDB file of another program",
                       source->path);
    if ((out->root == NO_PAGE) != (out->depth == 0) || out->depth > MAX_DEPTH)
        return ff_fail(source->ctx, FF_ECORRUPT, "%s: damaged: invalid tree depth", source->path);
    return FF_OK;
}

int ff_db_read_trees(const struct ff_db_source *source, const struct ff_db_head *head,
                     struct ff_db_tree out[2])
{
    int rc = read_tree(source, head->meta + FF_META_FREE_TREE, true, &out[0]);

    return rc == FF_OK ? read_tree(source, head->meta + FF_META_MAIN_TREE, false, &out[1]) : rc;
}

static int check_trees(struct check *c, const struct ff_db_tree trees[2])
{
    uint16_t depth = trees[0].depth > trees[1].depth ? trees[0].depth : trees[1].depth;
    int rc = FF_OK;

    c->seen_bytes = (size_t)(c->head->pages / 8 + 1);
    c->levels_bytes = (size_t)depth * c->head->page_bytes;
    c->seen = ff_alloc(c->source.ctx, FF_MEM_IO, c->seen_bytes);
    if (!c->seen)
        return ff_alloc_status(c->source.ctx);
    c->levels = ff_alloc(c->source.ctx, FF_MEM_IO, c->levels_bytes);
    if (!c->levels)
        rc = ff_alloc_status(c->source.ctx);
    for (int i = 0; rc == FF_OK && i < 2; i++) {
        c->order = (struct order){0};
        if (trees[i].depth > 0)
            rc = check_page(c, &trees[i], trees[i].root, 0);
    }
    ff_free(c->source.ctx, FF_MEM_IO, c->levels, c->levels_bytes);
    ff_free(c->source.ctx, FF_MEM_IO, c->seen, c->seen_bytes);
    return rc;
}

int ff_db_check_trees(struct ff_ctx *ctx, int fd, const char *path, const struct ff_db_head *head)
{
    struct check c = {.source = {ctx, fd, path}, .head = head};
    struct ff_db_tree trees[2];
    int rc = ff_db_read_trees(&c.source, head, trees);

    return rc == FF_OK ? check_trees(&c, trees) : rc;
}

void ff_db_check_needs(uint64_t file_bytes, struct ff_needs *needs)
{
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);

    needs->bytes[FF_MEM_IO] += file_bytes / page_bytes / 8 + 1 + USUAL_DEPTH * page_bytes;
}
