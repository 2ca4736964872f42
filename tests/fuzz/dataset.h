/* What the fuzz targets of dataset formats have in common. */
#ifndef FF_TESTS_FUZZ_DATASET_H
#define FF_TESTS_FUZZ_DATASET_H

#include "data/dataset.h"

/*
 * Opens SPEC and reads it through, a few rows at a time; checks that what was announced is what is
 * read: rows, labels below the number of classes, finite numbers. Returns the status that it ended
 * with.
 */
int fuzz_dataset(const struct ff_dataset_spec *spec);

#endif
