/*
 * NumPy's .npz: a zip archive of .npy files, one for each array, stored (numpy.savez) or deflated
 * (numpy.savez_compressed). Images and labels are two of its arrays, found by the usual names below
 * or by those that the user gives.
 */
#include "data/format.h"
#include "data/npy.h"
#include "data/pair.h"
#include "input/archive.h"

#include <stdio.h>
#include <string.h>

#define MEMBER_ENDING ".npy"
#define ARRAY_BYTES (FF_MEMBER_BYTES - 4) /* of the name of an array: a member's without .npy */
#define ARCHIVE_MAGIC_BYTES 4

enum { EITHER_SPLIT = -1 };

/* Usual names of images and their labels. Those of a split come before those of either. */
static const struct usual_names {
    int split; /* an enum ff_split, or EITHER_SPLIT */
    const char *images, *labels;
    const char *unless; /* an array whose presence gives the names another meaning; may be NULL */
} usual_names[] = {
    {FF_SPLIT_TRAIN, "x_train", "y_train", NULL},
    {FF_SPLIT_TRAIN, "X_train", "y_train", NULL},
    {FF_SPLIT_TRAIN, "train_images", "train_labels", NULL},
    {FF_SPLIT_TEST, "x_test", "y_test", NULL},
    {FF_SPLIT_TEST, "X_test", "y_test", NULL},
    {FF_SPLIT_TEST, "test_images", "test_labels", NULL},
    {EITHER_SPLIT, "x", "y", NULL},
    {EITHER_SPLIT, "X", "y", NULL},
    {EITHER_SPLIT, "data", "labels", NULL},
    {EITHER_SPLIT, "images", "labels", NULL},
    {EITHER_SPLIT, "arr_0", "arr_1", "arr_2"},
};

#define USUAL_NAMES (sizeof usual_names / sizeof *usual_names)

/* ---- The file ---- */

static bool archive_path(const struct ff_dataset_spec *spec, char out[FF_PATH_BYTES])
{
    if (ff_path_is_directory(spec->path))
        return ff_path_find_any(spec->path, ff_format_npz.names[spec->split], out);
    return snprintf(out, FF_PATH_BYTES, "%s", spec->path) < FF_PATH_BYTES;
}

/* True if an archive starts with these bytes: a member, or the end of one without members. */
static bool is_archive(const unsigned char *bytes, size_t n)
{
    return n == ARCHIVE_MAGIC_BYTES &&
           (memcmp(bytes, "PK\3\4", n) == 0 || memcmp(bytes, "PK\5\6", n) == 0);
}

static int npz_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    unsigned char magic[ARCHIVE_MAGIC_BYTES];
    char path[FF_PATH_BYTES];
    struct ff_input *input;
    size_t got = 0;
    int status;

    if (!archive_path(spec, path))
        return 0;
    if (ff_path_is_directory(spec->path))
        return FF_BID_DIRECTORY;
    status = ff_input_open(ctx, path, &input);
    if (status != FF_OK)
        return status;
    status = ff_input_read(input, magic, sizeof magic, &got);
    if (status == FF_OK && ff_input_can_peek(input) && is_archive(magic, got))
        status = FF_BID_MAGIC;
    else if (status == FF_OK)
        status = ff_path_ends_with(path, ".npz") ? FF_BID_NAME : 0;
    ff_input_close(input);
    return status;
}

static int npz_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                    char path[FF_PATH_BYTES])
{
    *path = '\0';
    if (i > 0 || archive_path(spec, path))
        return FF_OK;
    return ff_fail(ctx, FF_ENOTFOUND, "%s: was deleted while it was in use", spec->path);
}

/* ---- Its arrays ---- */

struct choice {
    struct ff_ctx *ctx;
    const struct ff_dataset_spec *spec;
    const char *path;
    const struct ff_archive *archive;
    char images[ARRAY_BYTES], labels[ARRAY_BYTES]; /* names of arrays; labels maybe "" */
};

