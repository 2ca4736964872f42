#include "train/place.h"

#include "base/path.h"
#include "store/activations.h"
#include "store/partial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SCRATCH_SUFFIX ".scratch"
#define RANK "%r" /* in a path: the number of the process in its team */

int ff_place_scratch(struct ff_ctx *ctx, const char *model, const char *scratch, char out[PATH_MAX])
{
    return ff_place_scratch_of(ctx, ff_team_rank(ctx), model, scratch, out);
}

int ff_place_scratch_of(struct ff_ctx *ctx, unsigned rank, const char *model, const char *scratch,
                        char out[PATH_MAX])
{
    const char *mark = scratch ? strstr(scratch, RANK) : NULL;
    const char *from = scratch ? scratch : model;
    int length = snprintf(out, PATH_MAX, "%.*s", (int)(mark ? mark - from : PATH_MAX), from);

    if (length < PATH_MAX && !scratch)
        length += snprintf(out + length, PATH_MAX - (size_t)length, SCRATCH_SUFFIX);
    if (length < PATH_MAX && mark)
        length +=
            snprintf(out + length, PATH_MAX - (size_t)length, "%u%s", rank, mark + strlen(RANK));
    else if (length < PATH_MAX && rank > 0)
        length += snprintf(out + length, PATH_MAX - (size_t)length, ".%u", rank);
    if (length >= PATH_MAX)
        return ff_fail(ctx, FF_EINVAL, "the path of the scratch directory is too long");
    return FF_OK;
}

/* Checks the directory of MODEL, which fits a path. The scratch directory is created there before
 * the model: without this check the error would name scratch instead of the model. */
static int check_directory(struct ff_ctx *ctx, const char *model)
{
    char directory[PATH_MAX];
    struct stat status;

    ff_path_directory(model, directory);
    if (stat(directory, &status) != 0)
        return ff_fail_errno(ctx, errno, "%s: the directory %s does not exist", model, directory);
    if (!S_ISDIR(status.st_mode))
        return ff_fail(ctx, FF_EIO, "%s: %s is not a directory", model, directory);
    return FF_OK;
}

/* Refuses PATH, which resolves to RESOLVED, if it is the scratch directory SCRATCH (NULL:
 * MODEL.scratch) or has the name of a file that training creates there. */
static int check_outside(struct ff_ctx *ctx, const char *path, const char *resolved,
                         const char *model, const char *scratch)
{
    char scratch_directory[PATH_MAX], directory[PATH_MAX];
    int status = ff_place_scratch(ctx, model, scratch, scratch_directory);

    if (status != FF_OK)
        return status;
    ff_path_directory(resolved, directory);
    if (ff_path_same(resolved, scratch_directory))
        return ff_fail(ctx, FF_EINVAL, "%s is the scratch directory", path);
    if (ff_scratch_has_name(resolved) && ff_path_same(directory, scratch_directory))
        return ff_fail(ctx, FF_EINVAL,
                       "%s has the name of a file that training creates and deletes in the "
                       "scratch directory %s; choose another",
                       path, scratch_directory);
    return FF_OK;
}

/* A training with scratch elsewhere deletes the files in MODEL.scratch, too. */
static int check_outside_scratch(struct ff_ctx *ctx, const char *path, const char *resolved,
                                 const struct ff_train_opts *opts)
{
    int status = check_outside(ctx, path, resolved, opts->model, NULL);

    if (status == FF_OK && opts->scratch)
        status = check_outside(ctx, path, resolved, opts->model, opts->scratch);
    return status;
}

int ff_place_check(struct ff_ctx *ctx, const struct ff_train_opts *opts)
{
    char resolved[PATH_MAX];
    int status = ff_partial_resolve(ctx, opts->model, resolved);

    if (status == FF_OK && (ff_team_rank(ctx) == 0 || !opts->scratch))
        status = check_directory(ctx, opts->model);
    return status == FF_OK ? check_outside_scratch(ctx, opts->model, resolved, opts) : status;
}

int ff_place_check_output(struct ff_ctx *ctx, const struct ff_train_opts *opts, const char *path)
{
    char resolved[PATH_MAX], model[PATH_MAX], partial[PATH_MAX];
    int status;

    if (!opts->model)
        return ff_fail(ctx, FF_EINVAL, "no model file is named");
    status = ff_partial_resolve(ctx, path, resolved);
    if (status == FF_OK)
        status = ff_partial_resolve(ctx, opts->model, model);
    if (status == FF_OK)
        status = ff_partial_name(ctx, model, partial);
    if (status != FF_OK)
        return status;
    if (ff_path_same(resolved, model))
        return ff_fail(ctx, FF_EINVAL, "%s is the model", path);
    if (ff_path_same(resolved, partial))
        return ff_fail(ctx, FF_EINVAL, "%s is the file of the incomplete model", path);
    return check_outside_scratch(ctx, path, resolved, opts);
}
