/*
 * Logs that `fftool train --log` writes, which `fftool plot` draws: lines of JSON, an object for
 * each epoch, and one for each layer that is trained. Its members are in the man page, under LOG;
 * of them only kind, layer and epoch have to be there, and what is not known here is passed over.
 *
 * A log may be of several runs, each of which goes on from a checkpoint of the one before: an epoch
 * that is there twice counts as it is there last. It may end in half a line, of a run that was
 * killed, or is just writing it; where another run went on, the next epoch is on that line and
 * lost.
 */
#ifndef FFTOOL_TRAINING_LOG_H
#define FFTOOL_TRAINING_LOG_H

#include "reading.h"

/* ROW(name in C, member in JSON) */
#define LOG_FIGURE_TABLE(ROW)                    \
    ROW(LOSS, loss)                              \
    ROW(GOODNESS_POS, goodness_pos)              \
    ROW(GOODNESS_NEG, goodness_neg)              \
    ROW(ERROR, error)                            \
    ROW(VALIDATION_ERROR, validation_error_upto) \
    ROW(SECONDS, seconds)                        \
    ROW(RATE, rows_per_second)

#define LOG_FIGURE_NAME(name, member) LOG_##name,
enum log_figure { LOG_FIGURE_TABLE(LOG_FIGURE_NAME) LOG_FIGURES };
#undef LOG_FIGURE_NAME

/* One epoch of a layer, of the whole network, or of a layer's part of the head. */
struct log_epoch {
    uint32_t layer; /* 0: the whole network */
    bool head;
    uint32_t epoch;              /* from 1 */
    double figures[LOG_FIGURES]; /* NAN: not known */
    size_t line;                 /* of the file, from 1 */
};

struct training_log {
    char *name;               /* of the file, without its folder */
    struct log_epoch *epochs; /* by layer, its head behind it, then by epoch; each once */
    size_t n;                 /* one at least */
};

/* A line of TEXT is an epoch's. */
bool training_log_fits(const char *text, size_t bytes);
/* Reads TEXT, which fits; lines that are no epochs are told as a warning. Release OUT. */
void training_log_parse(const struct reading *reading, const char *text, size_t bytes,
                        struct training_log *out);
void training_log_release(struct training_log *log);

#endif
