/* A NumPy file, as images and as labels. */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 128
#define MOST_LABELS 65536

const size_t fuzz_replay_inputs = 8000;

/* The number behind the first parenthesis of a header; 1: none that is small. */
static unsigned long rows_of(const uint8_t *data, size_t size)
{
    char text[HEADER_BYTES + 1] = "";
    const char *shape;
    unsigned long rows;

    for (size_t i = 0; i < size && i < HEADER_BYTES; i++)
        text[i] = data[i] ? (char)data[i] : ' ';
    shape = strchr(text, '(');
    rows = shape ? strtoul(shape + 1, NULL, 10) : 1;
    return rows >= 1 && rows <= MOST_LABELS ? rows : 1;
}

/* Images for so many labels, of one pixel each. */
static const char *images_for(unsigned long rows)
{
    static char images[HEADER_BYTES + MOST_LABELS];
    int length;

    memset(images, ' ', HEADER_BYTES);
    memcpy(images, "\x93NUMPY\x01\x00\x76\x00", 10); /* 118 bytes of header follow */
    length = snprintf(images + 10, HEADER_BYTES - 10,
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (%lu, 1), }", rows);
    images[10 + length] = ' ';
    memset(images + HEADER_BYTES, 0, rows);
    return fuzz_file("images", images, HEADER_BYTES + rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *input = fuzz_file("input", data, size);
    struct ff_dataset_spec as_images = {.path = input, .unlabelled = true};
    struct ff_dataset_spec as_labels = {.path = images_for(rows_of(data, size)), .labels = input};
    char minus[] = "-1", one[] = "1", word[] = "one", *names[] = {minus, one, word};
    const struct ff_schema schema = {.n_classes = 3, .classes = names};

    fuzz_dataset(&as_images);
    fuzz_dataset(&as_labels);
    as_labels.schema = &schema;
    fuzz_dataset(&as_labels);
    return 0;
}
