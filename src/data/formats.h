/*
 * The table of dataset formats. A new format is a file that defines ff_format_NAME, and a row here.
 * Of two formats that bid the same the first wins.
 */
#ifndef FF_DATA_FORMATS_H
#define FF_DATA_FORMATS_H

#include "data/dataset.h"

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

#endif
