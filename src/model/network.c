#include "model/network.h"

#include "model/turn.h"

#include <string.h>

#define MAX_BUFFERS 3

/* The turn in which all parts train. */
static const struct ff_turn training = {FF_STAGE_TRAIN, 1};

static size_t list_buffers(struct ff_network *network, struct ff_buffer out[MAX_BUFFERS])
{
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&network->layers, FF_MEM_OTHER, network->n_layers, sizeof *network->layers},
        {&network->heads, FF_MEM_OTHER, network->n_heads, sizeof *network->heads},
        {&network->parts, FF_MEM_OTHER, network->n_parts, sizeof *network->parts},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

static struct ff_network make_network(const struct ff_recipe *recipe)
{
    struct ff_network network = {
        .n_layers = recipe->layers,
        .first_head = ff_recipe_first_head(recipe),
    };

    network.n_parts = ff_turn_parts(recipe, training);
    network.n_heads = (uint32_t)network.n_parts - network.n_layers;
    return network;
}

struct ff_layer ff_network_shape(const struct ff_manifest *manifest, char kind, uint32_t number)
{
    const struct ff_recipe *recipe = &manifest->recipe;

    if (kind == 'W')
        return ff_layer_of(manifest, number, ff_optimizer_find(recipe->optimizer)->states);
    return ff_layer_shape(recipe->hidden[number - 1], manifest->classes,
                          ff_network_head_optimizer(recipe)->states);
}

size_t ff_network_tensors(const struct ff_manifest *manifest, char kind, uint32_t number,
                          bool state, struct ff_tensor out[FF_MAX_TENSORS])
{
    struct ff_layer shape = ff_network_shape(manifest, kind, number);
    bool means = kind == 'W' && manifest->recipe.peer_normalisation > 0;

    return ff_tensor_list(&shape, kind, state, means, out);
}

static int init_parts(struct ff_network *network, const struct ff_manifest *manifest)
{
    int status = FF_OK;

    for (uint32_t i = 0; i < network->n_parts && status == FF_OK; i++) {
        struct ff_part part = ff_turn_part(&manifest->recipe, training, i);
        struct ff_layer shape = ff_network_shape(manifest, part.kind, part.number);

        part.layer =
            i < network->n_layers ? &network->layers[i] : &network->heads[i - network->n_layers];
        network->parts[i] = part;
        status = ff_layer_init(part.layer, network->ctx, &shape);
    }
    return status;
}

int ff_network_init(struct ff_network *out, struct ff_ctx *ctx, const struct ff_manifest *manifest)
{
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    *out = make_network(&manifest->recipe);
    out->ctx = ctx;
    status = ff_buffers_alloc(ctx, list_buffers(out, buffers), buffers);
    if (status == FF_OK)
        status = init_parts(out, manifest);
    if (status != FF_OK)
        ff_network_release(out);
    return status;
}

void ff_network_release(struct ff_network *network)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    if (!network->ctx)
        return;
    for (uint32_t i = 0; network->layers && i < network->n_layers; i++)
        ff_layer_release(&network->layers[i]);
    for (uint32_t i = 0; network->heads && i < network->n_heads; i++)
        ff_layer_release(&network->heads[i]);
    ff_buffers_free(network->ctx, list_buffers(network, buffers), buffers);
    memset(network, 0, sizeof *network);
}

void ff_network_needs(const struct ff_manifest *manifest, unsigned ranks, struct ff_needs *needs)
{
    struct ff_network shape = make_network(&manifest->recipe);
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
    for (uint32_t i = 0; i < shape.n_parts; i++) {
        struct ff_part part = ff_turn_part(&manifest->recipe, training, i);
        struct ff_layer whole = ff_network_shape(manifest, part.kind, part.number);
        struct ff_layer layer = ff_layer_part(&whole, 0, ranks);

        ff_layer_needs(&layer, 1, needs); /* not paged */
    }
}

const struct ff_optimizer *ff_network_head_optimizer(const struct ff_recipe *recipe)
{
    return ff_optimizer_find(ff_recipe_head_optimizer(recipe));
}
