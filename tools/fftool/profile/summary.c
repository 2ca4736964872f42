#include "profile/summary.h"
#include "common/output.h"
#include "common/print.h"
#include <math.h>

#define COLUMN 16 /* characters, of a mode */
#define FIRST_COLUMN 12

/* A size that may be negative, or unknown. */
static struct text signed_bytes(double bytes)
{
    struct text out;

    if (isfinite(bytes))
        snprintf(out.s, sizeof out.s, "%s%.40s", bytes < 0 ? "-" : "",
                 text_bytes((uint64_t)fabs(bytes)).s);
    else
        snprintf(out.s, sizeof out.s, "-");
    return out;
}

static struct text cell(const struct profile_results *results, const char *mode, uint32_t layers)
{
    const struct profile_point *point = profile_find(results, mode, layers);
    struct text out = {"-"};

    if (point != NULL && point->error != NULL)
        snprintf(out.s, sizeof out.s, "%s",
                 profile_did_not_fit(results, point) ? "did not fit" : "failed");
    else if (point != NULL)
        out = signed_bytes(point->figures[PROFILE_PEAK_RSS]);
    return out;
}

static void print_table(const struct profile_results *results, const struct profile_modes *modes,
                        const struct profile_depths *depths, const struct profile_slope *slopes,
                        FILE *out)
{
    size_t i, m;

    fprintf(out, "%*s", FIRST_COLUMN, "layers");
    for (m = 0; m < modes->n; m++)
        print_column(out, COLUMN, modes->names[m]);
    for (i = 0; i < depths->n; i++) {
        fprintf(out, "\n%*u", FIRST_COLUMN, depths->layers[i]);
        for (m = 0; m < modes->n; m++)
            fprintf(out, "%*s", COLUMN, cell(results, modes->names[m], depths->layers[i]).s);
    }
    fprintf(out, "\n%*s", FIRST_COLUMN, "per layer");
    for (m = 0; m < modes->n; m++)
        fprintf(out, "%*s", COLUMN, signed_bytes(slopes[m].bytes_per_layer).s);
    fprintf(out, "\n%*s", FIRST_COLUMN, "std. error");
    for (m = 0; m < modes->n; m++)
        fprintf(out, "%*s", COLUMN, signed_bytes(slopes[m].standard_error_bytes).s);
    fputc('\n', out);
}

/* The modes that were measured at one depth. */
struct comparison {
    const char *modes[PROFILE_MOST_MODES];
    double peaks[PROFILE_MOST_MODES];
    size_t n, least; /* LEAST: which takes the least */
};

static void compare_at(const struct profile_results *results, const struct profile_modes *modes,
                       uint32_t layers, struct comparison *out)
{
    size_t m;

    *out = (struct comparison){.n = 0};
    for (m = 0; m < modes->n; m++) {
        double peak = profile_figure(results, modes->names[m], layers, PROFILE_PEAK_RSS);

        if (!(peak > 0))
            continue;
        if (peak < out->peaks[out->least])
            out->least = out->n;
        out->modes[out->n] = modes->names[m];
        out->peaks[out->n++] = peak;
    }
}

/* "At 47 layers bp takes 81.2 times the memory of ff-stream.": at the largest depth that has two.
 */
static void print_ratios(const struct profile_results *results, const struct profile_modes *modes,
                         const struct profile_depths *depths, FILE *out)
{
    struct comparison at = {.n = 0};
    size_t i = depths->n, m;

    while (i > 0 && at.n < 2)
        compare_at(results, modes, depths->layers[--i], &at);
    if (at.n < 2)
        return;
    fprintf(out, "\nAt %u layers, relative to the memory of ", depths->layers[i]);
    print_text(out, at.modes[at.least]);
    fputc(':', out);
    for (m = 0; m < at.n; m++)
        if (m != at.least) {
            fputs("  ", out);
            print_text(out, at.modes[m]);
            fprintf(out, " %.3g", at.peaks[m] / at.peaks[at.least]);
        }
    fputc('\n', out);
}

void profile_summary(const struct profile_results *results, FILE *out)
{
    struct profile_modes modes;
    struct profile_depths depths;
    struct profile_slope slopes[PROFILE_MOST_MODES];
    size_t m;

    profile_modes(results, &modes);
    profile_depths(results, &depths);
    for (m = 0; m < modes.n; m++) /* before anything is printed: memory may run out here */
        slopes[m] = profile_slope(results, modes.names[m]);
    print_line(out,
               "Peak resident memory (VmHWM) by depth; %s, hidden %.0f, batch %.0f, epochs %.0f",
               results->data, profile_setting(results, "hidden"), profile_setting(results, "batch"),
               profile_setting(results, "epochs"));
    fputc('\n', out);
    print_table(results, &modes, &depths, slopes, out);
    print_ratios(results, &modes, &depths, out);
}
