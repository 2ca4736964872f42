/* A stored value behind its header. The first byte picks the type it is decoded as. */
#include "fuzz/fuzz.h"
#include "store/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ELEMENTS                                                           \
    ((size_t)1 << 20) /* of a value that is decoded: a few bytes may claim many \
                       */

const size_t fuzz_replay_inputs = 10000;

static const struct ff_bytes key = {"W", 1};
static const enum ff_dtype dtypes[] = {FF_F32, FF_BF16, FF_U8, FF_U16};

static size_t elements_of(const struct ff_value *value)
{
    return (size_t)value->rows * value->columns;
}

/* A NaN may lose its payload where it is narrowed. */
static void check_same(enum ff_dtype dtype, size_t elements, const void *a, const void *b)
{
    const float *x = a, *y = b;

    if (dtype != FF_F32) {
        FUZZ_CHECK(memcmp(a, b, elements * ff_dtype_size(dtype)) == 0);
        return;
    }
    for (size_t i = 0; i < elements; i++)
        FUZZ_CHECK((isnan(x[i]) && isnan(y[i])) || memcmp(&x[i], &y[i], sizeof *x) == 0);
}

/* Encodes what was decoded from VALUE as WANTED, which gives the same again. */
static void check_round_trip(struct ff_coder *coder, struct ff_ctx *ctx,
                             const struct ff_value *value, enum ff_dtype wanted,
                             const void *decoded)
{
    const struct ff_compression compression = {value->codec, 1};
    const struct ff_matrix matrix = {wanted, value->rows, value->columns, decoded};
    size_t bound = ff_value_bound(value->dtype, value->rows, value->columns, &compression), size;
    void *stored = malloc(bound), *again = malloc(elements_of(value) * ff_dtype_size(wanted));
    struct ff_value out;

    FUZZ_CHECK(stored && again);
    FUZZ_CHECK(ff_value_encode(coder, key, &matrix, value->dtype, &compression, stored, &size) ==
               FF_OK);
    FUZZ_CHECK(size <= bound);
    FUZZ_CHECK(ff_value_open(ctx, key, (struct ff_bytes){stored, size}, true, "again", &out) ==
               FF_OK);
    FUZZ_CHECK(ff_value_decode(coder, &out, wanted, "again", again) == FF_OK);
    if (value->dtype != FF_SCALED_U8) /* which rounds */
        check_same(wanted, elements_of(value), decoded, again);
    free(stored);
    free(again);
}

static void decode(struct ff_ctx *ctx, const struct ff_value *value, enum ff_dtype wanted)
{
    void *out = malloc(elements_of(value) * ff_dtype_size(wanted));
    struct ff_coder *coder;

    FUZZ_CHECK(out != NULL);
    FUZZ_CHECK(ff_coder_new(ctx, &coder) == FF_OK);
    if (fuzz_status(ctx, ff_value_decode(coder, value, wanted, "input", out)) == FF_OK) {
        fuzz_accept();
        check_round_trip(coder, ctx, value, wanted, out);
    }
    ff_coder_free(coder);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ff_ctx *ctx = fuzz_ctx();
    struct ff_bytes stored = {data + 1, size > 0 ? size - 1 : 0};
    struct ff_value value;

    if (size > 0 &&
        fuzz_status(ctx, ff_value_open(ctx, key, stored, true, "input", &value)) == FF_OK) {
        FUZZ_CHECK(value.stored_bytes == stored.size - FF_VALUE_HEADER);
        FUZZ_CHECK(value.raw_bytes > 0 && value.raw_bytes <= FF_VALUE_MAX_BYTES);
        FUZZ_CHECK(value.raw_bytes == value.rows * ff_row_bytes(value.dtype, value.columns));
        if (elements_of(&value) <= MOST_ELEMENTS)
            decode(ctx, &value, dtypes[data[0] % (sizeof dtypes / sizeof *dtypes)]);
    }
    fuzz_ctx_free(ctx);
    return 0;
}
