/*
 * IDX, the format of MNIST (LeCun, Cortes, Burges, "The MNIST database"): two zero bytes, a byte
 * for the element type, a byte for the number of axes, the length of each axis (32 bits), the
 * elements. Everything is big-endian.
 */
#include "data/format.h"
#include "data/pair.h"

#include <stdio.h>
#include <string.h>

#define MAGIC_BYTES 4

struct idx_type {
    unsigned char code;
    struct ff_element element;
};

static const struct idx_type types[] = {
    {0x08, {'u', 1, true}}, {0x09, {'i', 1, true}}, {0x0b, {'i', 2, true}},
    {0x0c, {'i', 4, true}}, {0x0d, {'f', 4, true}}, {0x0e, {'f', 8, true}},
};

static const struct idx_type *type_of(unsigned char code)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].code == code)
            return &types[i];
    }
    return NULL;
}

static bool has_magic(const unsigned char *bytes, size_t n)
{
    return n >= MAGIC_BYTES && bytes[0] == 0 && bytes[1] == 0 && type_of(bytes[2]) &&
           bytes[3] >= 1 && bytes[3] <= FF_ARRAY_AXES;
}

static int read_header(struct ff_ctx *ctx, struct ff_input *input, struct ff_array *array)
{
    unsigned char magic[MAGIC_BYTES], lengths[FF_ARRAY_AXES][4];
    int status = ff_input_read_all(input, magic, sizeof magic, "header");

    if (status != FF_OK)
        return status;
    if (!has_magic(magic, sizeof magic))
        return ff_fail(
            ctx, FF_EFORMAT,
            "%s: not an IDX file: starts with %02x %02x %02x %02x; usual are 00 00 08 03 "
            "(images) and 00 00 08 01 (labels)",
            ff_input_path(input), magic[0], magic[1], magic[2], magic[3]);
    array->element = type_of(magic[2])->element;
    array->axes = magic[3];
    status = ff_input_read_all(input, lengths, array->axes * sizeof *lengths, "header");
    for (unsigned axis = 0; status == FF_OK && axis < array->axes; axis++) {
        const unsigned char *b = lengths[axis];

        array->shape[axis] =
            (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    return status;
}

static bool has_name(const char *base)
{
    return strstr(base, "idx") || strstr(base, "ubyte");
}

static bool labels_of(char path[FF_PATH_BYTES])
{
    static const char *const axes[] = {"idx1", "idx2", "idx3", "idx4"};

    if (!ff_path_replace(path, "images", "labels"))
        return false;
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
        if (ff_path_replace(path, axes[i], "idx1"))
            break;
    }
    return true;
}

static const struct ff_pair_format idx_pair = {read_header, has_magic, has_name, labels_of};

/* ---- EMNIST ---- */

/* The datasets of EMNIST (Cohen et al., "EMNIST: an extension of MNIST to handwritten letters",
 * 2017), whose files have longer names. */
static const char *const sets[] = {"balanced", "byclass", "bymerge", "digits", "letters", "mnist"};
#define SETS (sizeof sets / sizeof *sets)

/* Finds the images of SPEC if it is a directory without the usual names: returns how many datasets
 * of EMNIST it has, the first of which is PATH, and lists their names in LIST of BYTES bytes. */
static unsigned find_emnist(const struct ff_dataset_spec *spec, char path[FF_PATH_BYTES],
                            char *list, size_t bytes)
{
    const char *half = spec->split == FF_SPLIT_TRAIN ? "train" : "test";
    char name[64], found[FF_PATH_BYTES];
    unsigned n = 0;
    size_t used = 0;

    if (!ff_path_is_directory(spec->path) ||
        ff_path_find_any(spec->path, ff_format_idx.names[spec->split], found))
        return 0;
    for (size_t i = 0; i < SETS; i++) {
        snprintf(name, sizeof name, "emnist-%s-%s-images-idx3-ubyte", sets[i], half);
        if (!ff_path_find(spec->path, name, found))
            continue;
        if (n++ == 0)
            memcpy(path, found, sizeof found);
        if (used < bytes)
            used += (size_t)snprintf(list + used, bytes - used, "%s%s", n > 1 ? ", " : "",
                                     ff_path_base(found));
    }
    return n;
}

/* Makes OUT of SPEC: the path of the images, in PATH, if they are of EMNIST. */
static int choose(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                  struct ff_dataset_spec *out, char path[FF_PATH_BYTES])
{
    char list[FF_MESSAGE_BYTES / 2];
    unsigned n = find_emnist(spec, path, list, sizeof list);

    *out = *spec;
    if (n == 0)
        return FF_OK;
    out->path = path;
    if (n == 1)
        return FF_OK;
    return ff_fail(ctx, FF_EINVAL, "%s: several datasets (%s); give the path of the file of images",
                   spec->path, list);
}

/* ---- The operations ---- */

static int idx_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    struct ff_dataset_spec chosen = *spec;
    char path[FF_PATH_BYTES], list[1];
    unsigned n = find_emnist(spec, path, list, sizeof list);

    if (n > 1)
        return FF_BID_DIRECTORY;
    if (n == 1)
        chosen.path = path;
    return ff_pair_bid(ctx, &chosen, &ff_format_idx, &idx_pair);
}

static int idx_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out)
{
    struct ff_dataset_spec chosen;
    char path[FF_PATH_BYTES];
    int status = choose(ctx, spec, &chosen, path);

    return status == FF_OK ? ff_pair_open(ctx, &chosen, &ff_format_idx, &idx_pair, out) : status;
}

static int idx_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                    char path[FF_PATH_BYTES])
{
    struct ff_dataset_spec chosen;
    char images[FF_PATH_BYTES];
    int status = choose(ctx, spec, &chosen, images);

    return status == FF_OK ? ff_pair_find(ctx, &chosen, &ff_format_idx, &idx_pair, i, path)
                           : status;
}

static const char *const train_names[] = {"train-images-idx3-ubyte", "train-images.idx3-ubyte",
                                          NULL};
static const char *const test_names[] = {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", NULL};

const struct ff_dataset_format ff_format_idx = {
    .info = {.name = "idx",
             .summary = "IDX files (MNIST, Fashion-MNIST, EMNIST)",
             .layout = "a directory with train-images-idx3-ubyte, train-labels-idx1-ubyte and the "
                       "same of t10k, or the files of one dataset of EMNIST, such as "
                       "emnist-letters-train-images-idx3-ubyte, or a file of images; images of "
                       "EMNIST are transposed"},
    .names = {train_names, test_names},
    .bid = idx_bid,
    .open = idx_open,
    .read = ff_pair_read,
    .close = ff_pair_close,
    .find = idx_find,
    .describe = ff_pair_describe,
};
