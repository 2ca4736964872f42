/* Stored values come back as they were. */
#include "fixtures/value_fixture.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Includes one element, odd sizes, and both sides of a block of 131,072 elements. */
static const struct {
    uint32_t rows, columns;
} shapes[] = {{1, 1}, {1, 7}, {5, 3}, {1, 4096}, {128, 1024}, {257, 513}, {3, 131072}};

/* Any bytes of any type, as dense or as sparse as wanted. */
static void *make_elements(enum ff_dtype dtype, size_t count, unsigned zero_percent)
{
    size_t size = ff_dtype_size(dtype);
    uint8_t *out = calloc(count, size);
    struct store_random random = {count + zero_percent + 1};

    ck_assert_ptr_nonnull(out);
    if (dtype == FF_F32) {
        store_fill((float *)(void *)out, count, zero_percent, count);
        return out;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = store_random_next(&random);

        if (store_random_next(&random) % 100 >= zero_percent)
            memcpy(out + i * size, &bits, size);
    }
    return out;
}

static void round_trip(struct ff_coder *coder, enum ff_dtype dtype, uint32_t rows, uint32_t columns,
                       const struct ff_compression *compression, unsigned zero_percent)
{
    size_t bytes = (size_t)rows * columns * ff_dtype_size(dtype);
    void *data = make_elements(dtype, (size_t)rows * columns, zero_percent);
    struct ff_matrix matrix = {dtype, rows, columns, data};
    struct encoded encoded = encode(coder, &matrix, dtype, compression);
    struct ff_value value = open_value(&encoded);
    void *back = malloc(bytes);

    ck_assert_uint_eq(value.rows, rows);
    ck_assert_uint_eq(value.columns, columns);
    ck_assert_int_eq(value.dtype, dtype);
    must(store_ctx, ff_value_decode(coder, &value, dtype, VALUE_NAME, back));
    ck_assert_mem_eq(back, data, bytes);
    free(back);
    free(encoded.bytes);
    free(data);
}

START_TEST(every_codec_type_and_shape_is_read_back)
{
    const enum ff_dtype dtypes[] = {FF_F32, FF_BF16, FF_U8, FF_U16};
    struct ff_coder *coder;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    for (size_t c = 0; c < 4; c++) {
        for (size_t d = 0; d < 4; d++) {
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
                if (value_compressions[c].level == 19 && shapes[s].rows * shapes[s].columns > 10000)
                    continue; /* slow, and no other path */
                round_trip(coder, dtypes[d], shapes[s].rows, shapes[s].columns,
                           &value_compressions[c], 10);
                round_trip(coder, dtypes[d], shapes[s].rows, shapes[s].columns,
                           &value_compressions[c], 80);
            }
        }
    }
    ff_coder_free(coder);
}
END_TEST

/* Rounds by the definition: of the two neighbours the nearer, of two as near the even one. */
static float nearest_bf16(float x)
{
    uint32_t bits, low, high;
    float below, above;

    if (isnan(x) || isinf(x))
        return x;
    memcpy(&bits, &x, 4);
    low = bits & 0xffff0000;
    high = low + 0x10000;
    memcpy(&below, &low, 4);
    memcpy(&above, &high, 4);
    if (isinf(above))
        return bits - low < 0x8000 ? below : above; /* as if the exponent had no end */
    if (fabs((double)x - below) != fabs((double)above - x))
        return fabs((double)x - below) < fabs((double)above - x) ? below : above;
    return low >> 16 & 1 ? above : below;
}