/* Copies the name of member I as that of its array; false: it is no array. */
static bool array_name(const struct ff_archive *archive, uint32_t i, char out[ARRAY_BYTES])
{
    const char *name = ff_archive_name(archive, i);
    size_t length = strlen(name);

    if (length >= FF_MEMBER_BYTES || !ff_path_ends_with(name, MEMBER_ENDING))
        return false;
    length -= strlen(MEMBER_ENDING);
    memcpy(out, name, length);
    out[length] = '\0';
    return length > 0;
}

static bool has_array(const struct choice *choice, const char *name)
{
    char array[ARRAY_BYTES];

    for (uint32_t i = 0; i < ff_archive_members(choice->archive); i++) {
        if (array_name(choice->archive, i, array) && strcmp(array, name) == 0)
            return true;
    }
    return false;
}

/* Lists the arrays, or if there are none the members, as far as they fit. Returns whether there are
 * arrays. */
static bool list_members(const struct choice *choice, char *list, size_t bytes)
{
    char array[ARRAY_BYTES];
    bool arrays = false;
    size_t used = 0;

    *list = '\0';
    for (uint32_t i = 0; i < ff_archive_members(choice->archive) && !arrays; i++)
        arrays = array_name(choice->archive, i, array);
    for (uint32_t i = 0; i < ff_archive_members(choice->archive) && used < bytes; i++) {
        if (arrays && !array_name(choice->archive, i, array))
            continue;
        used += (size_t)snprintf(list + used, bytes - used, "%s%.80s", used ? ", " : "",
                                 arrays ? array : ff_archive_name(choice->archive, i));
    }
    return arrays;
}

/* Reports that no arrays could be chosen, WHY, and what the archive holds. */
static int no_choice(const struct choice *choice, const char *why)
{
    const bool unlabelled = choice->spec->unlabelled;
    char list[FF_MESSAGE_BYTES / 2];

    if (!list_members(choice, list, sizeof list))
        return ff_fail(choice->ctx, FF_EFORMAT,
                       "%s: holds no NumPy arrays (" MEMBER_ENDING "), but %s; save it with "
                       "numpy.savez",
                       choice->path, *list ? list : "nothing");
    return ff_fail(choice->ctx, choice->spec->arrays ? FF_EINVAL : FF_EFORMAT,
                   "%s: %s; give --array %s, of these: %s", choice->path, why,
                   unlabelled ? "NAME" : "IMAGES,LABELS", list);
}

static void choose(struct choice *choice, const char *images, const char *labels)
{
    snprintf(choice->images, ARRAY_BYTES, "%s", images);
    snprintf(choice->labels, ARRAY_BYTES, "%s", choice->spec->unlabelled ? "" : labels);
}

/* Chooses the arrays of usual names of SPLIT; returns how many there are to choose from. */
static unsigned choose_usual(struct choice *choice, int split)
{
    const char *first = NULL;
    unsigned found = 0;

    for (size_t i = 0; i < USUAL_NAMES; i++) {
        const struct usual_names *names = &usual_names[i];

        if (names->split != split || !has_array(choice, names->images) ||
            (names->unless && has_array(choice, names->unless)) ||
            (!choice->spec->unlabelled && !has_array(choice, names->labels)))
            continue;
        if (!first)
            choose(choice, names->images, names->labels);
        first = names->images;
        found++;
    }
    return found;
}

/* Chooses the only array there is. */
static bool choose_only(struct choice *choice)
{
    char array[ARRAY_BYTES];
    unsigned arrays = 0;

    for (uint32_t i = 0; i < ff_archive_members(choice->archive); i++) {
        if (!array_name(choice->archive, i, array))
            continue;
        choose(choice, array, "");
        arrays++;
    }
    return arrays == 1;
}

static int choose_by_names(struct choice *choice)
{
    const char *split = choice->spec->split == FF_SPLIT_TRAIN ? "train" : "test";
    char why[160];
    unsigned found = choose_usual(choice, (int)choice->spec->split);

    if (found == 0)
        found = choose_usual(choice, EITHER_SPLIT);
    if (found == 1 || (found == 0 && choice->spec->unlabelled && choose_only(choice)))
        return FF_OK;
    if (found > 1)
        return no_choice(choice, "several of its arrays have usual names");
    snprintf(why, sizeof why, "has no arrays of usual names, such as x_%s and y_%s, or x and y",
             split, split);
    return no_choice(choice, why);
}

