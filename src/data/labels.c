#include "data/labels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIMAL_BYTES 24 /* of an int64_t, with sign and final NUL */

/* The place of the first value that is at least VALUE. */
static uint32_t place_of(const struct ff_labels *labels, int64_t value)
{
    uint32_t low = 0, high = labels->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (labels->value[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct ff_labels *labels, uint32_t place, int64_t value)
{
    return place < labels->n && labels->value[place] == value;
}

static bool add(struct ff_labels *labels, int64_t value, uint16_t label)
{
    uint32_t place = place_of(labels, value), moved = labels->n - place;

    if (is_at(labels, place, value))
        return true;
    if (labels->n == FF_MAX_DATA_CLASSES)
        return false;
    memmove(labels->value + place + 1, labels->value + place, moved * sizeof *labels->value);
    memmove(labels->label + place + 1, labels->label + place, moved * sizeof *labels->label);
    labels->value[place] = value;
    labels->label[place] = label;
    labels->n++;
    return true;
}

bool ff_labels_add(struct ff_labels *labels, int64_t value)
{
    return add(labels, value, 0);
}

static void print_decimal(int64_t value, char out[DECIMAL_BYTES])
{
    snprintf(out, DECIMAL_BYTES, "%" PRId64, value);
}

static bool name_classes(const struct ff_labels *labels, struct ff_schema *schema)
{
    schema->classes = calloc(labels->n, sizeof *schema->classes);
    if (!schema->classes)
        return false;
    schema->n_classes = labels->n;
    for (uint32_t i = 0; i < labels->n; i++) {
        char name[DECIMAL_BYTES];

        print_decimal(labels->value[i], name);
        schema->classes[i] = strdup(name);
        if (!schema->classes[i])
            return false;
    }
    return true;
}

int ff_labels_settle(struct ff_ctx *ctx, struct ff_labels *labels, struct ff_schema *schema)
{
    for (uint32_t i = 0; i < labels->n; i++)
        labels->label[i] = (uint16_t)i;
    if (labels->n == 0 || (labels->value[0] == 0 && labels->value[labels->n - 1] == labels->n - 1))
        return FF_OK;
    if (!name_classes(labels, schema))
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the names of the classes");
    return FF_OK;
}

/* True if NAME is an integer as print_decimal() writes it: "07" is another name than "7". */
static bool parse_decimal(const char *name, int64_t *out)
{
    char again[DECIMAL_BYTES];

    errno = 0;
    *out = strtoll(name, NULL, 10);
    print_decimal(*out, again);
    return errno == 0 && strcmp(again, name) == 0;
}

void ff_labels_of_schema(const struct ff_schema *schema, struct ff_labels *labels)
{
    labels->n = 0;
    for (uint32_t label = 0; label < schema->n_classes; label++) {
        int64_t value = label;

        if (!schema->classes || parse_decimal(schema->classes[label], &value))
            (void)add(labels, value, (uint16_t)label);
    }
}

uint16_t ff_labels_class(const struct ff_labels *labels, int64_t value)
{
    uint32_t place = place_of(labels, value);

    return is_at(labels, place, value) ? labels->label[place] : FF_LABEL_UNSEEN;
}
