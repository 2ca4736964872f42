/*
 * Prints a man page from a template on stdin, in mdoc(7): the lines
 *
 *     .\" @SYNOPSIS@
 *     .\" @OPTIONS train@
 *     .\" @DATASETS@
 *     .\" @OTHERS@
 *     .\" @FIELDS network@
 *     .\" @KEYS@
 *
 * are replaced by what the program's tables say, so that page and `--help` cannot differ. An option
 * that an earlier command has with the same text is not described again. @OTHERS@ is where commands
 * go that the template does not describe itself: with the description that `--help` prints.
 * @FIELDS@ lists the fields of recipes of a group, @KEYS@ all of them as model files have them.
 */
#include "words.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_choices(const struct page *page, const struct option_spec *option)
{
    const struct ff_recipe_choice *choice = option_choices(option), *other;
    const char *widest = "";

    for (other = choice; other->name != NULL; other++)
        if (strlen(other->name) > strlen(widest))
            widest = other->name;
    printf(".Bl -tag -width %s -compact\n", widest);
    for (; choice->name != NULL; choice++) {
        printf(".It Cm %s\n", choice->name);
        print_sentence(page, "%s", choice->summary);
    }
    puts(".El");
}

static void print_lower(const char *text)
{
    for (; *text != '\0'; text++)
        putchar(tolower((unsigned char)*text));
}

static void print_tag(const struct option_spec *option)
{
    fputs(".It", stdout);
    if (option->short_name != 0)
        printf(" Fl %c ,", option->short_name);
    printf(" Fl -%s", option->name);
    if (option->argument != NULL) {
        fputs(" Ar ", stdout);
        print_lower(option->argument);
    }
    putchar('\n');
}

static void print_default(const struct page *page, const struct option_spec *option)
{
    struct option_text text;

    option_describe(option, page->settings, &text);
    if (option->required)
        print_sentence(page, "required");
    else if (text.initial[0] != '\0')
        print_sentence(page, "default: %s", text.initial);
}

static void print_text(const struct page *page, const struct option_spec *option)
{
    struct option_text text;

    option_describe(option, page->settings, &text);
    print_sentence(page, "%s", text.what);
    print_default(page, option);
    if (option->kind == OPTION_CHOICE)
        print_choices(page, option);
}

/* Where the text of an option is printed already. */
struct origin {
    const struct command *command; /* NULL: nowhere */
    bool same_default;
};

static bool compare(const struct page *page, const struct option_spec *option,
                    const struct page *other, const struct option_spec *row, struct origin *origin)
{
    struct option_text text, text_of_row;

    if (option->kind != row->kind || strcmp(option->name, row->name) != 0)
        return false;
    option_describe(option, page->settings, &text);
    option_describe(row, other->settings, &text_of_row);
    if (strcmp(text.what, text_of_row.what) != 0)
        return false;
    origin->command = other->command;
    origin->same_default =
        option->required == row->required && strcmp(text.initial, text_of_row.initial) == 0;
    return true;
}

static struct origin find_origin(const struct page *pages, const struct page *page,
                                 const struct option_spec *option)
{
    struct origin origin = {.command = NULL};

    if (option->name == NULL || option->kind == OPTION_HEADING)
        return origin;
    for (const struct page *other = pages; other < page; other++)
        for (const struct option_spec *row = other->options; row->name != NULL; row++)
            if (compare(page, option, other, row, &origin))
                return origin;
    return origin;
}

/* Refers to ORIGIN, unless the option after OPTION will do so for both. */
static void print_reference(const struct page *pages, const struct page *page,
                            const struct option_spec *option, struct origin origin)
{
    struct origin next = find_origin(pages, page, option + 1);

    if (origin.same_default && next.command == origin.command && next.same_default)
        return;
    printf("As for\n.Cm %s .\n", origin.command->name);
    if (!origin.same_default)
        print_default(page, option);
}

static void print_options(const struct page *pages, struct page *page)
{
    const struct option_spec *option;
    bool in_list = false;

    for (option = page->options; option->name != NULL; option++) {
        struct origin origin = find_origin(pages, page, option);

        if (option->kind == OPTION_HEADING) {
            printf("%s.Pp\n%s:\n.Bl -tag -width Ds\n", in_list ? ".El\n" : "", option->name);
            in_list = true;
            continue;
        }
        print_tag(option);
        if (origin.command == NULL)
            print_text(page, option);
        else
            print_reference(pages, page, option, origin);
    }
    puts(".El");
    page->printed = true;
}

/* NAME may be NULL. */
static void print_operand(const char *name)
{
    if (name == NULL)
        return;
    fputs(".Ar ", stdout);
    print_lower(name);
    putchar('\n');
}

static void print_synopsis(struct page *pages)
{
    for (const struct page *page = pages; page < pages + PAGES; page++) {
        printf(".Nm\n.Cm %s\n", page->command->name);
        print_operand(page->command->operand);
        print_operand(page->command->other);
        for (const struct option_spec *option = page->options; option->name != NULL; option++)
            if (option->required) {
                printf(".Fl -%s Ar ", option->name);
                print_lower(option->argument);
                putchar('\n');
            }
        puts(".Op Ar option ...");
    }
}

