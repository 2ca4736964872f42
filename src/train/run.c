/* What the stages of a run share. */
#include "train/run.h"

#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define RUN_ID_TEXT "fftool scratch 3\n" /* the version of what is stored in scratch */

/* Hash of all that scratch depends on: the recipe as text, and the data. */
static int derive_id(struct ff_run *run)
{
    struct ff_manifest identity = run->manifest;
    XXH3_state_t *state;
    XXH128_canonical_t canonical;
    char *text;
    int status;

    /* Progress, files and versions do not change what is stored. */
    memset(&identity.mark, 0, sizeof identity.mark);
    memset(&identity.choice, 0, sizeof identity.choice);
    memset(&identity.files, 0, sizeof identity.files);
    identity.program = identity.blas = identity.lmdb = identity.zstd = identity.data_path =
        (char[]){""};
    identity.data_labels = NULL;
    status = ff_manifest_write(run->ctx, &identity, &text);
    if (status != FF_OK)
        return status;
    state = XXH3_createState();
    if (state) {
        XXH3_128bits_reset(state);
        XXH3_128bits_update(state, RUN_ID_TEXT, strlen(RUN_ID_TEXT));
        XXH3_128bits_update(state, text, strlen(text));
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
        memcpy(run->id, canonical.digest, sizeof run->id);
    } else {
        status = ff_fail(run->ctx, FF_ENOMEM, "out of memory for a hash");
    }
    XXH3_freeState(state);
    free(text);
    return status;
}

int ff_run_derive(struct ff_run *run)
{
    const struct ff_compression compression = run->job.compression;

    run->job = ff_job_make(&run->manifest, run->opts, &compression);
    return derive_id(run);
}

struct ff_knobs ff_run_knobs(const struct ff_run *run, enum ff_stage stage, uint32_t layer)
{
    struct ff_task task = ff_train_task(&run->job, (struct ff_turn){stage, layer});

    return ff_plan_knobs(&run->tasks.tasks, &task);
}

static struct ff_seal make_seal(const struct ff_run *run, uint32_t boundary)
{
    struct ff_seal seal = {.boundary = boundary,
                           .chunks = run->job.geometry.chunks,
                           .streams = run->manifest.recipe.negative_sets,
                           .round = run->manifest.mark.round};

    memcpy(seal.run, run->id, sizeof seal.run);
    return seal;
}

int ff_run_seal(struct ff_run *run, struct ff_set *set, uint32_t boundary)
{
    struct ff_seal seal = make_seal(run, boundary);

    return ff_set_seal(set, &seal);
}

int ff_run_open_set(struct ff_run *run, uint32_t boundary, struct ff_set **out)
{
    struct ff_seal seal = make_seal(run, boundary);
    int status;

    *out = NULL;
    status = run->scratch.ops->open(run->scratch.self, boundary, out);
    if (status != FF_OK)
        return status;
    status = ff_set_check(*out, &seal);
    if (status != FF_OK) {
        ff_set_close(*out);
        *out = NULL;
    }
    return status;
}

int ff_run_layer(struct ff_run *run, const struct ff_layer *shape, struct ff_layer *out)
{
    return ff_layer_init_paged(out, &run->workers, shape, &run->scratch, &run->scratch_damaged);
}

int ff_run_flip(struct ff_run *run)
{
    char *text;
    int status = ff_manifest_write(run->ctx, &run->manifest, &text);

    if (status == FF_OK)
        status = ff_model_file_flip(run->file, text);
    free(text);
    return status;
}

int ff_run_publish(struct ff_run *run)
{
    int status;

    if (ff_model_file_is_published(run->file))
        return FF_OK;
    status = ff_model_file_publish(run->file);
    if (status == FF_OK && run->opts->on_published)
        run->opts->on_published(run->opts->arg);
    return status;
}

void ff_run_measure_scratch(struct ff_run *run)
{
    uint64_t bytes = run->scratch.ops->bytes(run->scratch.self);

    if (bytes > run->scratch_peak_bytes)
        run->scratch_peak_bytes = bytes;
}

void ff_run_tell(struct ff_run *run, const char *format, ...)
{
    char text[FF_MESSAGE_BYTES];
    va_list args;

    if (!run->opts->on_message)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->opts->on_message(run->opts->arg, text);
}
