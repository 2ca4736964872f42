/* The set of labels of a dataset whose labels are integers: any different ones, which become the
 * classes 0, 1, ... */
#ifndef FF_DATA_LABELS_H
#define FF_DATA_LABELS_H

#include "data/schema.h"

#include <fftool/data.h>

struct ff_labels {
    uint32_t n;
    int64_t value[FF_MAX_DATA_CLASSES]; /* ascending */
    uint16_t label[FF_MAX_DATA_CLASSES];
};

/* Adds VALUE unless it is in LABELS, which is zeroed at first. False: there are FF_MAX_DATA_CLASSES
 * others. */
bool ff_labels_add(struct ff_labels *labels, int64_t value);
/* After the last ff_labels_add(): the classes are in the order of the values. They become the names
 * of the classes of SCHEMA, which has none, unless they are the numbers from 0 on. FF_ENOMEM. */
FF_CHECK int ff_labels_settle(struct ff_ctx *ctx, struct ff_labels *labels,
                              struct ff_schema *schema);
/* The labels whose decimal digits are names of classes of SCHEMA; other names are skipped. */
void ff_labels_of_schema(const struct ff_schema *schema, struct ff_labels *labels);
/* The class of VALUE, or FF_LABEL_UNSEEN. */
uint16_t ff_labels_class(const struct ff_labels *labels, int64_t value);

#endif
