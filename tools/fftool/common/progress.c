#include "common/progress.h"
#include "common/output.h"
#include "common/print.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR_INTERVAL_S 0.1   /* between two drawings on a terminal */
#define LINE_INTERVAL_S 30.0 /* between two lines elsewhere */
/* The bar is a multiple of LEAST_CELLS long, so that it keeps its length as numbers change. */
#define MOST_CELLS 32
#define LEAST_CELLS 8
#define LINE_BYTES 512

double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_init(struct progress *progress, bool quiet)
{
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;

    *progress = (struct progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO) && !dumb};
    progress->last_time_s = progress->terminal ? 0 : now_s();
}

static void phase_text(const struct ff_progress *at, char *text, size_t size)
{
    unsigned layer = at->layer, layers = at->layers, epoch = at->epoch, epochs = at->epochs;

    switch (at->phase) {
    case FF_PHASE_IMPORT:
        snprintf(text, size, "reading the dataset");
        break;
    case FF_PHASE_TRAIN:
        if (layer > 0)
            snprintf(text, size, "layer %u/%u epoch %u/%u", layer, layers, epoch, epochs);
        else
            snprintf(text, size, "epoch %u/%u", epoch, epochs);
        break;
    case FF_PHASE_FORWARD:
        snprintf(text, size, "layer %u/%u forward", layer, layers);
        break;
    case FF_PHASE_HEAD:
        snprintf(text, size, "layer %u/%u head %u/%u", layer, layers, epoch, epochs);
        break;
    case FF_PHASE_EVALUATE:
        snprintf(text, size, "layer %u/%u measuring", layer, layers);
        break;
    case FF_PHASE_EXCHANGE:
        snprintf(text, size, "layer %u/%u weights", layer, layers);
        break;
    }
}

/* Rate, remaining time and loss, as far as known. */
static void details_text(const struct ff_progress *at, char *text, size_t size)
{
    bool learns = at->phase == FF_PHASE_TRAIN || at->phase == FF_PHASE_HEAD;
    size_t used = 0;

    *text = '\0';
    if (at->rows_per_second > 0)
        used +=
            (size_t)snprintf(text, size, "  %s %s/s", text_count((uint64_t)at->rows_per_second).s,
                             at->phase == FF_PHASE_EXCHANGE ? "parameters" : "samples");
    if (at->seconds_left >= 0 && used < size)
        used += (size_t)snprintf(text + used, size - used, "  %s left",
                                 text_duration(at->seconds_left).s);
    if (learns && isfinite(at->loss) && used < size)
        snprintf(text + used, size - used, "  loss %s", text_real(at->loss).s);
}

static double share_done(const struct ff_progress *at)
{
    double share;

    if (at->rows_total == 0)
        return NAN;
    share = (double)at->rows / (double)at->rows_total;
    return share > 1 ? 1 : share;
}

static int terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/* "[=====>    ] 45 %", as wide as ROOM allows. */
static void bar_text(double share, int room, char *text, size_t size)
{
    char cells[MOST_CELLS + 1];
    int n = room > MOST_CELLS ? MOST_CELLS : room / LEAST_CELLS * LEAST_CELLS;
    int full;

    if (n < LEAST_CELLS)
        n = LEAST_CELLS;
    full = (int)(share * n);

    memset(cells, ' ', (size_t)n);
    memset(cells, '=', (size_t)full);
    if (full < n)
        cells[full] = '>';
    cells[n] = '\0';
    snprintf(text, size, "[%s] %3.0f %%", cells, 100 * share);
}

static void draw_bar(struct progress *progress, const struct ff_progress *at)
{
    char phase[64], details[160], bar[64], line[LINE_BYTES];
    double share = share_done(at);
    int columns = terminal_columns() - 1;

    phase_text(at, phase, sizeof phase);
    details_text(at, details, sizeof details);
    if (isfinite(share))
        bar_text(share, columns - (int)(strlen(phase) + strlen(details) + strlen(" [] 100 %")), bar,
                 sizeof bar);
    else
        snprintf(bar, sizeof bar, "%s rows", text_count(at->rows).s);
    snprintf(line, sizeof line, "%s %s%s", phase, bar, details);
    fprintf(stderr, "\r%.*s\033[K", columns, line);
    fflush(stderr);
    progress->drawn = true;
}

void progress_show(struct progress *progress, const struct ff_progress *at)
{
    double now = now_s();
    char phase[64], details[160];

    if (progress->quiet)
        return;
    if (now - progress->last_time_s < (progress->terminal ? BAR_INTERVAL_S : LINE_INTERVAL_S))
        return;
    progress->last_time_s = now;
    if (progress->terminal) {
        draw_bar(progress, at);
        return;
    }
    phase_text(at, phase, sizeof phase);
    details_text(at, details, sizeof details);
    if (at->rows_total > 0)
        fprintf(stderr, "%s: %.0f %%%s\n", phase, 100 * share_done(at), details);
    else
        fprintf(stderr, "%s: %s rows%s\n", phase, text_count(at->rows).s, details);
}

void progress_line(struct progress *progress, const char *format, ...)
{
    va_list args;

    if (progress->quiet)
        return;
    progress_end(progress);
    va_start(args, format);
    print_line_va(stderr, format, args);
    va_end(args);
    if (!progress->terminal)
        progress->last_time_s = now_s();
}

void progress_end(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