static void print_others(struct page *pages)
{
    for (struct page *page = pages; page < pages + PAGES; page++) {
        if (page->printed)
            continue;
        printf(".Ss fftool %s\n", page->command->name);
        print_words(page, page->command->description);
        print_options(pages, page);
    }
}

static void print_datasets(struct page *pages)
{
    const struct ff_data_format *format;

    puts(".Bl -tag -width Ds");
    for (size_t i = 0; (format = ff_data_format(i)) != NULL; i++) {
        fputs(".It \"", stdout);
        print_escaped(format->summary, strlen(format->summary), false);
        puts("\"");
        print_sentence(&pages[0], "%s", format->layout);
    }
    puts(".El");
}

static void print_number(const struct ff_recipe_field *field, double value)
{
    if (value < 0)
        fputs("\\-", stdout);
    if (field->type == FF_FIELD_COUNT)
        printf("%.0f", fabs(value));
    else
        printf("%g", fabs(value));
}

/* Prints the names that FIELD accepts, or its range. */
static void print_values(const struct ff_recipe_field *field)
{
    const struct ff_recipe_choice *choice;
    const char *before = "";

    if (field->type == FF_FIELD_CHOICE) {
        for (choice = ff_recipe_choices(field->name); choice->name != NULL; choice++) {
            printf("%s%s", before, choice->name);
            before = choice[1].name != NULL && choice[2].name == NULL ? " or " : ", ";
        }
    } else if (field->type == FF_FIELD_SEED) {
        fputs("0 to 2\\(ha63 \\- 1", stdout);
    } else {
        print_number(field, field->low);
        fputs(" to ", stdout);
        print_number(field, field->high);
    }
    puts(".");
}

static const struct {
    const char *name;
    enum ff_field_group group;
} groups[] = {
    {"mode", FF_GROUP_MODE},
    {"network", FF_GROUP_NETWORK},
    {"optimizer", FF_GROUP_OPTIMIZER},
    {"head", FF_GROUP_HEAD},
};

/* The fields of the group called NAME, as `train`, whose PAGE is given, describes them. */
static void print_fields(const struct page *page, const char *name)
{
    const struct ff_recipe_field *field;

    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        const struct option_spec *option = page->options;
        size_t g = 0;

        while (g + 1 < sizeof groups / sizeof groups[0] && groups[g].group != field->group)
            g++;
        if (strcmp(groups[g].name, name) != 0)
            continue;
        while (option->name == NULL || strcmp(option->name, field->option) != 0)
            option++;
        printf(".It Va %s , Fl -%s\n", field->name, field->option);
        print_default(page, option);
        fputs("Values: ", stdout);
        print_values(field);
    }
}

static void print_keys(struct page *pages)
{
    static const char *const types[] = {
        [FF_FIELD_CHOICE] = "String: ",
        [FF_FIELD_COUNT] = "Integer, ",
        [FF_FIELD_SEED] = "Integer, ",
        [FF_FIELD_REAL] = "Real, ",
    };
    const struct ff_recipe_field *field;

    (void)pages;
    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        printf(".It Li %s\n", field->key != NULL ? field->key : field->name);
        fputs(types[field->type], stdout);
        print_values(field);
        if (field->key != NULL)
            printf("The field\n.Va %s .\n", field->name);
    }
}

/* Lines of templates, and what prints what replaces them. */
static const struct {
    const char *line;
    void (*print)(struct page *pages);
} parts[] = {
    {".\\\" @SYNOPSIS@\n", print_synopsis},
    {".\\\" @DATASETS@\n", print_datasets},
    {".\\\" @OTHERS@\n", print_others},
    {".\\\" @KEYS@\n", print_keys},
};

/* Prints LINE of the template, or what it is to be replaced by; false: there is no such command. */
static bool fill_in(struct page *pages, const char *line)
{
    char name[32];

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(line, parts[i].line) == 0) {
            parts[i].print(pages);
            return true;
        }
    if (sscanf(line, ".\\\" @FIELDS %31[a-z]@", name) == 1) {
        print_fields(&pages[0], name);
        return true;
    }
    if (sscanf(line, ".\\\" @OPTIONS %31[a-z]@", name) != 1) {
        fputs(line, stdout);
        return true;
    }
    for (struct page *page = pages; page < pages + PAGES; page++)
        if (strcmp(page->command->name, name) == 0) {
            print_options(pages, page);
            return true;
        }
    fprintf(stderr, "generate: the program has no command %s\n", name);
    return false;
}

int main(void)
{
    struct page pages[PAGES];
    char *line = NULL;
    size_t size = 0;
    bool good = pages_open(pages);

    while (good && getline(&line, &size, stdin) >= 0)
        good = fill_in(pages, line);
    pages_close(pages);
    free(line);
    return good && fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
