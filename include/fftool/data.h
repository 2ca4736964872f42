/*
 * Where data comes from: files in a format that the library knows, rows in memory, or rows that a
 * function provides.
 *
 * Values are uint8, which the library scales by 1/255, or float32, which it standardises as the
 * field standardize of the recipe says; a NaN or an infinity fails the job with FF_ENUMERIC, and
 * the message gives its row and column. A model that is trained on one type can be used on the
 * other. It keeps means and standard deviations, and of a table the names of columns, categories
 * and classes, and applies them to the data that it is used on.
 *
 * Labels are required to train, also with recipes whose layers learn without them (for the head),
 * and to evaluate. ff_predict() reads none.
 */
#ifndef FFTOOL_DATA_H
#define FFTOOL_DATA_H

#include <fftool/size.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits of all data; FF_EINVAL beyond them. A layer has at most FF_MAX_UNITS inputs (recipe.h), so
 * that training takes FF_MAX_UNITS - classes features or fewer. */
#define FF_MAX_DATA_SAMPLES ((uint64_t)1 << 40)
#define FF_MAX_DATA_FEATURES (1u << 24)
#define FF_MAX_DATA_CLASSES 1000u
/* Characters before each one of a text that predict it: at most, and by default. */
#define FF_MAX_CONTEXT 4096u
#define FF_DEFAULT_CONTEXT 10u

/*
 * Samples that are not in files. They are read in order, from the first one to the last, more than
 * once where a job needs that: training reads them to learn from, again to resume, and again where
 * scratch was lost. A model keeps a fingerprint of the values: training that resumes on others
 * fails with FF_EMISMATCH, as it does when a file has changed.
 */
struct ff_rows {
    size_t size;            /* sizeof(struct ff_rows) */
    const char *name;       /* for messages and the model; NULL: "rows in memory" */
    uint64_t rows;          /* samples, 1 .. FF_MAX_DATA_SAMPLES */
    uint32_t features;      /* values of a sample, 1 .. FF_MAX_DATA_FEATURES */
    uint32_t height, width; /* of images, which have features / (height * width) channels;
                               0: samples are no images */
    bool planar;            /* images are (channels, height, width), else (height, width,
                               channels) */
    bool is_float;          /* values are float, finite ones, else uint8_t */
    uint32_t classes;       /* 2 .. FF_MAX_DATA_CLASSES; ignored if labels are not required */
    const void *values;     /* (rows, features); not NULL: READ is not called */
    const uint16_t *labels; /* (rows), each below CLASSES; NULL: none, or READ gives them */
    /* Writes samples FIRST (from 0) .. FIRST + N - 1 to FEATURES, (N, features), and their labels
     * to LABELS, unless that is NULL. Called in the thread that called the library. Anything but 0
     * fails the job with FF_EIO. */
    int (*read)(void *arg, uint64_t first, size_t n, void *features, uint16_t *labels);
    void *arg;
};

/* One of the two. */
struct ff_data_source {
    const char *path; /* a directory with the usual file names of a format, or with image files, or
                         a file of images, or a table */
    const char *labels;         /* file of labels; NULL: found by the usual names */
    const struct ff_rows *rows; /* not NULL: these; PATH, LABELS and ARRAYS do not count */
    const char *label_column; /* of a table, to train on: the column of labels, by name or by number
                                 from 1; NULL: the last */
    const char *id_column; /* of a table: the column that names the rows, by name or by number from
                              1. It is not a feature; predictions have its values. NULL: to train
                              on, there is none; of other data, that of the model */
    const char *arrays; /* of an .npz: its arrays "IMAGES,LABELS", or "IMAGES" to read no labels or
                           those of the usual name; NULL: found by the usual names */
    /* Of a table, to train on: a missing value is the mean of its column or, of texts, the most
     * frequent one; else it is an error. A model keeps it for other data. The most frequent number
     * is not offered: to find it exactly takes memory that grows with the file. */
    bool fill_missing;
    bool fold_case; /* of a text, to train on: upper-case letters are lower-case ones. A model keeps
                       it for other texts */
    uint16_t resize_width, resize_height; /* of image files, to train on: the size in pixels that
                                             each is resized to; 0: they have one size. A model
                                             keeps it for other data */
    uint16_t context; /* of a text, to train on: the characters before each one that predict it; 0:
                         FF_DEFAULT_CONTEXT. Given, any file is a text. A model keeps it */
};

/* A format of files that the library reads. The strings live as long as the program. */
struct ff_data_format {
    const char *name;    /* "idx" */
    const char *summary; /* one line: "IDX files, plain or .gz (MNIST, Fashion-MNIST)" */
    const char *layout;  /* its files and the shapes of their arrays, a sentence without a period */
};
/* Returns format I, from 0; NULL: there are no more. */
const struct ff_data_format *ff_data_format(size_t i);

#ifdef __cplusplus
}
#endif
#endif
