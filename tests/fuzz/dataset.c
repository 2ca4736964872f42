#include "fuzz/dataset.h"

#include "fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 3
#define MOST_ROWS 20000 /* that are read: a compressed file holds many */

static void check_rows(const struct ff_dataset_info *info, bool of_model, size_t rows,
                       const void *features, const uint16_t *labels)
{
    const float *values = features;

    for (size_t i = 0; info->is_float && i < rows * info->features; i++)
        FUZZ_CHECK(isfinite(values[i]));
    for (size_t i = 0; info->classes > 0 && i < rows; i++)
        FUZZ_CHECK(labels[i] < info->classes || (of_model && labels[i] == FF_LABEL_UNSEEN));
}

static int read_rows(struct ff_ctx *ctx, bool of_model, struct ff_dataset *dataset)
{
    const struct ff_dataset_info *info = &dataset->info;
    size_t value_bytes = info->is_float ? sizeof(float) : 1, rows = 1;
    void *features = malloc(ROWS_AT_ONCE * info->features * value_bytes);
    uint16_t labels[ROWS_AT_ONCE];
    uint64_t total = 0;
    int status = FF_OK;

    FUZZ_CHECK(features != NULL);
    while (status == FF_OK && rows > 0 && total < MOST_ROWS) {
        status = fuzz_status(ctx, ff_dataset_read(dataset, ROWS_AT_ONCE, features, labels, &rows));
        FUZZ_CHECK(rows <= ROWS_AT_ONCE && (status == FF_OK || rows == 0));
        check_rows(info, of_model, rows, features, labels);
        total += rows;
    }
    FUZZ_CHECK(total <= info->rows);
    FUZZ_CHECK(status != FF_OK || rows > 0 || total == info->rows);
    free(features);
    return status;
}

int fuzz_dataset(const struct ff_dataset_spec *spec)
{
    struct ff_ctx *ctx = fuzz_ctx();
    struct ff_dataset *dataset;
    int status = fuzz_status(ctx, ff_dataset_open(ctx, spec, &dataset));

    if (status == FF_OK) {
        const struct ff_dataset_info *info = &dataset->info;

        FUZZ_CHECK(info->rows > 0 && info->features > 0 && info->classes <= FF_MAX_DATA_CLASSES);
        FUZZ_CHECK(spec->unlabelled == (info->classes == 0));
        FUZZ_CHECK(info->height == 0 ||
                   (uint64_t)info->height * info->width * info->channels == info->features);
        status = read_rows(ctx, spec->schema != NULL, dataset);
        if (status == FF_OK)
            fuzz_accept();
    }
    ff_dataset_close(dataset);
    fuzz_ctx_free(ctx);
    return status;
}
