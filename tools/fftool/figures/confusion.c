#include "figures/confusion.h"
#include "common/output.h"
#include "common/utf8.h"
#include "figures/axis.h"
#include "figures/frame.h"
#include <math.h>

#define MOST_NUMBERED 20 /* classes with a count in each cell */
#define TEXT_SIZE 11.0
#define LEAST_TEXT_SIZE 6.0
#define CHARACTER 0.62     /* width of a digit, as a part of its size */
#define NAME_CHARACTER 6.6 /* pixels of a character of a name, at most */
#define MOST_NAME 20       /* characters beside the rows */
#define NAME_GAP 36        /* pixels left of the names: the title of the axis */
#define NUMBER_ROOM 16     /* pixels of a name, upright */
#define RIGHT_EDGE 20

#define CORRECT 0x0072B2 /* of Okabe and Ito, as in the other figures */
#define WRONG 0xD55E00
#define WHITE_TEXT_SHADE 0.6 /* darker cells have white numbers */

struct heat_map {
    struct gnuplot *out;
    const struct ff_evaluation *evaluation;
    double left; /* pixels */
    double cell_width, cell_height;
};

static const char *class_name(const struct heat_map *map, uint32_t class, struct text *text)
{
    if (map->evaluation->class_names != NULL)
        return map->evaluation->class_names[class];
    *text = text_count(class);
    return text->s;
}

static uint64_t count_of(const struct heat_map *map, uint32_t true_class, uint32_t predicted)
{
    return map->evaluation->confusion[(uint64_t)true_class * map->evaluation->classes + predicted];
}

/* Samples of a true class. */
static uint64_t row_sum(const struct heat_map *map, uint32_t true_class)
{
    uint64_t sum = 0;

    for (uint32_t j = 0; j < map->evaluation->classes; j++)
        sum += count_of(map, true_class, j);
    return sum;
}

/* White at SHADE 0, COLOUR at 1. */
static unsigned mix(unsigned colour, double shade)
{
    unsigned out = 0;

    for (int shift = 0; shift <= 16; shift += 8) {
        double full = (colour >> shift) & 0xFF;

        out |= (unsigned)(255 + (full - 255) * shade + 0.5) << shift;
    }
    return out;
}

/* A row "predicted true colour" for each cell with samples, then of its number "count colour". */
static void write_cells(const struct heat_map *map)
{
    uint32_t n = map->evaluation->classes, i, j;
    FILE *script = map->out->script;

    fputs("$cells << END\n", script);
    for (i = 0; i < n; i++) {
        uint64_t sum = row_sum(map, i);

        for (j = 0; j < n; j++) {
            uint64_t count = count_of(map, i, j);
            double shade = count > 0 ? cbrt((double)count / (double)sum) : 0;

            if (count > 0)
                fprintf(script, "%u %u %u \"%s\" %s\n", j, i, mix(i == j ? CORRECT : WRONG, shade),
                        text_count(count).s, shade > WHITE_TEXT_SHADE ? "0xFFFFFF" : "0x222222");
        }
    }
    fputs("END\n", script);
}

/* The size of numbers that fit the cells. */
static double number_size(const struct heat_map *map)
{
    uint32_t n = map->evaluation->classes;
    size_t longest = 1;
    double size;

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            size_t length = utf8_length(text_count(count_of(map, i, j)).s);

            longest = length > longest ? length : longest;
        }
    size = map->cell_width / (CHARACTER * (double)longest + 1);
    return fmin(TEXT_SIZE, fmax(LEAST_TEXT_SIZE, size));
}

/* Names of classes along an axis, of each or of so many that they have ROOM pixels, each cut to
 * MOST characters. */
static void write_names(const struct heat_map *map, char axis, double cell, double room,
                        double most)
{
    double step = axis_whole_step(cell, room);
    struct text text;

    fprintf(map->out->script, "set %ctics scale 0 noenhanced font ',%g' (", axis, TEXT_SIZE);
    for (double at = 0; at < map->evaluation->classes; at += step) {
        fputs(at > 0 ? ", " : "", map->out->script);
        gnuplot_text(map->out, class_name(map, (uint32_t)at, &text), (size_t)most);
        fprintf(map->out->script, " %g", at);
    }
    fputs(")\n", map->out->script);
}

