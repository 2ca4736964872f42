/* Zip archives that NumPy does not write, or that are damaged, made byte by byte. */
#include "fixtures/dataset_fixture.h"
#include "input/libzip.h"
#include "support/suite.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct raw {
    const char *name;
    unsigned method, flags;
    bool zip64;
    uint32_t too_many; /* added to the size of the content */
};

static void put_le(struct data_bytes *bytes, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned char byte = 0;

        if (i < sizeof value)
            byte = (unsigned char)(value >> 8 * i);
        data_put(bytes, &byte, 1);
    }
}

/* A local header, or one of the directory for a member at OFFSET. */
static void put_header(struct data_bytes *out, const struct raw *raw, bool central, uint32_t offset,
                       const struct data_bytes *content)
{
    const uint64_t sizes[] = {content->n + raw->too_many, content->n};

    data_put(out, central ? "PK\1\2\55\0" : "PK\3\4", central ? 6 : 4);
    put_le(out, raw->zip64 ? 45 : 20, 2);
    put_le(out, raw->flags, 2);
    put_le(out, raw->method, 2);
    put_le(out, 0, 4);
    put_le(out, crc32(0, content->at, (unsigned)content->n), 4);
    put_le(out, raw->zip64 ? UINT32_MAX : sizes[1], 4);
    put_le(out, raw->zip64 ? UINT32_MAX : sizes[0], 4);
    put_le(out, strlen(raw->name), 2);
    put_le(out, raw->zip64 ? 20 : 0, 2);
    put_le(out, 0, central ? 10 : 0);
    if (central)
        put_le(out, offset, 4);
    data_put(out, raw->name, strlen(raw->name));
    if (!raw->zip64)
        return;
    put_le(out, 1, 2);
    put_le(out, 16, 2);
    put_le(out, sizes[0], 8);
    put_le(out, sizes[1], 8);
}

struct end {
    uint64_t members, size, offset; /* of the directory */
    bool zip64;
};

static void put_end(struct data_bytes *out, const struct end *end)
{
    const uint64_t at = out->n;

    if (end->zip64) {
        data_put(out, "PK\6\6", 4);
        put_le(out, 44, 8);
        put_le(out, 45 << 16 | 45, 4);
        put_le(out, 0, 8);
        put_le(out, end->members, 8);
        put_le(out, end->members, 8);
        put_le(out, end->size, 8);
        put_le(out, end->offset, 8);
        data_put(out, "PK\6\7\0\0\0\0", 8);
        put_le(out, at, 8);
        put_le(out, 1, 4);
    }
    data_put(out, "PK\5\6\0\0\0\0", 8);
    put_le(out, end->zip64 ? UINT16_MAX : end->members, 2);
    put_le(out, end->zip64 ? UINT16_MAX : end->members, 2);
    put_le(out, end->zip64 ? UINT32_MAX : end->size, 4);
    put_le(out, end->zip64 ? UINT32_MAX : end->offset, 4);
    put_le(out, 0, 2);
}

/* Writes members x and y as RAWS say, with a directory of EXTRA members more than there are. */
static struct ff_dataset_spec save_raw(const struct raw raws[2], bool zip64, uint64_t extra)
{
    struct data_bytes out = {0}, content = digits_array(10, 0);
    uint32_t offsets[2];
    struct end end = {2 + extra, 0, 0, zip64};

    for (int i = 0; i < 2; i++) {
        offsets[i] = (uint32_t)out.n;
        put_header(&out, &raws[i], false, 0, &content);
        data_put(&out, content.at, content.n);
    }
    end.offset = out.n;
    for (int i = 0; i < 2; i++)
        put_header(&out, &raws[i], true, offsets[i], &content);
    end.size = out.n - end.offset;
    put_end(&out, &end);
    data_write(directory, "raw.npz", &out);
    free(content.at);
    return (struct ff_dataset_spec){.path = data_path(directory, "raw.npz")};
}

static const struct raw x = {.name = "x.npy"}, y = {.name = "y.npy"};

START_TEST(zip64_is_read)
{
    const struct raw large[2] = {{.name = "x.npy", .zip64 = true},
                                 {.name = "y.npy", .zip64 = true}};
    uint64_t rows, sum;

    for (int i = 0; i < 2; i++) {
        struct ff_dataset_spec spec = save_raw(large, i > 0, 0);

        ck_assert_msg(read_all(&spec, 4, &rows, &sum) == FF_OK, "%s", ff_ctx_message(ctx));
        ck_assert_uint_eq(rows, 10);
    }
}
END_TEST

