/*
 * What the values and labels of a dataset mean: its columns and its classes. A format finds them
 * when it opens the training data; the model keeps them; test data is read with those of the model,
 * so that columns are found by name and labels are the same classes.
 *
 * A row of a dataset has a value for each column: a float, or a uint8 if the dataset is not float.
 * That of a column of categories is the index of its category, or FF_CATEGORY_UNSEEN; of a text
 * FF_SYMBOL_NONE. Inputs of layer 1 are made from these values (data/embed.h).
 */
#ifndef FF_DATA_SCHEMA_H
#define FF_DATA_SCHEMA_H

#include "base/context.h"

enum ff_column_kind {
    FF_COLUMN_NUMBER,
    FF_COLUMN_CATEGORY,
};

/* The value of a category that the training data does not have: none of its inputs is 1. */
#define FF_CATEGORY_UNSEEN (-1.0f)
/* Most categories of a column. */
#define FF_MAX_CATEGORIES 1000u
/* Of a text: most symbols of its vocabulary, and the value of a place without one, because it is
 * before the beginning of the text, or the training text lacks the character. */
#define FF_MAX_SYMBOLS 255u
#define FF_SYMBOL_NONE 255u
/* The label of a row whose class the training data does not have. */
#define FF_LABEL_UNSEEN (UINT16_MAX - 1)

struct ff_column {
    enum ff_column_kind kind;
    char *name;            /* NULL: it has none */
    double mean;           /* of a number: the value of those that are missing */
    uint32_t n_categories; /* of categories: 1 .. FF_MAX_CATEGORIES */
    uint32_t mode;         /* of categories: the index of the most frequent one */
    char **categories;     /* of categories: names in ascending order of their bytes */
};

/* The index of the first feature of sparse rows. */
enum ff_index_base {
    FF_INDEX_UNKNOWN, /* rows are not sparse */
    FF_INDEX_FROM_0,
    FF_INDEX_FROM_1,
};

struct ff_schema {
    uint32_t features; /* of a model, for rows that do not show them; 0: not known */
    enum ff_index_base index_base;
    uint32_t n_columns; /* 0: columns are alike and have no names, as pixels */
    struct ff_column *columns;
    uint32_t n_classes; /* 0: unlabelled */
    char **classes;     /* names in the order of the labels; NULL: "0", "1", ... */
    /* The column of labels, as --label-column takes it: its number if columns have no names. NULL:
     * there is none. */
    char *label_name;
    char *id_name;      /* of the column that names the rows and is not a feature; likewise */
    bool fills_missing; /* a missing value is the mean of its column, or its mode */
    /* Of a text: a row is the CONTEXT characters before a place, one byte each, and its label is
     * the character there. All columns have the classes as their categories. 0: rows are no text.
     */
    uint32_t context;
    bool folds_case;  /* upper-case letters of a text are lower-case ones */
    bool image_files; /* a row is an image file */
    bool resizes;     /* which is resized to the size of the others */
};

/* Strings and arrays of a schema are malloc'd, and freed by this. SCHEMA is then empty. */
void ff_schema_release(struct ff_schema *schema);
/* Copies IN to OUT, which is empty. FF_ENOMEM; OUT is then empty. */
FF_CHECK int ff_schema_copy(struct ff_ctx *ctx, const struct ff_schema *in, struct ff_schema *out);
/* True if a column is of categories. */
bool ff_schema_has_categories(const struct ff_schema *schema);
/* The inputs that a row of FEATURES values becomes: one for a number, one for each category. */
uint64_t ff_schema_inputs(const struct ff_schema *schema, uint32_t features);
/* Writes the name of class LABEL, below n_classes, to OUT if it has none; returns it. */
#define FF_CLASS_NAME_BYTES 16
const char *ff_schema_class(const struct ff_schema *schema, uint32_t label,
                            char out[FF_CLASS_NAME_BYTES]);

#endif
