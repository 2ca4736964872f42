/*
 * Datasets, read sequentially in chunks of rows: a dataset larger than memory is never held. A
 * format is one file and one row of the table in dataset.c; each bids for a path, the highest bid
 * opens it.
 */
#ifndef FF_DATA_DATASET_H
#define FF_DATA_DATASET_H

#include "base/buffers.h"
#include "base/rng.h"
#include "data/files.h"
#include "data/paths.h"

#define FF_MAX_CLASSES 1000

enum ff_split { FF_SPLIT_TRAIN, FF_SPLIT_TEST };

/* What to open. Strings are not owned and may be NULL where it says so. */
struct ff_dataset_spec {
    const char *path;    /* a folder with the usual names of a format, or a file of images */
    const char *labels;  /* file of labels; NULL: found beside PATH by the usual names */
    enum ff_split split; /* which half of a folder */
    bool unlabelled;     /* do not look for labels: rows only (predict) */
    uint64_t sample;     /* draw so many of the rows at random; 0, or as many as there are: all */
};

struct ff_dataset_info {
    const char *format;               /* the table row's name: "idx", "npy", "cifar10" */
    uint64_t rows;                    /* that are read */
    uint64_t all_rows;                /* of the files; more than ROWS where a sample is drawn */
    uint32_t features;                /* per row: height * width * channels */
    uint32_t height, width, channels; /* 0 where the format does not tell */
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

/*
 * Opens SPEC and checks all that can be checked without reading the images: sizes, matching counts
 * of images and labels, label range (labels are scanned once). Fails with FF_ENOTFOUND, FF_EFORMAT
 * (nobody bids), FF_ECORRUPT (truncated, sizes that do not agree), FF_EMISMATCH (images and labels
 * of different counts), FF_EINVAL (no rows; too many classes). Messages name the file, what is
 * wrong and what was expected.
 *
 * A sample is drawn without replacement, and read in the order of the files. The rows in it are a
 * function of their number and of the number of all rows alone, so that sorted files give a fair
 * sample, and two readers the same one.
 */
FF_CHECK int ff_dataset_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                             struct ff_dataset **out);
/*
 * Reads the next rows, at most MAX_ROWS (1 or more), into FEATURES (MAX_ROWS x features, u8 or f32)
 * and LABELS (NULL when unlabelled or of no interest). *ROWS is 0 at the end only. Fails with
 * FF_EIO, FF_ECORRUPT (the file ends early, bad gzip checksum), FF_ENUMERIC (a float that is not
 * finite; the message tells row and column). Together with the last rows the end of the file is
 * checked. After a failure the dataset can only be closed.
 */
FF_CHECK int ff_dataset_read(struct ff_dataset *dataset, size_t max_rows, void *features,
                             uint16_t *labels, size_t *rows);
/*
 * Describes the files of DATASET, whose rows have been read, as they were then. What is left of
 * them is read; afterwards DATASET can only be closed. FF_EMISMATCH: a file has changed meanwhile.
 */
FF_CHECK int ff_dataset_describe(struct ff_dataset *dataset, struct ff_data_files *out);
void ff_dataset_close(struct ff_dataset *dataset); /* NULL-safe */
/* Names, sizes and times of the files of SPEC, found as ff_dataset_open() finds them; they are not
 * read, and have no hash. FF_ENOTFOUND also if a file is missing. */
FF_CHECK int ff_dataset_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                             struct ff_data_files *out);
/* Adds what an open dataset takes at most, whatever its format. */
void ff_dataset_needs(struct ff_needs *needs);
/* The table, for --help and tests that loop over it; *COUNT rows. */
const struct ff_dataset_format *const *ff_dataset_formats(size_t *count);

#endif
