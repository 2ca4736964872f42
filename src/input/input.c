#include "input/input.h"

#include "base/hex.h"
#include "input/archive.h"
#include "input/decompress.h"
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

#define BUFFER_BYTES (64 * 1024)
#define READ_MAX ((size_t)1 << 30) /* for one read() */
#define LABEL_BETWEEN ": "         /* the path and the name of a member, in messages */

struct ff_input {
    struct ff_ctx *ctx;
    char *path;
    char *label;                /* of a member, in messages; NULL: a whole file */
    struct ff_archive *archive; /* of a member, which it reads; NULL: a whole file */
    int fd;
    uint64_t file_bytes;
    int64_t mtime_ns;
    int64_t opened_ns;
    XXH3_state_t *hash;                         /* of the file's bytes as they are read */
    const struct ff_decompressor *decompressor; /* NULL: plain */
    void *state;                                /* its own */
    bool at_end;                                /* of the file or member */
    struct ff_compressed unread;                /* the rest of BUFFER */
    unsigned char buffer[BUFFER_BYTES];
};

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
        input->unread.begin = 0;
        input->unread.end = got;
        input->at_end = got == 0;
    }
    return status;
}

/* Fills the buffer and tests its first bytes. */
static int detect_compression(struct ff_input *input)
{
    int status = refill(input);

    if (status != FF_OK)
        return status;
    input->decompressor = ff_decompressor_detect(input->buffer, input->unread.end);
    return input->decompressor ? input->decompressor->open(input->ctx, &input->state) : FF_OK;
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
    input->unread.path = input->path;
    input->unread.bytes = input->buffer;
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
        status = detect_compression(*out);
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
    if (input->state)
        input->decompressor->close(input->state);
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

void ff_input_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_IO] += sizeof(struct ff_input);
    ff_decompressor_needs(needs);
}

uint64_t ff_input_extra_bytes(const struct ff_input *input)
{
    return input->state && input->decompressor->extra_bytes
               ? input->decompressor->extra_bytes(input->state)
               : 0;
}

const char *ff_input_path(const struct ff_input *input)
{
    return input->label ? input->label : input->path;
}

const struct ff_archive *ff_input_archive(const struct ff_input *input)
{
    return input->archive;
}

uint32_t ff_input_ratio(const struct ff_input *input)
{
    return input->decompressor ? input->decompressor->ratio : 1;
}

uint64_t ff_input_file_bytes(const struct ff_input *input)
{
    return input->label ? ff_archive_member_bytes(input->archive) : input->file_bytes;
}

bool ff_input_can_peek(const struct ff_input *input)
{
    return input->archive ? ff_archive_is_stored(input->archive) : !input->decompressor;
}

uint64_t ff_input_offset(const struct ff_input *input)
{
    return input->unread.content;
}

/* Reads from the buffer; if it is empty and at least a whole buffer is wanted, directly to OUT. */
static int read_plain(struct ff_input *input, unsigned char *out, size_t want, size_t *got)
{
    struct ff_compressed *unread = &input->unread;
    size_t n = unread->end - unread->begin;

    if (n == 0 && want >= BUFFER_BYTES)
        return read_some(input, out, want, got);
    if (n == 0) {
        int status = refill(input);

        if (status != FF_OK)
            return status;
        n = unread->end;
    }
    *got = n < want ? n : want;
    memcpy(out, unread->bytes + unread->begin, *got);
    unread->begin += *got;
    return FF_OK;
}

/* One step of decompression. *GOT may be 0 before the end, when the step only consumed bytes; *END
 * is set at the end. */
static int read_compressed(struct ff_input *input, unsigned char *out, size_t want, size_t *got,
                           bool *end)
{
    const bool empty = input->unread.begin == input->unread.end;
    int status = empty && !input->at_end ? refill(input) : FF_OK;

    if (status == FF_OK)
        status = input->decompressor->read(input->state, &input->unread, out, want, got);
    *end = input->at_end && *got == 0;
    return status;
}

int ff_input_read(struct ff_input *input, void *buffer, size_t want, size_t *got)
{
    unsigned char *out = buffer;
    size_t done = 0;
    bool end = false;
    int status = FF_OK;

    while (status == FF_OK && done < want && !end) {
        size_t n = 0;

        if (input->decompressor) {
            status = read_compressed(input, out + done, want - done, &n, &end);
        } else {
            status = read_plain(input, out + done, want - done, &n);
            end = n == 0;
        }
        done += n;
        input->unread.content += n;
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
    if (input->state)
        input->decompressor->rewind(input->state);
    input->at_end = false;
    input->unread.begin = input->unread.end = 0;
    input->unread.content = 0;
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
    if (input->state && input->decompressor->is_within(input->state))
        return ff_fail(input->ctx, FF_ECORRUPT,
                       "%s: truncated after %s: the end of its %s data is missing; download or "
                       "copy it again",
                       input->path, tail, input->decompressor->name);
    return FF_OK;
}

int ff_input_verify(struct ff_input *input)
{
    int status = ff_input_rewind(input);

    if (status != FF_OK)
        return status;
    do
        status = refill(input);
    while (status == FF_OK && !input->at_end);
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
        return ff_data_changed(input->ctx, input->path);
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
