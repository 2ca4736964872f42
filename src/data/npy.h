/* The header of NumPy's .npy, of a file or of a member of an .npz. */
#ifndef FF_DATA_NPY_H
#define FF_DATA_NPY_H

#include "data/array.h"

/* An ff_array_header_fn. */
FF_CHECK int ff_npy_header(struct ff_ctx *ctx, struct ff_input *input, struct ff_array *array);

#endif
