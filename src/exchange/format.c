#include "exchange/format.h"

#include <string.h>

#define ROW(name) &ff_exchange_##name,
static const struct ff_exchange_format *const formats[] = {FF_EXCHANGE_FORMATS(ROW)};
#undef ROW

const struct ff_export_format *ff_export_format(size_t i)
{
    return i < sizeof formats / sizeof *formats ? &formats[i]->info : NULL;
}

const struct ff_exchange_format *ff_exchange_format_of(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t suffix = strlen(formats[i]->info.suffix);

        if (length > suffix && strcmp(name + length - suffix, formats[i]->info.suffix) == 0)
            return formats[i];
    }
    return NULL;
}
