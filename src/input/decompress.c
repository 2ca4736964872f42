#include "input/decompress.h"

static const struct ff_decompressor *const table[] = {
#define ROW(name) &ff_decompressor_##name,
    FF_DECOMPRESSORS(ROW)
#undef ROW
};

#define COUNT (sizeof table / sizeof *table)

const struct ff_decompressor *const *ff_decompressors(size_t *count)
{
    *count = COUNT;
    return table;
}

const struct ff_decompressor *ff_decompressor_detect(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (table[i]->detect(bytes, n))
            return table[i];
    }
    return NULL;
}

int ff_decompress_damaged(struct ff_ctx *ctx, const struct ff_compressed *in, const char *name,
                          const char *why)
{
    return ff_fail(
        ctx, FF_ECORRUPT,
        "%s: damaged %s data after %llu bytes of content (%s); download or copy it again", in->path,
        name, (unsigned long long)in->content, why);
}
