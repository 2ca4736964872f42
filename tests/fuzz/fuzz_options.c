/* The words of a command line, one a line, of which the first names the command: sizes, counts,
 * numbers, choices, lists of layers, depths and modes. */
#include "fuzz/fuzz.h"
#include "options.h"
#include "profile/list.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 64
#define MOST_LISTED 4096 /* layers that are written one by one: a few bytes may mean many */

const size_t fuzz_replay_inputs = 10000;

/* A command of the target's own, with a number of every kind. */
struct numbers {
    uint64_t size, count64;
    uint32_t count;
    double real;
};

#define LEAST_SIZE 4096
#define MOST_COUNT 1000

static const struct option_spec number_options[] = {
    {.kind = OPTION_SIZE,
     .name = "size",
     .short_name = 's',
     .argument = "SIZE",
     .offset = offsetof(struct numbers, size),
     .min = LEAST_SIZE},
    {.kind = OPTION_COUNT,
     .name = "count",
     .short_name = 'c',
     .argument = "N",
     .offset = offsetof(struct numbers, count),
     .max = MOST_COUNT},
    {.kind = OPTION_COUNT64,
     .name = "count64",
     .argument = "N",
     .offset = offsetof(struct numbers, count64)},
    {.kind = OPTION_REAL,
     .name = "real",
     .argument = "X",
     .offset = offsetof(struct numbers, real),
     .above = 0},
    {.name = NULL},
};

static void init_numbers(void *settings)
{
    *(struct numbers *)settings = (struct numbers){.size = LEAST_SIZE};
}

static const struct command numbers = {
    .name = "numbers",
    .options = number_options,
    .settings_bytes = sizeof(struct numbers),
    .init = init_numbers,
};

#define COMMAND_ROW(name) &cmd_##name,
static const struct command *const commands[] = {&numbers, COMMANDS(COMMAND_ROW)};
#undef COMMAND_ROW
#define N_COMMANDS (sizeof commands / sizeof commands[0])

/* What was accepted is in range, and written as a number means the same. */
static void check_numbers(const struct numbers *read)
{
    char texts[4][64];
    char *words[] = {(char[]){"numbers"}, texts[0], texts[1], texts[2], texts[3], NULL};
    struct numbers again;
    const char *operands[2], **given;

    FUZZ_CHECK(read->size >= LEAST_SIZE && read->count <= MOST_COUNT);
    FUZZ_CHECK(isfinite(read->real) && read->real >= 0);
    init_numbers(&again);
    snprintf(texts[0], sizeof texts[0], "--size=%" PRIu64, read->size);
    snprintf(texts[1], sizeof texts[1], "--count=%" PRIu32, read->count);
    snprintf(texts[2], sizeof texts[2], "--count64=%" PRIu64, read->count64);
    snprintf(texts[3], sizeof texts[3], "--real=%.17g", read->real);
    FUZZ_CHECK(options_parse(&numbers, 5, words, &again, operands, &given) == EXIT_DONE);
    FUZZ_CHECK(options_find(number_options, given, "count64") == texts[2] + strlen("--count64="));
    free(given);
    FUZZ_CHECK(again.size == read->size && again.count == read->count &&
               again.count64 == read->count64 && fabs(again.real - read->real) <= 0);
}

static void check_options(const struct command *command, int argc, char **argv)
{
    void *settings = calloc(1, command->settings_bytes + 1);
    struct option_spec *options = options_with_fields(command->options);
    struct command whole = *command;
    const char *operands[2], **given;
    bool printed;
    int result;

    FUZZ_CHECK(settings != NULL && options != NULL);
    whole.options = options;
    if (command->init)
        command->init(settings);
    fuzz_catch_stderr();
    result = options_parse(&whole, argc, argv, settings, operands, &given);
    free(given);
    printed = fuzz_release_stderr() > 0;
    FUZZ_CHECK(result == EXIT_DONE || result == OPTIONS_HELP || result == EXIT_USAGE);
    FUZZ_CHECK(printed == (result == EXIT_USAGE));
    if (result == EXIT_DONE)
        fuzz_accept();
    if (command == &numbers && result == EXIT_DONE)
        check_numbers(settings);
    if (command->release)
        command->release(settings);
    free(options);
    free(settings);
}

