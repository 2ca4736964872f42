/*
 * A page of HTML that stands alone: style and pictures are inline, without scripts, and nothing is
 * loaded. It follows the reader's choice of light or dark, fits narrow screens, and prints.
 *
 * The page is built in memory; one whose memory ran out is not written.
 */
#ifndef CLI_REPORT_PAGE_H
#define CLI_REPORT_PAGE_H

#include "figures/gnuplot.h"
#include <stdbool.h>
#include <stdio.h>

struct page {
    const struct cli *cli;
    FILE *out;
    char *text;
    size_t bytes;
    unsigned figures; /* so far */
};

/* Begins a page. Returns EXIT_DONE, or EXIT_FAILED with the reason printed; page_release() it after
 * success. */
int page_begin(const struct cli *cli, const char *title, struct page *page);
/* Ends the page and writes it to PATH. Returns EXIT_DONE, or an exit code with the reason printed.
 */
int page_end(struct page *page, const char *path);
void page_release(struct page *page);
/* True if a file that begins with TEXT is such a page. */
bool page_is_report(const char *text);

/* Writes any TEXT: it is escaped as on a terminal (fftool/text.h), and for HTML. */
void page_text(struct page *page, const char *text);
/* Begins a section with a heading, a text of the program; page_end_section() ends it. */
void page_section(struct page *page, const char *heading);
void page_end_section(struct page *page);
/* Writes a row of a table of two columns; VALUE may be any text. */
void page_row(struct page *page, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Begins, and adds, a figure drawn as SVG, described by CAPTION, a text of the program. In the dark
 * its colours are inverted unless they are EXACT. Return EXIT_DONE, or an exit code with the reason
 * printed. */
int page_figure_begin(const struct page *page, struct gnuplot *gnuplot);
int page_figure_end(struct page *page, struct gnuplot *gnuplot, const char *caption, bool exact);

#endif
