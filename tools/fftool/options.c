/* Parsing of options by table; see help.c for the other use of the table. */
#include "options.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* getopt's codes of long options: the row's index above every character. */
#define CODE_BASE 256
#define CODE_HELP (CODE_BASE - 1)

void options_defaults(const struct command *command, void *settings)
{
    memset(settings, 0, command->settings_bytes);
    if (command->init != NULL)
        command->init(settings);
}

const struct ff_recipe_choice *option_choices(const struct option_spec *option)
{
    return option->choices != NULL ? option->choices : ff_recipe_choices(option->field);
}

static size_t count_rows(const struct option_spec *options)
{
    size_t n = 0;

    while (options[n].name != NULL)
        n++;
    return n;
}

/* Reads digits and, for sizes, a suffix. */
static bool read_integer(const char *text, bool size, uint64_t *out)
{
    static const char suffixes[] = "KMGT";
    char *end;
    unsigned long long value;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0)
        return false;
    if (size && *end != '\0') {
        char letter = (char)(*end >= 'a' ? *end - 'a' + 'A' : *end);
        const char *found = strchr(suffixes, letter);
        unsigned shift;

        if (found == NULL)
            return false;
        shift = 10 * (unsigned)(found - suffixes + 1);
        if (value > UINT64_MAX >> shift)
            return false;
        value <<= shift;
        end++;
        if (strcmp(end, "B") == 0 || strcmp(end, "iB") == 0)
            end += strlen(end);
    }
    *out = value;
    return *end == '\0';
}

static int store_integer(const struct option_spec *option, uint64_t value, char *target)
{
    uint32_t narrow = (uint32_t)value;

    if (option->kind == OPTION_COUNT)
        memcpy(target, &narrow, sizeof narrow);
    else
        memcpy(target, &value, sizeof value);
    return EXIT_DONE;
}

static int set_integer(const char *command, const struct option_spec *option, const char *text,
                       char *target)
{
    bool size = option->kind == OPTION_SIZE;
    uint64_t most = option->kind == OPTION_COUNT ? UINT32_MAX : INT64_MAX; /* JSON's integers */
    uint64_t value = 0;

    if (option->max != 0)
        most = option->max;
    if (read_integer(text, size, &value) && value >= option->min && value <= most)
        return store_integer(option, value, target);
    if (size)
        return usage_error(command, "--%s: \"%s\" is not a size such as 64M or 2G, up to 8388607T",
                           option->name, text);
    return usage_error(command, "--%s: \"%s\" is not a whole number from %llu to %llu",
                       option->name, text, (unsigned long long)option->min,
                       (unsigned long long)most);
}

static int set_real(const char *command, const struct option_spec *option, const char *text,
                    char *target)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(value))
        return usage_error(command, "--%s: \"%s\" is not a number", option->name, text);
    if (value < option->above)
        return usage_error(command, "--%s: %s is less than %g", option->name, text, option->above);
    memcpy(target, &value, sizeof value);
    return EXIT_DONE;
}

static int set_extent(const char *command, const struct option_spec *option, const char *text,
                      char *target)
{
    const char *cross = strpbrk(text, "xX");
    char width[8];
    uint64_t values[2] = {0, 0};
    uint16_t extent[2];

    snprintf(width, sizeof width, "%.*s", cross != NULL ? (int)(cross - text) : 0, text);
    if (cross == NULL || cross - text >= (int)sizeof width ||
        !read_integer(width, false, &values[0]) || !read_integer(cross + 1, false, &values[1]) ||
        values[0] < 1 || values[1] < 1 || values[0] > option->max || values[1] > option->max)
        return usage_error(command,
                           "--%s: \"%s\" is not a width and a height from 1 to %llu, such as 32x32",
                           option->name, text, (unsigned long long)option->max);
    extent[0] = (uint16_t)values[0];
    extent[1] = (uint16_t)values[1];
    memcpy(target, extent, sizeof extent);
    return EXIT_DONE;
}

static int set_choice(const char *command, const struct option_spec *option, const char *text,
                      char *target)
{
    const struct ff_recipe_choice *choice;
    char names[256] = "";

    for (choice = option_choices(option); choice->name != NULL; choice++) {
        size_t used = strlen(names);

        if (strcmp(choice->name, text) == 0) {
            memcpy(target, &choice->name, sizeof choice->name);
            return EXIT_DONE;
        }
        snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", choice->name);
    }
    return usage_error(command, "--%s: \"%s\" is not one of: %s", option->name, text, names);
}

