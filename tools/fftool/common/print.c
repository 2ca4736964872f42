#include "common/print.h"
#include <fftool/text.h>

#define LINE_BYTES 16384 /* room for a few paths; longer lines are cut */

void print_text(FILE *out, const char *text)
{
    char shown[FF_ESCAPED_SIZE];
    size_t bytes;

    while ((bytes = ff_text_next(&text, FF_ESCAPE_LINE, shown)) > 0)
        fwrite(shown, 1, bytes, out);
}

void print_column(FILE *out, int width, const char *text)
{
    size_t length = ff_text_escape(text, FF_ESCAPE_LINE, NULL, 0);

    fprintf(out, "%*s", length < (size_t)width ? width - (int)length : 0, "");
    print_text(out, text);
}

void print_line_va(FILE *out, const char *format, va_list args)
{
    char line[LINE_BYTES];

    vsnprintf(line, sizeof line, format, args);
    print_text(out, line);
    fputc('\n', out);
}

void print_line(FILE *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line_va(out, format, args);
    va_end(args);
}
