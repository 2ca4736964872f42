/*
 * What the tests of evaluation share: trained models, each in a directory of its own, and a count
 * of what lies there.
 */
#ifndef EVALUATE_FIXTURE_H
#define EVALUATE_FIXTURE_H

#include "support/train_fixture.h"

#define EVALUATE_ROWS 600 /* of either split */
#define EVALUATE_LAYERS 3

/* Of the model at hand. */
extern const char *evaluate_folder;
extern struct ff_recipe evaluate_recipe;
/* Of the test: its context, which counts warnings, and options for the model, with two threads. */
extern struct ff_ctx *evaluate_ctx;
extern struct ff_evaluate_opts evaluate_opts;
extern int evaluate_warnings;

/* An unchecked fixture: makes a directory for each kind (train_kinds()), with data and a complete
 * model, which tests only read. */
void evaluate_model_setup(void);
void evaluate_model_teardown(void);
/* A checked one: at hand is the model of the recipe symba, with labels appended. Also checks that
 * no memory is in use and no temporary file is left. */
void evaluate_setup(void);
void evaluate_teardown(void);
/* Takes the model of KIND at hand. */
void evaluate_choose(int kind);

/* Trains RECIPE in the directory WHERE, made by train_folder(). */
void evaluate_train_in(const char *where, struct ff_recipe *recipe);
/* Points evaluate_opts to the model and the data of the directory WHERE. */
void evaluate_use(const char *where);
/* How many entries of the directory are neither the model nor the data: temporary ones. */
int evaluate_strangers(const char *where);

/* Evaluates, and fails the test if that fails. */
void evaluate_ok(struct ff_evaluation *out);
/* Fails the test unless STATUS is WANTED and the context's message holds IN_MESSAGE. */
void evaluate_ck_status(int status, int wanted, const char *in_message);

struct evaluate_predictions {
    uint64_t next;
    uint32_t labels[EVALUATE_ROWS];
    float scores[EVALUATE_ROWS][TRAIN_CLASSES];
};
/* For ff_predict(): keeps what comes in ARG, a struct evaluate_predictions. */
int evaluate_keep(void *arg, const struct ff_prediction *prediction);

#endif
