/*
 * gzip (RFC 1952). Why inflate() and not zlib's gzFile: gzread() does not detect a truncation that
 * falls on a full output buffer, ignores data after the last member, and allocates memory that is
 * not metered.
 */
#include "input/decompress.h"

#include <string.h>
#include <zlib.h>

#define READ_MAX ((size_t)1 << 30) /* for one inflate(), whose counts have 32 bits */
#define GZIP_WINDOW (15 + 16)      /* inflateInit2(): largest window, gzip wrapper */
#define DEFLATE_RATIO 1032u        /* the highest there is (zlib.net, "zlib Technical Details") */
#define ZLIB_PREFIX 64 /* stores the size of a block; a multiple of ff_alloc()'s alignment */
/* Allocations of inflateInit2() in zlib 1.2 and 1.3: the state, and the largest window with
 * padding. */
#define INFLATE_STATE_BYTES 7160
#define INFLATE_WINDOW_BYTES ((1 << 15) + 64)

struct gzip {
    struct ff_ctx *ctx;
    z_stream inflate;
    bool begun;
    bool in_member; /* between a member's header and its checksum */
    bool padded;    /* zero bytes followed a member */
};

/* zlib frees without the size, so each block stores its own in front. */
static void *zlib_alloc(void *ctx, unsigned items, unsigned size)
{
    size_t bytes;
    unsigned char *block;

    if (__builtin_mul_overflow((size_t)items, (size_t)size, &bytes))
        return NULL;
    bytes += ZLIB_PREFIX;
    block = ff_alloc(ctx, FF_MEM_IO, bytes);
    if (!block)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + ZLIB_PREFIX;
}

static void zlib_free(void *ctx, void *pointer)
{
    unsigned char *block = (unsigned char *)pointer - ZLIB_PREFIX;
    size_t bytes;

    memcpy(&bytes, block, sizeof bytes);
    ff_free(ctx, FF_MEM_IO, block, bytes);
}

static bool gzip_detect(const unsigned char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static int gzip_open(struct ff_ctx *ctx, void **state)
{
    struct gzip *gzip = ff_alloc(ctx, FF_MEM_IO, sizeof *gzip);

    *state = gzip;
    if (!gzip)
        return ff_alloc_status(ctx);
    gzip->ctx = ctx;
    gzip->inflate.zalloc = zlib_alloc;
    gzip->inflate.zfree = zlib_free;
    gzip->inflate.opaque = ctx;
    if (inflateInit2(&gzip->inflate, GZIP_WINDOW) != Z_OK)
        return ff_alloc_status(ctx);
    gzip->begun = gzip->in_member = true;
    return FF_OK;
}

static void gzip_close(void *state)
{
    struct gzip *gzip = state;

    if (gzip->begun)
        inflateEnd(&gzip->inflate);
    ff_free(gzip->ctx, FF_MEM_IO, gzip, sizeof *gzip);
}

static void gzip_rewind(void *state)
{
    struct gzip *gzip = state;

    inflateReset(&gzip->inflate);
    gzip->in_member = true;
    gzip->padded = false;
}

static int failure(struct gzip *gzip, const struct ff_compressed *in, int code)
{
    const char *why = gzip->inflate.msg ? gzip->inflate.msg : "unexpected data";

    return code == Z_MEM_ERROR
               ? ff_alloc_status(gzip->ctx)
               : ff_decompress_damaged(gzip->ctx, in, ff_decompressor_gzip.name, why);
}

/* After a member: begins another one, unless IN is used up. Zero bytes before the end of the file
 * are ignored, as by gzip (tapes and disks pad files to whole blocks). */
static int begin_member(struct gzip *gzip, struct ff_compressed *in)
{
    int code;

    for (; in->begin < in->end && in->bytes[in->begin] == 0; in->begin++)
        gzip->padded = true;
    if (in->begin == in->end)
        return FF_OK;
    if (gzip->padded)
        return ff_decompress_damaged(gzip->ctx, in, ff_decompressor_gzip.name,
                                     "zero bytes, and then others");
    code = inflateReset(&gzip->inflate);
    gzip->in_member = true;
    return code == Z_OK ? FF_OK : failure(gzip, in, code);
}

static int gzip_read(void *state, struct ff_compressed *in, void *out, size_t want, size_t *got)
{
    struct gzip *gzip = state;
    z_stream *z = &gzip->inflate;
    int code;

    *got = 0;
    if (!gzip->in_member) {
        int status = begin_member(gzip, in);

        if (status != FF_OK)
            return status;
    }
    if (in->begin == in->end)
        return FF_OK;
    z->next_in = in->bytes + in->begin;
    z->avail_in = (unsigned)(in->end - in->begin);
    z->next_out = out;
    z->avail_out = (unsigned)(want < READ_MAX ? want : READ_MAX);
    *got = z->avail_out;
    code = inflate(z, Z_NO_FLUSH);
    *got -= z->avail_out;
    in->begin = in->end - z->avail_in;
    if (code == Z_STREAM_END)
        gzip->in_member = false;
    else if (code != Z_OK)
        return failure(gzip, in, code);
    return FF_OK;
}

static bool gzip_is_within(const void *state)
{
    const struct gzip *gzip = state;

    return gzip->in_member;
}

/* That of zstd's depends on the file alone. */
void ff_decompressor_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_IO] +=
        sizeof(struct gzip) + INFLATE_STATE_BYTES + INFLATE_WINDOW_BYTES + 2 * ZLIB_PREFIX;
}

const struct ff_decompressor ff_decompressor_gzip = {
    .name = "gzip",
    .ending = ".gz",
    .ratio = DEFLATE_RATIO,
    .detect = gzip_detect,
    .open = gzip_open,
    .close = gzip_close,
    .rewind = gzip_rewind,
    .read = gzip_read,
    .is_within = gzip_is_within,
};
