#include "train/place.h"

#include "base/path.h"
#include "store/partial.h"

#include <errno.h>
#include <fftool/path.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SCRATCH_SUFFIX ".scratch"

int ff_place_scratch(struct ff_ctx *ctx, const char *model, const char *scratch, char out[PATH_MAX])
{
    int length = scratch ? snprintf(out, PATH_MAX, "%s", scratch)
                         : snprintf(out, PATH_MAX, "%s" SCRATCH_SUFFIX, model);

    if (length >= PATH_MAX)
        return ff_fail(ctx, FF_EINVAL, "the path of the scratch directory is too long");
    return FF_OK;
}

/* The scratch folder is made before the model, and beside it: here it can still be told which of
 * the two has no place. */
static int check_directory(struct ff_ctx *ctx, const char *model)
{
    const char *slash = strrchr(model, '/');
    char folder[PATH_MAX];
    struct stat status;

    if (!slash || slash == model)
        return FF_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - model), model);
    if (stat(folder, &status) != 0)
        return ff_fail_errno(ctx, errno, "%s: there is no folder %s for the model", model, folder);
    if (!S_ISDIR(status.st_mode))
        return ff_fail(ctx, FF_EIO, "%s: %s is no folder", model, folder);
    return FF_OK;
}

/* Refuses PATH, which leads to RESOLVED, if it is SCRATCH (NULL: MODEL.scratch), or has the name of
 * one of its files. */
static int check_outside(struct ff_ctx *ctx, const char *path, const char *resolved,
                         const char *model, const char *scratch)
{
    char folder[PATH_MAX], directory[PATH_MAX];
    int status = ff_place_scratch(ctx, model, scratch, folder);

    if (status != FF_OK)
        return status;
    ff_path_directory(resolved, directory);
    if (ff_path_same(resolved, folder))
        return ff_fail(ctx, FF_EINVAL, "%s is the scratch directory", path);
    if (ff_train_is_scratch(resolved) && ff_path_same(directory, folder))
        return ff_fail(ctx, FF_EINVAL,
                       "%s has the name of a file that training makes and deletes in the scratch "
                       "directory %s; choose another",
                       path, folder);
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
    int status = check_directory(ctx, opts->model);

    if (status == FF_OK)
        status = ff_partial_resolve(ctx, opts->model, resolved);
    return status == FF_OK ? check_outside_scratch(ctx, opts->model, resolved, opts) : status;
}

int ff_train_check_output(struct ff_ctx *ctx, const struct ff_train_opts *opts, const char *path)
{
    char resolved[PATH_MAX], model[PATH_MAX], partial[PATH_MAX];
    int status = ff_partial_resolve(ctx, path, resolved);

    if (status == FF_OK)
        status = ff_partial_resolve(ctx, opts->model, model);
    if (status == FF_OK)
        status = ff_partial_name(ctx, model, partial);
    if (status != FF_OK)
        return status;
    if (ff_path_same(resolved, model))
        return ff_fail(ctx, FF_EINVAL, "%s is the model", path);
    if (ff_path_same(resolved, partial))
        return ff_fail(ctx, FF_EINVAL, "%s is the model as long as it is unfinished", path);
    return check_outside_scratch(ctx, path, resolved, opts);
}