START_TEST(f32_stored_as_bf16_is_rounded_to_nearest_even)
{
    enum { COUNT = 200000 };
    float *data = malloc(COUNT * sizeof *data), *back = malloc(COUNT * sizeof *back);
    const struct ff_matrix matrix = {FF_F32, 1, COUNT, data};
    const uint32_t special[] = {0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000,
                                0x7f800001, 0xffffffff, 0x7f7fffff, 0x3f808000, 0x3f818000,
                                0x3f807fff, 0x3f808001, 0x00000001, 0x0000ffff, 0x007fffff};
    struct store_random random = {42};
    struct ff_coder *coder;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    for (size_t i = 0; i < COUNT; i++) {
        uint32_t bits = (uint32_t)store_random_next(&random);

        if (i < sizeof special / sizeof *special)
            bits = special[i];
        else if (i % 4 == 0)
            bits = (bits & 0xffff0000) | 0x8000; /* ties */
        memcpy(&data[i], &bits, 4);
    }
    for (size_t c = 0; c < 2; c++) {
        struct encoded encoded = encode(coder, &matrix, FF_BF16, &value_compressions[c]);
        struct ff_value value = open_value(&encoded);

        must(store_ctx, ff_value_decode(coder, &value, FF_F32, VALUE_NAME, back));
        for (size_t i = 0; i < COUNT; i++) {
            float wanted = nearest_bf16(data[i]);

            if (isnan(wanted))
                ck_assert(isnan(back[i]));
            else
                ck_assert_mem_eq(&back[i], &wanted, 4);
        }
        free(encoded.bytes);
    }
    ff_coder_free(coder);
    free(back);
    free(data);
}
END_TEST

START_TEST(bf16_widens_in_place_for_every_small_count)
{
    float data[70], back[70];
    struct ff_coder *coder;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    for (uint32_t n = 1; n <= 70; n++) {
        const struct ff_matrix matrix = {FF_F32, n, 1, data};
        struct encoded encoded;
        struct ff_value value;

        for (uint32_t i = 0; i < n; i++)
            data[i] = i % 3 ? 0 : (float)i / 4; /* compresses from a few on; exact in bf16 */
        encoded = encode(coder, &matrix, FF_BF16, &value_compressions[1]);
        value = open_value(&encoded);
        must(store_ctx, ff_value_decode(coder, &value, FF_F32, VALUE_NAME, back));
        ck_assert_mem_eq(back, data, n * sizeof *data);
        free(encoded.bytes);
    }
    ff_coder_free(coder);
}
END_TEST

START_TEST(dense_data_is_shuffled_and_sparse_or_random_data_is_not)
{
    enum { COUNT = 50000 };
    float *data = malloc(COUNT * sizeof *data);
    const struct ff_matrix matrix = {FF_F32, 1, COUNT, data};
    const struct ff_matrix noise = {FF_U8, 1, COUNT, data};
    struct store_random random = {3};
    struct ff_coder *coder;
    struct encoded encoded;
    struct ff_value value;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    store_fill(data, COUNT, 0, 1);
    encoded = encode(coder, &matrix, FF_F32, &value_compressions[1]);
    value = open_value(&encoded);
    ck_assert(value.codec == FF_CODEC_ZSTD && value.shuffled);
    free(encoded.bytes);

    store_fill(data, COUNT, 80, 1);
    encoded = encode(coder, &matrix, FF_F32, &value_compressions[1]);
    value = open_value(&encoded);
    ck_assert(value.codec == FF_CODEC_ZSTD && !value.shuffled);
    ck_assert_uint_lt(value.stored_bytes, value.raw_bytes / 3);
    free(encoded.bytes);

    for (size_t i = 0; i < COUNT; i++) {
        uint32_t bits = (uint32_t)store_random_next(&random);

        memcpy(&data[i], &bits, 4);
    }
    encoded = encode(coder, &noise, FF_U8, &value_compressions[2]);
    value = open_value(&encoded);
    ck_assert(value.codec == FF_CODEC_NONE && value.stored_bytes == COUNT);
    free(encoded.bytes);
    ff_coder_free(coder);
    free(data);
}
END_TEST

