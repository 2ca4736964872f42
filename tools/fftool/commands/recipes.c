/* fftool recipes: the recipes by name, with their defaults. */
#include "common/output.h"
#include "json.h"
#include "options.h"
#include <string.h>

struct settings {
    bool json;
};

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "json",
     .help = "print everything as a JSON object",
     .offset = offsetof(struct settings, json)},
    {.name = NULL},
};

static const struct ff_recipe_entry *entry_at(size_t i)
{
    size_t count;
    const struct ff_recipe_entry *entries = ff_recipes(&count);

    return i < count ? &entries[i] : NULL;
}

/* Completes a recipe of ENTRY. The caller frees it. */
static int complete(struct cli *cli, const struct ff_recipe_entry *entry, struct ff_recipe **out)
{
    int status = ff_recipe_new(cli->ctx, out);

    if (status == FF_OK)
        status = ff_recipe_set(cli->ctx, *out, "recipe", entry->name);
    if (status == FF_OK)
        status = ff_recipe_set(cli->ctx, *out, "hidden", "1");
    return status == FF_OK ? ff_recipe_complete(cli->ctx, *out) : status;
}

/* True if the recipe, or its loss, decides FIELD and it has an effect. */
static bool decides(const struct ff_recipe *recipe, const struct ff_recipe_field *field)
{
    bool by_loss = field->group == FF_GROUP_NETWORK && field->default_is == FF_DEFAULT_BY_CHOICE;

    return (field->by_recipe || by_loss) && ff_recipe_uses(recipe, field->name);
}

static void print_recipe(const struct ff_recipe_entry *entry, const struct ff_recipe *recipe,
                         bool first)
{
    const struct ff_recipe_field *field;

    if (!first)
        putchar('\n');
    printf("%s: %s\n  reaches %s\n ", entry->name, entry->summary, entry->reaches);
    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++)
        if (decides(recipe, field))
            printf(" --%s %s", field->option, text_field(recipe, field).s);
    putchar('\n');
}

static json_t *entry_object(const struct ff_recipe_entry *entry, const struct ff_recipe *recipe)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "name", json_from_text(entry->name));
    json_add(&object, "summary", json_from_text(entry->summary));
    json_add(&object, "reaches", json_from_text(entry->reaches));
    json_add(&object, "defaults", json_from_defaults(recipe));
    return json_built(&object);
}

/* Takes ownership of RECIPES. */
static int print_json(const struct cli *cli, json_t *recipes)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "recipes", recipes);
    return json_print(cli, json_built(&object));
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    const struct settings *settings = arg;
    const struct ff_recipe_entry *entry;
    struct json_builder list = json_build(json_array());
    json_t *recipes;
    int status = FF_OK;

    (void)operand;
    for (size_t i = 0; (entry = entry_at(i)) != NULL && status == FF_OK; i++) {
        struct ff_recipe *recipe;

        status = complete(cli, entry, &recipe);
        if (status == FF_OK && settings->json)
            json_append(&list, entry_object(entry, recipe));
        else if (status == FF_OK)
            print_recipe(entry, recipe, i == 0);
        ff_recipe_free(recipe);
    }
    recipes = json_built(&list);
    if (status == FF_OK && settings->json)
        return print_json(cli, recipes);
    json_decref(recipes);
    return report_status(cli, status);
}

const struct command cmd_recipes = {
    .name = "recipes",
    .summary = "list the recipes of `train`",
    .description = "Lists the recipes of `fftool train --recipe`, each a set of defaults, with the "
                   "test error that was measured with it. Every option can be overridden; `fftool "
                   "inspect` shows the options that a model was trained with.",
    .examples = "  fftool recipes\n"
                "  fftool recipes --json\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .run = run,
};
