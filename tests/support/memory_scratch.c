#include "support/memory_scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* A payload falls on a 64-byte boundary, as it does behind LMDB's page header. */
#define BEFORE_VALUE 16
#define MAX_KEY 16

/* A stored value, in a list. The bytes follow at BEFORE_VALUE from DATA. */
struct item {
    struct item *next;
    uint8_t key[MAX_KEY];
    size_t key_size;
    uint8_t *data;
    size_t size;
};

/* What is stored under one boundary. */
struct shelf {
    struct shelf *next;
    uint32_t boundary;
    struct item *items;
};

struct memory {
    struct ff_ctx *ctx;
    struct shelf *shelves;
};

struct memory_set {
    struct ff_set base;
    struct shelf *shelf;
};

static struct shelf *shelf_of(struct ff_set *set)
{
    return ((struct memory_set *)set)->shelf;
}

static void free_item(struct ff_ctx *ctx, struct item *item)
{
    ff_free(ctx, FF_MEM_OTHER, item->data, BEFORE_VALUE + item->size);
    ff_free(ctx, FF_MEM_OTHER, item, sizeof *item);
}

static struct item *find_item(const struct shelf *shelf, struct ff_bytes key)
{
    struct item *item = shelf->items;

    while (item && (item->key_size != key.size || memcmp(item->key, key.data, key.size) != 0))
        item = item->next;
    return item;
}

static int set_reserve(struct ff_set *set, struct ff_bytes key, size_t size, void **out)
{
    struct shelf *shelf = shelf_of(set);
    struct item *item = find_item(shelf, key);

    if (key.size > MAX_KEY)
        return ff_fail(set->ctx, FF_EINVAL, "%s: key too long", set->name);
    if (item) { /* replaced */
        ff_free(set->ctx, FF_MEM_OTHER, item->data, BEFORE_VALUE + item->size);
    } else {
        item = ff_alloc(set->ctx, FF_MEM_OTHER, sizeof *item);
        if (!item)
            return ff_alloc_status(set->ctx);
        memcpy(item->key, key.data, key.size);
        item->key_size = key.size;
        item->next = shelf->items;
        shelf->items = item;
    }
    item->size = 0;
    item->data = ff_alloc(set->ctx, FF_MEM_OTHER, BEFORE_VALUE + size);
    if (!item->data)
        return ff_alloc_status(set->ctx);
    item->size = size;
    *out = item->data + BEFORE_VALUE;
    return FF_OK;
}

static int set_commit(struct ff_set *set)
{
    (void)set;
    return FF_OK;
}

static int set_find(struct ff_set *set, struct ff_bytes key, struct ff_bytes *out)
{
    const struct item *item = find_item(shelf_of(set), key);

    if (!item || !item->data)
        return FF_ENOTFOUND;
    *out = (struct ff_bytes){item->data + BEFORE_VALUE, item->size};
    return FF_OK;
}

static void set_will_need(struct ff_set *set, struct ff_bytes bytes)
{
    (void)set;
    (void)bytes;
}

static void set_dont_need(struct ff_set *set)
{
    (void)set;
}

static void set_close(struct ff_set *set)
{
    ff_set_release(set);
    ff_free(set->ctx, FF_MEM_OTHER, set, sizeof(struct memory_set));
}

static const struct ff_set_ops memory_set_ops = {
    .reserve = set_reserve,
    .commit = set_commit,
    .find = set_find,
    .will_need = set_will_need,
    .dont_need = set_dont_need,
    .close = set_close,
};

static struct shelf *find_shelf(const struct memory *memory, uint32_t boundary)
{
    struct shelf *shelf = memory->shelves;

    while (shelf && shelf->boundary != boundary)
        shelf = shelf->next;
    return shelf;
}

static int new_set(struct memory *memory, struct shelf *shelf, struct ff_set **out)
{
    struct memory_set *set = ff_alloc(memory->ctx, FF_MEM_OTHER, sizeof *set);

    *out = NULL;
    if (!set)
        return ff_alloc_status(memory->ctx);
    ff_set_init(&set->base, &memory_set_ops, memory->ctx, "memory");
    set->shelf = shelf;
    *out = &set->base;
    return FF_OK;
}

static void memory_drop(void *self, uint32_t boundary)
{
    struct memory *memory = self;
    struct shelf **link = &memory->shelves;
    struct shelf *shelf;

    while (*link && (*link)->boundary != boundary)
        link = &(*link)->next;
    shelf = *link;
    if (!shelf)
        return;
    *link = shelf->next;
    while (shelf->items) {
        struct item *item = shelf->items;

        shelf->items = item->next;
        free_item(memory->ctx, item);
    }
    ff_free(memory->ctx, FF_MEM_OTHER, shelf, sizeof *shelf);
}

static int memory_create(void *self, uint32_t boundary, struct ff_set **out)
{
    struct memory *memory = self;
    struct shelf *shelf;

    memory_drop(memory, boundary);
    *out = NULL;
    shelf = ff_alloc(memory->ctx, FF_MEM_OTHER, sizeof *shelf);
    if (!shelf)
        return ff_alloc_status(memory->ctx);
    shelf->boundary = boundary;
    shelf->next = memory->shelves;
    memory->shelves = shelf;
    return new_set(memory, shelf, out);
}

static int memory_open(void *self, uint32_t boundary, struct ff_set **out)
{
    struct memory *memory = self;
    struct shelf *shelf = find_shelf(memory, boundary);

    *out = NULL;
    if (!shelf)
        return ff_fail(memory->ctx, FF_ENOTFOUND, "memory: no set %u", boundary);
    return new_set(memory, shelf, out);
}

static void memory_drop_others(void *self, uint32_t kept)
{
    const struct memory *memory = self;
    const struct shelf *shelf = memory->shelves;

    while (shelf) {
        const struct shelf *next = shelf->next;

        if (shelf->boundary != kept)
            memory_drop(self, shelf->boundary);
        shelf = next;
    }
}

static int memory_temporary(void *self, int *fd)
{
    const struct memory *memory = self;

    *fd = memfd_create("scratch", MFD_CLOEXEC);
    return *fd < 0 ? ff_fail_errno(memory->ctx, errno, "memory: no temporary file") : FF_OK;
}

static uint64_t memory_bytes(void *self)
{
    const struct memory *memory = self;
    uint64_t sum = 0;

    for (const struct shelf *shelf = memory->shelves; shelf; shelf = shelf->next) {
        for (const struct item *item = shelf->items; item; item = item->next)
            sum += item->size;
    }
    return sum;
}

static void memory_free(void *self)
{
    struct memory *memory = self;

    while (memory->shelves)
        memory_drop(memory, memory->shelves->boundary);
    ff_free(memory->ctx, FF_MEM_OTHER, memory, sizeof *memory);
}

static const struct ff_scratch_ops memory_ops = {
    .create = memory_create,
    .open = memory_open,
    .drop = memory_drop,
    .drop_others = memory_drop_others,
    .temporary = memory_temporary,
    .bytes = memory_bytes,
    .free = memory_free,
};

int ff_memory_scratch_new(struct ff_ctx *ctx, struct ff_scratch *out)
{
    struct memory *memory = ff_alloc(ctx, FF_MEM_OTHER, sizeof *memory);

    *out = (struct ff_scratch){0};
    if (!memory)
        return ff_alloc_status(ctx);
    memory->ctx = ctx;
    out->ops = &memory_ops;
    out->self = memory;
    out->name = "memory";
    return FF_OK;
}
