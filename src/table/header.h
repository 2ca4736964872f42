/* The separator and the header of a table (layout.h has the rules). */
#ifndef FF_TABLE_HEADER_H
#define FF_TABLE_HEADER_H

#include "data/schema.h"
#include "table/reader.h"

/* Finds the separator: a tab in a .tsv file; else the one of , ; tab | that splits the first record
 * into most fields, the first of these if several do. */
FF_CHECK int ff_header_separator(struct ff_reader *reader, char *separator);
/* Sets *HEADER to whether the first record is a header, and *FIRST to its N fields, malloc'd.
 * SCHEMA, which may be NULL, is that of a model. */
FF_CHECK int ff_header_find(struct ff_reader *reader, char separator,
                            const struct ff_schema *schema, bool *header, uint32_t *n,
                            char ***first);
/* Frees N fields; FIELDS may be NULL. */
void ff_header_free(uint32_t n, char **fields);

#endif
