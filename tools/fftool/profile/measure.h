/*
 * One point of a profile: a training in its own process, which prints its metrics as JSON; with a
 * limit, inside a control group of tools/limit-memory.
 */
#ifndef CLI_PROFILE_MEASURE_H
#define CLI_PROFILE_MEASURE_H

#include "common/progress.h"
#include "profile/results.h"

/* Settings of all points, on which results depend. */
struct profile_settings {
    const char *data, *optimizer;
    uint32_t hidden, batch, epochs, threads;
    uint64_t samples, seed;
    uint64_t memory, limit; /* 0: none */
    bool eval;
    char fingerprint[33]; /* of the samples in training */
};

/*
 * Finds, without training, failures that do not depend on memory, such as unreadable data. Returns
 * EXIT_DONE, or an exit code with the reason printed.
 */
int profile_check(const struct cli *cli, const struct profile_settings *settings, const char *mode,
                  uint32_t layers);

/* Reads the data for the fingerprint in SETTINGS. Returns as profile_check(). */
int profile_fingerprint(const struct cli *cli, struct profile_settings *settings);

struct profile_bench {
    const struct cli *cli;
    const struct profile_settings *settings;
    const char *directory;     /* for temporary files */
    struct progress *progress; /* for warnings */
    void (*tick)(void *arg);   /* called several times a second; may be NULL */
    void *arg;
    char *program;      /* this one */
    char *limit_memory; /* the script; NULL: no limit */
    char *blas;         /* kernels of the trainings; NULL: not known yet */
};

/*
 * Finds the programs; the caller has set the members before them in BENCH, and owns those. Returns
 * EXIT_DONE, or EXIT_FAILED with the reason printed: no way to set a limit here. BENCH is to be
 * released in either case.
 */
int profile_bench_init(struct profile_bench *bench);
void profile_bench_release(struct profile_bench *bench);

/*
 * Trains, and fills OUT; a training that fails is a result, too. Leaves files in the directory.
 * Returns EXIT_DONE; EXIT_INTERRUPTED, or EXIT_FAILED with the reason printed if nothing could be
 * run. OUT is to be released in either case.
 */
int profile_measure(struct profile_bench *bench, const char *mode, uint32_t layers,
                    struct profile_point *out);

#endif