START_TEST(the_same_matrix_gives_the_same_bytes_whatever_came_before)
{
    enum { COUNT = 200000 };
    float *data = malloc(COUNT * sizeof *data);
    const struct ff_matrix matrix = {FF_F32, 2, COUNT / 2, data};
    const struct ff_matrix other = {FF_U8, 1, COUNT, data};
    struct ff_coder *fresh, *used;
    struct encoded a, b, c;

    must(store_ctx, ff_coder_new(store_ctx, &fresh));
    must(store_ctx, ff_coder_new(store_ctx, &used));
    store_fill(data, COUNT, 20, 1);
    c = encode(used, &other, FF_U8, &value_compressions[2]);
    a = encode(fresh, &matrix, FF_BF16, &value_compressions[1]);
    b = encode(used, &matrix, FF_BF16, &value_compressions[1]);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.bytes, b.bytes, a.size);
    free(a.bytes);
    free(b.bytes);
    free(c.bytes);
    ff_coder_free(fresh);
    ff_coder_free(used);
    free(data);
}
END_TEST

START_TEST(only_raw_aligned_values_are_read_in_place)
{
    _Alignas(64) static uint8_t space[FF_VALUE_HEADER + 64];
    const float data[4] = {1, 2, 3, 4};
    const struct ff_matrix matrix = {FF_F32, 2, 2, data};
    struct ff_coder *coder;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    for (size_t shift = 0; shift < 8; shift++) {
        struct ff_value value;
        float back[4];
        size_t size;

        must(store_ctx, ff_value_encode(coder, value_key, &matrix, FF_F32, &value_compressions[0],
                                        space + shift, &size));
        must(store_ctx, ff_value_open(store_ctx, value_key, (struct ff_bytes){space + shift, size},
                                      true, VALUE_NAME, &value));
        ck_assert_int_eq(ff_value_in_place(&value, FF_F32), shift % 4 == 0);
        ck_assert(!ff_value_in_place(&value, FF_BF16));
        must(store_ctx, ff_value_decode(coder, &value, FF_F32, VALUE_NAME, back));
        ck_assert_mem_eq(back, data, sizeof data);
    }
    ff_coder_free(coder);
}
END_TEST

START_TEST(requests_that_make_no_sense_are_refused)
{
    const float data[4] = {0};
    const struct {
        struct ff_matrix matrix;
        enum ff_dtype stored;
        struct ff_compression compression;
    } bad[] = {
        {{FF_F32, 0, 4, data}, FF_F32, {FF_CODEC_NONE, 0}},
        {{FF_F32, 4, 0, data}, FF_F32, {FF_CODEC_NONE, 0}},
        {{FF_F32, 65536, 65536, data}, FF_F32, {FF_CODEC_NONE, 0}},
        {{FF_F32, UINT32_MAX, UINT32_MAX, data}, FF_F32, {FF_CODEC_NONE, 0}},
        {{(enum ff_dtype)9, 1, 1, data}, (enum ff_dtype)9, {FF_CODEC_NONE, 0}},
        {{FF_BF16, 1, 1, data}, FF_F32, {FF_CODEC_NONE, 0}},
        {{FF_U8, 1, 1, data}, FF_U16, {FF_CODEC_NONE, 0}},
        {{FF_SCALED_U8, 1, 1, data}, FF_F32, {FF_CODEC_NONE, 0}},
        {{FF_F32, 1, 1, data}, FF_F32, {FF_CODEC_ZSTD, 0}},
        {{FF_F32, 1, 1, data}, FF_F32, {FF_CODEC_ZSTD, 20}},
        {{FF_F32, 1, 1, data}, FF_F32, {(enum ff_codec)7, 1}},
    };
    uint8_t out[256];
    struct ff_coder *coder;
    struct ff_value value;
    struct encoded encoded;
    const struct ff_matrix good = {FF_U8, 1, 4, data};
    size_t size;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        must_be(store_ctx, FF_EINVAL,
                ff_value_encode(coder, value_key, &bad[i].matrix, bad[i].stored,
                                &bad[i].compression, out, &size));
    ck_assert_uint_eq(ff_value_bound(FF_F32, UINT32_MAX, UINT32_MAX, &value_compressions[0]), 0);
    encoded = encode(coder, &good, FF_U8, &value_compressions[0]);
    value = open_value(&encoded);
    must_be(store_ctx, FF_EINVAL, ff_value_decode(coder, &value, FF_F32, VALUE_NAME, out));
    free(encoded.bytes);
    ff_coder_free(coder);
}
END_TEST

