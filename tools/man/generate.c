/*
 * Prints a man page from a template on stdin, in mdoc(7): the lines
 *
 *     .\" @SYNOPSIS@
 *     .\" @OPTIONS train@
 *     .\" @DATASETS@
 *     .\" @OTHERS@
 *
 * are replaced by what the program's tables say, so that page and `--help` cannot differ. An option
 * that an earlier command has with the same text is not described again. @OTHERS@ is where commands
 * go that the template does not describe itself: with the description that `--help` prints.
 */
#include "options.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_WIDTH 78
#define TEXT_BYTES 1024

#define COMMAND_ROW(name) &cmd_##name,
static const struct command *const commands[] = {COMMANDS(COMMAND_ROW)};
#undef COMMAND_ROW
#define N_COMMANDS (sizeof commands / sizeof commands[0])

struct page {
    const struct command *command;
    struct option_spec *options; /* with those of fields */
    void *settings;              /* the defaults */
    bool printed;                /* its options are in the output */
};

/* COLUMN: how many characters the line has. */
static void end_line(size_t *column)
{
    if (*column > 0)
        putchar('\n');
    *column = 0;
}

/* Prints N characters of TEXT, escaped. ALL_MINUS: "-" is no hyphen, as in a command. */
static void print_escaped(const char *text, size_t n, bool all_minus)
{
    for (size_t i = 0; i < n; i++) {
        bool minus = all_minus || i == 0 || !isalpha((unsigned char)text[i - 1]);

        if (text[i] == '\\')
            fputs("\\e", stdout);
        else if (text[i] == '-' && minus)
            fputs("\\-", stdout);
        else
            putchar(text[i]);
    }
}

static void print_word(const char *word, size_t n, size_t *column)
{
    if (*column > 0 && *column + 1 + n > LINE_WIDTH)
        end_line(column);
    if (*column > 0)
        putchar(' ');
    else if (*word == '.' || *word == '\'')
        fputs("\\&", stdout);
    print_escaped(word, n, false);
    *column += 1 + n;
}

/* N characters to print by MACRO, with BEFORE and AFTER characters of punctuation around them. */
struct marked {
    const char *macro;
    const char *text;
    size_t n, before, after;
};

static void print_marked(const struct marked *m, const char *before, const char *after)
{
    printf(".%s ", m->macro);
    for (size_t i = 0; i < m->before; i++)
        printf("%c ", before[i]);
    if (strcmp(m->macro, "Ar") == 0)
        for (size_t i = 0; i < m->n; i++)
            putchar(tolower((unsigned char)m->text[i]));
    else
        print_escaped(m->text, m->n, strcmp(m->macro, "Ql") == 0);
    for (size_t i = 0; i < m->after; i++)
        printf(" %c", after[i]);
    putchar('\n');
}

static bool is_placeholder(const struct page *page, const char *word, size_t n)
{
    const char *operand = page->command->operand;
    const struct option_spec *option;

    if (operand != NULL && strlen(operand) == n && strncmp(operand, word, n) == 0)
        return true;
    for (option = page->options; option->name != NULL; option++)
        if (option->argument != NULL && strlen(option->argument) == n &&
            strncmp(option->argument, word, n) == 0)
            return true;
    return false;
}

/* Finds what to print of the word, or `command`, that TEXT begins with; returns its end. */
static const char *mark(const struct page *page, const char *text, struct marked *m)
{
    const char *start;

    *m = (struct marked){.before = strspn(text, "(")};
    start = text + m->before;
    m->text = start;
    if (*start == '`') {
        m->macro = "Ql";
        m->text++;
        m->n = strcspn(m->text, "`");
        return m->text + m->n + 1;
    }
    m->n = strcspn(start, " ");
    while (m->n > 1 && strchr(".,;:)", start[m->n - 1]) != NULL)
        m->n--;
    if (strncmp(start, "--", 2) == 0 && m->n > 2) {
        m->macro = "Fl";
        m->text++; /* the macro prints the first dash */
        m->n--;
    } else if (is_placeholder(page, start, m->n)) {
        m->macro = "Ar";
    }
    return m->text + m->n;
}

