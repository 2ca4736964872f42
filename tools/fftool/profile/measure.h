/*
 * One point of a profile: a training in a process of its own, which tells its figures as JSON; with
 * a limit, inside a control group that tools/limit-memory makes.
 */
#ifndef CLI_PROFILE_MEASURE_H
#define CLI_PROFILE_MEASURE_H

#include "profile/results.h"
#include "progress.h"

/* What all points have in common, and results depend on. */
struct profile_settings {
    const char *data, *optimizer;
    uint32_t hidden, batch, epochs, threads;
    uint64_t samples, seed;
    uint64_t memory, limit; /* 0: none */
    bool eval;
    char fingerprint[33]; /* of the samples that are trained on */
};

/*
 * Finds out, without training, what would fail however much memory there is, such as data that
 * cannot be read. Returns EXIT_DONE, or an exit code with the reason printed.
 */
int profile_check(const struct cli *cli, const struct profile_settings *settings, const char *mode,
                  uint32_t layers);

/* Reads the data for the fingerprint in SETTINGS. Returns as profile_check(). */
int profile_fingerprint(const struct cli *cli, struct profile_settings *settings);

struct profile_bench {
    const struct cli *cli;
    const struct profile_settings *settings;
    const char *folder;        /* for temporary files */
    struct progress *progress; /* for warnings */
    void (*tick)(void *arg);   /* called several times a second; may be NULL */
    void *arg;
    char *program;      /* this one */
    char *limit_memory; /* the script; NULL: no limit */
    char *blas;         /* what the trainings multiply with; NULL: not known yet */
};

/*
 * Finds the programs; the caller has set what comes before them in BENCH, and keeps it. Returns
 * EXIT_DONE, or EXIT_FAILED with the reason printed: no way to set a limit here. BENCH is to be
 * released in either case.
 */
int profile_bench_init(struct profile_bench *bench);
void profile_bench_release(struct profile_bench *bench);

/*
 * Trains, and fills OUT; a training that fails is a result, too. Leaves files in the folder.
 * Returns EXIT_DONE; EXIT_INTERRUPTED, or EXIT_FAILED with the reason printed if nothing could be
 * run. OUT is to be released in either case.
 */
int profile_measure(struct profile_bench *bench, const char *mode, uint32_t layers,
                    struct profile_point *out);

#endif
