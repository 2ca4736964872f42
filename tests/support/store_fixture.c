#include "support/store_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ff_ctx *store_ctx;
static char folder[256];

void store_setup(void)
{
    const char *base = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/fftool-store-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(ff_ctx_new(&store_ctx), FF_OK);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void store_teardown(void)
{
    struct ff_memory memory;

    ff_memory_read(store_ctx, &memory);
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    ff_ctx_free(store_ctx);
    ck_assert_msg(memory.accounted_bytes == 0, "%llu bytes are still accounted for",
                  (unsigned long long)memory.accounted_bytes);
}

const char *store_folder(void)
{
    return folder;
}

const char *store_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

bool store_is_there(const char *name)
{
    return access(store_path(name), F_OK) == 0;
}

uint64_t store_random_next(struct store_random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(2685821657736338717);
}

void store_fill(float *out, size_t count, unsigned zero_percent, uint64_t seed)
{
    struct store_random random = {seed * 2 + 1};

    for (size_t i = 0; i < count; i++) {
        uint64_t bits = store_random_next(&random);
        double sum = 0;

        for (int j = 0; j < 4; j++)
            sum += (double)(bits >> (16 * j) & 0xffff) / 65536 - 0.5;
        out[i] = store_random_next(&random) % 100 < zero_percent ? 0 : (float)sum;
    }
}

int store_put_item(struct ff_db *db, uint32_t i, size_t size)
{
    char name[32];
    struct ff_bytes key = {name, 0};
    void *to;
    int rc;

    key.size = (size_t)snprintf(name, sizeof name, "item %06u%.*s", i, (int)(i % 9), "xxxxxxxxx");
    rc = ff_db_reserve(db, key, size, &to);
    if (rc == FF_OK)
        memset(to, (int)i, size);
    return rc;
}

int store_delete_item(struct ff_db *db, uint32_t i)
{
    char name[32];
    struct ff_bytes key = {name, 0};

    key.size = (size_t)snprintf(name, sizeof name, "item %06u%.*s", i, (int)(i % 9), "xxxxxxxxx");
    return ff_db_delete(db, key);
}

void store_write_rich_file(const char *path, uint32_t items)
{
    struct ff_db *db;

    must(store_ctx, ff_db_open(store_ctx, path, FF_DB_SCRATCH, &db));
    for (uint32_t i = 0; i < items; i++)
        must(store_ctx, store_put_item(db, i, i % 10 == 0 ? 9000 : i % 300));
    must(store_ctx, ff_db_commit(db));
    for (uint32_t i = 0; i < items; i += 20)
        must(store_ctx, store_delete_item(db, i));
    must(store_ctx, ff_db_commit(db));
    ff_db_close(db);
}

uint8_t *store_read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *data;
    struct stat st;

    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_int_eq(fstat(fd, &st), 0);
    *size = (size_t)st.st_size;
    data = malloc(*size + 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_int_eq(read(fd, data, *size), st.st_size);
    close(fd);
    return data;
}

void store_write_file(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

void store_skipped(const char *test, const char *why)
{
    fprintf(stderr, "SKIPPED: %s: %s\n", test, why);
}
