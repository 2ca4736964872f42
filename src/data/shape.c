#include "data/shape.h"

#include <inttypes.h>

static int check_counts(struct ff_ctx *ctx, const char *name, bool labelled,
                        const struct ff_dataset_info *info)
{
    const struct {
        const char *noun;
        uint64_t value, least, most;
    } counts[] = {
        {"samples", info->rows, 1, FF_MAX_DATA_SAMPLES},
        {"features", info->features, 1, FF_MAX_DATA_FEATURES},
        {"classes", labelled ? info->classes : 2, 2, FF_MAX_DATA_CLASSES},
    };

    if (labelled && info->classes == 0)
        return ff_fail(ctx, FF_EINVAL, "%s: labels of 2 to %u classes are required", name,
                       FF_MAX_DATA_CLASSES);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].value < counts[i].least || counts[i].value > counts[i].most)
            return ff_fail(ctx, FF_EINVAL, "%s: %" PRIu64 " %s: must be %" PRIu64 " to %" PRIu64,
                           name, counts[i].value, counts[i].noun, counts[i].least, counts[i].most);
    }
    return FF_OK;
}

int ff_shape_settle(struct ff_ctx *ctx, const char *name, bool labelled,
                    struct ff_dataset_info *info)
{
    uint64_t pixels = (uint64_t)info->height * info->width;
    int status;

    /* First, as a caller may have computed the number of features from it. */
    if (pixels > FF_MAX_DATA_FEATURES)
        return ff_fail(ctx, FF_EINVAL, "%s: images of %u x %u pixels: at most %u pixels in total",
                       name, info->height, info->width, FF_MAX_DATA_FEATURES);
    status = check_counts(ctx, name, labelled, info);
    if (status != FF_OK)
        return status;
    info->channels = 0;
    if (info->height == 0 && info->width == 0)
        return FF_OK;
    if (pixels == 0 || info->features % pixels != 0)
        return ff_fail(ctx, FF_EINVAL, "%s: %u features are not images of %u x %u pixels", name,
                       info->features, info->height, info->width);
    info->channels = (uint32_t)(info->features / pixels);
    return FF_OK;
}