static void print_words(const struct page *page, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        struct marked m;
        const char *end = mark(page, text, &m);

        m.after = strcspn(end, " ");
        if (m.macro == NULL) {
            print_word(text, (size_t)(end + m.after - text), &column);
        } else {
            end_line(&column);
            print_marked(&m, text, end);
        }
        text = end + m.after;
        text += strspn(text, " ");
    }
    end_line(&column);
}

/* Prints FORMAT as a sentence on lines of its own. */
__attribute__((format(printf, 2, 3))) static void print_sentence(const struct page *page,
                                                                 const char *format, ...)
{
    char text[TEXT_BYTES];
    size_t n = 0;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    while (islower((unsigned char)text[n]))
        n++;
    if (n > 0 && strchr(" ,;:", text[n]) != NULL)
        text[0] = (char)toupper((unsigned char)text[0]);
    strcat(text, ".");
    print_words(page, text);
}

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

static void print_synopsis(const struct page *pages)
{
    for (const struct page *page = pages; page < pages + N_COMMANDS; page++) {
        printf(".Nm\n.Cm %s\n", page->command->name);
        if (page->command->operand != NULL) {
            fputs(".Ar ", stdout);
            print_lower(page->command->operand);
            putchar('\n');
        }
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
    for (struct page *page = pages; page < pages + N_COMMANDS; page++) {
        if (page->printed)
            continue;
        printf(".Ss fftool %s\n", page->command->name);
        print_words(page, page->command->description);
        print_options(pages, page);
    }
}

static void print_datasets(const struct page *page)
{
    const struct ff_data_format *format;

    puts(".Bl -tag -width Ds");
    for (size_t i = 0; (format = ff_data_format(i)) != NULL; i++) {
        fputs(".It \"", stdout);
        print_escaped(format->summary, strlen(format->summary), false);
        puts("\"");
        print_sentence(page, "%s", format->layout);
    }
    puts(".El");
}

/* Prints LINE of the template, or what it is to be replaced by; false: there is no such command. */
static bool fill_in(struct page *pages, const char *line)
{
    char name[32];

    if (strcmp(line, ".\\\" @SYNOPSIS@\n") == 0) {
        print_synopsis(pages);
        return true;
    }
    if (strcmp(line, ".\\\" @DATASETS@\n") == 0) {
        print_datasets(pages);
        return true;
    }
    if (strcmp(line, ".\\\" @OTHERS@\n") == 0) {
        print_others(pages);
        return true;
    }
    if (sscanf(line, ".\\\" @OPTIONS %31[a-z]@", name) != 1) {
        fputs(line, stdout);
        return true;
    }
    for (struct page *page = pages; page < pages + N_COMMANDS; page++)
        if (strcmp(page->command->name, name) == 0) {
            print_options(pages, page);
            return true;
        }
    fprintf(stderr, "generate: the program has no command %s\n", name);
    return false;
}

static bool open_page(struct page *page, const struct command *command)
{
    page->command = command;
    page->options = options_with_fields(command->options);
    page->settings = malloc(command->settings_bytes);
    if (page->options == NULL || page->settings == NULL) {
        free(page->settings);
        page->settings = NULL;
        return false;
    }
    options_defaults(command, page->settings);
    return true;
}

static void close_page(struct page *page)
{
    if (page->settings != NULL && page->command->release != NULL)
        page->command->release(page->settings);
    free(page->settings);
    free(page->options);
}

int main(void)
{
    struct page pages[N_COMMANDS] = {{.command = NULL}};
    char *line = NULL;
    size_t size = 0;
    bool good = true;

    for (size_t i = 0; i < N_COMMANDS; i++)
        good = good && open_page(&pages[i], commands[i]);
    while (good && getline(&line, &size, stdin) >= 0)
        good = fill_in(pages, line);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (good && !pages[i].printed) {
            fprintf(stderr, "generate: the template lacks the options of %s\n", commands[i]->name);
            good = false;
        }
        close_page(&pages[i]);
    }
    free(line);
    return good && fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