/* The layers of RECIPE written one by one mean the same. */
static void check_list(struct ff_ctx *ctx, const struct ff_recipe *recipe)
{
    uint32_t layers = ff_recipe_layers(recipe);
    struct ff_recipe *again;
    char *list = NULL;
    size_t bytes;
    FILE *out = open_memstream(&list, &bytes);

    FUZZ_CHECK(out != NULL);
    for (uint32_t i = 1; i <= layers; i++)
        fprintf(out, "%s%" PRIu32, i > 1 ? "," : "", ff_recipe_units(recipe, i));
    FUZZ_CHECK(fclose(out) == 0);
    FUZZ_CHECK(ff_recipe_new(ctx, &again) == FF_OK);
    FUZZ_CHECK(ff_recipe_set(ctx, again, "hidden", list) == FF_OK);
    FUZZ_CHECK(ff_recipe_layers(again) == layers);
    for (uint32_t i = 1; i <= layers; i++)
        FUZZ_CHECK(ff_recipe_units(again, i) == ff_recipe_units(recipe, i));
    ff_recipe_free(again);
    free(list);
}

/* Layers that are accepted are in range. */
static void check_layers(struct ff_ctx *ctx, struct ff_recipe *recipe, const char *word)
{
    uint32_t layers;

    if (fuzz_status(ctx, ff_recipe_set(ctx, recipe, "hidden", word)) != FF_OK)
        return;
    layers = ff_recipe_layers(recipe);
    FUZZ_CHECK(layers >= 1 && layers <= FF_MAX_LAYERS);
    for (uint32_t i = 1; i <= layers; i++)
        FUZZ_CHECK(ff_recipe_units(recipe, i) >= 1 && ff_recipe_units(recipe, i) <= FF_MAX_UNITS);
    if (layers <= MOST_LISTED)
        check_list(ctx, recipe);
}

/* Whatever field it is for, a value that is accepted is read back in range. */
static void check_field(struct ff_ctx *ctx, struct ff_recipe *recipe,
                        const struct ff_recipe_field *field, const char *word)
{
    uint64_t count;
    double real;

    if (fuzz_status(ctx, ff_recipe_set(ctx, recipe, field->name, word)) != FF_OK)
        return;
    count = ff_recipe_get_uint(recipe, field->name);
    real = ff_recipe_get_real(recipe, field->name);
    switch (field->type) {
    case FF_FIELD_CHOICE:
        FUZZ_CHECK(strcmp(ff_recipe_get_text(recipe, field->name), word) == 0);
        break;
    case FF_FIELD_COUNT:
        FUZZ_CHECK((double)count >= field->low && (double)count <= field->high);
        break;
    case FF_FIELD_SEED:
        FUZZ_CHECK(count <= INT64_MAX);
        break;
    case FF_FIELD_REAL:
        FUZZ_CHECK(real >= field->low && real <= field->high);
        break;
    }
}

static void check_recipe(const char *word)
{
    struct ff_ctx *ctx = fuzz_ctx();
    const struct ff_recipe_field *field;
    struct ff_recipe *recipe;

    FUZZ_CHECK(ff_recipe_new(ctx, &recipe) == FF_OK);
    check_layers(ctx, recipe, word);
    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++)
        check_field(ctx, recipe, field, word);
    ff_recipe_free(recipe);
    fuzz_ctx_free(ctx);
}

/* Depths that are accepted increase; modes are known, each once. */
static void check_lists(const char *word)
{
    struct profile_depths depths;
    struct profile_modes modes;
    int of_depths, of_modes;

    fuzz_catch_stderr();
    of_depths = profile_parse_depths("profile", word, &depths);
    of_modes = profile_parse_modes("profile", word, &modes);
    FUZZ_CHECK((fuzz_release_stderr() > 0) == (of_depths != EXIT_DONE || of_modes != EXIT_DONE));
    FUZZ_CHECK(of_depths == EXIT_DONE || of_depths == EXIT_USAGE);
    FUZZ_CHECK(of_modes == EXIT_DONE || of_modes == EXIT_USAGE);
    for (size_t i = 0; of_depths == EXIT_DONE && i < depths.n; i++)
        FUZZ_CHECK(depths.layers[i] <= FF_MAX_LAYERS &&
                   depths.layers[i] > (i ? depths.layers[i - 1] : 0));
    FUZZ_CHECK(of_modes != EXIT_DONE || (modes.n >= 1 && modes.n <= PROFILE_MOST_MODES));
}

/* The command of that name; of another name, some command. */
static const struct command *command_of(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return commands[(unsigned char)*name % N_COMMANDS];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words[MOST_WORDS + 2] = {(char[]){"fftool"}};
    char *text = fuzz_string(data, size), *rest = text, *word;
    const struct command *command = command_of(strsep(&rest, "\n"));
    int n = 1;

    while (n <= MOST_WORDS && (word = strsep(&rest, "\n")) != NULL) {
        check_recipe(word);
        check_lists(word);
        words[n++] = word;
    }
    check_options(command, n, words);
    free(text);
    return 0;
}
