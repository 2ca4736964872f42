#include "input/input.h"

#include "base/hex.h"
#include "input/archive.h"
#include "input/paths.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#define BUFFER_BYTES (64 * 1024)
#define READ_MAX ((size_t)1 << 30) /* for one read() or inflate(), whose counts have 32 bits */
#define GZIP_WINDOW (15 + 16)      /* inflateInit2(): largest window, gzip wrapper */
#define ZLIB_PREFIX 64     /* stores the size of a block; a multiple of ff_alloc()'s alignment */
#define LABEL_BETWEEN ": " /* the path and the name of a member, in messages */

struct ff_input {
    struct ff_ctx *ctx;
    char *path;
    char *label;                /* of a member, in messages; NULL: a whole file */
    struct ff_archive *archive; /* of a member, which it reads; NULL: a whole file */
    int fd;
    bool gzip;
    bool in_member; /* gzip: between a member's header and its checksum */
    bool padded;    /* gzip: zero bytes followed a member */
    uint64_t file_bytes;
    int64_t mtime_ns;
    int64_t opened_ns;
    XXH3_state_t *hash; /* of the file's bytes as they are read */
    uint64_t offset;
    z_stream inflate;
    size_t begin, end; /* the unread part of BUFFER */
    unsigned char buffer[BUFFER_BYTES];
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

static int read_file(struct ff_input *input, void *buffer, size_t want, size_t *got)
{
    ssize_t n;

    do
        n = read(input->fd, buffer, want < READ_MAX ? want : READ_MAX);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return ff_fail_errno(input->ctx, errno, "%s: cannot read", input->path);
    XXH3_128bits_update(input->hash, buffer, (size_t)n);
    *got = (size_t)n;
    return FF_OK;
}

/* Reads the file, or the member in it. */
static int read_some(struct ff_input *input, void *buffer, size_t want, size_t *got)
{
    return input->archive ? ff_archive_read(input->archive, buffer, want, got)
                          : read_file(input, buffer, want, got);
}

static int refill(struct ff_input *input)
{
    size_t got = 0;
    int status = read_some(input, input->buffer, BUFFER_BYTES, &got);

    if (status == FF_OK) {
        input->begin = 0;
        input->end = got;
    }
    return status;
}

/* Fills the buffer and tests its first bytes. */
static int detect_gzip(struct ff_input *input)
{
    int status = refill(input);

    if (status != FF_OK)
        return status;
    input->gzip = input->end >= 2 && input->buffer[0] == 0x1f && input->buffer[1] == 0x8b;
    if (!input->gzip)
        return FF_OK;
    input->inflate.zalloc = zlib_alloc;
    input->inflate.zfree = zlib_free;
    input->inflate.opaque = input->ctx;
    if (inflateInit2(&input->inflate, GZIP_WINDOW) != Z_OK) {
        input->gzip = false; /* nothing for inflateEnd() to free */
        return ff_alloc_status(input->ctx);
    }
    input->in_member = true;
    return FF_OK;
}

static int open_file(struct ff_input *input)
{
    struct timespec now;
    struct stat st;

    /* O_NONBLOCK: opening a pipe must not wait for its writer. */
    input->fd = open(input->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (input->fd < 0 || fstat(input->fd, &st) != 0)
        return ff_fail_errno(input->ctx, errno, "%s: cannot open", input->path);
    if (!S_ISREG(st.st_mode))
        return ff_fail(input->ctx, FF_EINVAL, "%s: is a %s; a regular file is required",
                       input->path, S_ISDIR(st.st_mode) ? "directory" : "pipe or device");
    input->file_bytes = (uint64_t)st.st_size;
    input->mtime_ns = ff_data_nanoseconds(st.st_mtim);
    clock_gettime(CLOCK_REALTIME, &now);
    input->opened_ns = ff_data_nanoseconds(now);
    (void)posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return FF_OK;
}

/* Allocates an input and opens its file; it is to be closed also on error, if *OUT is not NULL. */
static int open_input(struct ff_ctx *ctx, const char *path, struct ff_input **out)
{
    struct ff_input *input = ff_alloc(ctx, FF_MEM_IO, sizeof *input);
    size_t path_bytes = strlen(path) + 1;

    *out = input;
    if (!input)
        return ff_alloc_status(ctx);
    input->ctx = ctx;
    input->fd = -1;
    input->path = ff_alloc(ctx, FF_MEM_IO, path_bytes);
    input->hash = XXH3_createState();
    if (!input->path)
        return ff_alloc_status(ctx);
    memcpy(input->path, path, path_bytes);
    if (!input->hash || XXH3_128bits_reset(input->hash) != XXH_OK)
        return ff_fail(ctx, FF_ENOMEM, "%s: out of memory for a hash", path);
    return open_file(input);
}

/* Closes *INPUT after a failure. */
static int settle_open(struct ff_input **input, int status)
{
    if (status != FF_OK) {
        ff_input_close(*input);
        *input = NULL;
    }
    return status;
}

int ff_input_open(struct ff_ctx *ctx, const char *path, struct ff_input **out)
{
    int status = open_input(ctx, path, out);

    if (status == FF_OK)
        status = detect_gzip(*out);
    return settle_open(out, status);
}

int ff_input_open_archive(struct ff_ctx *ctx, const char *path, struct ff_input **out)
{
    int status = open_input(ctx, path, out);

    if (status == FF_OK)
        status =
            ff_archive_open(ctx, (*out)->path, (*out)->fd, (*out)->file_bytes, &(*out)->archive);
    return settle_open(out, status);
}

int ff_input_open_member(struct ff_ctx *ctx, const char *path, const char *member,
                         struct ff_input **out)
{
    int status = ff_input_open_archive(ctx, path, out);
    struct ff_input *input = *out;
    size_t bytes = strlen(path) + sizeof LABEL_BETWEEN + strlen(member);

    if (status != FF_OK)
        return status;
    input->label = ff_alloc(ctx, FF_MEM_IO, bytes);
    if (!input->label) {
        status = ff_alloc_status(ctx);
    } else {
        snprintf(input->label, bytes, "%s" LABEL_BETWEEN "%s", path, member);
        status = ff_archive_begin(input->archive, member, input->label);
    }
    return settle_open(out, status);
}

void ff_input_close(struct ff_input *input)
{
    if (!input)
        return;
    if (input->gzip)
        inflateEnd(&input->inflate);
    ff_archive_close(input->archive);
    if (input->fd >= 0)
        close(input->fd);
    if (input->label)
        ff_free(input->ctx, FF_MEM_IO, input->label, strlen(input->label) + 1);
    if (input->path)
        ff_free(input->ctx, FF_MEM_IO, input->path, strlen(input->path) + 1);
    XXH3_freeState(input->hash);
    ff_free(input->ctx, FF_MEM_IO, input, sizeof *input);
}

/* Allocations of inflateInit2() in zlib 1.2 and 1.3: the state, and the largest window with
 * padding.
 */
#define INFLATE_STATE_BYTES 7160
#define INFLATE_WINDOW_BYTES ((1 << 15) + 64)

void ff_input_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_IO] +=
        sizeof(struct ff_input) + INFLATE_STATE_BYTES + INFLATE_WINDOW_BYTES + 2 * ZLIB_PREFIX;
}

