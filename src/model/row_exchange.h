/*
 * The outputs of a layer that a team shares, on their way to the storage of each process. Every
 * process has computed the units of its tiles, for all rows. It gets the rows of its share whole,
 * scales them to RMS 1, encodes them as they are stored, and gives them to all: a row is scaled and
 * encoded once, and most of its way it is as short as it is stored.
 */
#ifndef FF_MODEL_ROW_EXCHANGE_H
#define FF_MODEL_ROW_EXCHANGE_H

#include "model/layer.h"

struct ff_row_exchange {
    const struct ff_layer *layer;
    enum ff_dtype stored;
    bool plain;    /* rows are not scaled */
    float *y;      /* (rows, units) */
    void *encoded; /* (rows, units) of type STORED; NULL if that is f32 */
};

/* Exchanges ROWS rows of Y; calls from one thread only, which may be another than the one that
 * computes. Sets *WHOLE to the rows as they are to be stored: ENCODED, or Y. */
FF_CHECK int ff_row_exchange(const struct ff_row_exchange *exchange, uint32_t rows,
                             const uint8_t **whole);
/* Bytes of ENCODED for ROWS rows; 0: it is not needed. */
size_t ff_row_exchange_bytes(const struct ff_layer *layer, enum ff_dtype stored, size_t rows);

#endif
