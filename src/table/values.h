/* A set of different texts, numbered in the order in which they are added. */
#ifndef FF_TABLE_VALUES_H
#define FF_TABLE_VALUES_H

#include "base/context.h"

#define FF_VALUE_BYTES                                                        \
    256 /* of a category, a class or the name of a column, with the final NUL \
         */

struct ff_value {
    size_t at; /* in the texts */
    uint64_t count;
};

/* Writes whole number TEXT, such as "01", "1.0" or "+1", in its shortest form, "1", to OUT and
 * returns that; returns TEXT if it is another text. For labels, which differ so between programs.
 */
#define FF_WHOLE_BYTES 24
const char *ff_shortest_whole(const char *text, char out[FF_WHOLE_BYTES]);

/* Most bytes of N values: what is needed is at most doubled. */
#define FF_VALUES_BYTES(n) \
    ((size_t)2 * (n) * (FF_VALUE_BYTES + sizeof(struct ff_value) + 2 * sizeof(uint32_t)))

/* All zero: an empty set. */
struct ff_values {
    uint32_t n;
    struct ff_value *value; /* (n) */
    /* The rest is private. */
    uint32_t room;  /* values; the hash table has twice as many slots */
    uint32_t *slot; /* number of a value + 1; 0: free */
    char *text;
    size_t text_bytes, text_room;
};

void ff_values_release(struct ff_ctx *ctx, struct ff_values *values);
/* Counts TEXT, and adds it if it is new; *INDEX is its number. FF_ENOMEM, FF_EBUDGET. */
FF_CHECK int ff_values_count(struct ff_ctx *ctx, struct ff_values *values, const char *text,
                             uint32_t *index);
/* Returns the number of TEXT, or values->n. */
uint32_t ff_values_find(const struct ff_values *values, const char *text);
static inline const char *ff_values_text(const struct ff_values *values, uint32_t index)
{
    return values->text + values->value[index].at;
}
/* Copies the texts to *OUT in the order ORDER of their numbers; malloc'd. FF_ENOMEM, with nothing
 * to free. */
FF_CHECK int ff_values_copy(struct ff_ctx *ctx, const struct ff_values *values,
                            const uint32_t *order, char ***out);

#endif
