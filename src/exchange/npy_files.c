/* A directory of NumPy array files: NAME.npy for each tensor, and metadata.json. */
#include "exchange/format.h"
#include "exchange/npy.h"
#include "exchange/output_directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (64 << 10)

struct writing {
    struct ff_export *export;
    struct ff_output_directory output;
    struct ff_npy npy; /* the present tensor */
    char *metadata;
    char block[BLOCK_BYTES];
};

static int put(struct writing *writing, const void *bytes, size_t n, FILE *file)
{
    errno = 0;
    return fwrite(bytes, 1, n, file) == n ? FF_OK : ff_output_directory_failed(&writing->output);
}

static int fill_metadata(void *arg, FILE *file)
{
    struct writing *writing = arg;

    return put(writing, writing->metadata, strlen(writing->metadata), file);
}

static int fill_tensor(void *arg, FILE *file)
{
    struct writing *writing = arg;
    size_t got = 0;
    int status;

    do {
        status = ff_npy_read(&writing->npy, writing->block, sizeof writing->block, &got);
        if (status == FF_OK)
            status = put(writing, writing->block, got, file);
    } while (status == FF_OK && got > 0);
    return status;
}

static int write_tensor(void *arg, const struct ff_exported *exported)
{
    struct writing *writing = arg;
    char name[FF_EXPORT_NAME_BYTES];

    ff_npy_name(exported, name);
    ff_npy_begin(&writing->npy, writing->export, exported);
    return ff_output_directory_file(&writing->output, name, fill_tensor, writing);
}

static int write_files(struct writing *writing)
{
    int status;

    writing->metadata = ff_npy_metadata(writing->export);
    if (!writing->metadata)
        return ff_fail(writing->export->ctx, FF_ENOMEM, "out of memory for the metadata");
    status =
        ff_output_directory_file(&writing->output, FF_NPY_METADATA_FILE, fill_metadata, writing);
    free(writing->metadata);
    return status == FF_OK ? ff_export_each(writing->export, write_tensor, writing) : status;
}

static int write(struct ff_export *export)
{
    struct ff_ctx *ctx = export->ctx;
    struct writing *writing;
    int status = ff_npy_check(export);

    if (status != FF_OK)
        return status;
    writing = ff_alloc(ctx, FF_MEM_IO, sizeof *writing);
    if (!writing)
        return ff_alloc_status(ctx);
    writing->export = export;
    status =
        ff_output_directory_begin(ctx, export->opts->output, export->opts->force, &writing->output);
    if (status == FF_OK)
        status = ff_output_directory_end(&writing->output, write_files(writing));
    export->bytes = writing->output.bytes;
    ff_free(ctx, FF_MEM_IO, writing, sizeof *writing);
    return status;
}

const struct ff_exchange_format ff_exchange_npy_files = {
    .info = {.name = "npy",
             .suffix = "/",
             .summary = "directory of NumPy files: each tensor a .npy, and metadata.json"},
    .write = write,
};
