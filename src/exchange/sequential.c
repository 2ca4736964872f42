#include "exchange/sequential.h"

#include <fftool/data.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT ".weight"
#define BIAS ".bias"
#define MOST_DIGITS 9 /* of a number below 2^32 */
#define ENDS_BYTES 20 /* the longest number and role, and the end of the text */

/* ---- Names ---- */

/* Reads NAME as PREFIX, NUMBER and ROLE; *LENGTH is that of the prefix. */
static bool parse_name(const char *name, size_t *length, uint32_t *number, const char **role)
{
    const char *digits;

    *role = strrchr(name, '.');
    if (!*role || (strcmp(*role, WEIGHT) != 0 && strcmp(*role, BIAS) != 0))
        return false;
    for (digits = *role; digits > name && digits[-1] >= '0' && digits[-1] <= '9'; digits--)
        ;
    *length = (size_t)(digits - name);
    if (digits == *role || *role - digits > MOST_DIGITS || (*digits == '0' && *role - digits > 1) ||
        *length > FF_EXPORT_NAME_BYTES - ENDS_BYTES)
        return false;
    *number = (uint32_t)strtoul(digits, NULL, 10);
    return true;
}

static int visit_name(void *arg, const char *name)
{
    struct ff_sequential *s = arg;
    const char *path = ff_safetensors_path(s->file), *role;
    size_t length;
    uint32_t number;

    if (!parse_name(name, &length, &number, &role))
        return ff_fail(s->ctx, FF_EFORMAT,
                       "%s: tensor \"%.*s\" is not of a network that can be imported: either "
                       "`fftool export` wrote the file, or its tensors are the weights and biases "
                       "of linear layers, 0.weight, 0.bias, 2.weight, ..., in the order of their "
                       "numbers, behind one prefix or none",
                       path, FF_EXPORT_NAME_BYTES, name);
    if (!s->first) {
        s->first = name;
        s->prefix_length = length;
    }
    if (length != s->prefix_length || memcmp(name, s->first, length) != 0)
        return ff_fail(s->ctx, FF_EFORMAT,
                       "%s: tensors \"%s\" and \"%s\" differ before their numbers; the layers of "
                       "one network have one prefix",
                       path, s->first, name);
    if (strcmp(role, WEIGHT) == 0)
        s->layer[s->layers++].number = number;
    return FF_OK;
}

