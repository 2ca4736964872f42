#include "table/names.h"

#include <stdlib.h>
#include <string.h>

void ff_names_release(struct ff_names *names)
{
    for (uint32_t i = 0; i < names->n; i++)
        free(names->names[i].text);
    free(names->names);
    *names = (struct ff_names){.n = 0};
}

/* The place of TEXT: where it is, or where it belongs. */
static uint32_t place_of(const struct ff_names *names, const char *text, bool *found)
{
    uint32_t low = 0, high = names->n;

    *found = false;
    while (low < high && !*found) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(names->names[middle].text, text);

        *found = order == 0;
        if (*found)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct ff_names *names)
{
    uint32_t room = names->room ? 2 * names->room : 4;
    struct ff_name *larger;

    if (names->n < names->room)
        return true;
    larger = realloc(names->names, room * sizeof *larger);
    if (!larger)
        return false;
    names->names = larger;
    names->room = room;
    return true;
}

bool ff_names_count(struct ff_names *names, const char *text, uint32_t most, bool *no_memory)
{
    bool found;
    uint32_t at = place_of(names, text, &found);
    char *copy;

    if (found) {
        names->names[at].count++;
        return true;
    }
    if (names->n == most)
        return false;
    copy = strdup(text);
    *no_memory = !copy || !make_room(names);
    if (*no_memory) {
        free(copy);
        return false;
    }
    memmove(&names->names[at + 1], &names->names[at], (names->n - at) * sizeof *names->names);
    names->names[at] = (struct ff_name){.text = copy, .count = 1};
    names->n++;
    return true;
}

const struct ff_name *ff_names_find(const struct ff_names *names, const char *text)
{
    bool found;
    uint32_t at = place_of(names, text, &found);

    return found ? &names->names[at] : NULL;
}

bool ff_names_build(struct ff_names *names, uint32_t n, char *const *texts)
{
    bool no_memory = false, found;

    for (uint32_t i = 0; i < n; i++)
        if (!ff_names_count(names, texts[i], n, &no_memory))
            return false;
    for (uint32_t i = 0; i < n; i++)
        names->names[place_of(names, texts[i], &found)].index = i;
    return true;
}
