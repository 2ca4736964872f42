#include "support/modes.h"

#include "recipe/mode.h"

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

static bool is_of(enum mode_kind kind, const struct ff_mode *mode)
{
    switch (kind) {
    case MODE_GOODNESS:
        return !mode->backprop;
    case MODE_WHOLE:
        return mode->whole_network;
    case MODE_BACKPROP:
        return mode->backprop;
    case MODE_ANY:
        break;
    }
    return true;
}

int mode_count(enum mode_kind kind)
{
    size_t n;
    const struct ff_mode *modes = ff_modes(&n);
    int count = 0;

    for (size_t i = 0; i < n; i++)
        count += is_of(kind, &modes[i]);
    return count;
}

const char *mode_name(enum mode_kind kind, int i)
{
    size_t n;
    const struct ff_mode *modes = ff_modes(&n);

    for (size_t k = 0; k < n; k++) {
        if (is_of(kind, &modes[k]) && i-- == 0)
            return modes[k].name;
    }
    ck_abort_msg("there are not so many modes");
    return NULL;
}
