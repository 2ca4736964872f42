/*
 * Which fields of a table are its columns and which is the label.
 *
 * The first record is a header if, in the first 100 records, some column begins with a text and
 * then holds only numbers; or if all of its fields are different texts, none of which recurs in its
 * column. To read data for a model whose columns have names, it is one too if any of its fields is
 * such a name. A header without a name for a column names it "column N".
 */
#ifndef FF_TABLE_LAYOUT_H
#define FF_TABLE_LAYOUT_H

#include "data/format.h"
#include "table/reader.h"

#define FF_NO_FIELD UINT32_MAX

struct ff_layout {
    bool header;
    uint32_t n_fields; /* of a record */
    char **names;      /* (n_fields), malloc'd; NULL: there is no header */
    uint32_t label;    /* the field of the label; FF_NO_FIELD: there is none */
    uint32_t id;       /* the field that names the rows; likewise */
    uint32_t n_columns;
    uint32_t *field; /* (n_columns): the fields of the columns, malloc'd */
};

/*
 * Finds the separator of the file of READER and its layout for SPEC: the columns of its schema, by
 * name where both have names, else by position; without a schema all fields but the label and the
 * names of the rows.
 *
 * Where not both have names, the label and the names of the rows are where they were in the
 * training data, but for what this file lacks. In data without labels one field beyond the columns
 * holds the names, if the training data had them.
 *
 * Readers' messages then name the columns, so LAYOUT must outlive READER's use. To be released also
 * on error.
 */
FF_CHECK int ff_layout_find(struct ff_reader *reader, const struct ff_dataset_spec *spec,
                            struct ff_layout *layout);
void ff_layout_release(struct ff_layout *layout);
/* Begins, again, with the first record that is not the header. */
FF_CHECK int ff_layout_rewind(struct ff_reader *reader, const struct ff_layout *layout);
/* FF_EINVAL unless TEXT, field I of the record, may be a name: short, and UTF-8. */
FF_CHECK int ff_layout_check_name(const struct ff_reader *reader, uint32_t i, const char *text);

#endif
