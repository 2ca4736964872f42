#include "support/value_fixture.h"

#include <stdlib.h>

const struct ff_bytes value_key = {"a key", 5};

const struct ff_compression value_compressions[4] = {
    {FF_CODEC_NONE, 0}, {FF_CODEC_ZSTD, 1}, {FF_CODEC_ZSTD, 3}, {FF_CODEC_ZSTD, 19}};

const struct value_way value_ways[VALUE_WAYS] = {
    {FF_F32, {FF_CODEC_NONE, 0}},       {FF_F32, {FF_CODEC_ZSTD, 1}},
    {FF_BF16, {FF_CODEC_NONE, 0}},      {FF_BF16, {FF_CODEC_ZSTD, 1}},
    {FF_SCALED_U8, {FF_CODEC_NONE, 0}}, {FF_SCALED_U8, {FF_CODEC_ZSTD, 1}}};

struct encoded encode(struct ff_coder *coder, const struct ff_matrix *matrix, enum ff_dtype stored,
                      const struct ff_compression *compression)
{
    size_t bound = ff_value_bound(stored, matrix->rows, matrix->columns, compression);
    struct encoded out = {malloc(bound), 0};

    ck_assert_ptr_nonnull(out.bytes);
    must(store_ctx,
         ff_value_encode(coder, value_key, matrix, stored, compression, out.bytes, &out.size));
    ck_assert_uint_le(out.size, bound);
    if (compression->codec == FF_CODEC_NONE)
        ck_assert_uint_eq(out.size, bound);
    return out;
}

struct ff_value open_value(const struct encoded *encoded)
{
    struct ff_value value;

    must(store_ctx,
         ff_value_open(store_ctx, value_key, (struct ff_bytes){encoded->bytes, encoded->size}, true,
                       VALUE_NAME, &value));
    return value;
}
