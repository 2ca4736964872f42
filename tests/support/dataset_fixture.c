#include "support/dataset_fixture.h"

#include <stdlib.h>
#include <string.h>

#define ACCOUNTED_MAX (512 * 1024) /* bytes at a time, of reading any dataset of the tests */

void dataset_setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    folder = data_folder();
}

void dataset_teardown(void)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ck_assert_uint_lt(memory.accounted_peak_bytes, ACCOUNTED_MAX);
    ff_ctx_free(ctx);
    free(folder);
}

TCase *dataset_tcase(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_unchecked_fixture(tc, data_root_setup, data_root_teardown);
    tcase_add_checked_fixture(tc, dataset_setup, dataset_teardown);
    suite_add_tcase(suite, tc);
    return tc;
}

const struct data_fixture *fixture_named(const char *name)
{
    for (size_t i = 0; i < data_fixture_count; i++) {
        if (strcmp(data_fixtures[i].name, name) == 0)
            return &data_fixtures[i];
    }
    ck_abort_msg("no fixture %s", name);
}

int read_all(const struct ff_dataset_spec *spec, size_t max_rows, uint64_t *rows, uint64_t *sum)
{
    struct ff_dataset *dataset;
    unsigned char *features;
    uint16_t *labels;
    size_t n = 1;
    int status = ff_dataset_open(ctx, spec, &dataset);

    *rows = *sum = 0;
    if (status != FF_OK)
        return status;
    features = calloc(max_rows, (size_t)dataset->info.features * (dataset->info.is_float ? 4 : 1));
    labels = calloc(max_rows, sizeof *labels);
    while (status == FF_OK && n > 0) {
        status = ff_dataset_read(dataset, max_rows, features, labels, &n);
        for (size_t i = 0; i < n && !dataset->info.is_float; i++) {
            for (size_t j = 0; j < dataset->info.features; j++)
                *sum += features[i * dataset->info.features + j] * (j + 1);
            *sum += labels[i];
        }
        *rows += n;
    }
    ff_dataset_close(dataset);
    free(features);
    free(labels);
    return status;
}

int try_folder(void)
{
    const struct ff_dataset_spec spec = {.path = folder};
    uint64_t rows, sum;

    return read_all(&spec, 4, &rows, &sum);
}
