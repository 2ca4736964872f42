/* For each command a branch that sets `options` and `operand`, and `value` and `names` for the
 * argument of an option. */
#include "completion.h"

static const char *const names[] = {
    [COMPLETED_NONE] = "none",     [COMPLETED_OTHER] = "other",
    [COMPLETED_CHOICE] = "choice", [COMPLETED_CHOICES] = "choices",
    [COMPLETED_FILE] = "path",     [COMPLETED_DIRECTORY] = "directory",
    [COMPLETED_MODEL] = "model",
};

static void print_argument(const struct option_spec *option)
{
    enum completed completed = completed_by_option(option);

    if (completed == COMPLETED_NONE)
        return;
    printf("        --%s", option->name);
    if (option->short_name != 0)
        printf(" | -%c", option->short_name);
    printf(") value=%s", names[completed]);
    if (completed == COMPLETED_CHOICE || completed == COMPLETED_CHOICES) {
        fputs(" names='", stdout);
        print_choice_names(option_choices(option));
        putchar('\'');
    }
    puts(" ;;");
}

static void print_command(const struct page *page)
{
    const struct option_spec *option = NULL;

    printf("    %s)\n        options='", page->command->name);
    while ((option = following_option(page, option)) != NULL) {
        printf("--%s ", option->name);
        if (option->short_name != 0)
            printf("-%c ", option->short_name);
    }
    printf("--help -h'\n        operand=%s\n        case $2 in\n",
           names[completed_by_operand(page->command)]);
    while ((option = following_option(page, option)) != NULL)
        print_argument(option);
    puts("        esac\n        ;;");
}

void print_bash(const struct page *pages)
{
    fputs("    \"\") names='", stdout);
    for (const struct page *page = pages; page < pages + PAGES; page++)
        printf("%s ", page->command->name);
    puts("help' ;;");
    for (const struct page *page = pages; page < pages + PAGES; page++)
        print_command(page);
}
