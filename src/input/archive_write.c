#include "input/archive_write.h"

#include "input/libzip.h"

#include <errno.h>

/* The date of members: the earliest of zip, so that the same model gives the same bytes. */
#define DOS_DATE (1 << 5 | 1) /* 1980-01-01 */

struct ff_archive_writer {
    struct ff_ctx *ctx;
    const char *path;
    FILE *file;
    zip_t *zip;
    zip_error_t error; /* of the file as a source */
    int status;        /* of the first failure of the file or of a member; FF_OK: none */
};

/* A member, as libzip's source. */
struct member {
    struct ff_archive_writer *writer;
    struct ff_archive_source source;
    uint64_t left; /* bytes */
    zip_error_t error;
};

static void keep(struct ff_archive_writer *writer, int status)
{
    if (writer->status == FF_OK)
        writer->status = status;
}

/* ---- The archive's file ---- */

static zip_int64_t failed(struct ff_archive_writer *writer)
{
    int why = errno ? errno : EIO;

    keep(writer, ff_fail_errno(writer->ctx, why, "%s: cannot write", writer->path));
    ff_libzip.error_set(&writer->error, ZIP_ER_WRITE, why);
    return -1;
}

static zip_int64_t put(struct ff_archive_writer *writer, const void *data, zip_uint64_t bytes)
{
    errno = 0;
    return fwrite(data, 1, bytes, writer->file) == bytes ? (zip_int64_t)bytes : failed(writer);
}

static zip_int64_t seek(struct ff_archive_writer *writer, void *data, zip_uint64_t bytes)
{
    const off_t at = ftello(writer->file),
                end = fseeko(writer->file, 0, SEEK_END) == 0 ? ftello(writer->file) : -1;
    zip_int64_t to = -1;

    if (at >= 0 && end >= 0)
        to = ff_libzip.source_seek_compute_offset((zip_uint64_t)at, (zip_uint64_t)end, data, bytes,
                                                  &writer->error);
    if (to < 0 || fseeko(writer->file, to, SEEK_SET) != 0)
        return failed(writer);
    return 0;
}

/* There is no file yet: libzip makes a new archive. */
static zip_int64_t stat_empty(void *data)
{
    zip_stat_t *stat = data;

    ff_libzip.stat_init(stat);
    stat->size = 0;
    stat->valid = ZIP_STAT_SIZE;
    return sizeof *stat;
}

