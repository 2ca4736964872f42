#include "input/archive.h"

#include "input/decompress.h"
#include "input/files.h"
#include "input/libzip.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Records of the directory's end (APPNOTE 4.3.14 to 4.3.16): signatures, sizes, offsets of fields.
 */
#define END_MAGIC "PK\5\6"
#define END_BYTES 22
#define LOCATOR_MAGIC "PK\6\7"
#define LOCATOR_BYTES 20
#define END64_BYTES 56
#define MAGIC_BYTES 4

struct ff_archive {
    struct ff_ctx *ctx;
    const char *path;
    const char *label; /* of the member, in messages */
    int fd;
    uint64_t bytes;
    uint64_t at;       /* position of libzip in the file */
    int io_errno;      /* of the last failed read of the file; 0: none */
    zip_error_t error; /* of the source, for libzip */
    zip_t *zip;
    uint32_t members;
    zip_file_t *member; /* the open one */
    zip_uint64_t index;
    uint64_t member_bytes;
    bool stored;
};

/* ---- The file, as libzip's source ---- */

/* Reads at most WANT bytes at OFFSET; -1: errno. */
static ssize_t read_at(int fd, uint64_t offset, void *buffer, size_t want)
{
    ssize_t n;

    do
        n = pread(fd, buffer, want, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n;
}

static zip_int64_t source_read(struct ff_archive *archive, void *buffer, zip_uint64_t want)
{
    ssize_t n = read_at(archive->fd, archive->at, buffer, want);

    if (n < 0) {
        archive->io_errno = errno;
        ff_libzip.error_set(&archive->error, ZIP_ER_READ, errno);
        return -1;
    }
    archive->at += (uint64_t)n;
    return n;
}

static zip_int64_t source_seek(struct ff_archive *archive, void *data, zip_uint64_t bytes)
{
    zip_int64_t at = ff_libzip.source_seek_compute_offset(archive->at, archive->bytes, data, bytes,
                                                          &archive->error);

    if (at < 0)
        return -1;
    archive->at = (uint64_t)at;
    return 0;
}

static zip_int64_t source_stat(const struct ff_archive *archive, zip_stat_t *stat)
{
    ff_libzip.stat_init(stat);
    stat->size = archive->bytes;
    stat->valid = ZIP_STAT_SIZE;
    return sizeof *stat;
}

/* A zip_source_callback. */
static zip_int64_t source(void *arg, void *data, zip_uint64_t bytes, zip_source_cmd_t command)
{
    struct ff_archive *archive = arg;

    switch (command) {
    case ZIP_SOURCE_OPEN:
        archive->at = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return source_read(archive, data, bytes);
    case ZIP_SOURCE_SEEK:
        return source_seek(archive, data, bytes);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)archive->at;
    case ZIP_SOURCE_STAT:
        return source_stat(archive, data);
    case ZIP_SOURCE_ERROR:
        return ff_libzip.error_to_data(&archive->error, data, bytes);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_SUPPORTS:
        return ff_libzip.source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    default:
        ff_libzip.error_set(&archive->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

static int out_of_memory(struct ff_archive *archive, const char *label)
{
    return ff_fail(archive->ctx, FF_ENOMEM, "%s: out of memory for libzip", label);
}

/* Reports ERROR of libzip, which reading LABEL met. */
static int failure(struct ff_archive *archive, const char *label, zip_error_t *error)
{
    const int code = ff_libzip.error_code_zip(error);

    if (archive->io_errno)
        return ff_fail_errno(archive->ctx, archive->io_errno, "%s: cannot read", archive->path);
    if (code == ZIP_ER_MEMORY ||
        (code == ZIP_ER_ZLIB && ff_libzip.error_code_system(error) == Z_MEM_ERROR))
        return out_of_memory(archive, label);
    if (code == ZIP_ER_CRC)
        return ff_fail(archive->ctx, FF_ECORRUPT,
                       "%s: its checksum (CRC-32) is wrong; download or copy the file again",
                       label);
    if (code == ZIP_ER_NOZIP)
        return ff_fail(archive->ctx, FF_ECORRUPT,
                       "%s: truncated, or not a zip archive: it does not end with a directory of "
                       "members; download or copy it again",
                       label);
    return ff_fail(archive->ctx, FF_ECORRUPT,
                   "%s: damaged zip data (%s); download or copy the file again", label,
                   ff_libzip.error_strerror(error));
}

/* ---- The directory ---- */

/* The little-endian number in the first BYTES bytes of AT. */
static uint64_t number(const unsigned char *at, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes > 0)
        value = value << 8 | at[--bytes];
    return value;
}

static int check_directory(struct ff_archive *archive, uint64_t members, uint64_t bytes)
{
    if (members <= FF_ARCHIVE_MEMBERS && bytes <= FF_ARCHIVE_DIRECTORY_BYTES)
        return FF_OK;
    return ff_fail(archive->ctx, FF_EFORMAT,
                   "%s: its directory lists %" PRIu64 " members in %" PRIu64
                   " bytes; the limits are %d and %d: save fewer arrays in a file",
                   archive->path, members, bytes, FF_ARCHIVE_MEMBERS, FF_ARCHIVE_DIRECTORY_BYTES);
}

/* Bounds the directory whose end is at TAIL + I. What cannot be one, libzip rejects. */
static int check_end(struct ff_archive *archive, const unsigned char *tail, size_t i)
{
    const unsigned char *end = tail + i, *locator = end - LOCATOR_BYTES;
    unsigned char end64[END64_BYTES];
    ssize_t got;

    if (i < LOCATOR_BYTES || memcmp(locator, LOCATOR_MAGIC, MAGIC_BYTES) != 0) {
        const bool several_disks = number(end + 4, 4) != 0;

        return several_disks ? FF_OK
                             : check_directory(archive, number(end + 10, 2), number(end + 12, 4));
    }
    got = read_at(archive->fd, number(locator + 8, 8) & INT64_MAX, end64, sizeof end64);
    if (got < 0 && errno != EINVAL)
        return ff_fail_errno(archive->ctx, errno, "%s: cannot read", archive->path);
    if (got < (ssize_t)sizeof end64)
        return FF_OK;
    return check_directory(archive, number(end64 + 32, 8), number(end64 + 40, 8));
}

/* Reads the last BYTES bytes of the file. */
static int read_tail(struct ff_archive *archive, unsigned char *tail, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read_at(archive->fd, archive->bytes - bytes + done, tail + done, bytes - done);

        if (n < 0)
            return ff_fail_errno(archive->ctx, errno, "%s: cannot read", archive->path);
        if (n == 0)
            return ff_data_changed(archive->ctx, archive->path);
        done += (size_t)n;
    }
    return FF_OK;
}

/* Bounds every directory that libzip may find in TAIL, the last BYTES bytes. One must end with the
 * file, which libzip does not demand. */
static int check_tail(struct ff_archive *archive, const unsigned char *tail, size_t bytes)
{
    size_t last = 0;
    int status = FF_OK;

    for (size_t i = 0; i + END_BYTES <= bytes && status == FF_OK; i++) {
        size_t end;

        if (memcmp(tail + i, END_MAGIC, MAGIC_BYTES) != 0)
            continue;
        end = i + END_BYTES + (size_t)number(tail + i + 20, 2);
        if (end <= bytes && end > last)
            last = end;
        status = check_end(archive, tail, i);
    }
    if (status == FF_OK && last > 0 && last < bytes)
        return ff_fail(archive->ctx, FF_ECORRUPT,
                       "%s: has %zu bytes after the end of the archive; download or copy it again",
                       archive->path, bytes - last);
    return status;
}

static int bound_directory(struct ff_archive *archive)
{
    const size_t bytes =
        archive->bytes < FF_ARCHIVE_TAIL_BYTES ? (size_t)archive->bytes : FF_ARCHIVE_TAIL_BYTES;
    unsigned char *tail;
    int status;

    if (bytes == 0)
        return ff_fail(archive->ctx, FF_ECORRUPT, "%s: is empty; download or copy it again",
                       archive->path);
    tail = ff_alloc(archive->ctx, FF_MEM_IO, bytes);
    if (!tail)
        return ff_alloc_status(archive->ctx);
    status = read_tail(archive, tail, bytes);
    if (status == FF_OK)
        status = check_tail(archive, tail, bytes);
    ff_free(archive->ctx, FF_MEM_IO, tail, bytes);
    return status;
}

static int open_zip(struct ff_archive *archive)
{
    zip_error_t error;
    zip_source_t *file;
    int status = bound_directory(archive);

    if (status != FF_OK)
        return status;
    ff_libzip.error_init(&error);
    errno = 0;
    file = ff_libzip.source_function_create(source, archive, &error);
    if (file)
        archive->zip = ff_libzip.open_from_source(file, ZIP_RDONLY, &error);
    if (!archive->zip) {
        /* libzip 1.7 reports memory that runs out as a damaged archive. */
        status = errno == ENOMEM ? out_of_memory(archive, archive->path)
                                 : failure(archive, archive->path, &error);
        ff_libzip.source_free(file);
    } else {
        const uint64_t members = (uint64_t)ff_libzip.get_num_entries(archive->zip, 0);

        archive->members = (uint32_t)members;
        status = check_directory(archive, members, 0);
    }
    ff_libzip.error_fini(&error);
    return status;
}

int ff_archive_open(struct ff_ctx *ctx, const char *path, int fd, uint64_t bytes,
                    struct ff_archive **out)
{
    struct ff_archive *archive;
    int status = ff_libzip_load(ctx);

    *out = NULL;
    if (status != FF_OK)
        return status;
    archive = ff_alloc(ctx, FF_MEM_IO, sizeof *archive);
    if (!archive)
        return ff_alloc_status(ctx);
    archive->ctx = ctx;
    archive->path = path;
    archive->fd = fd;
    archive->bytes = bytes;
    ff_libzip.error_init(&archive->error);
    status = open_zip(archive);
    if (status != FF_OK)
        ff_archive_close(archive);
    else
        *out = archive;
    return status;
}

void ff_archive_close(struct ff_archive *archive)
{
    if (!archive)
        return;
    if (archive->member)
        ff_libzip.fclose(archive->member);
    if (archive->zip)
        ff_libzip.discard(archive->zip);
    ff_libzip.error_fini(&archive->error);
    ff_free(archive->ctx, FF_MEM_IO, archive, sizeof *archive);
}

uint32_t ff_archive_members(const struct ff_archive *archive)
{
    return archive->members;
}

const char *ff_archive_name(const struct ff_archive *archive, uint32_t i)
{
    const char *name = ff_libzip.get_name(archive->zip, i, ZIP_FL_ENC_RAW);

    return name ? name : "";
}

/* ---- A member ---- */

static int find_member(struct ff_archive *archive, const char *name)
{
    unsigned found = 0;

    for (uint32_t i = 0; i < archive->members; i++) {
        if (strcmp(ff_archive_name(archive, i), name) == 0) {
            archive->index = i;
            found++;
        }
    }
    if (found == 0)
        return ff_fail(archive->ctx, FF_ENOTFOUND, "%s: has no member %s", archive->path, name);
    if (found > 1)
        return ff_fail(archive->ctx, FF_EFORMAT,
                       "%s: the archive has %u members of this name; save the arrays again",
                       archive->label, found);
    return FF_OK;
}

static int check_member(struct ff_archive *archive, const zip_stat_t *stat)
{
    if (stat->encryption_method != ZIP_EM_NONE)
        return ff_fail(archive->ctx, FF_EFORMAT,
                       "%s: is encrypted, which is not supported; save it with numpy.savez",
                       archive->label);
    if (stat->comp_method != ZIP_CM_STORE && stat->comp_method != ZIP_CM_DEFLATE)
        return ff_fail(archive->ctx, FF_EFORMAT,
                       "%s: is compressed by method %u of zip; only stored and deflated members "
                       "are supported, as numpy.savez and numpy.savez_compressed write them",
                       archive->label, stat->comp_method);
    if (stat->comp_method == ZIP_CM_STORE
            ? stat->size != stat->comp_size
            : stat->size / ff_decompressor_gzip.ratio > stat->comp_size)
        return ff_fail(archive->ctx, FF_ECORRUPT,
                       "%s: %" PRIu64 " bytes of the archive cannot hold the %" PRIu64
                       " that its directory declares; download or copy the file again",
                       archive->label, (uint64_t)stat->comp_size, (uint64_t)stat->size);
    return FF_OK;
}

int ff_archive_begin(struct ff_archive *archive, const char *name, const char *label)
{
    zip_stat_t stat;
    int status;

    assert(!archive->member);
    archive->label = label;
    status = find_member(archive, name);
    if (status != FF_OK)
        return status;
    if (ff_libzip.stat_index(archive->zip, archive->index, 0, &stat) != 0)
        return failure(archive, label, ff_libzip.get_error(archive->zip));
    archive->member_bytes = stat.size;
    archive->stored = stat.comp_method == ZIP_CM_STORE;
    status = check_member(archive, &stat);
    return status == FF_OK ? ff_archive_rewind(archive) : status;
}

uint64_t ff_archive_member_bytes(const struct ff_archive *archive)
{
    return archive->member_bytes;
}

bool ff_archive_is_stored(const struct ff_archive *archive)
{
    return archive->stored;
}

int ff_archive_rewind(struct ff_archive *archive)
{
    if (archive->member)
        ff_libzip.fclose(archive->member);
    archive->member = ff_libzip.fopen_index(archive->zip, archive->index, 0);
    return archive->member ? FF_OK
                           : failure(archive, archive->label, ff_libzip.get_error(archive->zip));
}

int ff_archive_read(struct ff_archive *archive, void *buffer, size_t want, size_t *got)
{
    zip_int64_t n = ff_libzip.fread(archive->member, buffer, want);

    *got = n > 0 ? (size_t)n : 0;
    return n < 0 ? failure(archive, archive->label, ff_libzip.file_get_error(archive->member))
                 : FF_OK;
}

int ff_archive_peek(struct ff_archive *archive, uint64_t offset, void *buffer, size_t want,
                    size_t *got)
{
    assert(archive->stored && offset <= INT64_MAX);
    *got = 0;
    if (ff_libzip.fseek(archive->member, (zip_int64_t)offset, SEEK_SET) != 0)
        return failure(archive, archive->label, ff_libzip.file_get_error(archive->member));
    return ff_archive_read(archive, buffer, want, got);
}
