/*
 * Logs of `fftool train --log`, which `fftool plot` draws and `fftool report` sums up: lines of
 * JSON, an object for each epoch, and one for each trained layer. fftool-format(5) describes the
 * members; required are only kind and layer, and epoch unless the kind is "trained". Unknown
 * members are ignored.
 *
 * A log may be of several runs, each of which resumes from a checkpoint of the one before: of an
 * epoch that occurs twice the last one counts. It may end in an incomplete line, of a run that was
 * killed or is just writing it (log_file.h).
 */
#ifndef CLI_FIGURES_TRAINING_LOG_H
#define CLI_FIGURES_TRAINING_LOG_H

#include "reading.h"

/* ROW(name in C, member in JSON) */
#define LOG_FIGURE_TABLE(ROW)                    \
    ROW(LOSS, loss)                              \
    ROW(GOODNESS_POS, goodness_pos)              \
    ROW(GOODNESS_NEG, goodness_neg)              \
    ROW(ERROR, error)                            \
    ROW(HELD_OUT_ERROR, validation_error)        \
    ROW(VALIDATION_ERROR, validation_error_upto) \
    ROW(SECONDS, seconds)                        \
    ROW(RATE, rows_per_second)                   \
    ROW(GFLOPS, gflops)                          \
    ROW(PEAK_RSS, peak_rss_bytes)                \
    ROW(PEAK_ANON, peak_anon_bytes)              \
    ROW(SCRATCH, scratch_bytes)

#define LOG_FIGURE_NAME(name, member) LOG_##name,
enum log_figure {
    LOG_FIGURE_TABLE(LOG_FIGURE_NAME) LOG_MEMBERS,
    LOG_TRAINED_ERROR = LOG_MEMBERS, /* error of the line of the trained layer */
    LOG_FIGURES
};
#undef LOG_FIGURE_NAME

/* The kind of negatives. ROW(name in C, text in JSON) */
#define LOG_NEGATIVES_TABLE(ROW) \
    ROW(LABELS, labels)          \
    ROW(RANDOM, random)          \
    ROW(HARD, hard)              \
    ROW(HYBRID, hybrid)

#define LOG_NEGATIVES_NAME(name, text) LOG_NEGATIVES_##name,
enum log_negatives { LOG_NEGATIVES_TABLE(LOG_NEGATIVES_NAME) LOG_NEGATIVES_UNKNOWN };
#undef LOG_NEGATIVES_NAME

/* One epoch of a layer, of the whole network, or of a layer's part of the head. */
struct log_epoch {
    uint32_t sweep; /* from 1 */
    uint32_t layer; /* 0: the whole network */
    bool head;
    uint32_t epoch; /* from 1, over all sweeps */
    enum log_negatives negatives;
    /* NAN: not known. What is known of a layer as trained is with its last epoch of a sweep. */
    double figures[LOG_FIGURES];
    size_t line; /* of the file, from 1 */
};

struct training_log {
    char *name;               /* of the file, without its directory */
    struct log_epoch *epochs; /* as they pass: by sweep, layer, its head behind it, then by epoch;
                                 each once */
    size_t n;                 /* one at least */
};

/* A line of TEXT is an epoch's. */
bool training_log_fits(const char *text, size_t bytes);
/* Reads TEXT, which fits; other lines give a warning. Release OUT. */
void training_log_parse(const struct reading *reading, const char *text, size_t bytes,
                        struct training_log *out);
void training_log_release(struct training_log *log);

#endif
