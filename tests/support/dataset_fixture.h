/* What the tests of dataset formats share: a directory for a dataset, a context, and the reading of
 * everything in it. */
#ifndef DATASET_FIXTURE_H
#define DATASET_FIXTURE_H

#include "data/dataset.h"
#include "support/at_hand.h"
#include "support/data_fixture.h"

#include <check.h>

/* A checked fixture. It also checks that all memory is released and that reading took little. */
void dataset_setup(void);
void dataset_teardown(void);
/* A new test case of SUITE with that fixture. */
TCase *dataset_tcase(Suite *suite, const char *name);

/* Fails the test if there is none. */
const struct data_fixture *fixture_named(const char *name);

/* Opens and reads everything, up to MAX_ROWS rows at a time. *SUM differs with the content. */
int read_all(const struct ff_dataset_spec *spec, size_t max_rows, uint64_t *rows, uint64_t *sum);
/* The same of the test's directory; returns the status alone. */
int try_folder(void);

#endif
