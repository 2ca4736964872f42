/* A manifest with a value of its own in every field, and its text. */
#ifndef MANIFEST_FIXTURE_H
#define MANIFEST_FIXTURE_H

#include "model/manifest.h"
#include "support/at_hand.h"

extern struct ff_manifest manifest;
extern char *manifest_text; /* as written by manifest_setup() or ck_round_trip() */

/* A checked fixture: context, manifest and text. */
void manifest_setup(void);
void manifest_teardown(void);

/* Reads FROM as the manifest of the file "m.ff". */
int read_text(const char *from, struct ff_manifest *out);
/* Fails the test unless MANIFEST, written, reads back as the same. */
void ck_round_trip(void);

#endif
