/* Rows stored as bytes and a scale: close to what they were, as value.h promises, and never finite
 * where they were not. */
#include "store/value.h"

#include "fixtures/store_fixture.h"
#include "store/bytes.h"
#include "support/suite.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAME "boundary 1, chunk 2"
#define STEPS 255
#define TIE 1e-4 /* of a step: so near to the middle of two it may be either */

static const struct ff_bytes key = {"a key", 5};
static const struct ff_compression compressions[] = {
    {FF_CODEC_NONE, 0}, {FF_CODEC_ZSTD, 1}, {FF_CODEC_ZSTD, 3}};
#define COMPRESSIONS ((int)(sizeof compressions / sizeof *compressions))

/* One element, rows of one, both sides of a vector and of a block of 131,072 bytes; rows that do
 * not fill a block, that just do, and that are larger. */
static const struct {
    uint32_t rows, columns;
} shapes[] = {{1, 1},     {1, 31},     {33, 1},     {70000, 1},    {5, 3},
              {3, 64},    {257, 1025}, {1, 131068}, {3, 131068},   {3, 131072},
              {2, 70000}, {1024, 124}, {1025, 124}, {1, 1u << 20}, {128, 1000}};

static struct ff_coder *coder;

static void setup(void)
{
    store_setup();
    must(store_ctx, ff_coder_new(store_ctx, &coder));
}

static void teardown(void)
{
    ff_coder_free(coder);
    store_teardown();
}

/* Rectified activations: a row of zeros, then rows of very different sizes. */
static float *make_rows(uint32_t rows, uint32_t columns, unsigned zero_percent)
{
    float *out = malloc((size_t)rows * columns * sizeof *out);

    ck_assert_ptr_nonnull(out);
    store_fill(out, (size_t)rows * columns, zero_percent, columns);
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t j = 0; j < columns; j++) {
            float *x = &out[(size_t)row * columns + j];

            *x = rows > 1 && row == 0 ? 0 : ldexpf(fabsf(*x), (int)(row % 60) - 30);
        }
    }
    return out;
}

struct encoded {
    uint8_t *bytes;
    size_t size;
    struct ff_value value;
};

static struct encoded encode(const float *data, uint32_t rows, uint32_t columns,
                             const struct ff_compression *compression)
{
    const struct ff_matrix matrix = {FF_F32, rows, columns, data};
    size_t bound = ff_value_bound(FF_SCALED_U8, rows, columns, compression);
    struct encoded out = {.bytes = malloc(bound)};

    ck_assert_ptr_nonnull(out.bytes);
    ck_assert_uint_eq(bound, FF_VALUE_HEADER + (size_t)rows * (FF_SCALE_BYTES + columns));
    must(store_ctx,
         ff_value_encode(coder, key, &matrix, FF_SCALED_U8, compression, out.bytes, &out.size));
    ck_assert_uint_le(out.size, bound);
    must(store_ctx, ff_value_open(store_ctx, key, (struct ff_bytes){out.bytes, out.size}, true,
                                  NAME, &out.value));
    return out;
}

/* Encodes and decodes in place, into room of just that size. */
static void there_and_back(float *data, uint32_t rows, uint32_t columns,
                           const struct ff_compression *compression)
{
    struct encoded encoded = encode(data, rows, columns, compression);

    memset(data, 0xff, (size_t)rows * columns * sizeof *data);
    must(store_ctx, ff_value_decode(coder, &encoded.value, FF_F32, NAME, data));
    free(encoded.bytes);
}

/* The first element of ROW that has not come BACK as the definition has it, in double; COLUMNS if
 * all have. */
static uint32_t first_wrong(const float *row, const float *back, uint32_t columns)
{
    float largest = 0, scale;

    for (uint32_t j = 0; j < columns; j++)
        largest = row[j] > largest ? row[j] : largest;
    scale = (float)((double)largest / STEPS);
    for (uint32_t j = 0; j < columns; j++) {
        double steps = scale > 0 ? (double)row[j] / (double)scale : 0;
        float low = (float)(nearbyint(steps - TIE) * (double)scale);
        float high = (float)(nearbyint(steps + TIE) * (double)scale);
        bool near = fabs((double)back[j] - (double)row[j]) <= (0.5 + TIE) * (double)scale;

        if (!near || (back[j] != low && back[j] != high) || (row[j] == 0 && back[j] != 0))
            return j;
    }
    return columns;
}