/* A zip_source_callback. */
static zip_int64_t archive_source(void *arg, void *data, zip_uint64_t bytes,
                                  zip_source_cmd_t command)
{
    struct ff_archive_writer *writer = arg;

    switch (command) {
    case ZIP_SOURCE_BEGIN_WRITE:
        rewind(writer->file);
        return 0;
    case ZIP_SOURCE_WRITE:
        return put(writer, data, bytes);
    case ZIP_SOURCE_SEEK_WRITE:
        return seek(writer, data, bytes);
    case ZIP_SOURCE_TELL_WRITE:
        return ftello(writer->file);
    case ZIP_SOURCE_COMMIT_WRITE:
        return fflush(writer->file) == 0 ? 0 : failed(writer);
    case ZIP_SOURCE_STAT:
        return stat_empty(data);
    case ZIP_SOURCE_ERROR:
        return ff_libzip.error_to_data(&writer->error, data, bytes);
    case ZIP_SOURCE_OPEN:
    case ZIP_SOURCE_READ:
    case ZIP_SOURCE_SEEK:
    case ZIP_SOURCE_TELL:
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_ROLLBACK_WRITE:
    case ZIP_SOURCE_REMOVE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_SUPPORTS:
        return ff_libzip.source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS,
            ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE, ZIP_SOURCE_ROLLBACK_WRITE,
            ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE, ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, -1);
    default:
        ff_libzip.error_set(&writer->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

/* ---- Members ---- */

static zip_int64_t read_member(struct member *member, void *data, zip_uint64_t want)
{
    size_t got = 0;
    int status = FF_OK;

    if (want > member->left)
        want = member->left;
    if (want > 0)
        status = member->source.read(member->source.arg, data, (size_t)want, &got);
    member->left -= got;
    if (status == FF_OK)
        return (zip_int64_t)got;
    keep(member->writer, status);
    ff_libzip.error_set(&member->error, ZIP_ER_READ, EIO);
    return -1;
}

static zip_int64_t begin_member(struct member *member)
{
    int status = member->source.begin(member->source.arg, member->source.number);

    member->left = member->source.bytes;
    if (status == FF_OK)
        return 0;
    keep(member->writer, status);
    ff_libzip.error_set(&member->error, ZIP_ER_READ, EIO);
    return -1;
}

static zip_int64_t stat_member(const struct member *member, void *data)
{
    zip_stat_t *stat = data;

    ff_libzip.stat_init(stat);
    stat->size = member->source.bytes;
    stat->valid = ZIP_STAT_SIZE;
    return sizeof *stat;
}

/* A zip_source_callback. */
static zip_int64_t member_source(void *arg, void *data, zip_uint64_t bytes,
                                 zip_source_cmd_t command)
{
    struct member *member = arg;

    switch (command) {
    case ZIP_SOURCE_OPEN:
        return begin_member(member);
    case ZIP_SOURCE_READ:
        return read_member(member, data, bytes);
    case ZIP_SOURCE_STAT:
        return stat_member(member, data);
    case ZIP_SOURCE_ERROR:
        return ff_libzip.error_to_data(&member->error, data, bytes);
    case ZIP_SOURCE_CLOSE:
        return 0;
    case ZIP_SOURCE_FREE:
        ff_libzip.error_fini(&member->error);
        ff_free(member->writer->ctx, FF_MEM_IO, member, sizeof *member);
        return 0;
    case ZIP_SOURCE_SUPPORTS:
        return ff_libzip.source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SUPPORTS, -1);
    default:
        ff_libzip.error_set(&member->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

/* ---- The writer ---- */

static int failure(struct ff_archive_writer *writer, zip_error_t *error)
{
    if (writer->status != FF_OK)
        return writer->status;
    if (ff_libzip.error_code_zip(error) == ZIP_ER_MEMORY)
        return ff_fail(writer->ctx, FF_ENOMEM, "%s: out of memory for libzip", writer->path);
    return ff_fail(writer->ctx, FF_EIO, "%s: cannot be written: %s", writer->path,
                   ff_libzip.error_strerror(error));
}

static void free_writer(struct ff_archive_writer *writer)
{
    ff_libzip.error_fini(&writer->error);
    ff_free(writer->ctx, FF_MEM_IO, writer, sizeof *writer);
}

int ff_archive_writer_new(struct ff_ctx *ctx, FILE *file, const char *path,
                          struct ff_archive_writer **out)
{
    struct ff_archive_writer *writer;
    zip_source_t *source;
    zip_error_t error;
    int status = ff_libzip_load(ctx);

    *out = NULL;
    if (status != FF_OK)
        return status;
    writer = ff_alloc(ctx, FF_MEM_IO, sizeof *writer);
    if (!writer)
        return ff_alloc_status(ctx);
    writer->ctx = ctx;
    writer->path = path;
    writer->file = file;
    ff_libzip.error_init(&writer->error);
    ff_libzip.error_init(&error);
    source = ff_libzip.source_function_create(archive_source, writer, &error);
    if (source)
        writer->zip = ff_libzip.open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (!writer->zip) {
        status = failure(writer, &error);
        ff_libzip.source_free(source);
        free_writer(writer);
    } else {
        *out = writer;
    }
    ff_libzip.error_fini(&error);
    return status;
}

/* Adds SOURCE to the archive, which takes it over. */
static int add(struct ff_archive_writer *writer, const char *name, zip_source_t *source)
{
    zip_int64_t index = ff_libzip.file_add(writer->zip, name, source, ZIP_FL_ENC_UTF_8);

    if (index < 0) {
        int status = failure(writer, ff_libzip.get_error(writer->zip));

        ff_libzip.source_free(source);
        return status;
    }
    if (ff_libzip.set_file_compression(writer->zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
        ff_libzip.file_set_dostime(writer->zip, (zip_uint64_t)index, 0, DOS_DATE, 0) == 0)
        return FF_OK;
    return failure(writer, ff_libzip.get_error(writer->zip));
}

int ff_archive_writer_add(struct ff_archive_writer *writer, const char *name,
                          const struct ff_archive_source *source)
{
    struct member *member = ff_alloc(writer->ctx, FF_MEM_IO, sizeof *member);
    zip_source_t *zip_source;
    zip_error_t error;

    if (!member)
        return ff_alloc_status(writer->ctx);
    member->writer = writer;
    member->source = *source;
    ff_libzip.error_init(&member->error);
    ff_libzip.error_init(&error);
    zip_source = ff_libzip.source_function_create(member_source, member, &error);
    if (!zip_source) {
        int status = failure(writer, &error);

        ff_free(writer->ctx, FF_MEM_IO, member, sizeof *member);
        ff_libzip.error_fini(&error);
        return status;
    }
    ff_libzip.error_fini(&error);
    return add(writer, name, zip_source);
}

int ff_archive_writer_end(struct ff_archive_writer *writer, int status)
{
    if (!writer)
        return status;
    if (status == FF_OK && ff_libzip.close(writer->zip) != 0)
        status = failure(writer, ff_libzip.get_error(writer->zip));
    else if (status == FF_OK)
        writer->zip = NULL;
    if (writer->zip)
        ff_libzip.discard(writer->zip);
    free_writer(writer);
    return status;
}