const char *ff_input_path(const struct ff_input *input)
{
    return input->label ? input->label : input->path;
}

const struct ff_archive *ff_input_archive(const struct ff_input *input)
{
    return input->archive;
}

bool ff_input_is_gzip(const struct ff_input *input)
{
    return input->gzip;
}

uint64_t ff_input_file_bytes(const struct ff_input *input)
{
    return input->label ? ff_archive_member_bytes(input->archive) : input->file_bytes;
}

bool ff_input_can_peek(const struct ff_input *input)
{
    return input->archive ? ff_archive_is_stored(input->archive) : !input->gzip;
}

uint64_t ff_input_offset(const struct ff_input *input)
{
    return input->offset;
}

/* Reads from the buffer; if it is empty and at least a whole buffer is wanted, directly to OUT. */
static int read_plain(struct ff_input *input, unsigned char *out, size_t want, size_t *got)
{
    size_t n = input->end - input->begin;

    if (n == 0 && want >= BUFFER_BYTES)
        return read_some(input, out, want, got);
    if (n == 0) {
        int status = refill(input);

        if (status != FF_OK)
            return status;
        n = input->end;
    }
    *got = n < want ? n : want;
    memcpy(out, input->buffer + input->begin, *got);
    input->begin += *got;
    return FF_OK;
}

static int gzip_failure(struct ff_input *input, int code)
{
    const char *why = input->inflate.msg ? input->inflate.msg : "unexpected data";

    if (code == Z_MEM_ERROR)
        return ff_alloc_status(input->ctx);
    return ff_fail(input->ctx, FF_ECORRUPT,
                   "%s: damaged gzip data after %llu bytes of content (%s); download or copy it "
                   "again",
                   input->path, (unsigned long long)input->offset, why);
}

/* After a member: begins another one, or sets *END at the end of the file. Zero bytes before the
 * end are ignored, as by gzip (tapes and disks pad files to whole blocks). */
static int begin_member(struct ff_input *input, bool *end)
{
    int code;

    do {
        if (input->begin == input->end) {
            int status = refill(input);

            *end = status == FF_OK && input->end == 0;
            if (status != FF_OK || *end)
                return status;
        }
        for (; input->begin < input->end && input->buffer[input->begin] == 0; input->begin++)
            input->padded = true;
    } while (input->begin == input->end);
    if (input->padded)
        return ff_fail(input->ctx, FF_ECORRUPT,
                       "%s: damaged gzip data after %llu bytes of content (zero bytes, and then "
                       "others); download or copy it again",
                       input->path, (unsigned long long)input->offset);
    code = inflateReset(&input->inflate);
    input->in_member = true;
    return code == Z_OK ? FF_OK : gzip_failure(input, code);
}

/* One step of inflate(). *GOT may be 0 before the end, when the step only consumed input; *END is
 * set at the end. */
