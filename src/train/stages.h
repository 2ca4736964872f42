/* The stages of a run. Each does its work and flips the manifest to the next stage. */
#ifndef FF_TRAIN_STAGES_H
#define FF_TRAIN_STAGES_H

#include "train/run.h"

FF_CHECK int ff_stage_import(struct ff_run *run);
/* Trains the mark's layer or, where all layers train at once, the network. stage_learn.c */
FF_CHECK int ff_stage_train(struct ff_run *run);
FF_CHECK int ff_stage_forward(struct ff_run *run);
/* Trains the head on the mark's layer. stage_learn.c */
FF_CHECK int ff_stage_head(struct ff_run *run);

#endif
