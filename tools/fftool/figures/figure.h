/*
 * Figures: SVG, PNG or PDF, by the file's suffix.
 *
 * Each kind of file has several styles. A style is a source file that defines `const struct
 * figure_style figure_style_NAME`, and one row of FIGURE_STYLES below; a style names its kind of
 * file. Recognition of files, the styles of each kind, help and usage errors follow from that.
 */
#ifndef CLI_FIGURES_FIGURE_H
#define CLI_FIGURES_FIGURE_H

#include "figures/gnuplot.h"
#include "reading.h"

/* ROW(style, what it shows). A kind's first style is its default. */
#define FIGURE_STYLES(ROW)                                                            \
    ROW(bars, "results: peak memory, bars grouped by depth")                          \
    ROW(lines, "results: peak memory and its growth, a line for each mode")           \
    ROW(throughput, "results: speed, samples x epochs x layers in a second")          \
    ROW(curves, "log: error and goodness (or loss), epoch after epoch of each layer") \
    ROW(depth, "log: error of each layer as trained, against the layer's number")

/* A kind of file. */
struct figure_kind {
    const char *what;      /* "a log of `fftool train`" */
    size_t contents_bytes; /* of the structure that read() fills */
    /* TEXT, BYTES long, is such a file, intact or damaged. */
    bool (*fits)(const char *text, size_t bytes);
    /* Returns EXIT_DONE, or EXIT_DAMAGED with the reason printed. CONTENTS are to be released in
     * either case. */
    int (*read)(const struct reading *reading, const char *text, size_t bytes, void *contents);
    void (*release)(void *contents);
};

struct figure_style {
    const char *name;
    const struct figure_kind *kind;
    bool logarithmic; /* it can have logarithmic axes */
    /* Checks that CONTENTS have something to draw. Returns EXIT_DONE, or an exit code with
     * the reason printed. */
    int (*check)(const struct reading *reading, const void *contents, bool logarithmic);
    /* Writes the script of a figure that check() has approved. */
    void (*write)(struct gnuplot *out, const void *contents, bool logarithmic);
};

#define DECLARE_FIGURE_STYLE(name, summary) extern const struct figure_style figure_style_##name;
FIGURE_STYLES(DECLARE_FIGURE_STYLE)
#undef DECLARE_FIGURE_STYLE

/* A file that can be drawn. */
struct figure_source {
    struct reading reading;
    const struct figure_kind *kind; /* NULL: not known */
    void *contents;                 /* of a structure of the kind's own */
};

/* Reads PATH, of any kind. Returns EXIT_DONE, or an exit code with the reason printed;
 * OUT is to be released in either case. */
int figure_source_read(const struct cli *cli, const char *path, struct figure_source *out);
void figure_source_release(struct figure_source *source);
/* Finds the style NAME, given with --style; NULL: the default for SOURCE. Returns
 * EXIT_DONE; or EXIT_USAGE with the reason printed, if it does not fit SOURCE or its axes cannot be
 * LOGARITHMIC. */
int figure_choose_style(const struct figure_source *source, const char *name, bool logarithmic,
                        const struct figure_style **out);

/* Checks that PATH, given with --OPTION, can be drawn. Returns EXIT_DONE, or an exit
 * code with the reason printed. */
int figure_check(const struct cli *cli, const char *option, const char *path);
/* Draws CONTENTS, of the kind that STYLE is for, to PATH, which figure_check() has approved.
 * Returns EXIT_DONE, or an exit code with the reason printed. */
int figure_draw(const struct reading *reading, const struct figure_style *style,
                const void *contents, const char *path, bool logarithmic);

#endif
