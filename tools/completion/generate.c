#include "completion.h"
#include <stdlib.h>
#include <string.h>

/* What placeholders, in options and operands, are completed with. */
static const struct {
    const char *placeholder;
    enum completed completed;
} files[] = {
    {"FILE", COMPLETED_FILE},   {"PATH", COMPLETED_FILE}, {"DIR", COMPLETED_DIRECTORY},
    {"MODEL", COMPLETED_MODEL}, {"NEW", COMPLETED_MODEL}, {"A", COMPLETED_MODEL},
    {"B", COMPLETED_MODEL},
};

static enum completed completed_by_placeholder(const char *placeholder)
{
    if (placeholder == NULL)
        return COMPLETED_NONE;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(files[i].placeholder, placeholder) == 0)
            return files[i].completed;
    return COMPLETED_OTHER;
}

enum completed completed_by_option(const struct option_spec *option)
{
    if (option->kind == OPTION_CHOICE)
        return COMPLETED_CHOICE;
    if (option->kind == OPTION_STRING && option->field != NULL)
        return COMPLETED_CHOICES;
    return completed_by_placeholder(option->argument);
}

enum completed completed_by_operand(const struct command *command)
{
    return completed_by_placeholder(command->operand);
}

const struct option_spec *following_option(const struct page *page,
                                           const struct option_spec *option)
{
    option = option == NULL ? page->options : option + 1;
    while (option->name != NULL && option->kind == OPTION_HEADING)
        option++;
    return option->name != NULL ? option : NULL;
}

void print_choice_names(const struct ff_recipe_choice *choices)
{
    for (const struct ff_recipe_choice *choice = choices; choice->name != NULL; choice++)
        printf("%s%s", choice == choices ? "" : " ", choice->name);
}

void print_with_backslashes(const char *text, const char *specials)
{
    for (; *text != '\0'; text++) {
        if (strchr(specials, *text) != NULL)
            putchar('\\');
        putchar(*text);
    }
}

/* Lines of templates, and what prints what replaces them. */
static const struct {
    const char *line;
    void (*print)(const struct page *pages);
} parts[] = {
    {"# @BASH@\n", print_bash},
    {"# @ZSH@\n", print_zsh},
    {"# @FISH@\n", print_fish},
};

static void fill_in(const struct page *pages, const char *line)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(line + strspn(line, " "), parts[i].line) == 0) {
            parts[i].print(pages);
            return;
        }
    fputs(line, stdout);
}

int main(void)
{
    struct page pages[PAGES];
    char *line = NULL;
    size_t size = 0;
    bool good = pages_open(pages);

    while (good && getline(&line, &size, stdin) >= 0)
        fill_in(pages, line);
    pages_close(pages);
    free(line);
    return good && fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
