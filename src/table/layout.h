/* Where the columns and the label of a table are in its records. */
#ifndef FF_TABLE_LAYOUT_H
#define FF_TABLE_LAYOUT_H

#include "data/format.h"
#include "table/records.h"

#define FF_NO_FIELD UINT32_MAX

struct ff_layout {
    bool has_header;
    uint32_t fields; /* of a record */
    char **names;    /* (fields): of the header; NULL: there is none */
    uint32_t label;  /* field of the label; FF_NO_FIELD: there is none */
    uint32_t columns;
    uint32_t *field_of; /* (columns) */
};

/*
 * Reads the first records of RECORDS, which continue with the first one. The first is a header if
 * none of its fields is a number or missing. The label is in the column that SPEC names, or its
 * schema, or in the last one; the columns are all others, or those of the schema, found by name if
 * both have names. FF_EINVAL, FF_EMISMATCH: a column is missing.
 */
FF_CHECK int ff_layout_find(struct ff_records *records, const struct ff_dataset_spec *spec,
                            struct ff_layout *out);
void ff_layout_release(struct ff_layout *layout);
/* Reads the next record behind a header; *END: there is none. FF_ECORRUPT if its fields are more or
 * less than those of the first. */
FF_CHECK int ff_layout_next(const struct ff_layout *layout, struct ff_records *records, bool *end);
/* Continues with the first record behind the header. */
FF_CHECK int ff_layout_rewind(const struct ff_layout *layout, struct ff_records *records);
/* Fails with STATUS for field I of the record at hand; WHY follows the position. */
FF_CHECK int ff_layout_fail(const struct ff_layout *layout, const struct ff_records *records,
                            uint32_t i, int status, const char *why);
/* True if TEXT is that of a missing value: empty, NA, N/A, NaN, null or ?. */
bool ff_is_missing(const char *text);

#endif
