#include "text/vocabulary.h"

#include <stdlib.h>
#include <string.h>

int ff_character_counts_add(struct ff_character_counts *counts, uint32_t character)
{
    uint64_t **page = &counts->pages[character / FF_COUNT_PAGE];

    if (!*page) {
        *page = ff_alloc_array(counts->ctx, FF_MEM_IO, FF_COUNT_PAGE, sizeof **page);
        if (!*page)
            return ff_alloc_status(counts->ctx);
    }
    (*page)[character % FF_COUNT_PAGE]++;
    return FF_OK;
}

void ff_character_counts_release(struct ff_character_counts *counts)
{
    for (size_t i = 0; i < FF_COUNT_PAGES; i++) {
        ff_free(counts->ctx, FF_MEM_IO, counts->pages[i], FF_COUNT_PAGE * sizeof(uint64_t));
        counts->pages[i] = NULL;
    }
}

static uint64_t count_of(const struct ff_character_counts *counts, uint32_t character)
{
    const uint64_t *page = counts->pages[character / FF_COUNT_PAGE];

    return page ? page[character % FF_COUNT_PAGE] : 0;
}

/* A character that occurs COUNT times. */
struct entry {
    uint32_t character;
    uint64_t count;
};

/* Inserts ENTRY into the N most frequent ones so far, the most frequent first, of at most
 * FF_MAX_SYMBOLS. Those before it are as frequent and lower, or more frequent. */
static uint32_t insert(struct entry *entries, uint32_t n, struct entry entry)
{
    uint32_t at = n;

    if (n == FF_MAX_SYMBOLS && entries[n - 1].count >= entry.count)
        return n;
    at = n < FF_MAX_SYMBOLS ? n : n - 1;
    for (; at > 0 && entries[at - 1].count < entry.count; at--)
        entries[at] = entries[at - 1];
    entries[at] = entry;
    return n < FF_MAX_SYMBOLS ? n + 1 : n;
}

static int compare_characters(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Fills in what follows from the characters. */
static void settle(struct ff_vocabulary *vocabulary)
{
    memset(vocabulary->ascii, FF_SYMBOL_NONE, sizeof vocabulary->ascii);
    vocabulary->others = FF_SYMBOL_NONE;
    for (uint32_t i = 0; i < vocabulary->n; i++) {
        if (vocabulary->characters[i] < FF_ASCII)
            vocabulary->ascii[vocabulary->characters[i]] = (uint8_t)i;
        if (vocabulary->characters[i] == FF_REPLACEMENT_CHARACTER)
            vocabulary->others = (uint8_t)i;
    }
}

void ff_vocabulary_choose(const struct ff_character_counts *counts, struct ff_vocabulary *out)
{
    struct entry entries[FF_MAX_SYMBOLS];
    bool replaced = false;
    uint32_t n = 0, all = 0;

    for (uint32_t page = 0; page < FF_COUNT_PAGES; page++) {
        for (uint32_t i = 0; counts->pages[page] && i < FF_COUNT_PAGE; i++) {
            struct entry entry = {.character = page * FF_COUNT_PAGE + i};

            entry.count = count_of(counts, entry.character);
            if (entry.count == 0)
                continue;
            all++;
            n = insert(entries, n, entry);
        }
    }
    for (uint32_t i = 0; i < n; i++)
        replaced = replaced || entries[i].character == FF_REPLACEMENT_CHARACTER;
    if (all > n && !replaced)
        entries[n - 1].character = FF_REPLACEMENT_CHARACTER;
    *out = (struct ff_vocabulary){.n = n};
    for (uint32_t i = 0; i < n; i++)
        out->characters[i] = entries[i].character;
    qsort(out->characters, n, sizeof *out->characters, compare_characters);
    settle(out);
}

bool ff_vocabulary_of_schema(const struct ff_schema *schema, struct ff_vocabulary *out)
{
    *out = (struct ff_vocabulary){.n = schema->n_classes};
    if (!schema->classes || schema->n_classes > FF_MAX_SYMBOLS)
        return false;
    for (uint32_t i = 0; i < out->n; i++) {
        const char *name = schema->classes[i];
        size_t bytes;

        out->characters[i] = ff_utf8_read(name, &bytes);
        if (out->characters[i] == FF_NO_CHARACTER || name[0] == '\0' || name[bytes] ||
            (i > 0 && out->characters[i] <= out->characters[i - 1]))
            return false;
    }
    settle(out);
    return true;
}

int ff_vocabulary_name_classes(struct ff_ctx *ctx, const struct ff_vocabulary *vocabulary,
                               struct ff_schema *schema)
{
    schema->classes = calloc(vocabulary->n, sizeof *schema->classes);
    for (uint32_t i = 0; schema->classes && i < vocabulary->n; i++) {
        char name[FF_CHARACTER_BYTES + 1];

        ff_utf8_write(vocabulary->characters[i], name);
        schema->classes[i] = strdup(name);
        if (!schema->classes[i])
            break;
        schema->n_classes = i + 1;
    }
    if (schema->classes && schema->n_classes == vocabulary->n)
        return FF_OK;
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the characters of the text");
}

uint8_t ff_vocabulary_symbol(const struct ff_vocabulary *vocabulary, uint32_t character)
{
    const uint32_t *found;

    if (character < FF_ASCII)
        return vocabulary->ascii[character] == FF_SYMBOL_NONE ? vocabulary->others
                                                              : vocabulary->ascii[character];
    found = bsearch(&character, vocabulary->characters, vocabulary->n,
                    sizeof *vocabulary->characters, compare_characters);
    return found ? (uint8_t)(found - vocabulary->characters) : vocabulary->others;
}
