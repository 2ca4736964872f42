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
#ifndef FF_STORE_DB_CHECK_PRIVATE_H
#define FF_STORE_DB_CHECK_PRIVATE_H

#include "store/db_check.h"

#include <string.h>

enum {
    FF_PAGE_HEADER = 16,
    FF_META_PAGES = 2,
    FF_META_FREE_TREE = 24,
    FF_META_MAIN_TREE = 72,
    FF_MAX_PAGE_BYTES = 32768,
};

static inline uint16_t ff_get16(const uint8_t *from)
{
    uint16_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t ff_get32(const uint8_t *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint64_t ff_get64(const uint8_t *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

/* The file to check. */
struct ff_db_source {
    struct ff_ctx *ctx;
    int fd;
    const char *path;
};

/* Reads SIZE bytes at OFFSET; FF_ECORRUPT if the file is shorter. */
FF_CHECK int ff_db_read_at(const struct ff_db_source *source, uint64_t offset, void *out,
                           size_t size);
/* Reports that PAGE is damaged, WHAT being the fault; returns FF_ECORRUPT. */
int ff_db_damaged(const struct ff_db_source *source, uint64_t page, const char *what);

struct ff_db_tree {
    bool is_free; /* the free tree; else the main one */
    uint16_t depth;
    uint64_t root;
};

/* Reads the records of the free tree, then of the main tree, from the meta page of HEAD. */
FF_CHECK int ff_db_read_trees(const struct ff_db_source *source, const struct ff_db_head *head,
                              struct ff_db_tree out[2]);

#endif
