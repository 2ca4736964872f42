#include "figures/filters.h"
#include "common/output.h"
#include "figures/frame.h"
#include <math.h>
#include <string.h>

#define NEGATIVE 0x0072B2 /* of Okabe and Ito, as in the other figures */
#define POSITIVE 0xD55E00
#define BACKGROUND 0xFFFFFF
#define CHANNELS_OF_COLOUR 3

#define MOST_SIDE 64  /* pixels of a tile: of larger images it shows means of squares */
#define GAP_SHARE 0.1 /* of a tile, to the next one */
#define NUMBER_SIZE 7.0
#define NUMBER_HEIGHT 11.0 /* pixels of the picture for the number of a unit */
#define SIDE_EDGE 16
#define BOTTOM_EDGE 14

/* Pixels of the image that has all tiles, but for TOP and SCALE. */
struct grid {
    struct gnuplot *out;
    const struct filters *filters;
    uint32_t square;        /* pixels of the data in a pixel of a tile, each way */
    uint32_t height, width; /* of a tile */
    uint32_t gap, above;    /* beside a tile, and above it */
    uint32_t columns, rows; /* of tiles */
    double top, scale;      /* pixels of the picture: above the image, and of one of its */
};

static uint32_t divide_up(uint32_t value, uint32_t by)
{
    return (value + by - 1) / by;
}

/* The scale of an image with COLUMNS of tiles that fits the picture. */
static double scale_for(const struct grid *grid, uint32_t columns)
{
    uint32_t rows = divide_up(grid->filters->n, columns);
    double wide = PICTURE_WIDTH - 2 * SIDE_EDGE;
    double high = PICTURE_HEIGHT - grid->top - BOTTOM_EDGE - rows * NUMBER_HEIGHT;

    return fmin(wide / (columns * (grid->width + grid->gap)),
                high / (rows * (grid->height + grid->gap)));
}

/* The number of columns with the largest tiles. */
static void lay_out(struct grid *grid)
{
    const struct filters *filters = grid->filters;
    uint32_t side = filters->height > filters->width ? filters->height : filters->width;

    grid->square = divide_up(side, MOST_SIDE);
    grid->height = divide_up(filters->height, grid->square);
    grid->width = divide_up(filters->width, grid->square);
    grid->gap = (uint32_t)ceil(GAP_SHARE * fmin(grid->height, grid->width));
    grid->columns = 1;
    for (uint32_t columns = 2; columns <= filters->n; columns++)
        if (scale_for(grid, columns) > scale_for(grid, grid->columns))
            grid->columns = columns;
    grid->rows = divide_up(filters->n, grid->columns);
    grid->scale = scale_for(grid, grid->columns);
    grid->above = grid->gap + (uint32_t)ceil(NUMBER_HEIGHT / grid->scale);
    grid->scale = fmin(grid->scale, (PICTURE_HEIGHT - grid->top - BOTTOM_EDGE) /
                                        (grid->rows * (grid->height + grid->above)));
}

static float weight(const struct filters *filters, uint32_t tile, uint32_t y, uint32_t x,
                    uint32_t channel)
{
    size_t pixel = (size_t)y * filters->width + x;
    size_t at = filters->planar ? (size_t)channel * filters->height * filters->width + pixel
                                : pixel * filters->channels + channel;

    return filters->weights[tile * filters->stride + at];
}

/* The value of a pixel of a tile; NAN outside the image. */
static double value_of(const struct grid *grid, uint32_t tile, uint32_t y, uint32_t x,
                       uint32_t channel)
{
    const struct filters *filters = grid->filters;
    uint32_t bottom = (y + 1) * grid->square, right = (x + 1) * grid->square, n = 0;
    double sum = 0;

    for (uint32_t i = y * grid->square; i < bottom && i < filters->height; i++)
        for (uint32_t j = x * grid->square; j < right && j < filters->width; j++, n++)
            sum += (double)weight(filters, tile, i, j, channel);
    return sum / n;
}

/* The values of a pixel of a tile to be shown: three colours, or in the first one the mean of all
 * channels. */
static void values_of(const struct grid *grid, uint32_t tile, uint32_t y, uint32_t x,
                      double values[CHANNELS_OF_COLOUR])
{
    uint32_t channels = grid->filters->channels;

    memset(values, 0, CHANNELS_OF_COLOUR * sizeof *values);
    for (uint32_t c = 0; c < channels; c++) {
        double value = value_of(grid, tile, y, x, c);

        if (channels == CHANNELS_OF_COLOUR)
            values[c] = value;
        else
            values[0] += value / channels;
    }
}

/* The largest finite magnitude of a tile; 1 if there is none above 0. */
static double magnitude(const struct grid *grid, uint32_t tile)
{
    double most = 0, values[CHANNELS_OF_COLOUR];

    for (uint32_t y = 0; y < grid->height; y++)
        for (uint32_t x = 0; x < grid->width; x++) {
            values_of(grid, tile, y, x, values);
            for (uint32_t c = 0; c < CHANNELS_OF_COLOUR; c++)
                if (isfinite(values[c]))
                    most = fmax(most, fabs(values[c]));
        }
    return most > 0 ? most : 1;
}

