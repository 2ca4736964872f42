#include "model/tensor.h"

#include <stdio.h>

char ff_state_kind(char kind)
{
    return kind == 'H' ? 'Q' : 'O';
}

bool ff_is_state_kind(char kind)
{
    return kind == ff_state_kind('W') || kind == ff_state_kind('H');
}

bool ff_is_head_kind(char kind)
{
    return kind == 'H' || kind == ff_state_kind('H');
}

/* Lists the tensors of one optimizer state, or the layer's own (STATE -1). */
static size_t list_set(const struct ff_layer *layer, char kind, int state,
                       struct ff_tensor out[FF_SLOTS])
{
    const uint32_t per_unit[FF_SLOTS] = {
        [FF_SLOT_WEIGHTS] = layer->fan_in,
        [FF_SLOT_BIASES] = 1,
        [FF_SLOT_LABELS] = layer->classes,
    };
    uint32_t roles = layer->classes ? FF_SLOTS : FF_SLOT_LABELS;

    for (uint32_t role = 0; role < roles; role++)
        out[role] = (struct ff_tensor){
            .kind = kind,
            .slot = role + (state < 0 ? 0 : (uint32_t)state * FF_SLOTS),
            .role = role,
            .state = state,
            .units = layer->units,
            .per_unit = per_unit[role],
            .by_class = role == FF_SLOT_LABELS,
        };
    return roles;
}

size_t ff_tensor_list(const struct ff_layer *layer, char kind, bool state, bool means,
                      struct ff_tensor out[FF_MAX_TENSORS])
{
    char kind_of_state = ff_state_kind(kind);
    size_t n = list_set(layer, kind, -1, out);

    for (int s = 0; state && s < layer->states; s++)
        n += list_set(layer, kind_of_state, s, out + n);
    if (state && means)
        out[n++] = (struct ff_tensor){
            .kind = kind_of_state,
            .slot = FF_SLOT_MEANS,
            .role = FF_SLOT_MEANS,
            .state = -1,
            .units = layer->units,
            .per_unit = 1,
        };
    return n;
}

void ff_tensor_name(const struct ff_tensor *tensor, uint32_t layer, char out[FF_TENSOR_NAME_BYTES])
{
    /* Documented in <fftool/model.h>. */
    static const char *const roles[FF_SLOTS] = {
        [FF_SLOT_WEIGHTS] = "weights",
        [FF_SLOT_BIASES] = "biases",
        [FF_SLOT_LABELS] = "label_weights",
    };
    const char *role = tensor->role == FF_SLOT_MEANS ? "unit_means" : roles[tensor->role];
    char state[24] = "";

    if (tensor->state >= 0)
        snprintf(state, sizeof state, ".state.%d", tensor->state);
    snprintf(out, FF_TENSOR_NAME_BYTES, "%s.%u.%s%s",
             ff_is_head_kind(tensor->kind) ? "head" : "layer", layer, role, state);
}

void ff_tensor_shape(const struct ff_tensor *tensor, uint32_t *rows, uint32_t *columns)
{
    *rows = tensor->by_class ? tensor->per_unit : tensor->units;
    *columns = tensor->by_class ? tensor->units : tensor->per_unit;
}

void ff_tensor_tile(const struct ff_tensor *tensor, uint32_t tile, uint32_t *rows,
                    uint32_t *columns)
{
    uint32_t first, units;

    ff_tile_range(tensor->units, tile, &first, &units);
    *rows = tensor->by_class ? tensor->per_unit : units;
    *columns = tensor->by_class ? units : tensor->per_unit;
}

size_t ff_tensor_tile_bytes(const struct ff_tensor *tensor)
{
    return (size_t)ff_tile_units(tensor->units) * tensor->per_unit * sizeof(float);
}
