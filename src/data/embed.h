/*
 * From stored rows to the inputs of layer 1: pixels become floats, or values are encoded; the label
 * is embedded, and the row is usually scaled to RMS 1 (length sqrt(width)), like the inputs of
 * every layer: layer normalisation without the mean (Hinton 2022, section 2.1).
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

#define FF_PIXEL_SCALE (1.0f / 255.0f)

/*
 * How the values of a row become inputs. A number x becomes (x - mean) scale, at most the largest
 * float. A category becomes an input for each category of its column, of which its own is 1. Rows
 * of bytes with categories have nothing else: symbols of a text, whose own input is the column's
 * scale. The last input of rows that are scaled is 1: without it, scaling a row to RMS 1 would lose
 * its magnitude.
 */
struct ff_encoding {
    uint32_t columns;
    uint32_t inputs;    /* of all columns, and the constant one if rows are scaled */
    bool alike;         /* mean and scale are those of every column */
    double *mean;       /* (columns), or (1) if alike */
    double *scale;      /* the same; 1 / standard deviation, or 0 if a column is constant; of the
                           symbols of a text 1 / their distance */
    uint32_t *category; /* (columns): number of categories, 0: a number; NULL: all are numbers */
};

/* Frees the arrays, which are malloc'd; ENCODING is then empty. */
void ff_encoding_release(struct ff_encoding *encoding);

struct ff_embedding {
    enum ff_label_embedding mode;
    float strength; /* value of the label's input, before scaling; the other label inputs are 0 */
    uint32_t features; /* of a stored row */
    uint32_t classes;  /* at most the inputs with FF_EMBED_REPLACE; 0: no label is embedded */
    const struct ff_encoding *encoding; /* NULL: features are the inputs */
    bool unscaled;                      /* rows stay as they are, not scaled to RMS 1 */
};

/* The neutral label: all label inputs are strength / classes (0.1 for 10 classes, strength 1). */
#define FF_LABEL_NEUTRAL UINT16_MAX

/* Inputs of layer 1: features as encoded, plus classes for FF_EMBED_APPEND. */
uint32_t ff_embed_width(const struct ff_embedding *embedding);
/*
 * Computes ROWS rows of inputs OUT (rows x ff_embed_width()) from FEATURES, u8 (scaled by 1/255) or
 * f32. LABELS has one label or FF_LABEL_NEUTRAL per row (NULL if there are no classes). The row x,
 * label included, is scaled to RMS 1: x sqrt(width) / (|x| + 1e-6), unless UNSCALED; a row of zeros
 * stays zero. The result for a row depends only on that row, bit for bit.
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
