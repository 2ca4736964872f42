/*
 * A tensor as a NumPy array file (.npy, version 1.0), read in order: its header, then its tiles,
 * one in memory at a time. Label weights are (classes, units) in Fortran order, since their tiles
 * are columns. The formats .npz and directories of .npy share it.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
#ifndef FF_EXCHANGE_NPY_H
#define FF_EXCHANGE_NPY_H

#include "exchange/contents.h"

#define FF_NPY_HEADER_BYTES 128 /* of every file: a multiple of NumPy's alignment, 64 */
#define FF_NPY_METADATA_FILE "metadata.json" /* the metadata of all tensors, beside them */

struct ff_npy {
    struct ff_export *export;
    struct ff_exported exported;
    char header[FF_NPY_HEADER_BYTES];
    const char *bytes; /* not yet read, of the header or the present tile */
    size_t left;       /* their number */
    uint32_t next;     /* tile */
};

/* FF_EINVAL: NumPy has no type for the elements of EXPORT. */
FF_CHECK int ff_npy_check(const struct ff_export *export);
/* Sets NAME to the name of the file of EXPORTED: "layers.1.weight.npy". */
void ff_npy_name(const struct ff_exported *exported, char name[FF_EXPORT_NAME_BYTES]);
/* The size of the file of EXPORTED. */
uint64_t ff_npy_bytes(const struct ff_export *export, const struct ff_exported *exported);
/* Begins the file of EXPORTED, which is copied. */
void ff_npy_begin(struct ff_npy *npy, struct ff_export *export, const struct ff_exported *exported);
/* Copies the next bytes, at most WANT, to OUT. Sets *GOT: 0 at the end. */
FF_CHECK int ff_npy_read(struct ff_npy *npy, void *out, size_t want, size_t *got);

/* The text of the metadata file, which the caller frees; NULL: out of memory. */
char *ff_npy_metadata(const struct ff_export *export);

#endif
