/* zstd (RFC 8878). Its memory is that of the window the file was compressed with. */
#include "input/decompress.h"

#include <zstd.h>
#include <zstd_errors.h>

#define MAGIC 0xFD2FB528u
#define SKIPPABLE_MAGIC 0x184D2A50u /* but for the last four bits */
#define WINDOW_LOG_MAX 23           /* 8 MiB; levels up to 19 need no more */
/* A block of one repeated byte: 128 KiB from four bytes. */
#define RATIO ((128u << 10) / 4)

struct zstd {
    struct ff_ctx *ctx;
    ZSTD_DCtx *decompressor;
    size_t metered;
    bool in_frame;
};

static bool zstd_detect(const unsigned char *bytes, size_t n)
{
    uint32_t magic;

    if (n < sizeof magic)
        return false;
    magic =
        bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return magic == MAGIC || (magic & ~15u) == SKIPPABLE_MAGIC;
}

/* Updates the meter: zstd allocates when it has read the header of a frame. */
static int meter(struct zstd *zstd)
{
    size_t now = ZSTD_sizeof_DCtx(zstd->decompressor);
    int status = FF_OK;

    if (now > zstd->metered)
        status = ff_meter_reserve(zstd->ctx, FF_MEM_IO, now - zstd->metered);
    else
        ff_meter_sub(zstd->ctx, FF_MEM_IO, zstd->metered - now);
    if (status == FF_OK)
        zstd->metered = now;
    return status;
}

static int zstd_open(struct ff_ctx *ctx, void **state)
{
    struct zstd *zstd = ff_alloc(ctx, FF_MEM_IO, sizeof *zstd);

    *state = zstd;
    if (!zstd)
        return ff_alloc_status(ctx);
    zstd->ctx = ctx;
    zstd->in_frame = true;
    zstd->decompressor = ZSTD_createDCtx();
    if (!zstd->decompressor || ZSTD_isError(ZSTD_DCtx_setParameter(
                                   zstd->decompressor, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        return ff_fail(ctx, FF_ENOMEM, "out of memory: cannot create a zstd context");
    return meter(zstd);
}

static void zstd_close(void *state)
{
    struct zstd *zstd = state;

    ZSTD_freeDCtx(zstd->decompressor);
    ff_meter_sub(zstd->ctx, FF_MEM_IO, zstd->metered);
    ff_free(zstd->ctx, FF_MEM_IO, zstd, sizeof *zstd);
}

static void zstd_rewind(void *state)
{
    struct zstd *zstd = state;

    (void)ZSTD_DCtx_reset(zstd->decompressor, ZSTD_reset_session_only); /* cannot fail */
    zstd->in_frame = true;
}

static int failure(const struct zstd *zstd, const struct ff_compressed *in, size_t code)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation:
        return ff_fail(zstd->ctx, FF_ENOMEM, "%s: out of memory in zstd", in->path);
    case ZSTD_error_frameParameter_windowTooLarge:
        return ff_fail(zstd->ctx, FF_EFORMAT,
                       "%s: decompressing needs a window of more than %d MiB; compress it again "
                       "with a level of at most 19 and without --long",
                       in->path, 1 << (WINDOW_LOG_MAX - 20));
    case ZSTD_error_dictionary_wrong:
        return ff_fail(zstd->ctx, FF_EFORMAT,
                       "%s: was compressed with a dictionary; compress it again without one",
                       in->path);
    default:
        return ff_decompress_damaged(zstd->ctx, in, ff_decompressor_zstd.name,
                                     ZSTD_getErrorName(code));
    }
}

static int zstd_read(void *state, struct ff_compressed *in, void *out, size_t want, size_t *got)
{
    struct zstd *zstd = state;
    ZSTD_inBuffer from = {in->bytes, in->end, in->begin};
    ZSTD_outBuffer to = {out, want, 0};
    size_t left;

    *got = 0;
    if (!zstd->in_frame && in->begin == in->end)
        return FF_OK;
    left = ZSTD_decompressStream(zstd->decompressor, &to, &from);
    if (ZSTD_isError(left))
        return failure(zstd, in, left);
    zstd->in_frame = left > 0;
    in->begin = from.pos;
    *got = to.pos;
    return meter(zstd);
}

static bool zstd_is_within(const void *state)
{
    const struct zstd *zstd = state;

    return zstd->in_frame;
}

static size_t zstd_extra_bytes(const void *state)
{
    const struct zstd *zstd = state;

    return zstd->metered;
}

const struct ff_decompressor ff_decompressor_zstd = {
    .name = "zstd",
    .ending = ".zst",
    .ratio = RATIO,
    .detect = zstd_detect,
    .open = zstd_open,
    .close = zstd_close,
    .rewind = zstd_rewind,
    .read = zstd_read,
    .is_within = zstd_is_within,
    .extra_bytes = zstd_extra_bytes,
};