static const struct {
    struct raw x;
    int status;
    const char *says;
} odd[] = {
    {{.name = "x.npy", .flags = 1}, FF_EFORMAT, "x.npy: is encrypted"},
    {{.name = "x.npy", .method = 12}, FF_EFORMAT, "compressed by method 12"},
    {{.name = "x.npy", .method = 93}, FF_EFORMAT, "compressed by method 93"},
    {{.name = "y.npy"}, FF_EFORMAT, "of these: y, y"},
    {{.name = "x.txt"}, FF_EFORMAT, "of these: y"},
    {{.name = "x.npy", .method = 8}, FF_ECORRUPT, "copy the file again"},
    {{.name = "x.npy", .too_many = 1}, FF_ECORRUPT, "cannot hold"},
    {{.name = "x.npy", .method = 8, .too_many = 1 << 20}, FF_ECORRUPT, "cannot hold"},
};

START_TEST(an_odd_member_is_refused)
{
    struct ff_dataset_spec spec = save_raw((const struct raw[]){odd[_i].x, y}, false, 0);

    ck_refused(&spec, odd[_i].status, odd[_i].says);
}
END_TEST

START_TEST(two_arrays_of_a_name_are_refused)
{
    struct ff_dataset_spec spec = save_raw((const struct raw[]){y, y}, false, 0);

    spec.arrays = "y";
    spec.unlabelled = true;
    ck_refused(&spec, FF_EFORMAT, "y.npy: the archive has 2 members of this name");
}
END_TEST

START_TEST(a_large_directory_is_refused_before_it_is_read)
{
    const struct raw raws[2] = {x, y};
    struct ff_dataset_spec spec = save_raw(raws, false, 5000);

    ck_refused(&spec, FF_EFORMAT, "lists 5002 members");
    spec = save_raw(raws, true, UINT64_C(1) << 32);
    ck_refused(&spec, FF_EFORMAT, "lists 4294967298 members");
    spec = save_raw(raws, true, 100); /* more than it has: libzip's to find */
    ck_refused(&spec, FF_ECORRUPT, "raw.npz: ");
}
END_TEST

START_TEST(bytes_after_the_end_are_refused)
{
    const struct ff_dataset_spec spec = save_raw((const struct raw[]){x, y}, false, 0);
    struct data_bytes bytes = data_read(directory, "raw.npz");

    data_put(&bytes, "more", 4);
    data_write(directory, "raw.npz", &bytes);
    ck_refused(&spec, FF_ECORRUPT, "has 4 bytes after the end of the archive");
}
END_TEST

START_TEST(a_comment_may_look_like_an_end)
{
    const struct ff_dataset_spec spec = save_raw((const struct raw[]){x, y}, false, 0);
    struct data_bytes bytes = data_read(directory, "raw.npz");
    uint64_t rows, sum;

    bytes.at[bytes.n - 2] = 24;
    data_put(&bytes, "PK\5\6\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ok", 24);
    data_write(directory, "raw.npz", &bytes);
    ck_assert_msg(read_all(&spec, 4, &rows, &sum) == FF_OK, "%s", ff_ctx_message(ctx));
}
END_TEST

START_TEST(an_archive_without_members_is_refused)
{
    const struct ff_dataset_spec spec = {.path = data_path(directory, "none.npz")};
    struct data_bytes none = {0};

    put_end(&none, &(const struct end){0});
    data_write(directory, "none.npz", &none);
    ck_refused(&spec, FF_EFORMAT, "holds no NumPy arrays (.npy), but nothing");
}
END_TEST

/* As libzip 1.7 fails while it reads the directory. */
static zip_t *open_without_memory(zip_source_t *source, int flags, zip_error_t *error)
{
    (void)source;
    (void)flags;
    ff_libzip.error_set(error, ZIP_ER_NOZIP, 0);
    errno = ENOMEM;
    return NULL;
}

START_TEST(memory_that_runs_out_is_not_reported_as_damage)
{
    const struct ff_dataset_spec spec = save_raw((const struct raw[]){x, y}, false, 0);
    struct ff_libzip library;

    ck_assert_int_eq(ff_libzip_load(ctx), FF_OK);
    library = ff_libzip;
    ff_libzip.open_from_source = open_without_memory;
    ck_refused(&spec, FF_ENOMEM, "raw.npz: out of memory for libzip");
    ff_libzip = library;
}
END_TEST

#define COUNT(rows) ((int)(sizeof rows / sizeof *rows))

int main(void)
{
    Suite *suite = suite_create("data: zip archives");
    TCase *tc = dataset_tcase(suite, "archives");

    tcase_add_test(tc, zip64_is_read);
    tcase_add_loop_test(tc, an_odd_member_is_refused, 0, COUNT(odd));
    tcase_add_test(tc, two_arrays_of_a_name_are_refused);
    tcase_add_test(tc, a_large_directory_is_refused_before_it_is_read);
    tcase_add_test(tc, bytes_after_the_end_are_refused);
    tcase_add_test(tc, a_comment_may_look_like_an_end);
    tcase_add_test(tc, an_archive_without_members_is_refused);
    tcase_add_test(tc, memory_that_runs_out_is_not_reported_as_damage);
    return run_suite(suite);
}
