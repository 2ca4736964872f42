/*
 * The context: error message, warnings and memory meter of a piece of work. There are no globals;
 * contexts are independent of each other. One thread at a time uses a context and what was made
 * with it.
 */
#ifndef FFTOOL_CONTEXT_H
#define FFTOOL_CONTEXT_H

#include <fftool/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ff_ctx;

/* Creates a context into *OUT. The caller frees it with ff_ctx_free(). Fails with FF_ENOMEM. */
FF_CHECK int ff_ctx_new(struct ff_ctx **out);
/* Frees CTX, which may be NULL. Release everything that was made with it first. */
void ff_ctx_free(struct ff_ctx *ctx);

/* Returns why the last failed call failed: one line without a newline, fit for a terminal
 * (ff_text_escape() in text.h), valid until the next call on CTX. */
const char *ff_ctx_message(const struct ff_ctx *ctx);

/* The subject of a failure, if the library knows it, to choose advice for the user. */
enum ff_subject {
    FF_ABOUT_OTHER,
    FF_ABOUT_MODEL,  /* the model file */
    FF_ABOUT_DATA,   /* a file of the dataset */
    FF_ABOUT_SCRATCH /* the scratch directory, or a file in it */
};
/* Returns what the last failed call is about. */
enum ff_subject ff_ctx_subject(const struct ff_ctx *ctx);

/* Sets the function that receives warnings, one line each. NULL drops them, as a new context does.
 */
void ff_ctx_on_warning(struct ff_ctx *ctx, void (*warn)(void *arg, const char *text), void *arg);

#ifdef __cplusplus
}
#endif
#endif
