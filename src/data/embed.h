/*
 * From stored images to the inputs of layer 1: pixels become floats, the label is embedded, and the
 * row is scaled to RMS 1 (length sqrt(width)), like the inputs of every layer: layer normalisation
 * without the mean (Hinton 2022, section 2.1).
 */
#ifndef FF_DATA_EMBED_H
#define FF_DATA_EMBED_H

#include "base/context.h"
#include "base/rng.h"

enum ff_label_embedding {
    FF_EMBED_REPLACE =
        0, /* the first C inputs are replaced by the label (Hinton 2022, section 3.3) */
    FF_EMBED_APPEND = 1, /* C inputs are inserted in front of the features */
};

struct ff_embedding {
    enum ff_label_embedding mode;
    float strength; /* value of the label's input, before scaling; the other label inputs are 0 */
    uint32_t features; /* of a stored row */
    uint32_t classes;  /* at most FEATURES with FF_EMBED_REPLACE; 0: no label is embedded */
};

/* The neutral label: all label inputs are strength / classes (0.1 for 10 classes, strength 1). */
#define FF_LABEL_NEUTRAL UINT16_MAX

/* Inputs of layer 1: features, plus classes for FF_EMBED_APPEND. */
uint32_t ff_embed_width(const struct ff_embedding *embedding);
/*
 * Computes ROWS rows of inputs OUT (rows x ff_embed_width()) from FEATURES, u8 (scaled by 1/255) or
 * f32. LABELS has one label or FF_LABEL_NEUTRAL per row (NULL if there are no classes). The row x,
 * label included, is scaled to RMS 1: x sqrt(width) / (|x| + 1e-6); a row of zeros stays zero. The
 * result for a row depends only on that row, bit for bit.
 */
void ff_embed(const struct ff_embedding *embedding, size_t rows, const void *features,
              bool is_float, const uint16_t *labels, float *out);
/*
 * A wrong label for row ROW, uniform over the classes other than LABEL; the random number depends
 * on (seed, set, row) only. CLASSES >= 2.
 */
uint16_t ff_wrong_label(uint64_t seed, uint32_t set, uint64_t row, uint16_t label,
                        uint32_t classes);

#endif
