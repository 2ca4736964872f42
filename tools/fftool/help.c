/* Help, generated from a command's table of options and its initial settings. */
#include "common/output.h"
#include "options.h"
#include <math.h>
#include <string.h>

#define HELP_WIDTH 80  /* characters in a line */
#define HELP_COLUMN 28 /* where descriptions begin */

void print_wrapped(FILE *out, const char *text, int indent, int column)
{
    while (*text != '\0') {
        int length = (int)strcspn(text, " \n");

        if (column > indent && column + 1 + length > HELP_WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        if (column < indent) {
            fprintf(out, "%*s", indent - column, "");
            column = indent;
        } else if (column > indent && length > 0) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", length, text);
        column += length;
        text += length;
        if (*text == '\n') {
            fputc('\n', out);
            column = 0;
            text++;
            while (*text == '\n') {
                fputc('\n', out);
                text++;
            }
        }
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* Writes the initial value of OPTION; empty if there is none worth showing. */
static void initial_text(const struct option_spec *option, const void *settings, char *text,
                         size_t size)
{
    const char *source = (const char *)settings + option->offset;
    const char *string;
    uint64_t wide;
    uint32_t narrow;
    double real;

    *text = '\0';
    switch (option->kind) {
    case OPTION_COUNT:
        memcpy(&narrow, source, sizeof narrow);
        if (narrow != 0 || option->min == 0)
            snprintf(text, size, "%u", narrow);
        break;
    case OPTION_COUNT64:
        memcpy(&wide, source, sizeof wide);
        snprintf(text, size, "%llu", (unsigned long long)wide);
        break;
    case OPTION_SIZE:
        memcpy(&wide, source, sizeof wide);
        snprintf(text, size, "%s", text_size(wide).s);
        break;
    case OPTION_REAL:
        memcpy(&real, source, sizeof real);
        if (isfinite(real))
            snprintf(text, size, "%g", real);
        break;
    case OPTION_STRING:
    case OPTION_CHOICE:
        memcpy(&string, source, sizeof string);
        if (string != NULL)
            snprintf(text, size, "%s", string);
        break;
    case OPTION_FLAG:
    case OPTION_EXTENT:
    case OPTION_HEADING:
    case OPTION_FIELDS:
        break;
    }
}

void no_default(const struct option_spec *option, char *text, size_t size)
{
    (void)option;
    if (size > 0)
        *text = '\0';
}

void option_describe(const struct option_spec *option, const void *settings,
                     struct option_text *out)
{
    const char *bracket = strrchr(option->help, '[');
    size_t length = strlen(option->help);

    out->initial[0] = '\0';
    if (bracket > option->help && option->help[length - 1] == ']') {
        snprintf(out->initial, sizeof out->initial, "%.*s",
                 (int)(option->help + length - bracket - 2), bracket + 1);
        length = (size_t)(bracket - option->help) - 1;
    } else if (option->default_text != NULL) {
        option->default_text(option, out->initial, sizeof out->initial);
    } else {
        initial_text(option, settings, out->initial, sizeof out->initial);
    }
    snprintf(out->what, sizeof out->what, "%.*s", (int)length, option->help);
}

static void print_choices(const struct option_spec *option, FILE *out)
{
    const struct ff_recipe_choice *choice = option_choices(option);
    const struct ff_recipe_choice *other;
    int widest = 0;

    for (other = choice; other->name != NULL; other++)
        if ((int)strlen(other->name) > widest)
            widest = (int)strlen(other->name);
    for (; choice->name != NULL; choice++) {
        int column = fprintf(out, "%*s%-*s", HELP_COLUMN + 2, "", widest, choice->name);

        print_wrapped(out, choice->summary, HELP_COLUMN + 4 + widest, column);
    }
}

static void print_option(const struct option_spec *option, const void *settings, FILE *out)
{
    struct option_text text;
    char line[sizeof text + 16];
    char left[64];
    int column;

    snprintf(left, sizeof left, "--%s%s%s", option->name, option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    if (option->short_name != 0)
        column = fprintf(out, "  -%c, %s", option->short_name, left);
    else
        column = fprintf(out, "      %s", left);
    if (column > HELP_COLUMN - 2) {
        fputc('\n', out);
        column = 0;
    }
    option_describe(option, settings, &text);
    if (option->required)
        snprintf(line, sizeof line, "%s (required)", text.what);
    else if (text.initial[0] != '\0')
        snprintf(line, sizeof line, "%s [%s]", text.what, text.initial);
    else
        snprintf(line, sizeof line, "%s", text.what);
    print_wrapped(out, line, HELP_COLUMN, column);
    if (option->kind == OPTION_CHOICE)
        print_choices(option, out);
}

void options_help(const struct command *command, const void *settings, FILE *out)
{
    const struct option_spec *option;

    fprintf(out, "Usage: fftool %s", command->name);
    if (command->operand != NULL)
        fprintf(out, " %s", command->operand);
    if (command->other != NULL)
        fprintf(out, " %s", command->other);
    for (option = command->options; option->name != NULL; option++)
        if (option->required)
            fprintf(out, " --%s %s", option->name, option->argument);
    fputs(" [OPTION]...\n\n", out);
    print_wrapped(out, command->description, 0, 0);
    if (command->describe_more != NULL)
        command->describe_more(out);
    for (option = command->options; option->name != NULL; option++)
        if (option->kind == OPTION_HEADING)
            fprintf(out, "\n%s:\n", option->name);
        else
            print_option(option, settings, out);
    fputs("  -h, --help                print this help\n\nExamples:\n", out);
    fputs(command->examples, out);
}
