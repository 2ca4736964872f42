/* Damage to a stored value does not go unseen, and unverified it does no harm. */
#include "fixtures/value_fixture.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

/* Fails unless the bytes are refused, by name, when verified. */
static void must_be_damaged(struct ff_bytes under, const uint8_t *bytes, size_t size)
{
    struct ff_value value;

    must_be(
        store_ctx, FF_ECORRUPT,
        ff_value_open(store_ctx, under, (struct ff_bytes){bytes, size}, true, VALUE_NAME, &value));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), VALUE_NAME));
}

START_TEST(every_flipped_bit_is_detected_and_named)
{
    float data[600] = {0};
    const struct ff_matrix matrix = {FF_F32, 20, 30, data};
    struct encoded encoded;
    struct ff_coder *coder;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    store_fill(data, 600, 50, 1);
    encoded = encode(coder, &matrix, value_ways[_i].stored, &value_ways[_i].compression);
    for (size_t bit = 0; bit < encoded.size * 8; bit++) {
        encoded.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        must_be_damaged(value_key, encoded.bytes, encoded.size);
        encoded.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    open_value(&encoded);
    free(encoded.bytes);
    ff_coder_free(coder);
}
END_TEST

START_TEST(a_value_under_another_key_is_detected)
{
    const char *const others[] = {"b key", "a ke", "a keya", "a kex"};
    const uint8_t data[3] = {1, 2, 3};
    const struct ff_matrix matrix = {FF_U8, 1, 3, data};
    struct encoded encoded;
    struct ff_coder *coder;
    char long_key[500];

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    encoded = encode(coder, &matrix, FF_U8, &value_compressions[0]);
    for (size_t i = 0; i < 4; i++)
        must_be_damaged((struct ff_bytes){others[i], strlen(others[i])}, encoded.bytes,
                        encoded.size);
    memset(long_key, 'k', sizeof long_key); /* a foreign file has longer keys than ours */
    must_be_damaged((struct ff_bytes){long_key, sizeof long_key}, encoded.bytes, encoded.size);
    free(encoded.bytes);
    ff_coder_free(coder);
}
END_TEST

START_TEST(a_value_cut_or_extended_at_any_length_is_detected)
{
    float data[300];
    const struct ff_matrix matrix = {FF_F32, 30, 10, data};
    struct encoded encoded;
    struct ff_coder *coder;
    uint8_t *longer;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    store_fill(data, 300, 60, 1);
    encoded = encode(coder, &matrix, value_ways[_i].stored, &value_ways[_i].compression);
    for (size_t size = 0; size < encoded.size; size++) {
        uint8_t *exact = malloc(size + 1); /* so that a sanitizer sees a step over the end */

        memcpy(exact, encoded.bytes, size);
        must_be_damaged(value_key, exact, size);
        free(exact);
    }
    longer = calloc(1, encoded.size + 64);
    memcpy(longer, encoded.bytes, encoded.size);
    for (size_t more = 1; more <= 64; more++)
        must_be_damaged(value_key, longer, encoded.size + more);
    free(longer);
    free(encoded.bytes);
    ff_coder_free(coder);
}
END_TEST

/* With the hash not checked, headers and zstd frames are all that is left to trust. */
START_TEST(unverified_damage_never_reads_or_writes_out_of_bounds)
{
    float data[1000];
    const struct ff_matrix matrix = {FF_F32, 100, 10, data};
    struct store_random random = {7};
    struct encoded encoded;
    struct ff_coder *coder;
    unsigned decoded = 0;

    must(store_ctx, ff_coder_new(store_ctx, &coder));
    store_fill(data, 1000, 30, 1);
    encoded = encode(coder, &matrix, value_ways[_i].stored, &value_ways[_i].compression);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *bytes = malloc(encoded.size);
        struct ff_value value;

        memcpy(bytes, encoded.bytes, encoded.size);
        for (uint64_t n = store_random_next(&random) % 3 + 1; n > 0; n--) {
            size_t range = store_random_next(&random) % 2 ? FF_VALUE_HEADER : encoded.size;

            bytes[store_random_next(&random) % range] = (uint8_t)store_random_next(&random);
        }
        if (ff_value_open(store_ctx, value_key, (struct ff_bytes){bytes, encoded.size}, false,
                          VALUE_NAME, &value) == FF_OK) {
            ck_assert_uint_le(value.raw_bytes, FF_VALUE_MAX_BYTES);
            if (value.raw_bytes < 1 << 20) {
                enum ff_dtype wanted = value.dtype == FF_SCALED_U8 ? FF_F32 : value.dtype;
                void *out = malloc((size_t)value.rows * value.columns * ff_dtype_size(wanted));

                decoded += ff_value_decode(coder, &value, wanted, VALUE_NAME, out) == FF_OK;
                free(out);
            }
        }
        free(bytes);
    }
    ck_assert_uint_gt(decoded, 0);
    free(encoded.bytes);
    ff_coder_free(coder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: damaged values");
    TCase *tc = tcase_create("damaged values");

    tcase_add_checked_fixture(tc, store_setup, store_teardown);
    tcase_add_loop_test(tc, every_flipped_bit_is_detected_and_named, 0, VALUE_WAYS);
    tcase_add_test(tc, a_value_under_another_key_is_detected);
    tcase_add_loop_test(tc, a_value_cut_or_extended_at_any_length_is_detected, 0, VALUE_WAYS);
    tcase_add_loop_test(tc, unverified_damage_never_reads_or_writes_out_of_bounds, 0, VALUE_WAYS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
