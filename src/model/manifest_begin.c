/* A manifest that begins. */
#include "model/manifest.h"
#include "nn/gemm.h"
#include "store/libraries.h"

#include <fftool/version.h>
#include <string.h>

int ff_manifest_begin(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                      struct ff_manifest *manifest)
{
    int status = ff_manifest_set_recipe(ctx, manifest, recipe);

    if (status != FF_OK)
        return status;
    manifest->version = FF_MANIFEST_VERSION;
    manifest->program = strdup(FF_VERSION);
    manifest->blas = strdup(ff_gemm_backend());
    manifest->lmdb = strdup(ff_lmdb_version());
    manifest->zstd = strdup(ff_zstd_version());
    if (manifest->program && manifest->blas && manifest->lmdb && manifest->zstd)
        return FF_OK;
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the manifest");
}
