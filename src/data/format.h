/*
 * A dataset format: what it reports of a dataset, the operations that it consists of, and the table
 * of all formats. A new one is a file that defines ff_format_NAME, and a row here. Of two formats
 * that bid the same the first wins.
 */
#ifndef FF_DATA_FORMAT_H
#define FF_DATA_FORMAT_H

#include "base/context.h"
#include "base/rng.h"
#include "data/files.h"
#include "data/paths.h"

#include <fftool/data.h>

#define FF_MAX_CLASSES FF_MAX_DATA_CLASSES

enum ff_split { FF_SPLIT_TRAIN, FF_SPLIT_TEST };

/* What to open. Strings are not owned and may be NULL where it says so. */
struct ff_dataset_spec {
    const char *path;           /* a folder with the usual names of a format, or a file of images */
    const char *labels;         /* file of labels; NULL: found beside PATH by the usual names */
    enum ff_split split;        /* which half of a folder */
    const struct ff_rows *rows; /* not NULL: these, and PATH is what messages call them */
    bool unlabelled;            /* do not look for labels: rows only (predict) */
    uint64_t sample; /* draw so many of the rows at random; 0, or as many as there are: all */
};

struct ff_dataset_info {
    const char *format;               /* the table row's name: "idx", "npy", "cifar10"; "rows" */
    uint64_t rows;                    /* that are read */
    uint64_t all_rows;                /* of the files; more than ROWS where a sample is drawn */
    uint32_t features;                /* per row: height * width * channels */
    uint32_t height, width, channels; /* 0 if the format has none */
    bool planar;                      /* channels come first */
    /* Largest label + 1, or what the format lays down; at most FF_MAX_CLASSES; 0: unlabelled. */
    uint32_t classes;
    bool is_float; /* features are float32, else uint8 */
};

/* The state of an open dataset; a format embeds it as its first member. */
struct ff_dataset {
    const struct ff_dataset_format *format;
    struct ff_ctx *ctx;
    struct ff_dataset_info info;
    struct ff_permutation order; /* the first info.rows places of it are the sample */
    uint64_t passed, drawn; /* rows of the files read so far, and those of them in the sample */
};

struct ff_dataset_format {
    const char *name;
    const char *summary; /* for --help: "IDX files, plain or .gz (MNIST, Fashion-MNIST)" */
    /* For each split the names of which a folder has one, ended by NULL (each may end in .gz). */
    const char *const *names[2];
    /* 0: not ours; else the higher the surer; negative: a status, when the system fails. Looks at
     * names and first bytes only. */
    int (*bid)(struct ff_ctx *ctx, const struct ff_dataset_spec *spec);
    int (*open)(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out);
    /* As ff_dataset_read(). */
    int (*read)(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                size_t *rows);
    void (*close)(struct ff_dataset *dataset);
    /* The path of file I of the dataset, from 0, as open() finds it; "" behind the last one. */
    int (*find)(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                char path[FF_PATH_BYTES]);
    /* As ff_dataset_describe(); in the order of find(). */
    int (*describe)(struct ff_dataset *dataset, struct ff_data_files *out);
};

enum {
    FF_BID_NAME = 30,    /* a file's name suggests it */
    FF_BID_FOLDER = 50,  /* a folder has a usual name */
    FF_BID_MAGIC = 90,   /* the first bytes are right */
    FF_BID_CERTAIN = 100 /* name, size and first bytes are */
};

#define FF_DATASET_FORMATS(ROW) \
    ROW(idx)                    \
    ROW(npy)                    \
    ROW(cifar10)

#define FF_DECLARE_FORMAT(name) extern const struct ff_dataset_format ff_format_##name;
FF_DATASET_FORMATS(FF_DECLARE_FORMAT)
#undef FF_DECLARE_FORMAT
/* Not in the table, as no path leads to it: rows of the caller. */
extern const struct ff_dataset_format ff_format_rows;

#endif
