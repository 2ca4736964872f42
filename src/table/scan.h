/* The first pass over a table: what its columns and labels are. */
#ifndef FF_TABLE_SCAN_H
#define FF_TABLE_SCAN_H

#include "table/layout.h"

#define FF_LABEL_TEXT_BYTES 256

/*
 * Reads all of RECORDS and counts its *ROWS. What SCHEMA has stays: columns or classes of a model.
 * What it lacks is found: a column holds numbers if all of its values are; else it holds
 * categories. Labels are sorted by value if all are whole numbers, else by their bytes. LABELLED:
 * there are labels to be found. FF_EINVAL, with line and column: a missing value, unless the schema
 * fills them, or a missing label; too many categories or classes. FF_ENOMEM.
 */
FF_CHECK int ff_table_scan(struct ff_records *records, const struct ff_layout *layout,
                           bool labelled, struct ff_schema *schema, uint64_t *rows);
/* Copies label TEXT to OUT without blanks around it, whole numbers in their shortest form: "01" and
 * "1.0" are "1". Returns OUT. */
const char *ff_label_text(const char *text, char out[FF_LABEL_TEXT_BYTES]);
/* The same of a category. */
const char *ff_category_text(const char *text, char out[FF_LABEL_TEXT_BYTES]);

#endif