/* The usual name of the labels of IMAGES; "": it has none. */
static const char *usual_labels(const char *images)
{
    for (size_t i = 0; i < USUAL_NAMES; i++) {
        if (strcmp(usual_names[i].images, images) == 0)
            return usual_names[i].labels;
    }
    return "";
}

static int check_named(const struct choice *choice, const char *name)
{
    char why[ARRAY_BYTES + 32];

    if (has_array(choice, name))
        return FF_OK;
    snprintf(why, sizeof why, "has no array \"%s\"", name);
    return no_choice(choice, why);
}

/* Chooses the arrays that the user names: "IMAGES" or "IMAGES,LABELS". */
static int choose_named(struct choice *choice)
{
    const char *given = choice->spec->arrays, *comma = strchr(given, ',');
    size_t length = comma ? (size_t)(comma - given) : strlen(given);
    char images[ARRAY_BYTES];
    int status;

    if (length >= sizeof images || (comma && strlen(comma + 1) >= sizeof images))
        return no_choice(choice, "a name of --array is too long");
    memcpy(images, given, length);
    images[length] = '\0';
    choose(choice, images, comma ? comma + 1 : usual_labels(images));
    status = check_named(choice, choice->images);
    if (status != FF_OK || choice->spec->unlabelled)
        return status;
    if (!*choice->labels)
        return no_choice(choice, "the name of the labels is missing");
    return check_named(choice, choice->labels);
}

/* Chooses the arrays of the archive at PATH. */
static int choose_arrays(struct choice *choice)
{
    struct ff_input *input;
    int status = ff_input_open_archive(choice->ctx, choice->path, &input);

    if (status != FF_OK)
        return status;
    choice->archive = ff_input_archive(input);
    status = choice->spec->arrays ? choose_named(choice) : choose_by_names(choice);
    ff_input_close(input);
    choice->archive = NULL;
    return status;
}

static void place(const char *path, const char *array, struct ff_array_place *out)
{
    if (!*array)
        return;
    snprintf(out->path, sizeof out->path, "%s", path);
    snprintf(out->member, sizeof out->member, "%s" MEMBER_ENDING, array);
}

static int npz_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out)
{
    struct ff_array_place images = {.path = ""}, labels = {.path = ""};
    char path[FF_PATH_BYTES];
    struct choice choice = {.ctx = ctx, .spec = spec, .path = path};
    int status;

    if (spec->labels && !spec->unlabelled)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: --labels is not supported: an .npz holds the labels; choose its arrays "
                       "with --array IMAGES,LABELS",
                       spec->labels);
    status = npz_find(ctx, spec, 0, path);
    if (status == FF_OK)
        status = choose_arrays(&choice);
    if (status != FF_OK)
        return status;
    place(path, choice.images, &images);
    place(path, choice.labels, &labels);
    return ff_pair_open_at(ctx, spec, ff_npy_header, &images, &labels, out);
}

static const char *const train_names[] = {"train.npz", NULL};
static const char *const test_names[] = {"test.npz", NULL};

const struct ff_dataset_format ff_format_npz = {
    .info = {.name = "npz",
             .summary = "NumPy .npz archives of numbers",
             .layout = "a file that holds arrays x_train, y_train, x_test and y_test (or "
                       "train_images, train_labels and so on), or x and y (or data or images, and "
                       "labels; or arr_0 and arr_1), others by --array; or a directory with "
                       "train.npz and test.npz; arrays are as in .npy files, and those of "
                       "numpy.savez_compressed in C order"},
    .names = {train_names, test_names},
    .holds_arrays = true,
    .bid = npz_bid,
    .open = npz_open,
    .read = ff_pair_read,
    .close = ff_pair_close,
    .find = npz_find,
    .describe = ff_pair_describe,
};
