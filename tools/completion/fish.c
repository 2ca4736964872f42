/* A line `complete` for each command, each option and each operand. */
#include "completion.h"

static const char *const actions[] = {
    [COMPLETED_NONE] = "",
    [COMPLETED_OTHER] = " -x",
    [COMPLETED_FILE] = " -r -F",
    [COMPLETED_DIRECTORY] = " -x -a '(__fish_complete_directories)'",
    [COMPLETED_MODEL] = " -x -k -a '(__fish_complete_suffix .ff)'",
};

static void print_description(const char *text)
{
    fputs(" -d '", stdout);
    print_with_backslashes(text, "'\\");
    puts("'");
}

/* Words that fish evaluates again: descriptions in single quotes, all in double quotes. */
static void print_choices(const struct ff_recipe_choice *choices)
{
    fputs(" -x -a \"", stdout);
    for (const struct ff_recipe_choice *choice = choices; choice->name != NULL; choice++) {
        printf("%s%s\\t'", choice == choices ? "" : " ", choice->name);
        for (const char *c = choice->summary; *c != '\0'; c++) {
            if (*c == '\'' || *c == '\\')
                fputs("\\\\", stdout);
            print_with_backslashes((const char[]){*c, '\0'}, "\"$\\");
        }
        putchar('\'');
    }
    putchar('"');
}

static void print_option(const struct page *page, const struct option_spec *option)
{
    enum completed completed = completed_by_option(option);
    struct option_text text;

    option_describe(option, page->settings, &text);
    printf("complete -c fftool -n '__fftool_is %s' -l %s", page->command->name, option->name);
    if (option->short_name != 0)
        printf(" -s %c", option->short_name);
    if (completed == COMPLETED_CHOICE) {
        print_choices(option_choices(option));
    } else if (completed == COMPLETED_CHOICES) {
        fputs(" -x -a '(__fish_append , ", stdout);
        print_choice_names(option_choices(option));
        fputs(")'", stdout);
    } else {
        fputs(actions[completed], stdout);
    }
    print_description(text.what);
}

static void print_operand(const struct command *command)
{
    enum completed completed = completed_by_operand(command);

    if (completed == COMPLETED_MODEL)
        printf("complete -c fftool -n '__fftool_is %s' -k -a '(__fish_complete_suffix .ff)'\n",
               command->name);
    else if (completed == COMPLETED_FILE)
        printf("complete -c fftool -n '__fftool_is %s' -F\n", command->name);
}

void print_fish(const struct page *pages)
{
    for (const struct page *page = pages; page < pages + PAGES; page++) {
        printf("complete -c fftool -n __fftool_wants_command -a %s", page->command->name);
        print_description(page->command->summary);
    }
    for (const struct page *page = pages; page < pages + PAGES; page++) {
        const struct option_spec *option = NULL;

        while ((option = following_option(page, option)) != NULL)
            print_option(page, option);
        print_operand(page->command);
    }
}
