#include "exchange/npy.h"

#include "model/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "\x93NUMPY\x01" /* and the byte 0: version 1.0 */
#define PREFIX_BYTES 10       /* the magic, and the length of what follows, in 2 bytes */
#define SUFFIX ".npy"

/* By enum ff_export_dtype; NULL: NumPy has no such type. */
static const char *const types[] = {
    [FF_EXPORT_F32] = "<f4", [FF_EXPORT_F16] = "<f2", [FF_EXPORT_BF16] = NULL};

int ff_npy_check(const struct ff_export *export)
{
    enum ff_export_dtype dtype = export->opts->dtype;

    if (types[dtype])
        return FF_OK;
    return ff_fail(export->ctx, FF_EINVAL, "%s: NumPy has no type %s; export as f16 or f32",
                   export->opts->output, ff_export_dtype_name(dtype));
}

void ff_npy_name(const struct ff_exported *exported, char name[FF_EXPORT_NAME_BYTES])
{
    snprintf(name, FF_EXPORT_NAME_BYTES, "%.*s" SUFFIX, FF_EXPORT_NAME_BYTES - (int)sizeof SUFFIX,
             exported->name);
}

uint64_t ff_npy_bytes(const struct ff_export *export, const struct ff_exported *exported)
{
    uint64_t elements = (uint64_t)exported->tensor.units * exported->tensor.per_unit;

    return FF_NPY_HEADER_BYTES + elements * ff_export_element_bytes(export->opts->dtype);
}

static void write_header(struct ff_npy *npy)
{
    char text[FF_NPY_HEADER_BYTES - PREFIX_BYTES];
    uint32_t shape[2];
    int dimensions = ff_export_shape(&npy->exported, shape);
    int n =
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': (%" PRIu32 ",",
                 types[npy->export->opts->dtype], npy->exported.tensor.by_class ? "True" : "False",
                 shape[0]);

    if (dimensions > 1)
        n += snprintf(text + n, sizeof text - (size_t)n, " %" PRIu32, shape[1]);
    n += snprintf(text + n, sizeof text - (size_t)n, "), }");
    memset(text + n, ' ', sizeof text - (size_t)n);
    text[sizeof text - 1] = '\n';
    memcpy(npy->header, MAGIC, sizeof MAGIC);
    npy->header[sizeof MAGIC] = sizeof text; /* the low byte; the other one is 0 */
    memcpy(npy->header + PREFIX_BYTES, text, sizeof text);
}

void ff_npy_begin(struct ff_npy *npy, struct ff_export *export, const struct ff_exported *exported)
{
    *npy = (struct ff_npy){.export = export, .exported = *exported};
    write_header(npy);
    npy->bytes = npy->header;
    npy->left = sizeof npy->header;
}

/* Makes TILE of the tensor the bytes to be read. */
static int take_tile(struct ff_npy *npy, uint32_t tile)
{
    const struct ff_tensor *tensor = &npy->exported.tensor;
    const void *bytes;
    uint32_t first, units;
    int status = ff_export_tile(npy->export, &npy->exported, tile, true, &bytes);

    if (status != FF_OK)
        return status;
    ff_tile_range(tensor->units, tile, &first, &units);
    npy->bytes = bytes;
    npy->left =
        (size_t)units * tensor->per_unit * ff_export_element_bytes(npy->export->opts->dtype);
    return FF_OK;
}

int ff_npy_read(struct ff_npy *npy, void *out, size_t want, size_t *got)
{
    *got = 0;
    if (npy->left == 0 && npy->next < ff_tile_count(npy->exported.tensor.units)) {
        int status = take_tile(npy, npy->next++);

        if (status != FF_OK)
            return status;
    }
    *got = want < npy->left ? want : npy->left;
    memcpy(out, npy->bytes, *got);
    npy->bytes += *got;
    npy->left -= *got;
    return FF_OK;
}

char *ff_npy_metadata(const struct ff_export *export)
{
    return ff_json_text(export->metadata, JSON_INDENT(1) | JSON_SORT_KEYS);
}
