#include "train/boundaries.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define RUN_ID_TEXT "fftool scratch 3\n" /* version of the scratch format */

/* Hashes all that scratch depends on: recipe and data. */
static int derive_id(struct ff_boundaries *boundaries, struct ff_ctx *ctx)
{
    struct ff_manifest identity = *boundaries->job->manifest;
    XXH3_state_t *state;
    XXH128_canonical_t canonical;
    char *text;
    int status;

    /* Progress, files and versions do not affect scratch. */
    memset(&identity.mark, 0, sizeof identity.mark);
    memset(&identity.choice, 0, sizeof identity.choice);
    memset(&identity.files, 0, sizeof identity.files);
    identity.program = identity.blas = identity.lmdb = identity.zstd = identity.data_path =
        (char[]){""};
    identity.data_labels = identity.data_arrays = NULL;
    identity.data_is_rows = false;
    status = ff_manifest_write(ctx, &identity, &text);
    if (status != FF_OK)
        return status;
    state = XXH3_createState();
    if (state) {
        XXH3_128bits_reset(state);
        XXH3_128bits_update(state, RUN_ID_TEXT, strlen(RUN_ID_TEXT));
        XXH3_128bits_update(state, text, strlen(text));
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
        memcpy(boundaries->id, canonical.digest, sizeof boundaries->id);
    } else {
        status = ff_fail(ctx, FF_ENOMEM, "out of memory for a hash");
    }
    XXH3_freeState(state);
    free(text);
    return status;
}

int ff_boundaries_init(struct ff_boundaries *boundaries, struct ff_ctx *ctx,
                       const struct ff_job *job)
{
    boundaries->job = job;
    return derive_id(boundaries, ctx);
}

int ff_boundary_create(struct ff_boundaries *boundaries, uint32_t boundary, struct ff_set **out)
{
    return boundaries->scratch.ops->create(boundaries->scratch.self, boundary, out);
}

static struct ff_seal make_seal(const struct ff_boundaries *boundaries, uint32_t boundary)
{
    const struct ff_manifest *manifest = boundaries->job->manifest;
    struct ff_seal seal = {.boundary = boundary,
                           .chunks = boundaries->job->geometry.chunks,
                           .streams = manifest->recipe.negative_sets,
                           .sweep = manifest->mark.sweep};

    memcpy(seal.run, boundaries->id, sizeof seal.run);
    return seal;
}

int ff_boundary_seal(struct ff_boundaries *boundaries, struct ff_set *set, uint32_t boundary)
{
    struct ff_seal seal = make_seal(boundaries, boundary);

    return ff_set_seal(set, &seal);
}

int ff_boundary_open(struct ff_boundaries *boundaries, uint32_t boundary, struct ff_set **out)
{
    struct ff_seal seal = make_seal(boundaries, boundary);
    int status;

    *out = NULL;
    status = boundaries->scratch.ops->open(boundaries->scratch.self, boundary, out);
    if (status != FF_OK)
        return status;
    status = ff_set_check(*out, &seal);
    if (status != FF_OK) {
        ff_set_close(*out);
        *out = NULL;
    }
    return status;
}

void ff_boundary_drop(struct ff_boundaries *boundaries, uint32_t boundary)
{
    boundaries->scratch.ops->drop(boundaries->scratch.self, boundary);
}

void ff_boundaries_drop_others(struct ff_boundaries *boundaries, uint32_t kept)
{
    if (boundaries->scratch.ops)
        boundaries->scratch.ops->drop_others(boundaries->scratch.self, kept);
}

uint64_t ff_boundaries_measure(struct ff_boundaries *boundaries, uint64_t more)
{
    uint64_t bytes = boundaries->scratch.ops->bytes(boundaries->scratch.self);

    if (bytes + more > boundaries->peak_bytes)
        boundaries->peak_bytes = bytes + more;
    return bytes;
}