static void check_rows(const float *rows, const float *back, uint32_t n, uint32_t columns)
{
    for (uint32_t row = 0; row < n; row++) {
        const float *x = rows + (size_t)row * columns, *y = back + (size_t)row * columns;
        uint32_t at = first_wrong(x, y, columns);

        if (at < columns)
            ck_abort_msg("%u x %u: (%u, %u): %.9g came back as %.9g", n, columns, row, at,
                         (double)x[at], (double)y[at]);
    }
}

START_TEST(elements_are_within_half_a_step)
{
    static const unsigned zero_percent[] = {0, 50, 99};

    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (size_t z = 0; z < 3; z++) {
            uint32_t rows = shapes[s].rows, columns = shapes[s].columns;
            float *data = make_rows(rows, columns, zero_percent[z]);
            float *back = make_rows(rows, columns, zero_percent[z]);

            there_and_back(back, rows, columns, &compressions[_i]);
            check_rows(data, back, rows, columns);
            free(data);
            free(back);
        }
    }
}
END_TEST

/* Nothing finite overflows; what is too small for a scale becomes 0. */
START_TEST(rows_of_every_size)
{
    enum { COLUMNS = 40 };

    for (int exponent = -149; exponent < 128; exponent++) {
        for (unsigned ulps = 0; ulps < 20; ulps++) {
            float row[COLUMNS], back[COLUMNS], top = ldexpf(2 - FLT_EPSILON, exponent);

            for (unsigned i = 0; i < ulps; i++)
                top = nextafterf(top, 0);
            for (int j = 0; j < COLUMNS; j++)
                row[j] = top / COLUMNS * (float)(j + 1);
            row[COLUMNS - 1] = top;
            memcpy(back, row, sizeof back);
            there_and_back(back, 1, COLUMNS, &compressions[0]);
            if (top / STEPS >= FLT_MIN)
                check_rows(row, back, 1, COLUMNS);
            ck_assert(back[COLUMNS - 1] <= FLT_MAX);
            ck_assert(top / STEPS >= FLT_MIN || back[COLUMNS - 1] == 0);
        }
    }
}
END_TEST

/* A row that holds it at any place comes back as NaNs; its neighbours are as they were. */
START_TEST(values_that_are_not_finite_stay_so)
{
    enum { ROWS = 3, COLUMNS = 70 };
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    float *clean = make_rows(ROWS, COLUMNS, 40);

    there_and_back(clean, ROWS, COLUMNS, &compressions[0]);
    for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
        for (uint32_t at = 0; at < COLUMNS; at++) {
            float *data = make_rows(ROWS, COLUMNS, 40);

            data[COLUMNS + at] = bad[b];
            there_and_back(data, ROWS, COLUMNS, &compressions[_i]);
            for (uint32_t j = 0; j < COLUMNS; j++)
                ck_assert(isnan(data[COLUMNS + j]));
            ck_assert_mem_eq(data, clean, COLUMNS * sizeof *data);
            ck_assert_mem_eq(data + 2 * COLUMNS, clean + 2 * COLUMNS, COLUMNS * sizeof *data);
            free(data);
        }
    }
    free(clean);
}
END_TEST

START_TEST(negative_values_become_zero)
{
    float rows[][6] = {{-1, 2, -0.f, 0, -FLT_MAX, 1}, {-1, -2, -3, -FLT_MIN, -0.f, -4}};

    there_and_back(rows[0], 2, 6, &compressions[0]);
    for (int j = 0; j < 6; j++) {
        ck_assert(rows[0][j] >= 0 && !signbit(rows[0][j]));
        ck_assert(rows[1][j] == 0 && !signbit(rows[1][j]));
    }
    ck_assert_float_eq(rows[0][1], 2);
    ck_assert_float_eq_tol(rows[0][5], 1, 1.f / STEPS);
}
END_TEST

/* The bits are those of the format, on every machine: scale, then bytes. */
START_TEST(the_payload_is_as_documented)
{
    const float rows[][4] = {{510, 0, 3, 5}, {0, 0, 0, 0}};
    const uint8_t expected[] = {0, 0, 0, 0x40, 255, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0};
    struct encoded encoded = encode(rows[0], 2, 4, &compressions[0]);

    ck_assert_uint_eq(encoded.value.raw_bytes, sizeof expected);
    ck_assert_mem_eq(encoded.value.payload, expected, sizeof expected); /* 1.5 and 2.5 become 2 */
    free(encoded.bytes);
}
END_TEST

