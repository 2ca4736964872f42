#include "words.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_WIDTH 78
#define TEXT_BYTES 1024

/* COLUMN: how many characters the line has. */
static void end_line(size_t *column)
{
    if (*column > 0)
        putchar('\n');
    *column = 0;
}

void print_escaped(const char *text, size_t n, bool all_minus)
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
    const char *const operands[] = {page->command->operand, page->command->other};
    const struct option_spec *option;

    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++)
        if (operands[i] != NULL && strlen(operands[i]) == n && strncmp(operands[i], word, n) == 0)
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

void print_words(const struct page *page, const char *text)
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

void print_sentence(const struct page *page, const char *format, ...)
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
