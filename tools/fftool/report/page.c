#include "report/page.h"
#include "common/heap.h"
#include "common/whole_file.h"
#include <ctype.h>
#include <errno.h>
#include <fftool/text.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BEGINNING "<!DOCTYPE html>\n<!-- fftool report -->\n"

/* In the dark, figures are inverted, and their hues turned back; exact ones stay as they are. */
static const char style[] =
    ":root{--page:#fff;--text:#1a1a1a;--soft:#595959;--line:#d9d9d9;--box:#f5f6f8;"
    "--accent:#0072b2;color-scheme:light dark}\n"
    "@media (prefers-color-scheme:dark){:root{--page:#111;--text:#e8e8e8;--soft:#a6a6a6;"
    "--line:#3a3a3a;--box:#1d1f22;--accent:#56b4e9}\n"
    "figure svg{filter:invert(1) hue-rotate(180deg)}"
    "figure.exact svg{filter:none;background:#fff}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:73rem;background:var(--page);"
    "color:var(--text);font:1rem/1.5 system-ui,\"DejaVu Sans\",Verdana,Helvetica,Arial,"
    "sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}\n"
    "h2{font-size:1.2rem;margin:2.2rem 0 .7rem;padding-bottom:.25rem;"
    "border-bottom:1px solid var(--line)}\n"
    "p{margin:.4rem 0}.soft{color:var(--soft)}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.7rem;"
    "margin:1.2rem 0;padding:0}\n"
    ".cards div{background:var(--box);border-radius:.5rem;padding:.7rem .9rem}\n"
    ".cards dt{color:var(--soft);font-size:.85rem}"
    ".cards dd{margin:0;font-size:1.25rem;font-weight:600;white-space:nowrap}\n"
    ".cards "
    "small{display:block;font-size:.8rem;font-weight:400;white-space:normal;color:var(--soft)}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;"
    "font-size:.9rem}\n"
    "th,td{padding:.3rem .45rem;text-align:right;border-bottom:1px solid var(--line);"
    "white-space:nowrap}\n"
    "thead th{color:var(--soft);font-weight:500;vertical-align:bottom}\n"
    ".facts th{width:9rem;color:var(--soft);font-weight:400}\n"
    ".facts th,.facts td{text-align:left;vertical-align:top;white-space:normal}\n"
    ".spark{width:5.5rem;height:1.6rem;fill:var(--accent);vertical-align:middle}\n"
    "figure{margin:1rem 0;overflow-x:auto}\n"
    "figure svg{display:block;width:100%;min-width:42rem;height:auto}\n"
    "figure svg>g>rect:first-of-type{fill:transparent}\n"
    "figure image{image-rendering:pixelated}\n"
    "pre{background:var(--box);border-radius:.5rem;padding:.8rem 1rem;white-space:pre-wrap;"
    "font:.85rem/1.5 ui-monospace,\"DejaVu Sans Mono\",monospace}\n"
    /* Two figures fit a page. */
    "@media print{:root{--page:#fff;--text:#000;--soft:#444;--line:#bbb;--box:#f2f2f2;"
    "--accent:#0072b2;color-scheme:light;font-size:10pt}body{max-width:none;padding:0}\n"
    "h2{margin-top:1.4rem;break-after:avoid}"
    ".cards{grid-template-columns:repeat(auto-fit,minmax(7rem,1fr))}\n"
    "figure svg{filter:none;min-width:0;height:9.4cm}figure{margin:.5rem 0}"
    "figure,tr,pre,.cards{break-inside:avoid}"
    ".wide,figure{overflow:visible}table{font-size:8pt}}\n";

int page_begin(const struct cli *cli, const char *title, struct page *page)
{
    *page = (struct page){.cli = cli};
    page->out = open_memstream(&page->text, &page->bytes);
    if (page->out == NULL)
        return report_failure(cli, "%s", errno_text(errno));
    fputs(BEGINNING "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'; img-src data:\">\n<title>",
          page->out);
    page_text(page, title);
    fprintf(page->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
    return EXIT_DONE;
}

int page_end(struct page *page, const char *path)
{
    bool failed;

    fputs("</body>\n</html>\n", page->out);
    failed = fflush(page->out) != 0 || ferror(page->out);
    if (failed)
        return report_failure(page->cli, "out of memory");
    return whole_file_write(page->cli, path, page->text, page->bytes);
}

void page_release(struct page *page)
{
    fclose(page->out);
    free(page->text);
}

bool page_is_report(const char *text)
{
    return strncmp(text, BEGINNING, strlen(BEGINNING)) == 0;
}

void page_text(struct page *page, const char *text)
{
    char shown[FF_ESCAPED_SIZE];

    while (ff_text_next(&text, FF_ESCAPE_LINE, shown) > 0) {
        if (strcmp(shown, "&") == 0)
            fputs("&amp;", page->out);
        else if (strcmp(shown, "<") == 0)
            fputs("&lt;", page->out);
        else if (strcmp(shown, ">") == 0)
            fputs("&gt;", page->out);
        else if (strcmp(shown, "\"") == 0)
            fputs("&quot;", page->out);
        else
            fputs(shown, page->out);
    }
}

void page_section(struct page *page, const char *heading)
{
    fprintf(page->out, "<section>\n<h2>%s</h2>\n", heading);
}

void page_end_section(struct page *page)
{
    fputs("</section>\n", page->out);
}

void page_row(struct page *page, const char *name, const char *format, ...)
{
    char *value = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&value, format, args) < 0)
        value = heap_copy("");
    va_end(args);
    fprintf(page->out, "<tr><th>%s</th><td>", name);
    page_text(page, value);
    fputs("</td></tr>\n", page->out);
    free(value);
}

int page_figure_begin(const struct page *page, struct gnuplot *gnuplot)
{
    return gnuplot_begin(page->cli, gnuplot_format("figure.svg"), gnuplot);
}

/* TEXT, which is within a tag, begins the name of an element: it follows id=' or '#. */
static bool at_name(const char *text)
{
    static const char *const before[] = {"id='", "id=\"", "'#", "url(#"};

    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t length = strlen(before[i]);

        if (strncmp(text - length, before[i], length) == 0)
            return isalpha((unsigned char)*text) != 0;
    }
    return false;
}

/* Writes an SVG from its root on. Names of elements, which all pictures of gnuplot share, get the
 * number of the figure. */
static void write_svg(struct page *page, const char *root)
{
    bool in_tag = true;

    fputs("<svg", page->out);
    for (const char *at = root + strlen("<svg"); *at != '\0'; at++) {
        if (*at == '<' || *at == '>')
            in_tag = *at == '<';
        if (in_tag && at_name(at))
            fprintf(page->out, "f%u-", page->figures);
        fputc(*at, page->out);
    }
}

int page_figure_end(struct page *page, struct gnuplot *gnuplot, const char *caption, bool exact)
{
    char *text;
    size_t bytes;
    int result = gnuplot_end_text(gnuplot, &text, &bytes);
    const char *root = result == EXIT_DONE ? strstr(text, "<svg") : NULL;

    if (result == EXIT_DONE && root == NULL)
        result = report_failure(page->cli, "gnuplot drew no SVG");
    if (result == EXIT_DONE) {
        page->figures++;
        fprintf(page->out, "<figure%s role=\"img\" aria-label=\"%s\">\n",
                exact ? " class=\"exact\"" : "", caption);
        write_svg(page, root);
        fputs("</figure>\n", page->out);
    }
    free(text);
    return result;
}
