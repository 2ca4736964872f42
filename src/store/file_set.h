/* One set of activations as an LMDB file, for the scratch directory. */
#ifndef FF_STORE_FILE_SET_H
#define FF_STORE_FILE_SET_H

#include "store/activations.h"
#include "store/db.h"

/* Opens the file PATH as a set, in one of the two scratch modes. Fails with FF_ENOMEM, FF_EBUDGET,
 * and like ff_db_open(). The caller closes the set with ff_set_close(). */
FF_CHECK int ff_file_set_open(struct ff_ctx *ctx, const char *path, enum ff_db_mode mode,
                              struct ff_set **out);

#endif
