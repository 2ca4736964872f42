/*
 * Formats of exported files. A format is one file of this directory, which defines
 * `const struct ff_exchange_format ff_exchange_NAME`, and one row here: the one place to add a
 * format. Command line and help follow from it.
 */
#ifndef FF_EXCHANGE_FORMAT_H
#define FF_EXCHANGE_FORMAT_H

#include "exchange/contents.h"

/* In the order of help. */
#define FF_EXCHANGE_FORMATS(ROW) ROW(safetensors) ROW(npz) ROW(npy_files)

struct ff_exchange_format {
    struct ff_export_format info;
    /* Writes EXPORT to its output. */
    int (*write)(struct ff_export *export);
};

#define FF_DECLARE_FORMAT(name) extern const struct ff_exchange_format ff_exchange_##name;
FF_EXCHANGE_FORMATS(FF_DECLARE_FORMAT)
#undef FF_DECLARE_FORMAT

/* The format of files whose names end as NAME does; NULL: there is none. */
const struct ff_exchange_format *ff_exchange_format_of(const char *name);

#endif
