#include "common/layer_range.h"
#include <stdlib.h>
#include <string.h>

/* Reads a layer's number or "last" at *TEXT and moves on; 0: there is none. */
static uint32_t take_layer(const char **text)
{
    char *end;
    unsigned long value;

    if (strncmp(*text, "last", strlen("last")) == 0) {
        *text += strlen("last");
        return FF_LAST_LAYER;
    }
    if (**text < '1' || **text > '9')
        return 0;
    value = strtoul(*text, &end, 10);
    *text = end;
    return value <= FF_MAX_LAYERS ? (uint32_t)value : 0;
}

int layer_range_read(const struct cli *cli, const char *text, uint32_t *first, uint32_t *last)
{
    const char *at = text;

    *first = *last = take_layer(&at);
    if (*first > 0 && *at == '-') {
        at++;
        *last = take_layer(&at);
    }
    if (*last == 0 || *at != '\0' || *last < *first)
        return usage_error(cli->command,
                           "--layers: \"%s\" is not a range such as " LAYER_RANGE_EXAMPLES, text);
    return EXIT_DONE;
}
