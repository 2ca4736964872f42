#include "learn/hard_negatives.h"

#include "learn/streams.h"
#include "nn/softmax.h"

#include <string.h>

void ff_hard_negatives_list(const struct ff_hard_negatives_shape *shape,
                            struct ff_hard_negatives *gather,
                            struct ff_buffer out[FF_HARD_NEGATIVES_BUFFERS])
{
    size_t rows = shape->chunk_rows;
    const struct ff_buffer buffers[FF_HARD_NEGATIVES_BUFFERS] = {
        {&gather->under, FF_MEM_OTHER, shape->classes, sizeof *gather->under},
        {&gather->truth, FF_MEM_ACTIVATIONS, rows, sizeof *gather->truth},
        {&gather->chosen, FF_MEM_ACTIVATIONS, rows, sizeof *gather->chosen},
        {&gather->sums, FF_MEM_ACTIVATIONS, rows * shape->classes, sizeof(float)},
        {&gather->decoded, FF_MEM_ACTIVATIONS, rows * shape->width, sizeof(float)},
    };

    memcpy(out, buffers, sizeof buffers);
}

int ff_hard_negatives_find(const struct ff_hard_negatives_shape *shape, struct ff_set *set,
                           uint32_t chunk, struct ff_hard_negatives *gather)
{
    int status = ff_set_find(set, chunk, FF_STREAM_LABELS, &gather->labels);

    if (status == FF_OK)
        status = ff_set_find(set, chunk, FF_STREAM_GOODNESS, &gather->goodness);
    for (uint32_t c = 0; c < shape->classes && status == FF_OK; c++)
        status = ff_set_find(set, chunk, FF_STREAM_CLASS + c, &gather->under[c]);
    return status;
}

/* Draws a wrong label for each row. */
static int draw(const struct ff_hard_negatives_shape *shape, struct ff_set *set,
                struct ff_hard_negatives *gather, const struct ff_hard_negatives_choice *choice,
                struct ff_coder *coder, uint32_t rows)
{
    const void *data;
    int status = ff_chunk_read(set, &gather->goodness, coder, FF_F32, rows, shape->classes,
                               gather->sums, &data);

    if (status != FF_OK)
        return status;
    for (size_t i = 0; i < rows; i++) {
        const float *sums = (const float *)data + i * shape->classes;
        float *logits = gather->sums + i * shape->classes;

        for (uint32_t c = 0; c < shape->classes; c++)
            logits[c] = sums[c] * choice->scale;
        gather->chosen[i] = (uint16_t)ff_softmax_draw(shape->classes, logits, gather->truth[i],
                                                      ff_rng_unit(&choice->rng, choice->first + i));
    }
    return FF_OK;
}

static int choose(const struct ff_hard_negatives_shape *shape, struct ff_set *set,
                  struct ff_hard_negatives *gather, const struct ff_hard_negatives_choice *choice,
                  struct ff_coder *coder, uint32_t rows)
{
    const void *truth;
    int status = ff_chunk_read(set, &gather->labels, coder, FF_U16, rows, 1, gather->truth, &truth);

    if (status != FF_OK)
        return status;
    if (truth != gather->truth)
        memcpy(gather->truth, truth, rows * sizeof *gather->truth);
    for (uint32_t i = 0; i < rows; i++) {
        if (gather->truth[i] >= shape->classes)
            return ff_fail(set->ctx, FF_ECORRUPT, "%s: label %u of %u classes", set->name,
                           gather->truth[i], shape->classes);
    }
    if (choice->negative)
        return draw(shape, set, gather, choice, coder, rows);
    memcpy(gather->chosen, gather->truth, rows * sizeof *gather->chosen);
    return FF_OK;
}

/* Copies the rows whose chosen label is LABEL. */
static int take_label(const struct ff_hard_negatives_shape *shape, struct ff_set *set,
                      struct ff_hard_negatives *gather, struct ff_coder *coder, uint32_t label,
                      uint32_t rows, float *out)
{
    size_t bytes = shape->width * sizeof(float);
    const void *data;
    int status = ff_chunk_read(set, &gather->under[label], coder, FF_F32, rows, shape->width,
                               gather->decoded, &data);

    for (size_t i = 0; i < rows && status == FF_OK; i++) {
        if (gather->chosen[i] == label)
            memcpy((char *)out + i * bytes, (const char *)data + i * bytes, bytes);
    }
    ff_chunk_trim(set, &gather->under[label], false, NULL, NULL);
    return status;
}

static bool is_chosen(const struct ff_hard_negatives *gather, uint32_t label, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        if (gather->chosen[i] == label)
            return true;
    }
    return false;
}

int ff_hard_negatives_gather(const struct ff_hard_negatives_shape *shape, struct ff_set *set,
                             struct ff_hard_negatives *gather,
                             const struct ff_hard_negatives_choice *choice, struct ff_coder *coder,
                             uint32_t rows, float *out)
{
    int status = choose(shape, set, gather, choice, coder, rows);

    for (uint32_t label = 0; label < shape->classes && status == FF_OK; label++) {
        if (is_chosen(gather, label, rows))
            status = take_label(shape, set, gather, coder, label, rows, out);
    }
    return status;
}
