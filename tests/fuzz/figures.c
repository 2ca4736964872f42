#include "fuzz/figures.h"

#include "fuzz/fuzz.h"

#include <stdlib.h>

#define STYLE_ADDRESS(name, summary) &figure_style_##name,
static const struct figure_style *const styles[] = {FIGURE_STYLES(STYLE_ADDRESS)};
#undef STYLE_ADDRESS
#define STYLES (sizeof styles / sizeof *styles)

static void write_script(const struct reading *reading, const struct figure_style *style,
                         const void *contents, bool logarithmic)
{
    struct gnuplot out = {.cli = reading->cli, .format = gnuplot_format("figure.svg")};
    char *script = NULL;
    size_t bytes = 0;

    out.script = open_memstream(&script, &bytes);
    FUZZ_CHECK(out.script != NULL);
    style->write(&out, contents, logarithmic);
    FUZZ_CHECK(fclose(out.script) == 0 && bytes > 0 && fuzz_is_printable(script, bytes));
    free(script);
}

void fuzz_figures(const struct reading *reading, const struct figure_kind *kind,
                  const void *contents)
{
    for (size_t i = 0; i < 2 * STYLES; i++) {
        const struct figure_style *style = styles[i / 2];
        bool logarithmic = i % 2;

        if (style->kind == kind && (style->logarithmic || !logarithmic) &&
            style->check(reading, contents, logarithmic) == EXIT_DONE)
            write_script(reading, style, contents, logarithmic);
    }
}
