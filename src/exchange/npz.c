/*
 * NumPy archives (.npz): a zip archive of a member NAME.npy for each tensor, stored, and the member
 * metadata.json. libzip asks for the bytes of the members in order, so that one tile is in memory.
 */
#include "exchange/format.h"
#include "exchange/npy.h"
#include "input/archive_write.h"

#include <stdlib.h>
#include <string.h>

struct writing {
    struct ff_export *export;
    struct ff_archive_writer *archive;
    struct ff_exported *tensors; /* the members, in order */
    uint64_t n;                  /* their number so far */
    char *metadata;
    size_t metadata_done; /* bytes */
    struct ff_npy npy;    /* the member that is written */
};

static int begin_metadata(void *arg, uint64_t number)
{
    struct writing *writing = arg;

    (void)number;
    writing->metadata_done = 0;
    return FF_OK;
}

static int read_metadata(void *arg, void *out, size_t want, size_t *got)
{
    struct writing *writing = arg;

    memcpy(out, writing->metadata + writing->metadata_done, want);
    writing->metadata_done += want;
    *got = want;
    return FF_OK;
}

static int begin_tensor(void *arg, uint64_t number)
{
    struct writing *writing = arg;

    ff_npy_begin(&writing->npy, writing->export, &writing->tensors[number]);
    return FF_OK;
}

static int read_tensor(void *arg, void *out, size_t want, size_t *got)
{
    struct writing *writing = arg;

    return ff_npy_read(&writing->npy, out, want, got);
}

static int add_tensor(void *arg, const struct ff_exported *exported)
{
    struct writing *writing = arg;
    const struct ff_archive_source source = {.bytes = ff_npy_bytes(writing->export, exported),
                                             .begin = begin_tensor,
                                             .read = read_tensor,
                                             .arg = writing,
                                             .number = writing->n};
    char name[FF_EXPORT_NAME_BYTES];

    writing->tensors[writing->n++] = *exported;
    ff_npy_name(exported, name);
    return ff_archive_writer_add(writing->archive, name, &source);
}

static int add_all(struct writing *writing)
{
    const struct ff_archive_source metadata = {.bytes = strlen(writing->metadata),
                                               .begin = begin_metadata,
                                               .read = read_metadata,
                                               .arg = writing};
    int status = ff_archive_writer_add(writing->archive, FF_NPY_METADATA_FILE, &metadata);

    return status == FF_OK ? ff_export_each(writing->export, add_tensor, writing) : status;
}

static int write_archive(struct writing *writing, struct ff_output *output)
{
    int status = ff_archive_writer_new(output->ctx, output->file, output->name, &writing->archive);

    if (status == FF_OK)
        status = add_all(writing);
    return ff_archive_writer_end(writing->archive, status);
}

static int write(struct ff_export *export)
{
    struct writing writing = {.export = export};
    const size_t bytes = (size_t) export->tensors * sizeof *writing.tensors;
    struct ff_output output;
    int status = ff_npy_check(export);

    if (status != FF_OK)
        return status;
    status = ff_output_begin(export->ctx, export->opts->output, export->opts->force, &output);
    if (status != FF_OK)
        return status;
    writing.tensors = ff_alloc(export->ctx, FF_MEM_IO, bytes);
    writing.metadata = ff_npy_metadata(export);
    if (!writing.tensors)
        status = ff_alloc_status(export->ctx);
    else if (!writing.metadata)
        status = ff_fail(export->ctx, FF_ENOMEM, "out of memory for the metadata");
    if (status == FF_OK)
        status = write_archive(&writing, &output);
    free(writing.metadata);
    if (writing.tensors)
        ff_free(export->ctx, FF_MEM_IO, writing.tensors, bytes);
    return ff_output_end(&output, status, &export->bytes);
}

const struct ff_exchange_format ff_exchange_npz = {
    .info = {.name = "npz",
             .suffix = ".npz",
             .summary = "NumPy archive: each tensor a member, and metadata.json"},
    .write = write,
};
