#include "figures/gnuplot.h"
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/spawn.h"
#include "common/utf8.h"
#include "common/whole_file.h"
#include <errno.h>
#include <fftool/text.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROGRAM "gnuplot"
#define MOST_VARIABLES 2
#define ELLIPSIS "…"
/* A reader without the first font has one of the others. */
#define SVG_FONTS "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"
#define FONTS "sans" /* the system's own choice */

/*
 * Sizes are of a screen with 96 pixels to the inch: 12 pixels are 9 points. PNG has two pixels for
 * each of the picture's.
 */
struct gnuplot_format {
    const char *suffix, *terminal;
};

static const struct gnuplot_format formats[] = {
    {".svg", "svg size 960,560 dynamic rounded font '" SVG_FONTS ",12' background 'white'"},
    {".png", "pngcairo size 1920,1120 rounded font '" FONTS
             ",12' fontscale 1.5 linewidth 2 pointscale 2 background 'white'"},
    {".pdf", "pdfcairo size 10in,5.8333in rounded font '" FONTS
             ",12' fontscale 0.75 linewidth 1.5 background 'white'"},
};

const struct gnuplot_format *gnuplot_format(const char *path)
{
    size_t length = strlen(path), i;

    for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t suffix = strlen(formats[i].suffix);

        if (length > suffix && strcasecmp(path + length - suffix, formats[i].suffix) == 0)
            return &formats[i];
    }
    return NULL;
}

bool gnuplot_is_picture(const char *text)
{
    /* Editors save SVG without the XML declaration. */
    static const char *const beginnings[] = {"<?xml", "<svg", "\x89PNG", "%PDF"};
    size_t i;

    for (i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

int gnuplot_begin(const struct cli *cli, const struct gnuplot_format *format,
                  struct gnuplot *gnuplot)
{
    int fd = memfd_create("script", MFD_CLOEXEC);

    *gnuplot = (struct gnuplot){.cli = cli, .format = format};
    if (fd >= 0)
        gnuplot->script = fdopen(fd, "w+");
    if (gnuplot->script == NULL) {
        int result = report_failure(cli, "cannot create a temporary file: %s", errno_text(errno));

        if (fd >= 0)
            close(fd);
        return result;
    }
    fprintf(gnuplot->script, "set encoding utf8\nset terminal %s\n", format->terminal);
    return EXIT_DONE;
}

/* In single quotes only the quote itself has a meaning; it is written twice. */
void gnuplot_text(struct gnuplot *gnuplot, const char *text, size_t most)
{
    char shown[FF_ESCAPED_SIZE];
    size_t used = 0;

    fputc('\'', gnuplot->script);
    while (*text != '\0' && used < most) {
        ff_text_next(&text, FF_ESCAPE_LINE, shown);
        used += utf8_length(shown);
        fputs(strcmp(shown, "'") == 0 ? "''" : shown, gnuplot->script);
    }
    fputs(*text != '\0' ? ELLIPSIS "'" : "'", gnuplot->script);
}

/* The reason of gnuplot: the last line that it prints. */
static const char *last_line(char *text)
{
    char *end = text + strlen(text), *newline;

    while (end > text && (end[-1] == '\n' || end[-1] == ' '))
        *--end = '\0';
    newline = strrchr(text, '\n');
    text = newline != NULL ? newline + 1 : text;
    return text + strspn(text, " ");
}

/* The environment of the program, ended by NULL. */
struct environment {
    const char *v[MOST_VARIABLES + 2];
    char *copies[MOST_VARIABLES];
    size_t n;
};

/*
 * The same picture on every machine: gnuplot gets only those variables of the environment that it
 * needs to start. GNUTERM, GNUPLOT_LIB, GDFONTPATH and their like, a home directory with settings
 * (which -d passes over, too), and the locale would change the picture, or let it fail.
 */
static void make_environment(struct environment *out)
{
    static const char *const kept[MOST_VARIABLES] = {"PATH", "LD_LIBRARY_PATH"};
    size_t i;

    *out = (struct environment){.v = {"LC_ALL=C.UTF-8"}};
    for (i = 0; i < MOST_VARIABLES; i++) {
        const char *value = getenv(kept[i]);

        if (value == NULL)
            continue;
        out->copies[out->n] = heap_format("%s=%s", kept[i], value);
        out->v[out->n + 1] = out->copies[out->n];
        out->n++;
    }
}

static void release_environment(struct environment *environment)
{
    while (environment->n > 0)
        free(environment->copies[--environment->n]);
}

/* Runs the script. Returns EXIT_DONE with the picture in RESULT, or an exit code with the reason
 * printed. */
static int run_script(struct gnuplot *gnuplot, struct spawn_result *result)
{
    static const char *const argv[] = {PROGRAM, "-d", "-", NULL};
    int script = fileno(gnuplot->script), why;
    struct environment environment;

    *result = (struct spawn_result){0};
    if (fflush(gnuplot->script) != 0 || ferror(gnuplot->script) || lseek(script, 0, SEEK_SET) != 0)
        return report_failure(gnuplot->cli, "cannot create a temporary file: %s",
                              errno_text(errno));
    make_environment(&environment);
    why = spawn_run(&(struct spawn){.argv = argv, .environment = environment.v, .input = script},
                    result);
    release_environment(&environment);
    if (interrupt_asked(NULL)) {
        report_failure(gnuplot->cli, "interrupted");
        return EXIT_INTERRUPTED;
    }
    if (why == ENOENT) {
        report_failure(gnuplot->cli, "figures are drawn by " PROGRAM ", which is not installed");
        report_hint("on Debian, apt-get install gnuplot-nox");
        return EXIT_FAILED;
    }
    if (why != 0)
        return report_failure(gnuplot->cli, PROGRAM ": %s", strerror(why));
    if (result->code != 0)
        return report_failure(gnuplot->cli, PROGRAM ": %s", last_line(result->err.text));
    return EXIT_DONE;
}

int gnuplot_check(const struct cli *cli, const struct gnuplot_format *format)
{
    struct gnuplot gnuplot;
    struct spawn_result result;
    int code = gnuplot_begin(cli, format, &gnuplot);

    if (code != EXIT_DONE)
        return code;
    code = run_script(&gnuplot, &result);
    spawn_release(&result);
    fclose(gnuplot.script);
    return code;
}

int gnuplot_end_text(struct gnuplot *gnuplot, char **text, size_t *bytes)
{
    struct spawn_result result;
    int code = run_script(gnuplot, &result);

    if (code == EXIT_DONE && result.out.bytes == 0)
        code =
            report_failure(gnuplot->cli, PROGRAM " drew nothing: %s", last_line(result.err.text));
    *text = NULL;
    if (code == EXIT_DONE) {
        *text = result.out.text;
        *bytes = result.out.bytes;
        result.out.text = NULL;
    }
    spawn_release(&result);
    fclose(gnuplot->script);
    return code;
}

int gnuplot_end(struct gnuplot *gnuplot, const char *path)
{
    char *text;
    size_t bytes;
    int code = gnuplot_end_text(gnuplot, &text, &bytes);

    if (code == EXIT_DONE)
        code = whole_file_write(gnuplot->cli, path, text, bytes);
    free(text);
    return code;
}

void gnuplot_discard(struct gnuplot *gnuplot)
{
    fclose(gnuplot->script);
}
