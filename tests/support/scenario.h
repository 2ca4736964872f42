/*
 * Commands of the program that faults and kills are tried on, each with the state that it starts
 * from and what it comes to undisturbed. A scene is a scenario set up below a folder of the test's;
 * every case of it gets a copy of the state.
 *
 * Checks return NULL, or what is wrong in a static buffer.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "support/program.h"

#include <limits.h>

struct scenario {
    const char *name;
    const char *prepare; /* command that makes the state; NULL: an empty folder */
    double cut;          /* it is killed at this share of its calls; 0: it ends by itself */
    const char
        *command;       /* "@" stands for the folder of the datasets, "%" for the smallest budget */
    const char *again;  /* what is run after a failure; NULL: COMMAND, or `fftool resume` */
    const char *folder; /* an empty one that is there before; NULL: none */
    bool trains, log;   /* model.ff; log.jsonl */
    const char *shows;  /* is in what it prints: what the scenario is there for; NULL: nothing */
    const char *output; /* file that it writes, the same each time; NULL: none */
    enum scenario_prints {
        PRINTS_TEXT,
        PRINTS_JSON,
        PRINTS_LINES
    } prints; /* the same each time,
but for what is measured; LINES: one by one */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

struct scene {
    const struct scenario *scenario;
    struct program *program;
    char root[PATH_MAX];
    char state[PATH_MAX];  /* the folder that cases are copied from */
    char *command, *again; /* completed */
    char *before, *after;  /* lists of files */
    char *out, *output;    /* what it prints and writes */
    char hash[33];         /* of the trained weights; "": there is no model */
    char hash_before[33];  /* of the model that is there before, if it is complete */
    uint64_t calls[FAULTS_CLASSES];
};

/* Makes a folder with the datasets "idx", "gzip" and "npy"; the name is the caller's to free. Of
 * the fixture of support/train_fixture.h. */
char *scene_root(void);

/* Makes the state in ROOT, of scene_root(), and runs COMMAND once. */
void scene_open(const char *root, const struct scenario *scenario, struct scene *out);
void scene_close(struct scene *scene);

/* A copy of the state in a new folder NAME; the path goes to FOLDER. */
void scene_copy(const struct scene *scene, const char *name, char folder[PATH_MAX]);
void scene_remove(const char *folder);

/* What a killed command leaves is made so old that the next one knows it for abandoned. */
#define SCENE_AGE_S 120

void scene_age(const char *folder, const struct program_end *end);

/* Removes scratch, as anybody may at any time. */
void scene_remove_scratch(const char *folder);

/* What a command that ended under PLAN must have come to; and has left in FOLDER. */
const char *scene_check_end(const struct scene *scene, const struct program_plan *plan,
                            const struct program_end *end, const char *folder);

/* NULL if nothing is left of the temporary directory that a run made elsewhere. */
const char *scene_check_elsewhere(const struct program_end *end);

/* Runs the command again, and checks that it comes to what it comes to undisturbed. RESUME: goes on
 * by `fftool resume` if there is a model that can be. */
const char *scene_finish(const struct scene *scene, struct program *program, const char *folder,
                         bool resume);

/* The command that goes on with a training after a failure. */
const char *scene_next(const struct scene *scene, const char *folder, bool resume);

#endif
