/* The tensors of an open model. */
#ifndef FF_INSPECT_TENSORS_H
#define FF_INSPECT_TENSORS_H

#include "inspect/inspect.h"

/* Lists, within the snapshot, the tensors of LAYER (KIND 'W'), or of the head on it ('H'), that the
 * model has now. Returns their number; 0 of a layer or head that its network does not have. */
size_t ff_inspect_stored(const struct ff_model *model, char kind, uint32_t layer,
                         struct ff_tensor out[FF_MAX_TENSORS]);

#endif
