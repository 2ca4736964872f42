/* The shape of data that no file states: rows of a program, and data that a plan only describes. */
#ifndef FF_DATA_SHAPE_H
#define FF_DATA_SHAPE_H

#include "data/format.h"

/*
 * Checks rows, features, height and width of INFO, and classes if it is LABELLED, against the
 * limits of <fftool/data.h>, and sets its channels. FF_EINVAL; the message begins with NAME.
 */
FF_CHECK int ff_shape_settle(struct ff_ctx *ctx, const char *name, bool labelled,
                             struct ff_dataset_info *info);

#endif
