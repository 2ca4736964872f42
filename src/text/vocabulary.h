/*
 * The vocabulary of a text model: the characters of the training text in ascending order, each of
 * which is a symbol of one byte, and a class. A text with more than FF_MAX_SYMBOLS characters keeps
 * the most frequent ones; all others are U+FFFD, the replacement character.
 */
#ifndef FF_TEXT_VOCABULARY_H
#define FF_TEXT_VOCABULARY_H

#include "base/utf8.h"
#include "data/schema.h"

#define FF_COUNT_PAGE 256u
#define FF_COUNT_PAGES ((FF_LAST_CHARACTER + 1) / FF_COUNT_PAGE)

/* How often each character occurs. All zero but for CTX: none has occurred. */
struct ff_character_counts {
    struct ff_ctx *ctx;
    uint64_t *pages[FF_COUNT_PAGES]; /* of FF_COUNT_PAGE characters; NULL: none of them occurs */
};

FF_CHECK int ff_character_counts_add(struct ff_character_counts *counts, uint32_t character);
void ff_character_counts_release(struct ff_character_counts *counts);

#define FF_ASCII 128u

struct ff_vocabulary {
    uint32_t n;
    uint32_t characters[FF_MAX_SYMBOLS]; /* ascending */
    uint8_t ascii[FF_ASCII];             /* their symbols, or FF_SYMBOL_NONE */
    uint8_t others;                      /* that of characters it lacks, likewise */
};

void ff_vocabulary_choose(const struct ff_character_counts *counts, struct ff_vocabulary *out);
/* That of the classes of SCHEMA, of a text. False: they are no vocabulary. */
bool ff_vocabulary_of_schema(const struct ff_schema *schema, struct ff_vocabulary *out);
/* Makes it the classes of SCHEMA, which has none. FF_ENOMEM. */
FF_CHECK int ff_vocabulary_name_classes(struct ff_ctx *ctx, const struct ff_vocabulary *vocabulary,
                                        struct ff_schema *schema);
/* The symbol of CHARACTER, or FF_SYMBOL_NONE. */
uint8_t ff_vocabulary_symbol(const struct ff_vocabulary *vocabulary, uint32_t character);

#endif