static int read_gzip(struct ff_input *input, unsigned char *out, size_t want, size_t *got,
                     bool *end)
{
    z_stream *z = &input->inflate;
    int code;

    if (!input->in_member) { /* gzip files may be concatenated */
        int status = begin_member(input, end);

        if (status != FF_OK || *end)
            return status;
    }
    if (input->begin == input->end) {
        int status = refill(input);

        if (status != FF_OK)
            return status;
        *end = input->end == 0;
        if (*end)
            return FF_OK;
    }
    z->next_in = input->buffer + input->begin;
    z->avail_in = (unsigned)(input->end - input->begin);
    z->next_out = out;
    z->avail_out = (unsigned)(want < READ_MAX ? want : READ_MAX);
    *got = z->avail_out;
    code = inflate(z, Z_NO_FLUSH);
    *got -= z->avail_out;
    input->begin = input->end - z->avail_in;
    if (code == Z_STREAM_END)
        input->in_member = false;
    else if (code != Z_OK)
        return gzip_failure(input, code);
    return FF_OK;
}

int ff_input_read(struct ff_input *input, void *buffer, size_t want, size_t *got)
{
    unsigned char *out = buffer;
    size_t done = 0;
    bool end = false;
    int status = FF_OK;

    while (status == FF_OK && done < want && !end) {
        size_t n = 0;

        if (input->gzip) {
            status = read_gzip(input, out + done, want - done, &n, &end);
        } else {
            status = read_plain(input, out + done, want - done, &n);
            end = n == 0;
        }
        done += n;
        input->offset += n;
    }
    *got = done;
    return status;
}

int ff_input_read_all(struct ff_input *input, void *buffer, size_t bytes, const char *what)
{
    size_t got;
    int status = ff_input_read(input, buffer, bytes, &got);

    if (status == FF_OK && got < bytes)
        return ff_fail(input->ctx, FF_ECORRUPT,
                       "%s: truncated: ends within its %s; download or copy it again",
                       ff_input_path(input), what);
    return status;
}

int ff_input_rewind(struct ff_input *input)
{
    int status = input->archive ? ff_archive_rewind(input->archive) : FF_OK;

    if (status != FF_OK)
        return status;
    if (lseek(input->fd, 0, SEEK_SET) != 0)
        return ff_fail_errno(input->ctx, errno, "%s: cannot seek to its beginning", input->path);
    if (input->gzip)
        inflateReset(&input->inflate);
    input->in_member = input->gzip;
    input->padded = false;
    input->begin = input->end = 0;
    input->offset = 0;
    XXH3_128bits_reset(input->hash);
    return FF_OK;
}

int ff_input_expect_end(struct ff_input *input, const char *tail)
{
    unsigned char more;
    size_t got;
    int status = ff_input_read(input, &more, 1, &got);

    if (status != FF_OK)
        return status;
    if (got > 0)
        return ff_fail(input->ctx, FF_ECORRUPT, "%s: does not end after %s; its header is wrong",
                       ff_input_path(input), tail);
    if (input->in_member)
        return ff_fail(input->ctx, FF_ECORRUPT,
                       "%s: truncated after %s: the gzip checksum is missing; download or copy it "
                       "again",
                       input->path, tail);
    return FF_OK;
}

int ff_input_verify(struct ff_input *input)
{
    int status = ff_input_rewind(input);

    if (status != FF_OK)
        return status;
    do
        status = refill(input);
    while (status == FF_OK && input->end > 0);
    return status;
}

int ff_input_describe(struct ff_input *input, struct ff_data_file *out)
{
    XXH128_hash_t hash;
    struct stat st;
    size_t got = 0;
    int status;

    /* A member was read where it is in the file, which was not hashed: its position is 0. */
    do
        status = read_file(input, input->buffer, BUFFER_BYTES, &got);
    while (status == FF_OK && got > 0);
    if (status != FF_OK)
        return status;
    if (fstat(input->fd, &st) != 0)
        return ff_fail_errno(input->ctx, errno, "%s: cannot read", input->path);
    if ((uint64_t)st.st_size != input->file_bytes ||
        ff_data_nanoseconds(st.st_mtim) != input->mtime_ns)
        return ff_fail(
            input->ctx, FF_EMISMATCH,
            "%s: changed while it was read; run the command again once the file is complete",
            input->path);
    snprintf(out->name, sizeof out->name, "%s", ff_path_base(input->path));
    out->bytes = input->file_bytes;
    out->mtime_ns = input->opened_ns - input->mtime_ns > FF_MTIME_GRAIN_NS ? input->mtime_ns : 0;
    hash = XXH3_128bits_digest(input->hash);
    ff_hex128(hash.high64, hash.low64, out->hash);
    return FF_OK;
}

int ff_input_peek(struct ff_input *input, uint64_t offset, void *buffer, size_t want, size_t *got)
{
    ssize_t n;

    assert(ff_input_can_peek(input));
    if (input->archive)
        return ff_archive_peek(input->archive, offset, buffer, want, got);
    do
        n = pread(input->fd, buffer, want, (off_t)offset);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return ff_fail_errno(input->ctx, errno, "%s: cannot read", input->path);
    *got = (size_t)n;
    return FF_OK;
}