static int set_option(const char *command, const struct option_spec *option, const char *text,
                      void *settings)
{
    char checked[sizeof(uint64_t)];
    char *target = option->in_recipe ? checked : (char *)settings + option->offset;
    bool on = true;

    switch (option->kind) {
    case OPTION_FLAG:
        memcpy(target, &on, sizeof on);
        return EXIT_DONE;
    case OPTION_COUNT:
    case OPTION_COUNT64:
    case OPTION_SIZE:
        return set_integer(command, option, text, target);
    case OPTION_REAL:
        return set_real(command, option, text, target);
    case OPTION_EXTENT:
        return set_extent(command, option, text, target);
    case OPTION_STRING:
        if (*text == '\0')
            return usage_error(command, "--%s: the value is empty", option->name);
        memcpy(target, &text, sizeof text);
        return EXIT_DONE;
    case OPTION_CHOICE:
        return set_choice(command, option, text, target);
    case OPTION_HEADING:
    case OPTION_FIELDS:
        break;
    }
    return EXIT_DONE;
}

/* Every command has it, without a row of its own. */
static const struct option_spec help_option = {.kind = OPTION_FLAG, .name = "help"};

/* The option after OPTION (NULL: the first one), --help last; NULL: there are no more. */
static const struct option_spec *next_option(const struct command *command,
                                             const struct option_spec *option)
{
    if (option == &help_option)
        return NULL;
    option = option != NULL ? option + 1 : command->options;
    while (option->name != NULL && option->kind == OPTION_HEADING)
        option++;
    return option->name != NULL ? option : &help_option;
}

/* Lists the options that NAME may abbreviate in NAMES, the last one in *FOUND; returns their
 * number. */
static unsigned list_candidates(const struct command *command, const char *name, char *names,
                                size_t size, const struct option_spec **found)
{
    const struct option_spec *option = NULL;
    unsigned n = 0;

    *names = '\0';
    while ((option = next_option(command, option)) != NULL) {
        size_t used = strlen(names);

        if (strncmp(option->name, name, strlen(name)) != 0)
            continue;
        *found = option;
        if (strcmp(option->name, name) == 0)
            return 1;
        snprintf(names + used, size - used, "%s--%s", used > 0 ? ", " : "", option->name);
        n++;
    }
    return n;
}

/* The option that NAME may be a misspelling of; NULL: none is close enough. */
static const struct option_spec *nearest_option(const struct command *command, const char *name)
{
    const struct option_spec *option = NULL, *nearest = NULL;
    /* Suggest only names closer than this many edits. */
    unsigned least = strlen(name) < 4 ? (unsigned)strlen(name) / 2 + 1 : 3;

    while ((option = next_option(command, option)) != NULL) {
        unsigned distance = edit_distance(name, option->name);

        if (distance < least) {
            least = distance;
            nearest = option;
        }
    }
    return nearest;
}

/* Reports the error of --NAME, which may be abbreviated; VALUED: it has a value after "=". */
static int refuse_long(const struct command *command, const char *name, bool valued)
{
    const struct option_spec *found = NULL;
    char names[1024];
    unsigned n = 0;

    if (*name != '\0')
        n = list_candidates(command, name, names, sizeof names, &found);
    if (n > 1)
        return usage_error(command->name, "--%s is ambiguous: %s", name, names);
    if (n == 1 && valued && found->kind == OPTION_FLAG)
        return usage_error(command->name, "--%s: takes no argument", found->name);
    found = nearest_option(command, name);
    if (found != NULL)
        return usage_error(command->name, "--%s: no such option; did you mean --%s?", name,
                           found->name);
    return usage_error(command->name, "--%s: no such option", name);
}

/* Reports the error of the option that getopt_long() has just rejected. */
static int refuse_option(const struct command *command, int code, char **argv)
{
    /* Within "-xz", argv[optind - 1] is the word before it. Of long options optopt has the code, or
     * 0 if they are unknown. */
    bool is_short = optopt != 0 && optopt < CODE_HELP;
    const char *word = argv[optind - 1];
    char name[256];
    size_t length;

    if (is_short)
        return usage_error(command->name, "-%c: %s", optopt,
                           code == ':' ? "needs an argument" : "no such option");
    if (code == ':')
        return usage_error(command->name, "%s: needs an argument", word);
    length = strcspn(word, "=");
    snprintf(name, sizeof name, "%.*s", (int)(length - 2), word + 2);
    return refuse_long(command, name, word[length] == '=');
}

/* The tables of getopt_long. */
struct getopt_tables {
    struct option *longs; /* n + 2 */
    char *shorts;         /* 2 n + 3 */
};

static bool build_tables(const struct option_spec *options, struct getopt_tables *out)
{
    size_t n = count_rows(options), i, l = 0, s = 0;

    out->longs = calloc(n + 2, sizeof *out->longs);
    out->shorts = calloc(2 * n + 3, 1);
    if (out->longs == NULL || out->shorts == NULL)
        return false;
    out->shorts[s++] = ':';
    out->shorts[s++] = 'h';
    for (i = 0; i < n; i++) {
        bool argument = options[i].kind != OPTION_FLAG;

        if (options[i].kind == OPTION_HEADING)
            continue;
        out->longs[l++] = (struct option){options[i].name, argument ? required_argument : 0, NULL,
                                          CODE_BASE + (int)i};
        if (options[i].short_name != 0) {
            out->shorts[s++] = options[i].short_name;
            if (argument)
                out->shorts[s++] = ':';
        }
    }
    out->longs[l] = (struct option){"help", no_argument, NULL, CODE_HELP};
    return true;
}

