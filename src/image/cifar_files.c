#include "image/cifar_files.h"

#include <stdio.h>
#include <string.h>

const struct ff_cifar_layout ff_cifar10 = {
    .format = &ff_format_cifar10,
    .title = "CIFAR-10",
    .n_labels = 1,
    .labels = {{"label", 10, "batches.meta.txt"}},
    .numbered = true,
};
const struct ff_cifar_layout ff_cifar100 = {
    .format = &ff_format_cifar100,
    .title = "CIFAR-100",
    .n_labels = 2,
    .labels = {{"coarse", 20, "coarse_label_names.txt"}, {"fine", 100, "fine_label_names.txt"}},
};

static bool has_usual_name(const struct ff_cifar_layout *layout, const char *path)
{
    for (unsigned split = 0; split < 2; split++)
        for (const char *const *name = layout->format->names[split]; *name; name++)
            if (strncmp(ff_path_base(path), *name, strlen(*name)) == 0)
                return true;
    return false;
}

static bool are_labels(const struct ff_cifar_layout *layout, const unsigned char *labels)
{
    for (unsigned i = 0; i < layout->n_labels; i++)
        if (labels[i] >= layout->labels[i].classes)
            return false;
    return true;
}

/* Bids by the name, the size and the first labels of the file PATH. The size of a compressed file
 * does not show how many labels a record has: its name does. */
static int bid_file(struct ff_ctx *ctx, const char *path, const struct ff_cifar_layout *layout)
{
    const bool usual = has_usual_name(layout, path);
    struct ff_input *input;
    unsigned char labels[FF_CIFAR_LABELS];
    size_t got = 0;
    int status, bid = usual ? FF_BID_NAME + 1 : FF_BID_NAME;

    if (!ff_path_has_ending(path, ".bin"))
        return 0;
    status = ff_input_open(ctx, path, &input);
    if (status == FF_OK)
        status = ff_input_read(input, labels, layout->n_labels, &got);
    if (status == FF_OK && got == layout->n_labels && are_labels(layout, labels)) {
        if (ff_input_ratio(input) > 1)
            bid = usual ? FF_BID_CERTAIN : FF_BID_MAGIC;
        else if (ff_input_file_bytes(input) % ff_cifar_record_bytes(layout) == 0)
            bid = FF_BID_CERTAIN;
    }
    ff_input_close(input);
    return status == FF_OK ? bid : status;
}

int ff_cifar_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                 const struct ff_cifar_layout *layout)
{
    char path[FF_PATH_BYTES];

    if (!ff_path_is_directory(spec->path))
        return bid_file(ctx, spec->path, layout);
    return ff_path_find_any(spec->path, layout->format->names[spec->split], path) ? FF_BID_DIRECTORY
                                                                                  : 0;
}

bool ff_cifar_find_batch(const struct ff_cifar_layout *layout, const char *place,
                         enum ff_split split, unsigned i, char out[FF_PATH_BYTES])
{
    char name[32];

    if (!ff_path_is_directory(place))
        return snprintf(out, FF_PATH_BYTES, "%s", place) < FF_PATH_BYTES;
    if (split == FF_SPLIT_TRAIN && layout->numbered)
        snprintf(name, sizeof name, "data_batch_%u.bin", i + 1);
    else
        snprintf(name, sizeof name, "%s", layout->format->names[split][0]);
    return ff_path_find(place, name, out);
}

/* The number of batches, up to the last one that exists. */
static unsigned count_batches(const struct ff_cifar_layout *layout, const char *place,
                              enum ff_split split)
{
    bool numbered = layout->numbered && split == FF_SPLIT_TRAIN && ff_path_is_directory(place);
    unsigned count = numbered ? FF_CIFAR_BATCHES : 1;
    char path[FF_PATH_BYTES];

    while (count > 1 && !ff_cifar_find_batch(layout, place, split, count - 1, path))
        count--;
    return count;
}

/* A gap is an error, not a smaller dataset. */
int ff_cifar_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                  const struct ff_cifar_layout *layout, unsigned i, char path[FF_PATH_BYTES])
{
    unsigned count = count_batches(layout, spec->path, spec->split);

    *path = '\0';
    if (i >= count || ff_cifar_find_batch(layout, spec->path, spec->split, i, path))
        return FF_OK;
    if (!layout->numbered)
        return ff_fail(ctx, FF_ENOTFOUND, "%s: was deleted while it was in use", path);
    return ff_fail(ctx, FF_ENOTFOUND, "%s: is missing, but data_batch_%u.bin exists", path, count);
}
