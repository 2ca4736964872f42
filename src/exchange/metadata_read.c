/* Reading the metadata of an exported file. They are texts from outside: everything is checked. */
#include "exchange/metadata.h"

#include "model/json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DUMP (JSON_COMPACT | JSON_REAL_PRECISION(17))

#define LINEAGE "lineage" /* of a model that extends another one; others have none */

/* The members of a manifest; "format" is a string, the others are JSON. */
static const char *const members[] = {"version",  "writer", "recipe", "data",
                                      "progress", "choice", LINEAGE};
#define MEMBERS (sizeof members / sizeof *members)

static int no_memory(struct ff_ctx *ctx)
{
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the metadata");
}

/* Parses metadata KEY, which must be JSON. */
static int parse(struct ff_ctx *ctx, const struct ff_safetensors *file, const char *key,
                 json_t **out)
{
    const char *text = ff_safetensors_metadata(file, key);
    json_error_t error;
    int status;

    *out = NULL;
    if (!text)
        return ff_fail(
            ctx, FF_EFORMAT,
            "%s: has no metadata \"%s\"; only files that `fftool export` wrote can be imported",
            ff_safetensors_path(file), key);
    status = ff_json_parse(ctx, text, strlen(text), out, &error);
    if (status == FF_ECORRUPT)
        return ff_fail(ctx, FF_ECORRUPT, "%s: metadata \"%s\": character %d: %s",
                       ff_safetensors_path(file), key, error.position, error.text);
    return status;
}

/* Puts the manifest together again. */
static int join(struct ff_ctx *ctx, const struct ff_safetensors *file, json_t *manifest)
{
    const char *format = ff_safetensors_metadata(file, "format");
    int status = FF_OK;

    if (json_object_set_new(manifest, "format", json_string(format ? format : "")) != 0)
        return no_memory(ctx);
    for (size_t i = 0; i < MEMBERS && status == FF_OK; i++) {
        json_t *value;

        if (strcmp(members[i], LINEAGE) == 0 && !ff_safetensors_metadata(file, LINEAGE))
            continue;
        status = parse(ctx, file, members[i], &value);
        if (status == FF_OK && json_object_set_new(manifest, members[i], value) != 0)
            status = no_memory(ctx);
    }
    return status;
}

bool ff_metadata_is_ours(const struct ff_safetensors *file)
{
    const char *format = ff_safetensors_metadata(file, "format");

    return format && strcmp(format, FF_MANIFEST_FORMAT) == 0;
}

int ff_metadata_manifest(struct ff_ctx *ctx, const struct ff_safetensors *file,
                         struct ff_manifest *out)
{
    json_t *manifest = json_object();
    char *text = NULL;
    int status = manifest ? join(ctx, file, manifest) : no_memory(ctx);

    if (status == FF_OK) {
        text = ff_json_text(manifest, DUMP);
        status =
            text ? ff_manifest_read(ctx, ff_safetensors_path(file), text, out) : no_memory(ctx);
    }
    free(text);
    json_decref(manifest);
    return status;
}

int ff_metadata_metrics(struct ff_ctx *ctx, const struct ff_safetensors *file, uint32_t layers,
                        json_t **out)
{
    int status = parse(ctx, file, "metrics", out);

    if (status == FF_OK && json_array_size(*out) != layers)
        status = ff_fail(ctx, FF_ECORRUPT, "%s: metadata \"metrics\": not an array of %u layers",
                         ff_safetensors_path(file), layers);
    return status;
}

int ff_metadata_metrics_of(struct ff_ctx *ctx, const struct ff_safetensors *file,
                           const json_t *metrics, uint32_t layer, uint32_t n, float *out)
{
    const json_t *row = json_array_get(metrics, layer - 1);

    for (uint32_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(row, i);

        if (!json_is_number(value) && !json_is_null(value))
            return ff_fail(ctx, FF_ECORRUPT,
                           "%s: metadata \"metrics\": layer %u: not %u numbers or null",
                           ff_safetensors_path(file), layer, n);
        out[i] = json_is_null(value) ? NAN : (float)json_number_value(value);
    }
    return FF_OK;
}