static void free_tables(struct getopt_tables *tables)
{
    free(tables->longs);
    free(tables->shorts);
}

static const struct option_spec *row_of(const struct option_spec *options, int code)
{
    size_t i;

    if (code >= CODE_BASE)
        return &options[code - CODE_BASE];
    for (i = 0; options[i].name != NULL; i++)
        if (options[i].short_name == code)
            return &options[i];
    return NULL;
}

static int parse_options(const struct command *command, int argc, char **argv, void *settings,
                         const struct getopt_tables *tables, const char **given)
{
    int code, result;

    opterr = 0;
    optind = 0; /* GNU: resets getopt_long() */
    while ((code = getopt_long(argc, argv, tables->shorts, tables->longs, NULL)) != -1) {
        const struct option_spec *option;

        if (code == 'h' || code == CODE_HELP)
            return OPTIONS_HELP;
        if (code == '?' || code == ':')
            return refuse_option(command, code, argv);
        option = row_of(command->options, code);
        result = set_option(command->name, option, optarg, settings);
        if (result != EXIT_DONE)
            return result;
        given[option - command->options] = optarg != NULL ? optarg : "";
    }
    return EXIT_DONE;
}

static int parse_operands(const struct command *command, int argc, char **argv,
                          const char *operands[2])
{
    const char *const names[2] = {command->operand, command->other};

    for (size_t i = 0; i < 2; i++) {
        operands[i] = NULL;
        if (names[i] == NULL)
            continue;
        if (optind == argc)
            return usage_error(command->name, "%s is missing", names[i]);
        operands[i] = argv[optind++];
        if (*operands[i] == '\0')
            return usage_error(command->name, "%s is empty", names[i]);
    }
    if (optind < argc)
        return usage_error(command->name, "unexpected argument \"%s\"", argv[optind]);
    return EXIT_DONE;
}

const char *options_find(const struct option_spec *options, const char *const *given,
                         const char *name)
{
    size_t i;

    for (i = 0; options[i].name != NULL; i++)
        if (strcmp(options[i].name, name) == 0)
            return given[i];
    return NULL;
}

/* Checks for missing options, and for options that cannot be combined. */
static int check_given(const struct command *command, const char *const *given)
{
    const struct option_spec *option;

    for (option = command->options; option->name != NULL; option++) {
        bool here = given[option - command->options] != NULL;

        if (option->required && !here)
            return usage_error(command->name, "--%s %s is missing", option->name, option->argument);
        if (here && option->needs != NULL &&
            options_find(command->options, given, option->needs) == NULL)
            return usage_error(command->name, "--%s: requires --%s", option->name, option->needs);
        if (here && option->excludes != NULL &&
            options_find(command->options, given, option->excludes) != NULL)
            return usage_error(command->name, "--%s: cannot be combined with --%s", option->name,
                               option->excludes);
    }
    return EXIT_DONE;
}

int options_parse(const struct command *command, int argc, char **argv, void *settings,
                  const char *operands[2], const char ***given)
{
    struct getopt_tables tables = {NULL, NULL};
    int result = EXIT_FAILED;

    *given = calloc(count_rows(command->options) + 1, sizeof **given);
    if (*given == NULL || !build_tables(command->options, &tables)) {
        fputs("fftool: out of memory\n", stderr);
        goto out;
    }
    result = parse_options(command, argc, argv, settings, &tables, *given);
    if (result == EXIT_DONE)
        result = parse_operands(command, argc, argv, operands);
    if (result == EXIT_DONE)
        result = check_given(command, (const char *const *)*given);
out:
    free_tables(&tables);
    return result;
}

/* Damerau's distance in its restricted form (optimal string alignment), for short words. */
unsigned edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    unsigned rows[3][LONGEST + 1];
    size_t la = strlen(a), lb = strlen(b), i, j;

    if (la > LONGEST || lb > LONGEST)
        return LONGEST;
    for (j = 0; j <= lb; j++)
        rows[0][j] = (unsigned)j;
    for (i = 1; i <= la; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (j = 1; j <= lb; j++) {
            unsigned least = before[j - 1] + (a[i - 1] != b[j - 1]);

            if (before[j] + 1 < least)
                least = before[j] + 1;
            if (now[j - 1] + 1 < least)
                least = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_before[j - 2] + 1 < least)
                least = two_before[j - 2] + 1;
            now[j] = least;
        }
    }
    return rows[la % 3][lb];
}
