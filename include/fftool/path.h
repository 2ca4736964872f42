/* Paths of files that may not exist yet. */
#ifndef FFTOOL_PATH_H
#define FFTOOL_PATH_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns true if A and B lead to one file, or would once it exists: symbolic links are followed,
 * dangling ones too. */
bool ff_path_same(const char *a, const char *b);

#ifdef __cplusplus
}
#endif
#endif
