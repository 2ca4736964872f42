/* Whether two paths lead to one file, which may not exist yet. */
#ifndef CLI_SAME_FILE_H
#define CLI_SAME_FILE_H

#include <stdbool.h>

/* Returns true if A and B are one file, or would be once it exists: symbolic links are followed,
 * dangling ones too. */
bool same_file(const char *a, const char *b);

#endif
