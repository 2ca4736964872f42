/* The metered allocator, and the memory of the whole process. */
#include "base/context.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Blocks from this size on are separate mappings: the heap would keep pages after free(). */
#define MAPPING_BYTES ((size_t)256 * 1024)
#define ALIGNMENT 64 /* a cache line, and the widest vector */

const char *ff_memory_category(enum ff_category category)
{
    static const char *const names[FF_MEM_CATEGORIES] = {
        [FF_MEM_WEIGHTS] = "weights",
        [FF_MEM_OPTIMIZER] = "optimizer",
        [FF_MEM_GRADIENT] = "gradient",
        [FF_MEM_ACTIVATIONS] = "activations",
        [FF_MEM_IO] = "io",
        [FF_MEM_OTHER] = "other",
    };

    return names[category];
}

void ff_memory_limit(struct ff_ctx *ctx, uint64_t limit_bytes)
{
    ctx->meter.limit = limit_bytes;
}

void ff_meter_tighten(struct ff_ctx *ctx, uint64_t bytes)
{
    struct ff_meter *meter = &ctx->meter;

    if (bytes && (!meter->limit || bytes < meter->limit))
        meter->limit = bytes;
}

static void raise_peak(_Atomic uint64_t *peak, uint64_t value)
{
    uint64_t seen = atomic_load(peak);

    while (value > seen && !atomic_compare_exchange_weak(peak, &seen, value))
        ;
}

/* Counts BYTES for CATEGORY and updates the peaks. TOTAL includes BYTES already. */
static void count(struct ff_meter *meter, enum ff_category category, size_t bytes, uint64_t total)
{
    raise_peak(&meter->peak[category], atomic_fetch_add(&meter->now[category], bytes) + bytes);
    raise_peak(&meter->total_peak, total);
}

void ff_meter_add(struct ff_ctx *ctx, enum ff_category category, size_t bytes)
{
    struct ff_meter *meter = &ctx->meter;

    count(meter, category, bytes, atomic_fetch_add(&meter->total, bytes) + bytes);
}

/* Adds BYTES to the total unless that would exceed the limit; *TOTAL becomes the new total. Atomic,
 * so that concurrent allocations cannot exceed the limit together. */
static bool reserve(struct ff_meter *meter, size_t bytes, uint64_t *total)
{
    uint64_t seen = atomic_load(&meter->total);

    do {
        if (meter->limit && (seen > meter->limit || bytes > meter->limit - seen))
            return false;
        *total = seen + bytes;
    } while (!atomic_compare_exchange_weak(&meter->total, &seen, *total));
    return true;
}

/* Reports that BYTES do not fit. */
static int over_limit(struct ff_ctx *ctx, enum ff_category category, size_t bytes)
{
    return ff_fail(ctx, FF_EBUDGET, "memory limit of %llu bytes: no room for %zu more bytes of %s",
                   (unsigned long long)ctx->meter.limit, bytes, ff_memory_category(category));
}

int ff_meter_reserve(struct ff_ctx *ctx, enum ff_category category, size_t bytes)
{
    uint64_t total;

    if (!reserve(&ctx->meter, bytes, &total))
        return over_limit(ctx, category, bytes);
    count(&ctx->meter, category, bytes, total);
    return FF_OK;
}

void ff_meter_sub(struct ff_ctx *ctx, enum ff_category category, size_t bytes)
{
    atomic_fetch_sub(&ctx->meter.now[category], bytes);
    atomic_fetch_sub(&ctx->meter.total, bytes);
}

void ff_meter_wrote(struct ff_ctx *ctx, uint64_t bytes)
{
    atomic_fetch_add(&ctx->meter.written, bytes);
}

uint64_t ff_meter_written(const struct ff_ctx *ctx)
{
    return ctx->meter.written;
}

/* Rounds up to whole pages, so that a mapping is unmapped in full. */
static size_t rounded(size_t bytes)
{
    size_t unit = bytes >= MAPPING_BYTES ? 4096 : ALIGNMENT;

    return (bytes + unit - 1) / unit * unit;
}

/* Zeroed memory, or NULL. */
static void *allocate(size_t bytes)
{
    void *pointer;

    if (bytes > SIZE_MAX / 2)
        return NULL;
    if (bytes >= MAPPING_BYTES) {
        pointer =
            mmap(NULL, rounded(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return pointer == MAP_FAILED ? NULL : pointer;
    }
    pointer = aligned_alloc(ALIGNMENT, rounded(bytes ? bytes : 1));
    if (pointer)
        memset(pointer, 0, rounded(bytes ? bytes : 1));
    return pointer;
}

void *ff_alloc(struct ff_ctx *ctx, enum ff_category category, size_t bytes)
{
    struct ff_meter *meter = &ctx->meter;
    void *pointer;
    uint64_t total;

    if (!reserve(meter, bytes, &total)) {
        meter->failure = over_limit(ctx, category, bytes);
        return NULL;
    }
    pointer = allocate(bytes);
    if (!pointer) {
        atomic_fetch_sub(&meter->total, bytes);
        meter->failure = ff_fail(ctx, FF_ENOMEM, "out of memory: cannot allocate %zu bytes of %s",
                                 bytes, ff_memory_category(category));
        return NULL;
    }
    count(meter, category, bytes, total);
    return pointer;
}

void *ff_alloc_array(struct ff_ctx *ctx, enum ff_category category, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        ctx->meter.failure =
            ff_fail(ctx, FF_ENOMEM, "out of memory: cannot allocate %zu x %zu bytes of %s", count,
                    size, ff_memory_category(category));
        return NULL;
    }
    return ff_alloc(ctx, category, bytes);
}

int ff_alloc_status(const struct ff_ctx *ctx)
{
    return ctx->meter.failure;
}

void ff_free(struct ff_ctx *ctx, enum ff_category category, void *pointer, size_t bytes)
{
    if (!pointer)
        return;
    if (bytes >= MAPPING_BYTES)
        munmap(pointer, rounded(bytes));
    else
        free(pointer);
    ff_meter_sub(ctx, category, bytes);
}

/* Reads a small file of /proc without allocating memory. */
static bool read_proc(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return false;
    got = read(fd, text, size - 1);
    close(fd);
    if (got < 0)
        return false;
    text[got] = '\0';
    return true;
}

void ff_memory_sample(struct ff_ctx *ctx)
{
    char text[256];
    unsigned long long resident, shared;

    /* Second and third field: resident pages, and the shared or file-backed ones among them. */
    if (read_proc("/proc/self/statm", text, sizeof text) &&
        sscanf(text, "%*u %llu %llu", &resident, &shared) == 2 && resident >= shared)
        raise_peak(&ctx->meter.peak_anon, (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE));
}

static uint64_t peak_rss(void)
{
    char text[4096];
    const char *field;
    unsigned long long kib;

    if (!read_proc("/proc/self/status", text, sizeof text))
        return 0;
    field = strstr(text, "VmHWM:");
    return field && sscanf(field, "VmHWM: %llu kB", &kib) == 1 ? kib * 1024 : 0;
}

void ff_memory_read(struct ff_ctx *ctx, struct ff_memory *out)
{
    struct ff_meter *meter = &ctx->meter;

    ff_memory_sample(ctx);
    out->peak_rss_bytes = peak_rss();
    out->peak_anon_bytes = meter->peak_anon;
    out->accounted_bytes = meter->total;
    out->accounted_peak_bytes = meter->total_peak;
    for (int c = 0; c < FF_MEM_CATEGORIES; c++)
        out->category_peak_bytes[c] = meter->peak[c];
}
