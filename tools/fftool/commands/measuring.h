/*
 * Shared by `eval` and `predict`: choices, options, progress.
 */
#ifndef CLI_COMMANDS_MEASURING_H
#define CLI_COMMANDS_MEASURING_H

#include "common/cli.h"
#include "common/layer_range.h"
#include "common/progress.h"
#include "options.h"
#include "team.h"
#include <fftool/evaluate.h>
#include <jansson.h>

struct measuring {
    struct ff_evaluate_opts opts;
    const char *method; /* a name of measuring_methods */
    const char *layers; /* a range as typed; NULL: the model's */
    bool broadcast;     /* rank 0 of a team reads the data for all */
    bool quiet;
    struct progress progress;
    json_t *plan; /* NULL: none was made, or memory is out */
};

extern const struct ff_recipe_choice measuring_methods[];

void measuring_init(struct measuring *measuring);
void measuring_release(struct measuring *measuring);
/* Prepares CLI and the library's options for MODEL: method, range of layers, progress,
 * interruption; reads standard input if that is the data ("-"). Returns EXIT_DONE, or another exit
 * code with the reason printed. */
int measuring_begin(struct cli *cli, struct measuring *measuring, const char *model);
/* "auto", "goodness" or "head" */
const char *measuring_method_name(enum ff_method method);

/* Rows of an option table for the member M (a struct measuring) of TYPE. LIMIT_HELP states which
 * rows --limit uses. */
#define MEASURING_OPTIONS(TYPE, M, LIMIT_HELP)                                                   \
    {.kind = OPTION_CHOICE,                                                                      \
     .name = "method",                                                                           \
     .argument = "NAME",                                                                         \
     .help = "method that decides the label",                                                    \
     .offset = offsetof(TYPE, M.method),                                                         \
     .choices = measuring_methods},                                                              \
        {.kind = OPTION_STRING,                                                                  \
         .name = "layers",                                                                       \
         .argument = "RANGE",                                                                    \
         .help = "layers whose goodness is summed, such as " LAYER_RANGE_EXAMPLES                \
                 " [as chosen on held-out samples in training; otherwise all, with classic and " \
                 "symba 2-last]",                                                                \
         .offset = offsetof(TYPE, M.layers)},                                                    \
        {.kind = OPTION_COUNT64,                                                                 \
         .name = "limit",                                                                        \
         .argument = "ROWS",                                                                     \
         .help = LIMIT_HELP,                                                                     \
         .offset = offsetof(TYPE, M.opts.limit_rows)},                                           \
        {.kind = OPTION_HEADING, .name = "Resources"},                                           \
        {.kind = OPTION_FLAG,                                                                    \
         .name = "broadcast",                                                                    \
         .help = TEAM_BROADCAST_HELP,                                                            \
         .offset = offsetof(TYPE, M.broadcast)},                                                 \
        {.kind = OPTION_COUNT,                                                                   \
         .name = "threads",                                                                      \
         .argument = "N",                                                                        \
         .help = "threads; 0: all processors available to the process",                          \
         .offset = offsetof(TYPE, M.opts.threads),                                               \
         .max = 256},                                                                            \
        {.kind = OPTION_SIZE,                                                                    \
         .name = "memory",                                                                       \
         .argument = "SIZE",                                                                     \
         .help = "budget for the peak memory of the whole process",                              \
         .offset = offsetof(TYPE, M.opts.memory_bytes),                                          \
         .min = 1,                                                                               \
         .default_text = no_default},                                                            \
        {.kind = OPTION_STRING,                                                                  \
         .name = "scratch",                                                                      \
         .argument = "DIR",                                                                      \
         .help = "directory for temporary files [beside the model]",                             \
         .offset = offsetof(TYPE, M.opts.scratch)},                                              \
    {                                                                                            \
        .kind = OPTION_SIZE, .name = "scratch-size", .argument = "SIZE",                         \
        .help = "approximate limit of temporary files; 0: 1G",                                   \
        .offset = offsetof(TYPE, M.opts.scratch_bytes)                                           \
    }

#endif
