#include "recipe/field.h"

#include "recipe/choices.h"

#include <math.h>
#include <string.h>

/* Bounds in the rows. */
#define HUGE_NUMBER 1e30
#define LARGEST_BETA 0.999999 /* below 1 as a float, too */
#define LARGEST_DROPOUT 0.99
#define MOST_VALIDATION 0.5

static const struct ff_field fields[] = {
#define FF_INFO(...) __VA_ARGS__
#define FF_FIELD(kind, member, info_members, ...)                      \
    {.info = {.name = #member, .type = FF_FIELD_##kind, info_members}, \
     .offset = offsetof(struct ff_recipe, member),                     \
     __VA_ARGS__},
#include "recipe/field_rows.h"
#undef FF_FIELD
#undef FF_INFO
};
_Static_assert(sizeof fields / sizeof *fields <= FF_MAX_FIELDS, "room for a flag of each");

const struct ff_field *ff_fields(size_t *count)
{
    *count = sizeof fields / sizeof *fields;
    return fields;
}

const struct ff_recipe_field *ff_recipe_field(size_t i)
{
    return i < sizeof fields / sizeof *fields ? &fields[i].info : NULL;
}

const char *ff_field_words(const struct ff_field *field, char text[FF_FIELD_WORDS_BYTES])
{
    size_t i;

    for (i = 0; field->info.name[i] && i + 1 < FF_FIELD_WORDS_BYTES; i++)
        text[i] = (char)(field->info.name[i] == '_' ? ' ' : field->info.name[i]);
    text[i] = '\0';
    return text;
}

const void *ff_field_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return (const char *)recipe + field->offset;
}

static const char *name_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return *(const char *const *)ff_field_of(field, recipe);
}

static uint64_t seed_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return *(const uint64_t *)ff_field_of(field, recipe);
}

const struct ff_field *ff_field_find(const char *name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].info.name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

const char *ff_field_key(const struct ff_field *field)
{
    return field->info.key ? field->info.key : field->info.name;
}

double ff_field_number(const struct ff_field *field, const struct ff_recipe *recipe)
{
    const void *at = ff_field_of(field, recipe);

    return field->info.type == FF_FIELD_COUNT ? *(const uint32_t *)at : *(const double *)at;
}

bool ff_field_is_unset(const struct ff_field *field, const struct ff_recipe *recipe)
{
    switch (field->info.type) {
    case FF_FIELD_CHOICE:
        return !name_of(field, recipe);
    case FF_FIELD_COUNT:
        return *(const uint32_t *)ff_field_of(field, recipe) == FF_UNSET;
    case FF_FIELD_REAL:
        return isnan(*(const double *)ff_field_of(field, recipe));
    case FF_FIELD_SEED:
        break;
    }
    return false;
}

bool ff_field_same(const struct ff_field *field, const struct ff_recipe *a,
                   const struct ff_recipe *b)
{
    if (field->info.type == FF_FIELD_CHOICE)
        return strcmp(name_of(field, a), name_of(field, b)) == 0;
    if (field->info.type == FF_FIELD_SEED)
        return seed_of(field, a) == seed_of(field, b);
    return ff_field_number(field, a) == ff_field_number(field, b);
}

void ff_field_copy(const struct ff_field *field, struct ff_recipe *to, const struct ff_recipe *from)
{
    static const size_t sizes[] = {
        [FF_FIELD_CHOICE] = sizeof(const char *),
        [FF_FIELD_COUNT] = sizeof(uint32_t),
        [FF_FIELD_SEED] = sizeof(uint64_t),
        [FF_FIELD_REAL] = sizeof(double),
    };

    memcpy((char *)to + field->offset, ff_field_of(field, from), sizes[field->info.type]);
}
