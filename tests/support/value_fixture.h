/* What the tests of stored values share: their key, every way to store floats, and coding. */
#ifndef VALUE_FIXTURE_H
#define VALUE_FIXTURE_H

#include "store/value.h"
#include "support/store_fixture.h"

#define VALUE_NAME "layer 3, tile 2"

extern const struct ff_bytes value_key;
/* None, then zstd at levels 1, 3 and 19. */
extern const struct ff_compression value_compressions[4];

/* float32 stored in every way. */
struct value_way {
    enum ff_dtype stored;
    struct ff_compression compression;
};
#define VALUE_WAYS 6
extern const struct value_way value_ways[VALUE_WAYS];

struct encoded {
    uint8_t *bytes; /* free() them */
    size_t size;
};

/* Encodes MATRIX under VALUE_KEY within the bound that the library gives. */
struct encoded encode(struct ff_coder *coder, const struct ff_matrix *matrix, enum ff_dtype stored,
                      const struct ff_compression *compression);
/* Opens it, verified. */
struct ff_value open_value(const struct encoded *encoded);

#endif
