/* Names and versions of the storage libraries, for the manifest: "LMDB 0.9.24", "zstd 1.5.4".
 * Static strings. */
#ifndef FF_STORE_LIBRARIES_H
#define FF_STORE_LIBRARIES_H

const char *ff_lmdb_version(void);
const char *ff_zstd_version(void);

#endif