/* Returns pixels from the left edge to the cells. */
static double left_of_cells(const struct heat_map *map)
{
    size_t longest = 1;
    struct text text;

    for (uint32_t i = 0; i < map->evaluation->classes; i++) {
        size_t length = utf8_length(class_name(map, i, &text));

        longest = length > longest ? length : longest;
    }
    if (longest > MOST_NAME)
        longest = MOST_NAME + 1; /* the ellipsis */
    return NAME_GAP + NAME_CHARACTER * (double)longest;
}

static void write_axes(const struct heat_map *map)
{
    FILE *script = map->out->script;
    uint32_t n = map->evaluation->classes;
    double most = fmax(map->cell_width / NAME_CHARACTER - 2, 2);

    fprintf(script,
            "set lmargin at screen %.6f\nset xrange [-0.5:%u.5]\nset yrange [%u.5:-0.5]\n"
            "unset grid\nset border 15 linewidth 0.5 linecolor rgb '" FIGURE_LIGHT "'\n"
            "set xlabel 'Predicted class' noenhanced\n",
            map->left / PICTURE_WIDTH, n - 1, n - 1);
    figure_write_y_title(map->out, "True class");
    write_names(map, 'y', map->cell_height, NUMBER_ROOM, MOST_NAME);
    if (n <= MOST_NUMBERED)
        write_names(map, 'x', map->cell_width, 1, most);
    else
        write_names(map, 'x', map->cell_width, NAME_CHARACTER * MOST_NAME / 2, MOST_NAME / 2 - 2);
}

static void write_plot(const struct heat_map *map)
{
    static const struct {
        const char *title;
        unsigned colour;
    } entries[] = {{"correct", CORRECT}, {"misclassified", WRONG}};
    FILE *script = map->out->script;
    bool numbered = map->evaluation->classes <= MOST_NUMBERED;

    fprintf(script,
            "plot $cells using 1:2:(0.5):(0.5):3 with boxxyerror fillcolor rgb variable "
            "fillstyle solid 1 %s notitle",
            numbered ? "border linecolor rgb '#FFFFFF'" : "noborder");
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        fprintf(script,
                ", NaN with boxes fillstyle solid 1 noborder linecolor rgb '#%06X' title '%s'",
                entries[i].colour, entries[i].title);
    if (numbered)
        fprintf(script,
                ", $cells using 1:2:4:5 with labels center font ',%.1f' textcolor rgb variable "
                "notitle",
                number_size(map));
    fputc('\n', script);
}

static void note_method(const struct ff_evaluation *evaluation, struct figure_note *note)
{
    if (evaluation->method == FF_METHOD_HEAD)
        figure_note_add(note, "by the head");
    else if (evaluation->first_layer == evaluation->last_layer)
        figure_note_add(note, "by goodness of layer %u", evaluation->last_layer);
    else
        figure_note_add(note, "by goodness of layers %u to %u", evaluation->first_layer,
                        evaluation->last_layer);
}

static struct figure_box write_surroundings(const struct heat_map *map, const char *name)
{
    static const char *const labels[] = {"correct", "misclassified"};
    const struct ff_evaluation *evaluation = map->evaluation;
    struct figure_heading heading;
    char title[128];

    snprintf(title, sizeof title, "Confusion matrix: error %s of %s",
             text_percent(evaluation->error).s, text_counted(evaluation->samples, "sample").s);
    heading = (struct figure_heading){.title = title};
    figure_note_text(&heading.notes[0], name);
    note_method(evaluation, &heading.notes[0]);
    figure_note_count(&heading.notes[0], evaluation->classes, "class", "classes");
    if (evaluation->unseen > 0)
        figure_note_add(&heading.notes[0], "%s of unknown classes left out",
                        text_counted(evaluation->unseen, "sample").s);
    figure_note_add(&heading.notes[1], "shade: cube root of the share of the true class's samples");
    return figure_write_frame(map->out, &heading, labels, sizeof labels / sizeof *labels);
}

void confusion_write(struct gnuplot *out, const struct ff_evaluation *evaluation, const char *name)
{
    struct heat_map map = {.out = out, .evaluation = evaluation};
    struct figure_box box = write_surroundings(&map, name);

    map.left = left_of_cells(&map);
    map.cell_width = (PICTURE_WIDTH - RIGHT_EDGE - map.left) / evaluation->classes;
    map.cell_height = box.height / evaluation->classes;
    figure_write_box(out, &box);
    write_axes(&map);
    write_cells(&map);
    write_plot(&map);
}
