#include "profile/list.h"
#include "common/heap.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOTS "..."
#define MOST_DEPTHS (PROFILE_MOST_POINTS / PROFILE_MOST_MODES)

/* The items between commas, in a copy of the text. */
struct items {
    char *copy, *rest;
};

static struct items items_of(const char *text)
{
    char *copy = heap_copy(text);

    return (struct items){copy, copy};
}

/* Returns the next item, which may be empty; NULL at the end. */
static const char *next_item(struct items *items)
{
    return strsep(&items->rest, ",");
}

static bool read_depth(const char *text, uint32_t *out)
{
    char *end;
    unsigned long value;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < 1 || value > FF_MAX_LAYERS)
        return false;
    *out = (uint32_t)value;
    return true;
}

/* Keeps the depths sorted. */
static int add_depth(const char *command, uint32_t layers, struct profile_depths *out)
{
    size_t at = out->n;

    while (at > 0 && out->layers[at - 1] > layers)
        at--;
    if (at > 0 && out->layers[at - 1] == layers)
        return usage_error(command, "--depths: %u is given twice", layers);
    if (out->n == MOST_DEPTHS)
        return usage_error(command, "--depths: more than %d depths", MOST_DEPTHS);
    memmove(out->layers + at + 1, out->layers + at, (out->n - at) * sizeof out->layers[0]);
    out->layers[at] = layers;
    out->n++;
    return EXIT_DONE;
}

/* Adds the depths between BEFORE and LAST, in steps as from TWO_BEFORE to BEFORE. */
static int fill(const char *command, uint32_t two_before, uint32_t before, uint32_t last,
                struct profile_depths *out)
{
    uint32_t step = before - two_before, layers;
    int result = EXIT_DONE;

    if (two_before >= before || last <= before)
        return usage_error(command, "--depths: %u,%u," DOTS ",%u does not increase", two_before,
                           before, last);
    if ((last - before) % step != 0)
        return usage_error(command, "--depths: %u,%u," DOTS ",%u: steps of %u do not reach %u",
                           two_before, before, last, step, last);
    for (layers = before + step; layers < last && result == EXIT_DONE; layers += step)
        result = add_depth(command, layers, out);
    return result;
}

static int parse_depths(const char *command, struct items *items, struct profile_depths *out)
{
    uint32_t depth, before = 0, two_before = 0; /* 0: none */
    bool dots = false;
    const char *item;
    int result = EXIT_DONE;

    while (result == EXIT_DONE && (item = next_item(items)) != NULL) {
        if (strcmp(item, DOTS) == 0 && two_before > 0 && !dots) {
            dots = true;
            continue;
        }
        if (strcmp(item, DOTS) == 0)
            return usage_error(command, "--depths: \"" DOTS "\" needs two depths before it");
        if (!read_depth(item, &depth))
            return usage_error(command, "--depths: \"%s\" is not a whole number from 1 to %u", item,
                               FF_MAX_LAYERS);
        if (dots)
            result = fill(command, two_before, before, depth, out);
        if (result == EXIT_DONE)
            result = add_depth(command, depth, out);
        two_before = dots ? 0 : before;
        before = depth;
        dots = false;
    }
    if (result == EXIT_DONE && dots)
        return usage_error(command, "--depths: \"" DOTS "\" needs a depth after it");
    return result;
}

int profile_parse_depths(const char *command, const char *text, struct profile_depths *out)
{
    struct items items = items_of(text);
    int result;

    out->n = 0;
    result = parse_depths(command, &items, out);
    free(items.copy);
    return result;
}

/* Returns the name in the table of modes; NULL: no such mode. */
static const char *known_mode(const char *name)
{
    const struct ff_recipe_choice *choice = ff_recipe_choices("mode");

    for (; choice->name != NULL; choice++)
        if (strcmp(choice->name, name) == 0)
            return choice->name;
    return NULL;
}

static int unknown_mode(const char *command, const char *name)
{
    const struct ff_recipe_choice *choice = ff_recipe_choices("mode");
    char names[256] = "";

    for (; choice->name != NULL; choice++) {
        size_t used = strlen(names);

        snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", choice->name);
    }
    return usage_error(command, "--modes: \"%s\" is not one of: %s", name, names);
}

static int add_mode(const char *command, const char *item, struct profile_modes *out)
{
    const char *name = known_mode(item);
    size_t i;

    if (name == NULL)
        return unknown_mode(command, item);
    for (i = 0; i < out->n; i++)
        if (strcmp(out->names[i], name) == 0)
            return usage_error(command, "--modes: %s is given twice", name);
    if (out->n == PROFILE_MOST_MODES)
        return usage_error(command, "--modes: more than %d modes", PROFILE_MOST_MODES);
    out->names[out->n++] = name;
    return EXIT_DONE;
}

int profile_parse_modes(const char *command, const char *text, struct profile_modes *out)
{
    struct items items = items_of(text);
    const char *item;
    int result = EXIT_DONE;

    out->n = 0;
    while (result == EXIT_DONE && (item = next_item(&items)) != NULL)
        result = add_mode(command, item, out);
    free(items.copy);
    return result;
}
