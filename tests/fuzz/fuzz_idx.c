/* An IDX file, as images and as labels. */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

#include <string.h>

#define MOST_LABELS 65536

const size_t fuzz_replay_inputs = 8000;

/* Images for LABELS, of one pixel each: as many as its header says. */
static const char *images_for(const uint8_t *labels, size_t size)
{
    static uint8_t images[8 + MOST_LABELS] = {0, 0, 8, 1};
    size_t rows = 0;

    if (size >= 8)
        rows =
            (size_t)labels[4] << 24 | (size_t)labels[5] << 16 | (size_t)labels[6] << 8 | labels[7];
    if (rows > MOST_LABELS)
        rows = 1;
    for (int i = 0; i < 4; i++)
        images[4 + i] = (uint8_t)(rows >> (24 - 8 * i));
    return fuzz_file("images", images, 8 + rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *input = fuzz_file("input", data, size);
    struct ff_dataset_spec as_images = {.path = input, .unlabelled = true};
    struct ff_dataset_spec as_labels = {.path = images_for(data, size), .labels = input};

    fuzz_dataset(&as_images);
    fuzz_dataset(&as_labels);
    return 0;
}
