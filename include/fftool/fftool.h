/*
 * libfftool: train deep fully connected networks with Hinton's Forward-Forward algorithm out of
 * core, one layer at a time. This header includes all the others:
 *
 *   context.h   errors, warnings, metered memory: everything needs a context
 *   recipe.h    what to train
 *   data.h      what to train on: files, or rows of the program
 *   train.h     training
 *   extend.h    training on: new models from finished ones
 *   evaluate.h  evaluation and prediction
 *   plan.h      memory and disk that a job takes, before it is done
 *   model.h     reading model files
 *   exchange.h  weights in files that other programs read
 *   memory.h, progress.h, size.h, status.h, version.h
 *
 * Threads. A context, and what was made with it, is used by one thread at a time; recipes can be
 * shared as recipe.h says. Different threads may work with different contexts at the same time, but
 * not on the same model file or scratch directory. ff_train() and its kin start threads of their
 * own and join them before they return. Callbacks run in the thread that called the library;
 * they must not start another job with the same context.
 *
 * Errors. A function that can fail returns an ff_status: FF_OK (0), or a negative code with one
 * line of English in ff_ctx_message(). The library never prints and never ends the process.
 *
 * Ownership. What a function named _new, _open or _copy gives is released with the _free or _close
 * of the same name, before its context. Strings and structures passed in are copied or used during
 * the call only; they remain the caller's. Pointers that come out live as long as the header says.
 *
 * Structures that grow begin with their size: see size.h.
 *
 * The process as a whole. These effects reach beyond the context:
 * - OpenBLAS is set to one thread, and stays so: the library brings its own threads.
 * - Training, evaluation and prediction flush subnormal numbers to zero (MXCSR's FTZ and DAZ,
 * FPCR's FZ), in their own threads and, until they return, in the calling one: callbacks run in
 * that mode, too. Otherwise the floating-point environment is used as it is; results are meant for
 * rounding to nearest.
 * - No signal handler is installed. A program should ignore SIGXFSZ (then a file size limit is
 *   FF_EFBIG) and must not truncate files that are being read (SIGBUS).
 * - A model file and a scratch directory are open once in a process, and not across fork(); while
 *   they are, the process must not open and close the same files otherwise, which drops their
 *   locks. Network file systems do not work.
 * - The environment variable TMPDIR is read. The locale shows in the decimal point of
 *   numbers in messages, and nowhere else.
 * - OpenBLAS takes a buffer of address space for each thread that computes. A job checks first that
 *   there is enough for its own; where several jobs compute at once under a limit of address space
 *   (ulimit -v), OpenBLAS may wait forever.
 * - Peak memory is that of the process (memory.h).
 */
#ifndef FFTOOL_FFTOOL_H
#define FFTOOL_FFTOOL_H

#include <fftool/context.h>
#include <fftool/data.h>
#include <fftool/evaluate.h>
#include <fftool/exchange.h>
#include <fftool/extend.h>
#include <fftool/generate.h>
#include <fftool/memory.h>
#include <fftool/model.h>
#include <fftool/plan.h>
#include <fftool/progress.h>
#include <fftool/recipe.h>
#include <fftool/size.h>
#include <fftool/status.h>
#include <fftool/team.h>
#include <fftool/text.h>
#include <fftool/train.h>
#include <fftool/version.h>

#endif
