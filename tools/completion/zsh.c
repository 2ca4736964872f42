/* An array of names of commands, and for each command one of specifications for _arguments. */
#include "completion.h"
#include <ctype.h>

static const char *const actions[] = {
    [COMPLETED_OTHER] = "",
    [COMPLETED_FILE] = "_files",
    [COMPLETED_DIRECTORY] = "_files -/",
    [COMPLETED_MODEL] = "_files -g \"*.ff\"",
};

/* Prints TEXT for single quotes. */
static void print_quoted(const char *text, const char *specials)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            print_with_backslashes((const char[]){*text, '\0'}, specials);
}

/* _arguments evaluates the list as words: anything but letters and digits has a backslash. */
static void print_choices(const struct ff_recipe_choice *choices)
{
    fputs("((", stdout);
    for (const struct ff_recipe_choice *choice = choices; choice->name != NULL; choice++) {
        printf("%s%s\\:", choice == choices ? "" : " ", choice->name);
        for (const char *c = choice->summary; *c != '\0'; c++)
            if (*c == '\'')
                fputs("\\'\\''", stdout);
            else
                printf("%s%c", isalnum((unsigned char)*c) ? "" : "\\", *c);
    }
    fputs("))", stdout);
}

/* Prints ":PLACEHOLDER:ACTION". */
static void print_argument(const char *placeholder, enum completed completed,
                           const struct ff_recipe_choice *choices)
{
    if (completed == COMPLETED_NONE)
        return;
    putchar(':');
    print_quoted(placeholder, ":\\");
    putchar(':');
    if (completed == COMPLETED_CHOICE) {
        print_choices(choices);
    } else if (completed == COMPLETED_CHOICES) {
        fputs("_sequence compadd - ", stdout);
        print_choice_names(choices);
    } else {
        fputs(actions[completed], stdout);
    }
}

static void print_option(const struct page *page, const struct option_spec *option)
{
    enum completed completed = completed_by_option(option);
    bool has_argument = completed != COMPLETED_NONE, is_choice = option->kind == OPTION_CHOICE;
    const char *equals = has_argument ? "=" : "";
    struct option_text text;

    option_describe(option, page->settings, &text);
    fputs("                '", stdout);
    if (option->short_name != 0)
        printf("(-%c --%s)'{-%c%s,--%s%s}'", option->short_name, option->name, option->short_name,
               has_argument ? "+" : "", option->name, equals);
    else
        printf("(--%s)--%s%s", option->name, option->name, equals);
    putchar('[');
    print_quoted(text.what, "[]\\");
    putchar(']');
    print_argument(option->argument, completed,
                   is_choice || completed == COMPLETED_CHOICES ? option_choices(option) : NULL);
    puts("'");
}

/* NAME: of one operand of COMMAND; NULL: there is none. Without a number it is the next one. */
static void print_operand(const struct command *command, const char *name)
{
    if (name == NULL)
        return;
    fputs("                '", stdout);
    print_argument(name, completed_by_operand(command), NULL);
    puts("'");
}

void print_zsh(const struct page *pages)
{
    puts("    fftool_commands=(");
    for (const struct page *page = pages; page < pages + PAGES; page++) {
        printf("        '%s:", page->command->name);
        print_quoted(page->command->summary, ":\\");
        puts("'");
    }
    puts("    )\n    case $1 in");
    for (const struct page *page = pages; page < pages + PAGES; page++) {
        const struct option_spec *option = NULL;

        printf("        %s)\n            arguments=(\n", page->command->name);
        while ((option = following_option(page, option)) != NULL)
            print_option(page, option);
        print_operand(page->command, page->command->operand);
        print_operand(page->command, page->command->other);
        puts("            )\n            ;;");
    }
    puts("    esac");
}
