#include "table/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_ROOM 16u
#define FIRST_TEXT_BYTES ((size_t)256)

const char *ff_shortest_whole(const char *text, char out[FF_WHOLE_BYTES])
{
    const char *digits = text + (*text == '-' || *text == '+');
    size_t length = strspn(digits, "0123456789"), most = FF_WHOLE_BYTES - sizeof "-";
    const char *rest = digits + length;

    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0");
    if (length == 0 || *rest)
        return text;
    while (length > 1 && *digits == '0') {
        digits++;
        length--;
    }
    if (length > most)
        return text;
    snprintf(out, FF_WHOLE_BYTES, "%s%.*s", *text == '-' && *digits != '0' ? "-" : "", (int)length,
             digits);
    return out;
}

void ff_values_release(struct ff_ctx *ctx, struct ff_values *values)
{
    ff_free(ctx, FF_MEM_IO, values->value, values->room * sizeof *values->value);
    ff_free(ctx, FF_MEM_IO, values->slot, (size_t)2 * values->room * sizeof *values->slot);
    ff_free(ctx, FF_MEM_IO, values->text, values->text_room);
    *values = (struct ff_values){.n = 0};
}

/* The slot of TEXT, or the free one where it belongs; there is room. */
static uint32_t *slot_of(const struct ff_values *values, const char *text)
{
    size_t mask = (size_t)2 * values->room - 1, i = (size_t)XXH3_64bits(text, strlen(text)) & mask;

    while (values->slot[i] && strcmp(ff_values_text(values, values->slot[i] - 1), text) != 0)
        i = (i + 1) & mask;
    return &values->slot[i];
}

uint32_t ff_values_find(const struct ff_values *values, const char *text)
{
    uint32_t slot = values->n > 0 ? *slot_of(values, text) : 0;

    return slot ? slot - 1 : values->n;
}

/* Copies BYTES bytes of the block *BLOCK of OLD bytes to one of NEW bytes. */
static int move(struct ff_ctx *ctx, void **block, size_t bytes, size_t old, size_t new)
{
    void *moved = ff_alloc(ctx, FF_MEM_IO, new);

    if (!moved)
        return ff_alloc_status(ctx);
    if (bytes > 0)
        memcpy(moved, *block, bytes);
    ff_free(ctx, FF_MEM_IO, *block, old);
    *block = moved;
    return FF_OK;
}

/* Doubles the room for values. */
static int grow(struct ff_ctx *ctx, struct ff_values *values)
{
    uint32_t room = values->room ? 2 * values->room : FIRST_ROOM, *slot;
    void *value = values->value;
    int status;

    slot = ff_alloc_array(ctx, FF_MEM_IO, (size_t)2 * room, sizeof *slot);
    if (!slot)
        return ff_alloc_status(ctx);
    status = move(ctx, &value, values->n * sizeof *values->value,
                  values->room * sizeof *values->value, room * sizeof *values->value);
    if (status != FF_OK) {
        ff_free(ctx, FF_MEM_IO, slot, (size_t)2 * room * sizeof *slot);
        return status;
    }
    ff_free(ctx, FF_MEM_IO, values->slot, (size_t)2 * values->room * sizeof *values->slot);
    values->value = value;
    values->slot = slot;
    values->room = room;
    for (uint32_t i = 0; i < values->n; i++)
        *slot_of(values, ff_values_text(values, i)) = i + 1;
    return FF_OK;
}

static int grow_text(struct ff_ctx *ctx, struct ff_values *values, size_t bytes)
{
    size_t room = values->text_room ? values->text_room : FIRST_TEXT_BYTES;
    void *text = values->text;
    int status;

    while (room - values->text_bytes < bytes)
        room *= 2;
    if (room == values->text_room)
        return FF_OK;
    status = move(ctx, &text, values->text_bytes, values->text_room, room);
    if (status != FF_OK)
        return status;
    values->text = text;
    values->text_room = room;
    return FF_OK;
}

int ff_values_count(struct ff_ctx *ctx, struct ff_values *values, const char *text, uint32_t *index)
{
    size_t bytes = strlen(text) + 1;
    int status = FF_OK;

    *index = ff_values_find(values, text);
    if (*index < values->n) {
        values->value[*index].count++;
        return FF_OK;
    }
    if (values->n == values->room)
        status = grow(ctx, values);
    if (status == FF_OK)
        status = grow_text(ctx, values, bytes);
    if (status != FF_OK)
        return status;
    *slot_of(values, text) = values->n + 1;
    memcpy(values->text + values->text_bytes, text, bytes);
    values->value[values->n++] = (struct ff_value){.at = values->text_bytes, .count = 1};
    values->text_bytes += bytes;
    return FF_OK;
}

int ff_values_copy(struct ff_ctx *ctx, const struct ff_values *values, const uint32_t *order,
                   char ***out)
{
    *out = calloc(values->n, sizeof **out);
    for (uint32_t i = 0; *out && i < values->n; i++) {
        (*out)[i] = strdup(ff_values_text(values, order[i]));
        if ((*out)[i])
            continue;
        while (i-- > 0)
            free((*out)[i]);
        free(*out);
        *out = NULL;
    }
    return *out ? FF_OK : ff_fail(ctx, FF_ENOMEM, "out of memory for the columns of the data");
}