START_TEST(encoded_rows_are_stored_as_they_are)
{
    enum { ROWS = 300, COLUMNS = 1000 }; /* more than a block */
    float *data = calloc(ROWS * COLUMNS, sizeof *data);

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
        data[i] = (float)(i % 7 == 0 ? i % 1009 : 0);
    for (size_t c = 0; c < sizeof compressions / sizeof *compressions; c++) {
        struct encoded want = encode(data, ROWS, COLUMNS, &compressions[c]);
        struct encoded raw = encode(data, ROWS, COLUMNS, &compressions[0]);
        const struct ff_matrix rows = {FF_SCALED_U8, ROWS, COLUMNS, raw.value.payload};
        uint8_t *out = malloc(ff_value_bound(FF_SCALED_U8, ROWS, COLUMNS, &compressions[c]));
        size_t size;

        ck_assert_ptr_nonnull(out);
        must(store_ctx,
             ff_value_encode(coder, key, &rows, FF_SCALED_U8, &compressions[c], out, &size));
        ck_assert_uint_eq(size, want.size);
        ck_assert_mem_eq(out, want.bytes, size);
        free(out);
        free(raw.bytes);
        free(want.bytes);
    }
    free(data);
}
END_TEST

START_TEST(it_holds_nothing_but_f32)
{
    const uint8_t bytes[4] = {1, 2, 3, 4};
    const enum ff_dtype others[] = {FF_BF16, FF_U8, FF_U16, FF_SCALED_U8};
    const float data[4] = {1, 2, 3, 4};
    struct encoded encoded = encode(data, 1, 4, &compressions[0]);
    uint8_t out[64];
    size_t size;

    for (size_t i = 0; i < 4; i++) {
        const struct ff_matrix matrix = {others[i], 1, 2, bytes};

        if (others[i] != FF_SCALED_U8)
            must_be(
                store_ctx, FF_EINVAL,
                ff_value_encode(coder, key, &matrix, FF_SCALED_U8, &compressions[0], out, &size));
        must_be(store_ctx, FF_EINVAL, ff_value_decode(coder, &encoded.value, others[i], NAME, out));
        ck_assert(!ff_value_in_place(&encoded.value, others[i]) || others[i] == FF_SCALED_U8);
    }
    ck_assert(!ff_value_in_place(&encoded.value, FF_F32));
    ck_assert_uint_eq(ff_value_bound(FF_SCALED_U8, 5, 0, &compressions[0]), 0);
    ck_assert_uint_eq(ff_value_bound(FF_SCALED_U8, 0, 5, &compressions[0]), 0);
    ck_assert_uint_eq(ff_value_bound(FF_SCALED_U8, UINT32_MAX, UINT32_MAX, &compressions[0]), 0);
    free(encoded.bytes);
}
END_TEST

/* Where they are in the header; value.h has the table. */
enum { AT_FLAGS = 6, AT_ROWS = 8, AT_COLUMNS = 12, AT_RAW_BYTES = 16, AT_STORED_BYTES = 24 };

/* Opens SIZE bytes with the hash not looked at. */
static int open_unverified(const uint8_t *bytes, size_t size, struct ff_value *out)
{
    return ff_value_open(store_ctx, key, (struct ff_bytes){bytes, size}, false, NAME, out);
}

