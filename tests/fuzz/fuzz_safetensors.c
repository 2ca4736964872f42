/* A safetensors file, imported: a model that comes of it can be read, and exported and imported
 * again it is the same. */
#include "fuzz/fuzz.h"

#include <fftool/fftool.h>

#include <string.h>
#include <unistd.h>

const size_t fuzz_replay_inputs = 3000;

static int import(struct ff_ctx *ctx, const char *input, const char *model,
                  struct ff_import_result *result)
{
    struct ff_import_opts opts = {
        .size = sizeof opts, .input = input, .model = model, .force = true};
    int status;

    *result = (struct ff_import_result){.size = sizeof *result};
    status = fuzz_status(ctx, ff_import(ctx, &opts, result));
    if (status != FF_EINVAL)
        return status;
    opts.inputs = FF_INPUTS_FLOAT; /* it may be a network of another program */
    return fuzz_status(ctx, ff_import(ctx, &opts, result));
}

static void check_model(struct ff_ctx *ctx, const char *path, const char *hash)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    FUZZ_CHECK(ff_model_open(ctx, path, &model) == FF_OK);
    FUZZ_CHECK(ff_model_info(model, &info) == FF_OK);
    FUZZ_CHECK(info.complete && strcmp(info.weights_hash, hash) == 0);
    ff_model_close(model);
}

static void check_round_trip(struct ff_ctx *ctx, const char *model, const char *hash)
{
    const char *exported = fuzz_path("again.safetensors");
    const struct ff_export_opts opts = {
        .size = sizeof opts, .model = model, .output = exported, .force = true};
    struct ff_export_result result = {.size = sizeof result};
    struct ff_import_result again;

    FUZZ_CHECK(ff_export(ctx, &opts, &result) == FF_OK);
    FUZZ_CHECK(import(ctx, exported, fuzz_path("again.ff"), &again) == FF_OK);
    FUZZ_CHECK(strcmp(again.weights_hash, hash) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ff_ctx *ctx = fuzz_ctx();
    const char *input = fuzz_file("input.safetensors", data, size);
    const char *model = fuzz_path("imported.ff");
    struct ff_import_result result;

    if (import(ctx, input, model, &result) == FF_OK) {
        fuzz_accept();
        check_model(ctx, model, result.weights_hash);
        check_round_trip(ctx, model, result.weights_hash);
        unlink(model);
    } else {
        FUZZ_CHECK(access(model, F_OK) != 0);
    }
    fuzz_ctx_free(ctx);
    return 0;
}
