/*
 * A dataset format: the description of a dataset, the operations of a format, and the table of all
 * formats. To add a format, add a file that defines ff_format_NAME and a row below. If two formats
 * bid the same, the first one wins.
 */
#ifndef FF_DATA_FORMAT_H
#define FF_DATA_FORMAT_H

#include "base/buffers.h"
#include "base/context.h"
#include "base/rng.h"
#include "data/image.h"
#include "data/schema.h"
#include "input/files.h"
#include "input/paths.h"

#include <fftool/data.h>

enum ff_split { FF_SPLIT_TRAIN, FF_SPLIT_TEST };

/* The dataset to open. Strings are not owned. */
struct ff_dataset_spec {
    const char *path;   /* a directory with the usual file names of a format, or a file of images */
    const char *labels; /* label file; NULL: found beside PATH by the usual names */
    enum ff_split split;        /* which files of a directory */
    const struct ff_rows *rows; /* if not NULL, the dataset; PATH is its name in messages */
    bool unlabelled;            /* read no labels (predict) */
    bool together;       /* all processes of the team open it, so that rank 0 may read it for all */
    uint64_t sample;     /* size of a random subsample; 0, or at least the number of rows: all */
    uint64_t known_rows; /* in the files, which need not be counted; with SCHEMA; 0: not known */
    const struct ff_schema *schema; /* of the model that is to use the data; NULL: to be found */
    const char *label_column; /* of a table or CIFAR-100: name, or number from 1; NULL: the last */
    const char *id_column;    /* of a table: likewise; NULL: none, or that of SCHEMA */
    bool fill_missing;        /* of a table: fill missing values, else they are errors */
    const char *arrays; /* of an archive of arrays: "IMAGES" or "IMAGES,LABELS"; NULL: found by the
                           usual names. FF_EINVAL for other formats */
    uint32_t resize_width, resize_height; /* of image files, to train on; 0: they have one size */
    uint32_t context; /* of a text, to train on: characters before each; 0: the default */
    bool fold_case;   /* of a text, to train on: upper-case letters are lower-case ones */
    const struct ff_image *image; /* with SCHEMA: of the model; NULL, or height 0: none */
};

struct ff_dataset_info {
    const char *format;               /* name in the table: "idx", "npy", ...; or "rows" */
    uint64_t rows;                    /* to be read */
    uint64_t all_rows;                /* in the files; more than ROWS if a subsample is drawn */
    uint32_t features;                /* per row: height * width * channels */
    uint32_t height, width, channels; /* 0: unknown */
    bool planar;                      /* (channels, height, width) */
    /* Different labels, or the format's fixed number, or those of the spec's schema; at most
     * FF_MAX_DATA_CLASSES; 0: unlabelled. */
    uint32_t classes;
    bool is_float; /* features are float32, else uint8 */
};

/* The state of an open dataset; a format embeds it as its first member. */
struct ff_dataset {
    const struct ff_dataset_format *format;
    struct ff_ctx *ctx;
    struct ff_dataset_info info;
    /* That of the spec, if it has one, and whatever open() finds, which leaves it empty if all is
     * as it is for images with labels from 0 on. Released by ff_dataset_close(). */
    struct ff_schema schema;
    bool shared;                 /* with the other processes of the team (data/shared.h) */
    struct ff_permutation order; /* a row is in the subsample if its image is below info.rows */
    uint64_t passed, drawn;      /* rows read so far, and those in the subsample */
};

struct ff_dataset_format {
    struct ff_data_format info; /* for messages and --help */
    /* Per split: the file names that identify the format in a directory, NULL-terminated (each also
     * compressed). */
    const char *const *names[2];
    bool is_table;          /* takes spec->id_column and fill_missing */
    bool has_label_columns; /* takes spec->label_column */
    bool holds_arrays;      /* a file may hold several arrays, of which spec->arrays chooses */
    bool resizes;           /* takes spec->resize_width and resize_height */
    bool is_text;           /* takes spec->context and fold_case */
    /* 0: not this format; else one of FF_BID_*, higher if more certain; negative: a status, on a
     * system error. Reads names and first bytes only. */
    int (*bid)(struct ff_ctx *ctx, const struct ff_dataset_spec *spec);
    int (*open)(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out);
    /* Like ff_dataset_read(). */
    int (*read)(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                size_t *rows);
    void (*close)(struct ff_dataset *dataset);
    /* The path of file I of the dataset, from 0, as found by open(); "" after the last one. NULL:
     * look() is not. */
    int (*find)(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                char path[FF_PATH_BYTES]);
    /* Like ff_dataset_find(), of a format with more than FF_DATA_FILES files. */
    int (*look)(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_data_files *out);
    /* Like ff_dataset_describe(); in the order of find(). */
    int (*describe)(struct ff_dataset *dataset, struct ff_data_files *out);
    /* Like ff_dataset_begin_ids() and ff_dataset_next_id(); NULL: its rows have no names. */
    int (*begin_ids)(struct ff_dataset *dataset, const char **name);
    int (*next_id)(struct ff_dataset *dataset, const char **id);
    /* Adds the memory of an open dataset beyond two open files and its paths, if SCHEMA may be of
     * this format; NULL: none. */
    void (*needs)(const struct ff_schema *schema, struct ff_needs *needs);
};

enum {
    FF_BID_CONTENT = 10,   /* text that looks like it */
    FF_BID_PROSE = 15,     /* text of a usual name that does not look like a table */
    FF_BID_PARSED = 20,    /* text whose first row can be read as this format */
    FF_BID_NAME = 30,      /* the name of the file matches */
    FF_BID_DIRECTORY = 50, /* the directory has a file of a usual name */
    FF_BID_MAGIC = 90,     /* the first bytes match */
    FF_BID_CERTAIN = 100   /* name, size and first bytes match */
};

#define FF_DATASET_FORMATS(ROW) \
    ROW(idx)                    \
    ROW(npy)                    \
    ROW(npz)                    \
    ROW(cifar10)                \
    ROW(cifar100)               \
    ROW(csv)                    \
    ROW(images)                 \
    ROW(svmlight)               \
    ROW(text)

#define FF_DECLARE_FORMAT(name) extern const struct ff_dataset_format ff_format_##name;
FF_DATASET_FORMATS(FF_DECLARE_FORMAT)
#undef FF_DECLARE_FORMAT
/* Rows of the caller. Not in the table, as no path leads to it: it has neither names nor a bid. */
extern const struct ff_dataset_format ff_format_rows;

#endif
