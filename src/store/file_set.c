#include "store/file_set.h"

#include "base/arithmetic.h"

#include <assert.h>

struct file_set {
    struct ff_set base;
    struct ff_db *db;
};

static struct ff_db *db_of(struct ff_set *set)
{
    return ((struct file_set *)set)->db;
}

static int set_reserve(struct ff_set *set, struct ff_bytes key, size_t size, void **out)
{
    return ff_about(set->ctx, ff_db_reserve(db_of(set), key, size, out), FF_ABOUT_SCRATCH);
}

static int set_commit(struct ff_set *set)
{
    return ff_about(set->ctx, ff_db_commit(db_of(set)), FF_ABOUT_SCRATCH);
}

static int set_find(struct ff_set *set, struct ff_bytes key, struct ff_bytes *out)
{
    return ff_db_get(db_of(set), key, out);
}

static int set_copy(struct ff_set *set, struct ff_bytes bytes, void *out)
{
    return ff_about(set->ctx, ff_db_copy(db_of(set), bytes, out), FF_ABOUT_SCRATCH);
}

static void set_will_need(struct ff_set *set, struct ff_bytes bytes)
{
    ff_db_will_need(db_of(set), bytes);
}

static void set_dont_need(struct ff_set *set)
{
    ff_db_dont_need(db_of(set));
}

static void set_drop_pages(struct ff_set *set, const void *from, const void *to)
{
    ff_db_drop_pages(db_of(set), from, to);
}

static void set_close(struct ff_set *set)
{
    ff_db_close(db_of(set));
    ff_set_release(set);
    ff_free(set->ctx, FF_MEM_OTHER, set, sizeof(struct file_set));
}

static const struct ff_set_ops file_set_ops = {
    .reserve = set_reserve,
    .commit = set_commit,
    .find = set_find,
    .copy = set_copy,
    .will_need = set_will_need,
    .dont_need = set_dont_need,
    .drop_pages = set_drop_pages,
    .close = set_close,
};

int ff_file_set_open(struct ff_ctx *ctx, const char *path, enum ff_db_mode mode,
                     struct ff_set **out)
{
    struct file_set *set = ff_alloc(ctx, FF_MEM_OTHER, sizeof *set);
    int rc;

    *out = NULL;
    rc = set ? ff_db_open(ctx, path, mode, &set->db) : ff_alloc_status(ctx);
    ff_about(ctx, rc, FF_ABOUT_SCRATCH);
    if (rc != FF_OK) {
        ff_free(ctx, FF_MEM_OTHER, set, sizeof *set);
        return rc;
    }
    ff_set_init(&set->base, &file_set_ops, ctx, path);
    *out = &set->base;
    return FF_OK;
}

/* Adds the memory of the common part of a set after VALUES were put. */
static void count_coding(size_t n, const struct ff_set_values *values,
                         const struct ff_compression *compression, struct ff_needs *needs)
{
    int level = compression->codec == FF_CODEC_ZSTD ? compression->level : 0;
    struct ff_coder_use uses[FF_MAX_SET_VALUES];
    size_t largest = 0;

    for (size_t i = 0; i < n; i++) {
        const struct ff_set_values *value = &values[i];

        uses[i] = (struct ff_coder_use){.dtype = value->stored,
                                        .converts = value->given != value->stored,
                                        .rows = value->rows,
                                        .columns = value->columns,
                                        .compresses = level};
        largest = ff_larger(
            largest, ff_value_bound(value->stored, value->rows, value->columns, compression));
    }
    ff_coder_needs(n, uses, needs);
    if (level)
        needs->bytes[FF_MEM_IO] += largest;
}

size_t ff_set_average(const struct ff_set_values *values)
{
    return (size_t)((double)values->bytes * (1 - values->missing));
}

/* The peak of the bytes pending for a commit: exact if the sequence of writes is known in advance,
 * else an upper bound. */
static uint64_t count_pending(size_t n, const struct ff_set_values *values, uint64_t chunks,
                              const struct ff_compression *compression)
{
    struct ff_db_writes full[FF_MAX_SET_VALUES], average[FF_MAX_SET_VALUES];
    bool known = compression->codec == FF_CODEC_NONE;
    size_t largest = 0;

    for (size_t i = 0; i < n; i++) {
        full[i] = (struct ff_db_writes){values[i].bytes, values[i].streams};
        average[i] = (struct ff_db_writes){ff_set_average(&values[i]), values[i].streams};
        largest = ff_larger(largest, values[i].bytes);
        known = known && values[i].missing <= 0;
    }
    if (known)
        return ff_db_pending(n, full, chunks);
    return ff_db_pending_bound(ff_db_cost(n, average, chunks), largest);
}

#define TREE_BYTES ((uint64_t)3 << 19)

void ff_set_heap_needs(size_t n, const struct ff_set_values *values, uint64_t chunks,
                       const struct ff_compression *compression, struct ff_needs *needs)
{
    assert(n <= FF_MAX_SET_VALUES);
    needs->bytes[FF_MEM_OTHER] += sizeof(struct file_set);
    ff_db_needs(needs);
    if (n == 0)
        return;
    needs->bytes[FF_MEM_IO] += count_pending(n, values, chunks, compression);
    count_coding(n, values, compression, needs);
}

void ff_set_needs(size_t n, const struct ff_set_values *values, uint64_t chunks,
                  const struct ff_compression *compression, struct ff_needs *needs)
{
    struct ff_db_writes writes[FF_MAX_SET_VALUES];
    uint64_t stored;

    ff_set_heap_needs(n, values, chunks, compression, needs);
    for (size_t i = 0; i < n; i++)
        writes[i] = (struct ff_db_writes){ff_set_average(&values[i]), values[i].streams};
    stored = ff_db_stored(n, writes, chunks);
    /* Pages of the tree, and those mapped with them: from 64 KiB to a folio. */
    if (n > 0 && !ff_db_map_needs(stored, compression->codec != FF_CODEC_NONE, needs))
        ff_needs_pass(needs, ff_smaller(stored / 4, TREE_BYTES));
}