static int compare(const void *a, const void *b)
{
    const struct ff_sequential_layer *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* Checks that a bias has weights. */
static int check_bias(void *arg, const char *name)
{
    const struct ff_sequential *s = arg;
    struct ff_sequential_layer layer = {.number = 0};
    const char *role;
    size_t length;

    if (!parse_name(name, &length, &layer.number, &role) || strcmp(role, BIAS) != 0 ||
        bsearch(&layer, s->layer, s->layers, sizeof layer, compare))
        return FF_OK;
    return ff_fail(s->ctx, FF_EFORMAT, "%s: \"%s\" has no weights beside it",
                   ff_safetensors_path(s->file), name);
}

static void name_of(const struct ff_sequential *s, size_t layer, const char *role,
                    char out[FF_EXPORT_NAME_BYTES])
{
    snprintf(out, FF_EXPORT_NAME_BYTES, "%.*s%" PRIu32 "%s", (int)s->prefix_length, s->first,
             s->layer[layer].number, role);
}

static int list_layers(struct ff_sequential *s)
{
    int status;

    s->room = ff_safetensors_count(s->file);
    s->layer = ff_alloc_array(s->ctx, FF_MEM_IO, s->room, sizeof *s->layer);
    if (!s->layer)
        return ff_alloc_status(s->ctx);
    status = ff_safetensors_each(s->file, visit_name, s);
    if (status != FF_OK)
        return status;
    qsort(s->layer, s->layers, sizeof *s->layer, compare);
    if (s->layers < 2 || s->layers - 1 > FF_MAX_LAYERS)
        return ff_fail(s->ctx, FF_EFORMAT,
                       "%s: has %zu linear layer%s; a network has 1 to %u hidden ones and an "
                       "output layer",
                       ff_safetensors_path(s->file), s->layers, s->layers == 1 ? "" : "s",
                       FF_MAX_LAYERS);
    return ff_safetensors_each(s->file, check_bias, s);
}

/* ---- Shapes ---- */

static int check_outputs(const struct ff_sequential *s, const char *name, uint64_t units, bool last)
{
    const uint64_t most = last ? FF_MAX_DATA_CLASSES : FF_MAX_UNITS;

    if (units <= most && (units >= 2 || !last))
        return FF_OK;
    return ff_fail(s->ctx, FF_EMISMATCH,
                   "%s: \"%s\" has %" PRIu64 " outputs; a %s has %d to %" PRIu64,
                   ff_safetensors_path(s->file), name, units,
                   last ? "network of classes" : "hidden layer", last ? 2 : 1, most);
}

/* Checks the weights of LAYER, from 0, and sets its units. */
static int check_layer(struct ff_sequential *s, size_t layer)
{
    const char *path = ff_safetensors_path(s->file);
    char name[FF_EXPORT_NAME_BYTES], below[FF_EXPORT_NAME_BYTES];
    struct ff_safetensor weights;
    int status;

    name_of(s, layer, WEIGHT, name);
    status = ff_safetensors_look_up(s->file, name, &weights);
    if (status != FF_OK)
        return status;
    if (weights.dimensions != 2)
        return ff_fail(s->ctx, FF_EFORMAT,
                       "%s: \"%s\" has one dimension: it is not of a linear layer, and no other "
                       "can be imported, such as normalisation",
                       path, name);
    if (layer > 0 && weights.shape[1] != s->layer[layer - 1].units) {
        name_of(s, layer - 1, WEIGHT, below);
        return ff_fail(s->ctx, FF_EMISMATCH,
                       "%s: \"%s\" has %" PRIu64 " inputs, but \"%s\" below it %u outputs", path,
                       name, weights.shape[1], below, s->layer[layer - 1].units);
    }
    if (weights.shape[1] > FF_MAX_UNITS)
        return ff_fail(s->ctx, FF_EMISMATCH,
                       "%s: \"%s\" has %" PRIu64 " inputs; a layer has at most %u", path, name,
                       weights.shape[1], FF_MAX_UNITS);
    if (layer == 0)
        s->inputs = (uint32_t)weights.shape[1];
    s->layer[layer].units = (uint32_t)weights.shape[0];
    return check_outputs(s, name, weights.shape[0], layer + 1 == s->layers);
}

int ff_sequential_read(struct ff_ctx *ctx, const struct ff_safetensors *file,
                       struct ff_sequential *out)
{
    int status;

    *out = (struct ff_sequential){.ctx = ctx, .file = file};
    status = list_layers(out);
    for (size_t layer = 0; layer < out->layers && status == FF_OK; layer++)
        status = check_layer(out, layer);
    return status;
}

void ff_sequential_release(struct ff_sequential *s)
{
    if (s->ctx)
        ff_free(s->ctx, FF_MEM_IO, s->layer, s->room * sizeof *s->layer);
    *s = (struct ff_sequential){.layers = 0};
}

void ff_sequential_name(const struct ff_sequential *s, struct ff_exported *exported)
{
    size_t layer = ff_is_head_kind(exported->tensor.kind) ? s->layers - 1 : exported->layer - 1;

    name_of(s, layer, exported->tensor.role == FF_SLOT_BIASES ? BIAS : WEIGHT, exported->name);
}

/* ---- The model ---- */

/* A network as PyTorch computes it. Its epochs, which are not known, count as one. */
static int make_recipe(const struct ff_sequential *s, struct ff_recipe *out)
{
    static const char *const fields[][2] = {
        {"mode", "bp"}, {"input_scaling", "none"}, {"standardize", "none"}, {"epochs", "1"}};
    int status = FF_OK;

    ff_recipe_init(out);
    for (size_t i = 0; i < sizeof fields / sizeof *fields && status == FF_OK; i++)
        status = ff_recipe_set(s->ctx, out, fields[i][0], fields[i][1]);
    for (size_t layer = 0; layer + 1 < s->layers && status == FF_OK; layer++) {
        char text[ENDS_BYTES];

        snprintf(text, sizeof text, "%" PRIu32, s->layer[layer].units);
        status = ff_recipe_add_hidden(s->ctx, text, out);
    }
    return status == FF_OK ? ff_recipe_complete(s->ctx, out) : status;
}

static int fill(const struct ff_sequential *s, enum ff_import_inputs type,
                const struct ff_recipe *recipe, struct ff_manifest *out)
{
    int status = ff_manifest_begin(s->ctx, recipe, out);

    if (status != FF_OK)
        return status;
    out->features = s->inputs;
    out->classes = s->layer[s->layers - 1].units;
    out->data_path = strdup("");
    if (!out->data_path)
        return ff_fail(s->ctx, FF_ENOMEM, "out of memory for the manifest");
    out->is_float = type == FF_INPUTS_FLOAT;
    out->schema.features = out->features;
    out->schema.n_classes = out->classes;
    out->mark = (struct ff_progress_mark){.stage = FF_STAGE_DONE, .layer = recipe->layers};
    return ff_manifest_encode(s->ctx, out);
}

int ff_sequential_manifest(const struct ff_sequential *s, enum ff_import_inputs type,
                           struct ff_manifest *out)
{
    struct ff_recipe recipe;
    int status;

    if (type != FF_INPUTS_U8 && type != FF_INPUTS_FLOAT)
        return ff_fail(s->ctx, FF_EINVAL,
                       "%s: is a network of another program, which does not say what its inputs "
                       "are: give --inputs u8 (pixels, divided by 255) or --inputs float",
                       ff_safetensors_path(s->file));
    status = make_recipe(s, &recipe);
    if (status == FF_OK)
        status = fill(s, type, &recipe, out);
    ff_recipe_release(&recipe);
    return status;
}
