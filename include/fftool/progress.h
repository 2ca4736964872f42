/*
 * Progress of long work: training, evaluation, prediction, exchange.
 */
#ifndef FFTOOL_PROGRESS_H
#define FFTOOL_PROGRESS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ff_phase {
    FF_PHASE_IMPORT,   /* reading the data into scratch */
    FF_PHASE_TRAIN,    /* training a layer */
    FF_PHASE_FORWARD,  /* writing a layer's outputs */
    FF_PHASE_HEAD,     /* training the linear head on a layer */
    FF_PHASE_EVALUATE, /* evaluating or predicting */
    FF_PHASE_EXCHANGE  /* exporting or importing weights: rows are parameters */
};

/* Reported several times a second at most. */
struct ff_progress {
    enum ff_phase phase;
    uint32_t layer, layers;    /* LAYER from 1; 0 during import, and where the whole network trains
                                  at once */
    uint32_t epoch, epochs;    /* from 1 */
    uint64_t rows, rows_total; /* of this epoch or pass; ROWS_TOTAL 0: unknown */
    double rows_per_second;
    double seconds_left; /* of the whole job, estimated from the speed so far; negative: unknown */
    double loss;         /* mean so far in this epoch; NAN if none */
};

#ifdef __cplusplus
}
#endif
#endif
