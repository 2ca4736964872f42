#include "figures/figure.h"
#include "common/heap.h"
#include "common/output_file.h"
#include "common/overwrite.h"
#include "common/whole_file.h"
#include <stdlib.h>
#include <string.h>

/* A log of half a million epochs. */
#define MOST_BYTES ((size_t)256 << 20)

static const struct figure_style *const styles[] = {
#define STYLE_ROW(name, summary) &figure_style_##name,
    FIGURE_STYLES(STYLE_ROW)
#undef STYLE_ROW
};

#define STYLES (sizeof styles / sizeof styles[0])

/* A list for a message, such as "bars, lines". */
struct list {
    char text[256];
};

static void add(struct list *list, const char *separator, const char *text)
{
    size_t used = strlen(list->text);

    snprintf(list->text + used, sizeof list->text - used, "%s%s", separator, text);
}

/* The I-th style is the first of its kind. */
static bool is_default(size_t i)
{
    size_t j = 0;

    while (styles[j]->kind != styles[i]->kind)
        j++;
    return j == i;
}

static const struct figure_style *default_style(const struct figure_kind *kind)
{
    size_t i = 0;

    while (styles[i]->kind != kind)
        i++;
    return styles[i];
}

static const struct figure_kind *kind_of(const char *text, size_t bytes)
{
    size_t i;

    for (i = 0; i < STYLES; i++)
        if (is_default(i) && styles[i]->kind->fits(text, bytes))
            return styles[i]->kind;
    return NULL;
}

static int unknown(const struct reading *reading)
{
    struct list kinds = {""};
    size_t i;

    for (i = 0; i < STYLES; i++)
        if (is_default(i))
            add(&kinds, *kinds.text == '\0' ? "neither " : " nor ", styles[i]->kind->what);
    return reading_damaged(reading, "this is %s", kinds.text);
}

int figure_source_read(const struct cli *cli, const char *path, struct figure_source *out)
{
    char *text;
    size_t bytes;
    int result;

    *out = (struct figure_source){.reading = {cli, path}};
    result = whole_file_read(cli, path, MOST_BYTES, &text, &bytes);
    if (result == EXIT_DONE && bytes == 0)
        result = reading_damaged(&out->reading, "the file is empty");
    if (result == EXIT_DONE) {
        out->kind = kind_of(text, bytes);
        if (out->kind == NULL)
            result = unknown(&out->reading);
    }
    if (result == EXIT_DONE) {
        out->contents = heap_resize(NULL, 1, out->kind->contents_bytes);
        result = out->kind->read(&out->reading, text, bytes, out->contents);
    }
    free(text);
    return result;
}

void figure_source_release(struct figure_source *source)
{
    if (source->contents != NULL)
        source->kind->release(source->contents);
    free(source->contents);
    *source = (struct figure_source){.kind = NULL};
}

/* The styles for files of KIND. */
static struct list fitting(const struct figure_kind *kind, bool logarithmic)
{
    struct list names = {""};
    size_t i;

    for (i = 0; i < STYLES; i++)
        if (styles[i]->kind == kind && (styles[i]->logarithmic || !logarithmic))
            add(&names, *names.text == '\0' ? "" : ", ", styles[i]->name);
    return names;
}

int figure_choose_style(const struct figure_source *source, const char *name, bool logarithmic,
                        const struct figure_style **out)
{
    const struct figure_kind *kind = source->kind;
    const struct figure_style *style = default_style(kind);
    const char *command = source->reading.cli->command;
    size_t i;

    for (i = 0; i < STYLES && name != NULL; i++)
        if (strcmp(styles[i]->name, name) == 0)
            style = styles[i];
    if (style->kind != kind)
        return usage_error(command, "--style %s: %s is %s; its styles are: %s", style->name,
                           source->reading.path, kind->what, fitting(kind, logarithmic).text);
    if (logarithmic && !style->logarithmic)
        return usage_error(command,
                           "--log: %s cannot have logarithmic axes; use it with --style %s",
                           style->name, fitting(kind, logarithmic).text);
    *out = style;
    return EXIT_DONE;
}

int figure_check(const struct cli *cli, const char *option, const char *path)
{
    static const struct overwrite_kind kind = {"picture", gnuplot_is_picture};
    const struct gnuplot_format *format = gnuplot_format(path);
    int why;

    if (format == NULL)
        return usage_error(cli->command, "--%s: \"%s\" does not end in .svg, .png or .pdf", option,
                           path);
    why = output_file_check(path);
    if (why != 0)
        return report_failure(cli, "--%s: %s: %s", option, path, errno_text(why));
    if (overwrite_check(cli, option, path, &kind) != EXIT_DONE)
        return EXIT_FAILED;
    return gnuplot_check(cli, format);
}

int figure_draw(const struct reading *reading, const struct figure_style *style,
                const void *contents, const char *path, bool logarithmic)
{
    struct gnuplot out;
    int result = style->check(reading, contents, logarithmic);

    if (result == EXIT_DONE)
        result = gnuplot_begin(reading->cli, gnuplot_format(path), &out);
    if (result != EXIT_DONE)
        return result;
    style->write(&out, contents, logarithmic);
    return gnuplot_end(&out, path);
}
