/*
 * What the columns of a table mean. A column is of numbers if all its values are, else of
 * categories. The file is read once, and a second time if a column that begins with numbers turns
 * out to be of categories, or a number is beyond the range of float, which is an error only in a
 * column of numbers. Means, for missing values, are found row after row, in double.
 */
#ifndef FF_TABLE_SCAN_H
#define FF_TABLE_SCAN_H

#include "table/layout.h"

/* Fills SCHEMA, which is empty and to be released also on error, and *ROWS. FF_ECORRUPT and
 * FF_EINVAL, with line and column in the message; FF_ENUMERIC: beyond the range of float. */
FF_CHECK int ff_table_scan(struct ff_reader *reader, const struct ff_layout *layout,
                           const struct ff_dataset_spec *spec, struct ff_schema *schema,
                           uint64_t *rows);
/* Only counts the rows. */
FF_CHECK int ff_table_count(struct ff_reader *reader, const struct ff_layout *layout,
                            uint64_t *rows);
/* FF_EINVAL: field I of the record is missing. */
int ff_table_missing(const struct ff_reader *reader, uint32_t i);
/* FF_ENUMERIC unless VALUE, of field I of the record, is finite as a float. */
FF_CHECK int ff_table_check_range(const struct ff_reader *reader, uint32_t i, double value);

#endif