START_TEST(headers_of_other_sizes_are_refused)
{
    enum { ROWS = 6, COLUMNS = 10 };
    static const struct {
        uint32_t rows, columns;
        uint64_t raw_bytes;
    } headers[] = {
        {ROWS, COLUMNS, ROWS * COLUMNS}, /* no scales */
        {ROWS, COLUMNS, ROWS * COLUMNS * 4},
        {ROWS, COLUMNS + 1, ROWS * (COLUMNS + 4)},
        {ROWS + 1, COLUMNS, ROWS * (COLUMNS + 4)},
        {ROWS * (COLUMNS + 4) / 4, 0, ROWS * (COLUMNS + 4)}, /* nothing but scales */
        {0, COLUMNS, 0},
        {1u << 31, UINT32_MAX - 3, 0}, /* 2^63: too many */
        {1u << 31, UINT32_MAX - 3, (uint64_t)1 << 63},
        {UINT32_MAX, UINT32_MAX, UINT64_MAX},
        {1, 1u << 30, (1u << 30) + 4}, /* over FF_VALUE_MAX_BYTES */
    };
    float *data = make_rows(ROWS, COLUMNS, 50);
    struct encoded encoded = encode(data, ROWS, COLUMNS, &compressions[0]);
    struct ff_value value;

    must(store_ctx, open_unverified(encoded.bytes, encoded.size, &value));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        ff_put_le32(encoded.bytes + AT_ROWS, headers[i].rows);
        ff_put_le32(encoded.bytes + AT_COLUMNS, headers[i].columns);
        ff_put_le64(encoded.bytes + AT_RAW_BYTES, headers[i].raw_bytes);
        must_be(store_ctx, FF_ECORRUPT, open_unverified(encoded.bytes, encoded.size, &value));
    }
    free(encoded.bytes);
    encoded = encode(data, ROWS, COLUMNS, &compressions[1]);
    encoded.bytes[AT_FLAGS] = 1; /* shuffled */
    must_be(store_ctx, FF_ECORRUPT, open_unverified(encoded.bytes, encoded.size, &value));
    free(encoded.bytes);
    free(data);
}
END_TEST

/* Two blocks of zeros are the same frame twice. Of a payload with one of them, or three, with half
 * of one, or with one that holds more or less than a block, nothing is used. */
START_TEST(frames_that_are_not_the_blocks_are_refused)
{
    enum { COLUMNS = 100000, BLOCK = FF_SCALE_BYTES + COLUMNS };
    float *data = calloc(3, COLUMNS * sizeof *data), *back = malloc(2 * COLUMNS * sizeof *back);
    struct encoded two = encode(data, 2, COLUMNS, &compressions[1]);
    struct encoded narrower = encode(data, 2, COLUMNS - 1, &compressions[1]);
    struct encoded wider = encode(data, 2, COLUMNS + 1, &compressions[1]);
    size_t frame = two.value.stored_bytes / 2;
    const struct {
        const struct encoded *from;
        size_t bytes;
        bool fits;
    } payloads[] = {{&two, 2 * frame, true},
                    {&two, frame, false},
                    {&two, 3 * frame, false},
                    {&two, frame + frame / 2, false},
                    {&two, 1, false},
                    {&narrower, narrower.value.stored_bytes, false},
                    {&wider, wider.value.stored_bytes, false}};
    uint8_t *bytes = calloc(1, FF_VALUE_HEADER + 3 * frame + wider.size);

    ck_assert(memcmp(two.value.payload, (const uint8_t *)two.value.payload + frame, frame) == 0);
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct ff_value value;

        memcpy(bytes, two.bytes, FF_VALUE_HEADER);
        for (size_t j = 0; j < 3; j++)
            memcpy(bytes + FF_VALUE_HEADER + j * frame, two.value.payload, frame);
        if (payloads[i].from != &two)
            memcpy(bytes + FF_VALUE_HEADER, payloads[i].from->value.payload, payloads[i].bytes);
        ff_put_le64(bytes + AT_STORED_BYTES, payloads[i].bytes);
        must(store_ctx, open_unverified(bytes, FF_VALUE_HEADER + payloads[i].bytes, &value));
        must_be(store_ctx, payloads[i].fits ? FF_OK : FF_ECORRUPT,
                ff_value_decode(coder, &value, FF_F32, NAME, back));
        ck_assert(payloads[i].fits || strstr(ff_ctx_message(store_ctx), NAME) != NULL);
    }
    free(bytes);
    free(two.bytes);
    free(narrower.bytes);
    free(wider.bytes);
    free(back);
    free(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: rows with a scale");
    TCase *tc = tcase_create("scaled");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, elements_are_within_half_a_step, 0, COMPRESSIONS);
    tcase_add_test(tc, rows_of_every_size);
    tcase_add_loop_test(tc, values_that_are_not_finite_stay_so, 0, COMPRESSIONS);
    tcase_add_test(tc, negative_values_become_zero);
    tcase_add_test(tc, the_payload_is_as_documented);
    tcase_add_test(tc, encoded_rows_are_stored_as_they_are);
    tcase_add_test(tc, it_holds_nothing_but_f32);
    tcase_add_test(tc, headers_of_other_sizes_are_refused);
    tcase_add_test(tc, frames_that_are_not_the_blocks_are_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
