#include "support/model_file_fixture.h"

#include <string.h>

struct ff_model_file *model_open(enum ff_model_mode mode)
{
    struct ff_model_file *file;

    must(store_ctx, ff_model_file_open(store_ctx, store_path("m.ff"), mode, &file));
    return file;
}

void model_fill_tile(const struct ff_tile_key *key, float out[MODEL_ROWS * MODEL_COLUMNS])
{
    store_fill(out, MODEL_ROWS * MODEL_COLUMNS, 0,
               key->layer * 1000 + key->generation * 100 + key->tile + (uint64_t)key->kind);
}

int model_put_tile(struct ff_model_file *file, const struct ff_tile_key *key)
{
    float data[MODEL_ROWS * MODEL_COLUMNS];
    const struct ff_matrix matrix = {FF_F32, MODEL_ROWS, MODEL_COLUMNS, data};

    model_fill_tile(key, data);
    return ff_model_file_put(file, key, &matrix);
}

void model_checkpoint(struct ff_model_file *file, uint32_t layer, uint64_t generation,
                      const char *manifest)
{
    for (uint32_t tile = 0; tile < MODEL_TILES; tile++) {
        struct ff_tile_key key = {'W', layer, generation, 0, tile};

        must(store_ctx, model_put_tile(file, &key));
        key.kind = 'O';
        must(store_ctx, model_put_tile(file, &key));
    }
    must(store_ctx, ff_model_file_flip(file, manifest));
    must(store_ctx, ff_model_file_publish(file));
}

void model_must_have_tile(struct ff_model_file *file, const struct ff_tile_key *key)
{
    float data[MODEL_ROWS * MODEL_COLUMNS], wanted[MODEL_ROWS * MODEL_COLUMNS];

    model_fill_tile(key, wanted);
    must(store_ctx, ff_model_file_get(file, key, MODEL_ROWS, MODEL_COLUMNS, data));
    ck_assert_mem_eq(data, wanted, sizeof data);
}

void model_must_lack_tile(struct ff_model_file *file, const struct ff_tile_key *key)
{
    float data[MODEL_ROWS * MODEL_COLUMNS];

    must_be(store_ctx, FF_ECORRUPT, ff_model_file_get(file, key, MODEL_ROWS, MODEL_COLUMNS, data));
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(store_ctx), "missing"));
}

void model_must_say(struct ff_model_file *file, const char *manifest)
{
    size_t size;
    char *text;

    must(store_ctx, ff_model_file_manifest(file, &text, &size));
    ck_assert_str_eq(text, manifest);
    ck_assert_uint_eq(size, strlen(manifest) + 1);
    ff_free(store_ctx, FF_MEM_OTHER, text, size);
}

void model_must_not_open(int status, enum ff_model_mode mode)
{
    struct ff_model_file *file;

    must_be(store_ctx, status, ff_model_file_open(store_ctx, store_path("m.ff"), mode, &file));
    ck_assert_ptr_null(file);
}
