#include "support/data_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* ---- Directories ---- */

static char root[256];

/* A fixture that cannot be written makes every result meaningless. */
static void require(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

void data_root_setup(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(root, sizeof root, "%s/fftool-data-XXXXXX", tmp ? tmp : "/tmp");
    require(mkdtemp(root) != NULL, root);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void data_root_teardown(void)
{
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

char *data_folder(void)
{
    char *folder = NULL;

    require(asprintf(&folder, "%s/XXXXXX", root) > 0 && mkdtemp(folder), "directory");
    return folder;
}

const char *data_path(const char *folder, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- Files ---- */

void data_put(struct data_bytes *bytes, const void *what, size_t n)
{
    if (bytes->n + n > bytes->room) {
        bytes->room = 2 * (bytes->n + n);
        bytes->at = realloc(bytes->at, bytes->room);
        require(bytes->at != NULL, "realloc");
    }
    memcpy(bytes->at + bytes->n, what, n);
    bytes->n += n;
}

void data_put_be32(struct data_bytes *bytes, uint32_t value)
{
    const unsigned char b[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                (unsigned char)(value >> 8), (unsigned char)value};

    data_put(bytes, b, sizeof b);
}

void data_write(const char *folder, const char *name, struct data_bytes *bytes)
{
    FILE *file = fopen(data_path(folder, name), "wb");

    require(file && fwrite(bytes->at, 1, bytes->n, file) == bytes->n, name);
    require(fclose(file) == 0, name);
    free(bytes->at);
    *bytes = (struct data_bytes){0};
}

void data_write_gz(const char *folder, const char *name, struct data_bytes *bytes)
{
    gzFile file = gzopen(data_path(folder, name), "wb9");

    require(file && gzwrite(file, bytes->at, (unsigned)bytes->n) == (int)bytes->n, name);
    require(gzclose(file) == Z_OK, name);
    free(bytes->at);
    *bytes = (struct data_bytes){0};
}

struct data_bytes data_read(const char *folder, const char *name)
{
    struct data_bytes bytes = {0};
    FILE *file = fopen(data_path(folder, name), "rb");
    char part[4096];
    size_t n;

    require(file != NULL, name);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        data_put(&bytes, part, n);
    fclose(file);
    return bytes;
}

struct data_bytes data_idx(unsigned char type, unsigned axes, const uint32_t *lengths)
{
    struct data_bytes bytes = {0};
    const unsigned char magic[4] = {0, 0, type, (unsigned char)axes};

    data_put(&bytes, magic, sizeof magic);
    for (unsigned i = 0; i < axes; i++)
        data_put_be32(&bytes, lengths[i]);
    return bytes;
}

struct data_bytes data_npy(unsigned char version, const char *literal)
{
    struct data_bytes bytes = {0};
    const size_t length = strlen(literal);
    const unsigned char start[] = {version, 0, (unsigned char)length, (unsigned char)(length >> 8),
                                   0,       0};

    data_put(&bytes, "\x93NUMPY", 6);
    data_put(&bytes, start, version == 1 ? 4 : 6);
    data_put(&bytes, literal, length);
    return bytes;
}

/* ---- Content ---- */

unsigned char data_pixel(size_t row, size_t j)
{
    return (unsigned char)(row * 31 + j * 7 + 3);
}

float data_float(size_t row, size_t j)
{
    return 0.25f * (float)data_pixel(row, j) - 20.0f;
}

uint16_t data_label(size_t row)
{
    return (uint16_t)((row * 3 + 9) % 10);
}

static void put_pixels(struct data_bytes *bytes, size_t rows, size_t features)
{
    for (size_t i = 0; i < rows * features; i++) {
        unsigned char pixel = data_pixel(i / features, i % features);

        data_put(bytes, &pixel, 1);
    }
}

static void put_floats(struct data_bytes *bytes, size_t rows, size_t features, bool big_endian)
{
    for (size_t i = 0; i < rows * features; i++) {
        float value = data_float(i / features, i % features);
        uint32_t bits;

        memcpy(&bits, &value, sizeof bits);
        if (big_endian)
            data_put_be32(bytes, bits);
        else
            data_put(bytes, &value, sizeof value);
    }
}

/* Labels of WIDTH bytes each, in either byte order. */
static void put_labels(struct data_bytes *bytes, size_t rows, unsigned width, bool big_endian)
{
    for (size_t row = 0; row < rows; row++) {
        unsigned char label[8] = {0};

        label[big_endian ? width - 1 : 0] = (unsigned char)data_label(row);
        data_put(bytes, label, width);
    }
}

/* ---- IDX ---- */

static void write_idx_file(const char *folder, const char *name, struct data_bytes *bytes)
{
    const char *gz = strstr(name, ".gz");

    if (gz)
        data_write_gz(folder, name, bytes);
    else
        data_write(folder, name, bytes);
}

static void write_idx_labels(const struct data_fixture *self, const char *folder, size_t rows)
{
    struct data_bytes bytes = data_idx(0x08, 1, (const uint32_t[]){(uint32_t)rows});

    put_labels(&bytes, rows, 1, true);
    write_idx_file(folder, self->labels, &bytes);
}

static void write_idx(const struct data_fixture *self, const char *folder, size_t rows)
{
    const uint32_t lengths[] = {(uint32_t)rows, self->height, self->width};
    struct data_bytes bytes = data_idx(0x08, 3, lengths);

    put_pixels(&bytes, rows, self->features);
    write_idx_file(folder, self->images, &bytes);
    write_idx_labels(self, folder, rows);
}

static void write_idx_float(const struct data_fixture *self, const char *folder, size_t rows)
{
    const uint32_t lengths[] = {(uint32_t)rows, self->features};
    struct data_bytes bytes = data_idx(0x0d, 2, lengths);

    put_floats(&bytes, rows, self->features, true);
    write_idx_file(folder, self->images, &bytes);
    bytes = data_idx(0x0c, 1, lengths);
    put_labels(&bytes, rows, 4, true);
    write_idx_file(folder, self->labels, &bytes);
}

/* ---- NumPy ---- */

static void write_npy(const struct data_fixture *self, const char *folder, size_t rows)
{
    char text[256];
    struct data_bytes bytes;

    snprintf(text, sizeof text,
             "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, %u, %u, %u), }   \n", rows,
             self->height, self->width, self->channels);
    bytes = data_npy(1, text);
    put_pixels(&bytes, rows, self->features);
    data_write(folder, self->images, &bytes);
    snprintf(text, sizeof text, "{'descr': '<i8', 'fortran_order': False, 'shape': (%zu,), }\n",
             rows);
    bytes = data_npy(1, text);
    put_labels(&bytes, rows, 8, false);
    data_write(folder, self->labels, &bytes);
}

static void write_npy_float(const struct data_fixture *self, const char *folder, size_t rows)
{
    char text[256];
    struct data_bytes bytes;

    snprintf(text, sizeof text, "{\"shape\":(%zuL,%uL),\"fortran_order\":False,\"descr\":\"<f4\"}",
             rows, self->features);
    bytes = data_npy(2, text);
    put_floats(&bytes, rows, self->features, false);
    data_write(folder, self->images, &bytes);
    snprintf(text, sizeof text, "{'descr': '>u2', 'fortran_order': False, 'shape': (%zu, 1)}",
             rows);
    bytes = data_npy(3, text);
    put_labels(&bytes, rows, 2, true);
    data_write(folder, self->labels, &bytes);
}

/* ---- CIFAR-10 ---- */

static void put_records(struct data_bytes *bytes, size_t first, size_t end)
{
    for (size_t row = first; row < end; row++) {
        unsigned char record[3073];

        record[0] = (unsigned char)data_label(row);
        for (size_t j = 0; j < 3072; j++)
            record[1 + j] = data_pixel(row, j);
        data_put(bytes, record, sizeof record);
    }
}

static void write_cifar10(const struct data_fixture *self, const char *folder, size_t rows)
{
    struct data_bytes bytes = {0};

    put_records(&bytes, 0, rows);
    data_write(folder, self->images, &bytes);
}

/* One row in the first batch, two in the second, the others in a third, compressed. */
static void write_cifar10_batches(const struct data_fixture *self, const char *folder, size_t rows)
{
    struct data_bytes bytes = {0};
    size_t second = rows < 3 ? rows : 3;

    put_records(&bytes, 0, 1);
    data_write(folder, self->images, &bytes);
    if (rows > 1) {
        put_records(&bytes, 1, second);
        data_write(folder, "data_batch_2.bin", &bytes);
    }
    if (rows > second) {
        put_records(&bytes, second, rows);
        data_write_gz(folder, "data_batch_3.bin.gz", &bytes);
    }
}

const struct data_fixture data_fixtures[] = {
    {"idx", "idx", 12, 3, 4, 1, false, false, "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
     write_idx},
    {"idx, compressed", "idx", 12, 3, 4, 1, false, false, "train-images-idx3-ubyte.gz",
     "train-labels-idx1-ubyte.gz", write_idx},
    {"idx, dotted names", "idx", 12, 3, 4, 1, false, false, "train-images.idx3-ubyte",
     "train-labels.idx1-ubyte.gz", write_idx},
    {"idx, floats", "idx", 5, 0, 0, 0, true, false, "train-images-idx3-ubyte",
     "train-labels-idx1-ubyte", write_idx_float},
    {"npy", "npy", 24, 2, 4, 3, false, false, "x_train.npy", "y_train.npy", write_npy},
    {"npy, floats", "npy", 6, 0, 0, 0, true, false, "train-images.npy", "train-labels.npy",
     write_npy_float},
    {"cifar10", "cifar10", 3072, 32, 32, 3, false, true, "data_batch_1.bin", NULL, write_cifar10},
    {"cifar10, batches", "cifar10", 3072, 32, 32, 3, false, true, "data_batch_1.bin", NULL,
     write_cifar10_batches},
};
const size_t data_fixture_count = sizeof data_fixtures / sizeof *data_fixtures;