START_TEST(coding_takes_memory_for_a_block_however_large_the_value)
{
    enum { COUNT = 8 << 20 }; /* 32 MiB */
    const size_t bound = (size_t)4 << 20;
    float *data = malloc(COUNT * sizeof *data);
    const struct ff_matrix matrix = {FF_F32, 1024, COUNT / 1024, data};
    struct ff_memory memory;
    struct ff_coder *coder;
    struct encoded encoded;
    struct ff_value value;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    store_fill(data, COUNT, 10, 1);
    encoded = encode(coder, &matrix, FF_F32, &value_compressions[2]);
    value = open_value(&encoded);
    ck_assert(value.shuffled);
    must(store_ctx, ff_value_decode(coder, &value, FF_F32, VALUE_NAME, data));
    ff_memory_read(store_ctx, &memory);
    ck_assert_uint_le(memory.accounted_peak_bytes, bound);
    free(encoded.bytes);
    ff_coder_free(coder);
    free(data);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    float data[1000], back[1000], whole[1000];
    const struct ff_matrix matrix = {FF_F32, 10, 100, data};
    int rc = FF_ENOMEM;
    struct encoded encoded;
    struct ff_coder *coder;
    struct ff_value value;

    store_fill(data, 1000, 10, 1);
    for (int64_t n = 0; rc != FF_OK; n++) {
        uint8_t out[FF_VALUE_HEADER + sizeof data];
        size_t size;

        fail_allocation(n);
        rc = ff_coder_new(store_ctx, &coder);
        if (rc == FF_OK)
            rc = ff_value_encode(coder, value_key, &matrix, value_ways[_i].stored,
                                 &value_ways[_i].compression, out, &size);
        if (rc == FF_OK)
            rc = ff_value_open(store_ctx, value_key, (struct ff_bytes){out, size}, true, VALUE_NAME,
                               &value);
        if (rc == FF_OK)
            rc = ff_value_decode(coder, &value, FF_F32, VALUE_NAME, back);
        fail_allocation(-1);
        ff_coder_free(coder);
        ck_assert(rc == FF_OK || rc == FF_ENOMEM);
        ck_assert_int_lt(n, 20);
    }
    must(store_ctx, ff_coder_new(store_ctx, &coder));
    encoded = encode(coder, &matrix, value_ways[_i].stored, &value_compressions[0]);
    value = open_value(&encoded);
    must(store_ctx, ff_value_decode(coder, &value, FF_F32, VALUE_NAME, whole));
    ck_assert_mem_eq(whole, back, sizeof back);
    free(encoded.bytes);
    ff_coder_free(coder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: values");
    TCase *tc = tcase_create("values");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_test(tc, every_codec_type_and_shape_is_read_back);
    tcase_add_test(tc, f32_stored_as_bf16_is_rounded_to_nearest_even);
    tcase_add_test(tc, bf16_widens_in_place_for_every_small_count);
    tcase_add_test(tc, dense_data_is_shuffled_and_sparse_or_random_data_is_not);
    tcase_add_test(tc, the_same_matrix_gives_the_same_bytes_whatever_came_before);
    tcase_add_test(tc, only_raw_aligned_values_are_read_in_place);
    tcase_add_test(tc, requests_that_make_no_sense_are_refused);
    tcase_add_test(tc, coding_takes_memory_for_a_block_however_large_the_value);
    tcase_add_loop_test(tc, any_allocation_may_fail, 0, VALUE_WAYS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
