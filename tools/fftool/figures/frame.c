#include "figures/frame.h"
#include "common/output.h"
#include "common/utf8.h"
#include <stdarg.h>
#include <string.h>

/* Positions, from the top of the picture, and sizes. */
#define TITLE_Y 30
#define TITLE_SIZE 18
#define NOTES_Y 56
#define NOTES_SIZE 11
#define NOTE_HEIGHT 18
#define LEGEND_GAP 4
#define LEGEND_SIZE 11
#define LEGEND_ROW_HEIGHT 20
#define LEGEND_SAMPLE_WIDTH 75 /* the sample beside a label, and room between columns */
#define CHARACTER_WIDTH 6.6    /* of a label, at most */
#define LEFT_EDGE 16           /* of texts */
#define RIGHT_MARGIN 20        /* of charts */
#define LEFT_MARGIN (PICTURE_WIDTH - FIGURE_WIDTH - RIGHT_MARGIN)
#define BOTTOM_MARGIN 56
#define CHART_GAP 12
#define Y_TITLE_X 16 /* the middle of its line */

#define MOST_NOTE 148 /* characters that fit a line */
#define SEPARATOR " · "

void figure_note_add(struct figure_note *note, const char *format, ...)
{
    size_t used = strlen(note->text);
    va_list args;

    if (used > 0 && used < sizeof note->text)
        used += (size_t)snprintf(note->text + used, sizeof note->text - used, SEPARATOR);
    if (used >= sizeof note->text)
        return;
    va_start(args, format);
    vsnprintf(note->text + used, sizeof note->text - used, format, args);
    va_end(args);
}

void figure_note_text(struct figure_note *note, const char *text)
{
    if (text != NULL && *text != '\0')
        figure_note_add(note, "%.*s", utf8_head(text, FIGURE_MOST_TEXT), text);
}

void figure_note_count(struct figure_note *note, double count, const char *one, const char *many)
{
    if (count >= 0)
        figure_note_add(note, "%s %s", text_count((uint64_t)count).s,
                        count >= 1 && count < 2 ? one : many);
}

/* Y is from the top. */
static void write_text(struct gnuplot *out, int y, int size, const char *colour, const char *text,
                       size_t most)
{
    fputs("set label ", out->script);
    gnuplot_text(out, text, most);
    fprintf(out->script,
            " at screen %.6f,%.6f left noenhanced front font ',%d' textcolor rgb '%s'\n",
            (double)LEFT_EDGE / PICTURE_WIDTH, 1 - (double)y / PICTURE_HEIGHT, size, colour);
}

/* Returns where the heading ends. */
static int write_heading(struct gnuplot *out, const struct figure_heading *heading)
{
    int y = NOTES_Y, i;

    write_text(out, TITLE_Y, TITLE_SIZE, "#000000", heading->title, MOST_NOTE);
    for (i = 0; i < FIGURE_NOTES; i++) {
        if (*heading->notes[i].text == '\0')
            continue;
        write_text(out, y, NOTES_SIZE, FIGURE_GREY, heading->notes[i].text, MOST_NOTE);
        y += NOTE_HEIGHT;
    }
    return y;
}

/* As many columns as the longest label leaves room for. gnuplot, which would make them fewer, takes
 * what is as wide as a chart. */
static int legend_columns(const char *const *labels, size_t n)
{
    size_t longest = 1, i;
    int columns;

    for (i = 0; i < n; i++)
        if (utf8_length(labels[i]) > longest)
            longest = utf8_length(labels[i]);
    columns = (int)(FIGURE_WIDTH / ((double)longest * CHARACTER_WIDTH + LEGEND_SAMPLE_WIDTH));
    if (columns < 1)
        columns = 1;
    return columns < (int)n ? columns : (int)n;
}

/* Returns where the legend ends. */
static int write_legend(struct gnuplot *out, int y, const char *const *labels, size_t n)
{
    int columns = legend_columns(labels, n), rows = ((int)n + columns - 1) / columns;

    fprintf(out->script,
            "set key at screen %.6f,%.6f left top Left reverse horizontal maxcols %d "
            "noenhanced samplen 2 spacing 1.2 width 0 font ',%d'\n",
            (double)LEFT_EDGE / PICTURE_WIDTH, 1 - (double)y / PICTURE_HEIGHT, columns,
            LEGEND_SIZE);
    return y + rows * LEGEND_ROW_HEIGHT;
}

struct figure_box figure_write_frame(struct gnuplot *out, const struct figure_heading *heading,
                                     const char *const *labels, size_t n_labels)
{
    int y = write_heading(out, heading) + LEGEND_GAP;
    int top = (n_labels > 0 ? write_legend(out, y, labels, n_labels) : y) + CHART_GAP;

    fputs("set border 1 linecolor rgb '" FIGURE_GREY "'\n"
          "set tics nomirror scale 0.4 textcolor rgb '" FIGURE_DARK "'\n"
          "set grid ytics linetype 1 linewidth 0.5 linecolor rgb '" FIGURE_LIGHT "'\n",
          out->script);
    return (struct figure_box){.top = top, .height = PICTURE_HEIGHT - top - BOTTOM_MARGIN};
}

void figure_write_box(struct gnuplot *out, const struct figure_box *box)
{
    fprintf(out->script,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
            "set bmargin at screen %.6f\nset tmargin at screen %.6f\n",
            (double)LEFT_MARGIN / PICTURE_WIDTH, 1 - (double)RIGHT_MARGIN / PICTURE_WIDTH,
            1 - (box->top + box->height) / PICTURE_HEIGHT, 1 - box->top / PICTURE_HEIGHT);
}

void figure_write_y_title(struct gnuplot *out, const char *title)
{
    fprintf(out->script,
            "set label '%s' at screen %.6f, graph 0.5 center rotate by 90 noenhanced\n", title,
            (double)Y_TITLE_X / PICTURE_WIDTH);
}
