/* The JSON of a manifest: what is accepted is written and read again as the same, and training that
 * resumes from it ends. */
#include "fuzz/fuzz.h"
#include "model/manifest.h"
#include "model/manifest_recipe.h"

#include <stdlib.h>
#include <string.h>

#define MOST_STEPS 5000 /* of stages that are walked through */

const size_t fuzz_replay_inputs = 10000;

static void check_round_trip(struct ff_ctx *ctx, const struct ff_manifest *manifest)
{
    struct ff_manifest again;
    char *first, *second;

    FUZZ_CHECK(ff_manifest_write(ctx, manifest, &first) == FF_OK);
    FUZZ_CHECK(ff_manifest_read(ctx, "again", first, &again) == FF_OK);
    FUZZ_CHECK(ff_manifest_write(ctx, &again, &second) == FF_OK);
    FUZZ_CHECK(strcmp(first, second) == 0);
    FUZZ_CHECK(ff_manifest_same_recipe(ctx, &manifest->recipe, &again.recipe) == FF_OK);
    ff_manifest_release(&again);
    free(first);
    free(second);
}

/* Every stage up to the last is one that a trainer may stop in, too. */
static void check_stages(struct ff_manifest *manifest)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    uint64_t most = 3 * (uint64_t)recipe->layers * recipe->sweeps + 1, steps = 0;

    if (manifest->fingerprint[0] == '\0')
        strcpy(manifest->fingerprint, "0123");
    for (; manifest->mark.stage != FF_STAGE_DONE && steps < MOST_STEPS; steps++) {
        FUZZ_CHECK(steps < most);
        ff_manifest_advance(manifest);
        FUZZ_CHECK(ff_manifest_is_sane(manifest));
        FUZZ_CHECK(ff_manifest_layers_trained(manifest) <= recipe->layers);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ff_ctx *ctx = fuzz_ctx();
    char *text = fuzz_string(data, size);
    struct ff_manifest manifest;

    if (fuzz_status(ctx, ff_manifest_read(ctx, "input", text, &manifest)) == FF_OK) {
        fuzz_accept();
        FUZZ_CHECK(ff_manifest_is_sane(&manifest));
        check_round_trip(ctx, &manifest);
        check_stages(&manifest);
        ff_manifest_release(&manifest);
    }
    free(text);
    fuzz_ctx_free(ctx);
    return 0;
}
