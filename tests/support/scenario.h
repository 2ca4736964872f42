/*
 * Commands of the program under faults and kills. A scenario is a command, the state it starts from
 * and what it is compared with: the same command, undisturbed. A scene is a scenario set up in a
 * directory of the test; every case gets its own copy of the state.
 *
 * Checks return NULL, or in a static buffer what is wrong.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "support/program.h"

#include <limits.h>

/* How standard output is compared. Measured values (times, memory) are left out. */
enum scenario_output {
    PRINTS_TEXT, /* by the number of lines */
    PRINTS_JSON, /* one document, by value */
    PRINTS_LINES /* by byte; a command that fails may have printed the first lines */
};

/* In commands "@" means the directory of the datasets, "%" the smallest memory budget that
 * is not refused. A member that is NULL or 0 does not apply. */
struct scenario {
    const char *name;
    const char *prepare; /* command that makes the state */
    double cut;          /* PREPARE is killed after this share of its calls */
    const char *command;
    const char *again;     /* command to run after a failure; NULL: COMMAND, or `fftool resume` */
    const char *directory; /* an empty directory to start with */
    bool trains, log;      /* writes model.ff, log.jsonl */
    const char *shows;     /* text that the output must contain: the scenario's purpose */
    const char *output;    /* file that the command writes, with the same bytes each time */
    enum scenario_output prints;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

struct scene {
    const struct scenario *scenario;
    struct program *program;
    char root[PATH_MAX];
    char state[PATH_MAX];  /* the directory that cases are copied from */
    char *command, *again; /* completed */
    char *before, *after;  /* lists of files */
    char *out, *output;    /* what it prints and writes */
    char hash[33];         /* of the trained weights; "": there is no model */
    char hash_before[33];  /* of the model that is there before, if it is complete */
    uint64_t calls[FAULTS_CLASSES];
};

/* Makes a directory with the datasets "idx", "gzip" and "npy", with the fixture of
 * support/train_fixture.h. The caller frees the name. */
char *scene_root(void);

/* Makes the state in ROOT, from scene_root(), and runs the command once, undisturbed. */
void scene_open(const char *root, const struct scenario *scenario, struct scene *out);
void scene_close(struct scene *scene);

/* A copy of the state in a new directory NAME; the path goes to DIRECTORY. */
void scene_copy(const struct scene *scene, const char *name, char directory[PATH_MAX]);
void scene_remove(const char *directory);

/* Age given to what a killed command leaves, so that the next command takes it for abandoned. */
#define SCENE_AGE_S 120

void scene_age(const char *directory, const struct program_end *end);

/* Removes scratch, which may be deleted at any time. */
void scene_remove_scratch(const char *directory);

/* Checks exit code, output, files and model of a command that ended under PLAN in DIRECTORY. FIRST:
 * it started from the state. A training that was resumed prints other results. */
const char *scene_check_end(const struct scene *scene, const struct program_plan *plan,
                            const struct program_end *end, const char *directory, bool first);

/* Checks that the temporary directory that a run made elsewhere is gone. */
const char *scene_check_elsewhere(const struct program_end *end);

/* Runs the command again, undisturbed, and compares with the undisturbed run. RESUME: by `fftool
 * resume` where there is a model to resume. */
const char *scene_finish(const struct scene *scene, struct program *program, const char *directory,
                         bool resume);

/* The command to run after a failure. */
const char *scene_next(const struct scene *scene, const char *directory, bool resume);

#endif
