/*
 * Small datasets on disk, for the tests of src/data. A fixture writes one of a known content in one
 * format or variant of it: pixel (row, j) and the label of a row are functions of their numbers.
 */
#ifndef DATA_FIXTURE_H
#define DATA_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Directories: all of a test program's lie in one, made and removed by an unchecked fixture
 * ----
 */

void data_root_setup(void);
void data_root_teardown(void);
/* Makes a new empty directory; the name is the caller's to free. */
char *data_folder(void);
/* Returns "FOLDER/NAME" in one of a few static buffers used in turn. */
const char *data_path(const char *folder, const char *name);

/* ---- Files ---- */

struct data_bytes {
    unsigned char *at;
    size_t n, room;
};

void data_put(struct data_bytes *bytes, const void *what, size_t n);
void data_put_be32(struct data_bytes *bytes, uint32_t value);
/* Writes BYTES as FOLDER/NAME, as they are or compressed, and frees them. */
void data_write(const char *folder, const char *name, struct data_bytes *bytes);
void data_write_gz(const char *folder, const char *name, struct data_bytes *bytes);
/* Reads FOLDER/NAME. */
struct data_bytes data_read(const char *folder, const char *name);

/* Headers: an IDX file of that type code; a .npy file of that version with that literal. */
struct data_bytes data_idx(unsigned char type, unsigned axes, const uint32_t *lengths);
struct data_bytes data_npy(unsigned char version, const char *literal);

/* ---- Content ---- */

unsigned char data_pixel(size_t row, size_t j);
float data_float(size_t row, size_t j);
uint16_t data_label(size_t row);

struct data_fixture {
    const char *name;
    const char *format; /* name of the table row */
    uint32_t features, height, width, channels;
    bool is_float;
    bool any_count; /* the header does not count: a file cut between rows is a smaller dataset */
    const char *images; /* file names; LABELS NULL: in the same file */
    const char *labels;
    void (*write)(const struct data_fixture *self, const char *folder, size_t rows);
};

extern const struct data_fixture data_fixtures[];
extern const size_t data_fixture_count;

#endif