/* From FROM at SHARE 0 to TO at 1; what is not finite is FROM. */
static unsigned mix(unsigned from, unsigned to, double share)
{
    if (!isfinite(share))
        return from;
    return (unsigned)(from + ((double)to - from) * fmin(share, 1) + 0.5);
}

/* The colours of a pixel whose VALUES are from -1 to 1. */
static void colours_of(const struct grid *grid, const double values[CHANNELS_OF_COLOUR],
                       unsigned out[CHANNELS_OF_COLOUR])
{
    unsigned to = values[0] < 0 ? NEGATIVE : POSITIVE;

    for (int c = 0; c < CHANNELS_OF_COLOUR; c++) {
        int shift = 8 * (CHANNELS_OF_COLOUR - 1 - c);

        if (grid->filters->channels == CHANNELS_OF_COLOUR)
            out[c] = mix(0, 255, (values[c] + 1) / 2);
        else
            out[c] = mix(BACKGROUND >> shift & 255, to >> shift & 255, fabs(values[0]));
    }
}

/* A row "x y red green blue" for each pixel of TILE, with its top left corner at X, Y. */
static void write_tile(const struct grid *grid, uint32_t tile, uint32_t left, uint32_t top)
{
    double most = magnitude(grid, tile), values[CHANNELS_OF_COLOUR];
    unsigned colours[CHANNELS_OF_COLOUR];

    for (uint32_t y = 0; y < grid->height; y++)
        for (uint32_t x = 0; x < grid->width; x++) {
            values_of(grid, tile, y, x, values);
            for (int c = 0; c < CHANNELS_OF_COLOUR; c++)
                values[c] /= most;
            colours_of(grid, values, colours);
            fprintf(grid->out->script, "%u %u %u %u %u\n", left + x, top + y, colours[0],
                    colours[1], colours[2]);
        }
}

/* A block of data for each tile, and its unit's number above it. */
static void write_tiles(const struct grid *grid)
{
    FILE *script = grid->out->script;

    for (uint32_t i = 0; i < grid->filters->n; i++) {
        uint32_t left = i % grid->columns * (grid->width + grid->gap);
        uint32_t top = i / grid->columns * (grid->height + grid->above) + grid->above;

        fprintf(script, "$tile%u << END\n", i);
        write_tile(grid, i, left, top);
        fprintf(script,
                "END\nset label '%s' at first %.1f, %.1f left offset 0, character 0.4 noenhanced "
                "front font ',%g' textcolor rgb '" FIGURE_GREY "'\n",
                text_count(grid->filters->numbers[i]).s, left - 0.5, top - 0.5, NUMBER_SIZE);
    }
}

/* The axes count pixels of the image from its corner, downwards. */
static void write_axes(const struct grid *grid)
{
    double wide = grid->columns * (grid->width + grid->gap) * grid->scale;
    double high = grid->rows * (grid->height + grid->above) * grid->scale;

    fprintf(grid->out->script,
            "unset border\nunset tics\nunset key\n"
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
            "set tmargin at screen %.6f\nset bmargin at screen %.6f\n"
            "set xrange [-0.5:%.6f]\nset yrange [%.6f:-0.5]\n",
            (double)SIDE_EDGE / PICTURE_WIDTH, (SIDE_EDGE + wide) / PICTURE_WIDTH,
            1 - grid->top / PICTURE_HEIGHT, 1 - (grid->top + high) / PICTURE_HEIGHT,
            wide / grid->scale - 0.5, high / grid->scale - 0.5);
}

static void write_plot(const struct grid *grid)
{
    FILE *script = grid->out->script;

    for (uint32_t i = 0; i < grid->filters->n; i++)
        fprintf(script, "%s$tile%u using 1:2:3:4:5 with rgbimage", i > 0 ? ", " : "plot ", i);
    fputc('\n', script);
}

/* Returns the pixels of the picture that the heading takes. */
static double write_heading(struct gnuplot *out, const struct filters *filters)
{
    struct figure_heading heading;
    bool colour = filters->channels == CHANNELS_OF_COLOUR;
    char title[128];

    snprintf(title, sizeof title, "Filters of layer %u: weights of the strongest units",
             filters->layer);
    heading = (struct figure_heading){.title = title};
    figure_note_text(&heading.notes[0], filters->name);
    figure_note_add(&heading.notes[0], "%s of %s with the largest norm of weights, numbered",
                    text_count(filters->n).s, text_counted(filters->units, "unit").s);
    figure_note_add(&heading.notes[0], "%u x %u pixels", filters->width, filters->height);
    if (filters->layer > 1)
        figure_note_add(&heading.notes[1],
                        "through the layers below as if they were linear: the product of their "
                        "weights");
    figure_note_add(&heading.notes[2], "%s; each unit has its own scale",
                    colour ? "grey: 0" : "blue: negative, white: 0, orange: positive");
    return figure_write_frame(out, &heading, NULL, 0).top;
}

void filters_write(struct gnuplot *out, const struct filters *filters)
{
    struct grid grid = {.out = out, .filters = filters};

    grid.top = write_heading(out, filters);
    lay_out(&grid);
    write_axes(&grid);
    write_tiles(&grid);
    write_plot(&grid);
}
