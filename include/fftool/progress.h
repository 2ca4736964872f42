/*
 * Progress of long work: training, evaluation, prediction.
 */
#ifndef FFTOOL_PROGRESS_H
#define FFTOOL_PROGRESS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ff_phase {
    FF_PHASE_IMPORT,  /* reading the dataset into scratch */
    FF_PHASE_TRAIN,   /* training a layer */
    FF_PHASE_FORWARD, /* writing a layer's outputs */
    FF_PHASE_HEAD,    /* training the linear head on a layer */
    FF_PHASE_EVALUATE /* measuring (ff_evaluate) */
};

/* Progress, several times a second at most. */
struct ff_progress {
    enum ff_phase phase;
    uint32_t layer, layers;    /* from 1; 0 while importing, and where the network trains at once */
    uint32_t epoch, epochs;    /* from 1 */
    uint64_t rows, rows_total; /* of this epoch or pass; total 0 if unknown */
    double rows_per_second;
    double
        seconds_left; /* of the whole job, estimated from this run's own speed; negative: unknown */
    double loss;      /* mean so far in this epoch; NAN if none */
};

#ifdef __cplusplus
}
#endif
#endif
