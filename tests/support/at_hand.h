/*
 * What a test works with: a directory of its own and a context, made before it and released after
 * it by a checked fixture (support/training.h, support/dataset_fixture.h, ...).
 */
#ifndef AT_HAND_H
#define AT_HAND_H

#include <fftool/fftool.h>

extern char *directory;
extern struct ff_ctx *ctx;
extern char warnings[2048]; /* since keep_warnings(), a line each */

/* Appends the context's warnings to WARNINGS, which it empties. */
void keep_warnings(void);

/* Fails the test unless the context's message holds PART. */
void ck_says(const char *part);
/* Fails the test unless STATUS is WANTED and the context's message holds IN_MESSAGE. */
void ck_status(int status, int wanted, const char *in_message);

#endif
