/*
 * Shared by `train`, `resume` and `extend`: options of a run, progress, the log, the result.
 */
#ifndef CLI_COMMANDS_TRAINING_H
#define CLI_COMMANDS_TRAINING_H

#include "common/cli.h"
#include "options.h"
#include "team.h"
#include <fftool/extend.h>
#include <fftool/train.h>

/* Settings of one run, which do not change the weights. */
struct training {
    struct ff_train_opts opts;
    const char *log;     /* file of JSON lines; NULL: none */
    const char *missing; /* one of training_missing: decides opts.data.fill_missing */
    bool broadcast;      /* rank 0 of a team reads the data for all */
    uint32_t context;    /* opts.data.context */
    bool json, quiet, verbose;
};

void training_init(struct training *training);

/* What --missing takes. */
extern const struct ff_recipe_choice training_missing[];
/* Sets the members of opts.data that options decide which are not in it. */
void training_settle_data(struct training *training);

/* What a training begins with. */
struct training_start {
    const struct ff_recipe *recipe;      /* of a new model; NULL: that of an existing one */
    const struct ff_extend_opts *extend; /* makes that one first; NULL: it is resumed */
};

/* Trains and prints the result on stdout. REPLACE_LOG: overwrite the log instead of appending to
 * it. Returns an exit code. */
int training_run(struct cli *cli, struct training *training, const struct training_start *start,
                 bool replace_log);

/* The most pixels that --resize takes. */
#define TRAINING_LONGEST_SIDE 16384
/* The lowest speed that --gflops takes. */
#define TRAINING_LEAST_GFLOPS 1e-6

/* Rows of an option table for the member RUN (a struct training) of TYPE. */
#define TRAINING_DATA_OPTIONS(TYPE, RUN, NEEDS)                                             \
    {.kind = OPTION_CHOICE,                                                                 \
     .name = "missing",                                                                     \
     .argument = "HOW",                                                                     \
     .help = "what a missing value of a table is",                                          \
     .offset = offsetof(TYPE, RUN.missing),                                                 \
     .choices = training_missing,                                                           \
     .needs = (NEEDS)},                                                                     \
        {.kind = OPTION_COUNT,                                                              \
         .name = "context",                                                                 \
         .argument = "N",                                                                   \
         .help = "characters of a text that predict the next one; given, PATH is always a " \
                 "text [10]",                                                               \
         .offset = offsetof(TYPE, RUN.context),                                             \
         .min = 1,                                                                          \
         .max = FF_MAX_CONTEXT,                                                             \
         .needs = (NEEDS)},                                                                 \
    {                                                                                       \
        .kind = OPTION_FLAG, .name = "fold-case",                                           \
        .help = "read upper-case letters of a text as lower-case ones",                     \
        .offset = offsetof(TYPE, RUN.opts.data.fold_case), .needs = (NEEDS)                 \
    }

#define TRAINING_RESOURCE_OPTIONS(TYPE, RUN)                                                      \
    {.kind = OPTION_HEADING, .name = "Resources"},                                                \
        {.kind = OPTION_STRING,                                                                   \
         .name = "scratch",                                                                       \
         .argument = "DIR",                                                                       \
         .help = "directory for stored activations, which take hundreds of MB or more "           \
                 "[MODEL.scratch]",                                                               \
         .offset = offsetof(TYPE, RUN.opts.scratch)},                                             \
        {.kind = OPTION_STRING,                                                                   \
         .name = "compress",                                                                      \
         .argument = "HOW",                                                                       \
         .help = "compression of stored activations: none, zstd or zstd:LEVEL",                   \
         .offset = offsetof(TYPE, RUN.opts.compress)},                                            \
        {.kind = OPTION_COUNT,                                                                    \
         .name = "threads",                                                                       \
         .argument = "N",                                                                         \
         .help =                                                                                  \
             "threads; 0: all processors available to the process; does not affect the weights",  \
         .offset = offsetof(TYPE, RUN.opts.threads),                                              \
         .max = 256},                                                                             \
        {.kind = OPTION_SIZE,                                                                     \
         .name = "memory",                                                                        \
         .argument = "SIZE",                                                                      \
         .help = "budget for the peak memory of the whole process, such as 64M; does not affect " \
                 "the weights",                                                                   \
         .offset = offsetof(TYPE, RUN.opts.memory_bytes),                                         \
         .min = 1,                                                                                \
         .default_text = no_default},                                                             \
        {.kind = OPTION_REAL,                                                                     \
         .name = "gflops",                                                                        \
         .argument = "N",                                                                         \
         .help = "speed that the estimate of time assumes, in GFLOP/s of training as `fftool "    \
                 "bench` prints it [measured on this machine, if training takes some seconds]",   \
         .offset = offsetof(TYPE, RUN.opts.gflops),                                               \
         .above = TRAINING_LEAST_GFLOPS,                                                          \
         .default_text = no_default},                                                             \
        {.kind = OPTION_COUNT,                                                                    \
         .name = "micro-batch",                                                                   \
         .argument = "ROWS",                                                                      \
         .help =                                                                                  \
             "samples in memory at a time; 0: chosen automatically; does not affect the weights", \
         .offset = offsetof(TYPE, RUN.opts.micro_batch_rows)},                                    \
        {.kind = OPTION_FLAG,                                                                     \
         .name = "broadcast",                                                                     \
         .help = TEAM_BROADCAST_HELP,                                                             \
         .offset = offsetof(TYPE, RUN.broadcast)},                                                \
        {.kind = OPTION_FLAG,                                                                     \
         .name = "no-disk-check",                                                                 \
         .help = "begin even if less disk space is free than the plan needs",                     \
         .offset = offsetof(TYPE, RUN.opts.no_disk_check)},                                       \
    {                                                                                             \
        .kind = OPTION_REAL, .name = "checkpoint-interval", .argument = "SECONDS",                \
        .help = "minimum time between two checkpoints within a layer",                            \
        .offset = offsetof(TYPE, RUN.opts.checkpoint_interval_s)                                  \
    }

#define TRAINING_OUTPUT_OPTIONS(TYPE, RUN)                                                        \
    {.kind = OPTION_HEADING, .name = "Output"},                                                   \
        {.kind = OPTION_STRING,                                                                   \
         .name = "log",                                                                           \
         .argument = "FILE",                                                                      \
         .help =                                                                                  \
             "write a JSON object for each epoch as a line of FILE; a resumed training appends",  \
         .offset = offsetof(TYPE, RUN.log)},                                                      \
        {.kind = OPTION_FLAG,                                                                     \
         .name = "json",                                                                          \
         .help = "print the result as a JSON object",                                             \
         .offset = offsetof(TYPE, RUN.json)},                                                     \
        {.kind = OPTION_FLAG,                                                                     \
         .name = "quiet",                                                                         \
         .short_name = 'q',                                                                       \
         .help = "suppress progress and warnings",                                                \
         .offset = offsetof(TYPE, RUN.quiet)},                                                    \
    {                                                                                             \
        .kind = OPTION_FLAG, .name = "verbose", .short_name = 'v',                                \
        .help = "log every step; compare the speed with that of plain matrix products, measured " \
                "at the end",                                                                     \
        .offset = offsetof(TYPE, RUN.verbose)                                                     \
    }

#endif
