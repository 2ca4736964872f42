/* The tensors of an open model by name. */
#ifndef FF_INSPECT_TENSORS_H
#define FF_INSPECT_TENSORS_H

#include "inspect/inspect.h"

/* Finds, within the snapshot, the tensor called NAME and the layer that it is of. FF_ENOTFOUND. */
FF_CHECK int ff_inspect_find(const struct ff_model *model, const char *name, struct ff_tensor *out,
                             uint32_t *layer);

#endif
