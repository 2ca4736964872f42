/* Ranges of layers, as --layers takes them. */
#ifndef CLI_COMMON_LAYER_RANGE_H
#define CLI_COMMON_LAYER_RANGE_H

#include "common/cli.h"

/* Some, for help and messages. */
#define LAYER_RANGE_EXAMPLES "2-4, 3, 2-last or last"

/* Reads the range TEXT; the last layer is FF_LAST_LAYER. Returns EXIT_DONE, or EXIT_USAGE with the
 * reason printed. */
int layer_range_read(const struct cli *cli, const char *text, uint32_t *first, uint32_t *last);

#endif
