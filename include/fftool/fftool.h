/*
 * libfftool: train deep fully connected networks with Hinton's Forward-Forward algorithm out of
 * core, one layer at a time. This header includes all the others.
 */
#ifndef FFTOOL_FFTOOL_H
#define FFTOOL_FFTOOL_H

#define FF_VERSION "0.1.0"

#include <fftool/bench.h>
#include <fftool/context.h>
#include <fftool/evaluate.h>
#include <fftool/memory.h>
#include <fftool/model.h>
#include <fftool/path.h>
#include <fftool/plan.h>
#include <fftool/progress.h>
#include <fftool/recipe.h>
#include <fftool/status.h>
#include <fftool/text.h>
#include <fftool/train.h>

#endif
