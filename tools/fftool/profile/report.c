#include "profile/report.h"
#include "common/output.h"
#include <math.h>
#include <string.h>

#define DRAW_INTERVAL_S 1.0

bool profile_is_missing(const struct profile_report *progress, const char *mode, uint32_t layers)
{
    const struct profile_point *point = profile_find(progress->results, mode, layers);

    return point == NULL || (point->error != NULL && progress->retry);
}

void profile_report_count(struct profile_report *progress, const char *file)
{
    const struct profile_modes *modes = progress->modes;
    const struct profile_depths *depths = progress->depths;
    char failures[64] = "";
    size_t i, m, failed = 0;

    progress->points = modes->n * depths->n;
    progress->done = 0;
    for (i = 0; i < depths->n; i++)
        for (m = 0; m < modes->n; m++) {
            if (profile_is_missing(progress, modes->names[m], depths->layers[i]))
                continue;
            progress->done++;
            failed +=
                profile_find(progress->results, modes->names[m], depths->layers[i])->error != NULL;
        }
    if (failed > 0)
        snprintf(failures, sizeof failures, " (%zu failed; --retry measures them again)", failed);
    if (progress->done > 0)
        progress_line(&progress->lines, "%s: %zu of %s %s measured already%s", file, progress->done,
                      text_counted(progress->points, "point").s, progress->done == 1 ? "is" : "are",
                      failures);
}

/* Seconds that a layer takes in MODE, or, with NULL, in any; NAN if unknown. */
static double seconds_per_layer(const struct profile_results *results, const char *mode)
{
    double seconds = 0, layers = 0;
    size_t i;

    for (i = 0; i < results->n_points; i++) {
        const struct profile_point *point = &results->points[i];

        if (isnan(point->figures[PROFILE_SECONDS]) ||
            (mode != NULL && strcmp(point->mode, mode) != 0))
            continue;
        seconds += point->figures[PROFILE_SECONDS];
        layers += point->layers;
    }
    return layers > 0 ? seconds / layers : NAN;
}

/* Of all missing points, the running one included. */
static double estimated_seconds(const struct profile_report *progress)
{
    const struct profile_modes *modes = progress->modes;
    const struct profile_depths *depths = progress->depths;
    double seconds = 0, any = seconds_per_layer(progress->results, NULL);
    size_t m, i;

    for (m = 0; m < modes->n; m++) {
        double rate = seconds_per_layer(progress->results, modes->names[m]);

        if (isnan(rate))
            rate = any;
        for (i = 0; i < depths->n; i++)
            if (profile_is_missing(progress, modes->names[m], depths->layers[i]))
                seconds += rate * depths->layers[i];
    }
    return seconds;
}

/* ", about 12 min left", or nothing if unknown. */
static struct text left_text(const struct profile_report *progress, double spent_s)
{
    struct text out = {""};
    double left = estimated_seconds(progress) - spent_s;

    if (isfinite(left) && progress->done < progress->points)
        snprintf(out.s, sizeof out.s, ", about %.30s left", text_duration(left > 0 ? left : 0).s);
    return out;
}

void profile_report_begin(struct profile_report *progress, const char *mode, uint32_t layers)
{
    progress->mode = mode;
    progress->layers = layers;
    progress->began_s = now_s();
}

void profile_report_draw(void *arg)
{
    struct profile_report *progress = arg;
    struct progress *lines = &progress->lines;
    double now = now_s(), spent = now - progress->began_s;

    if (!lines->terminal || lines->quiet || now - lines->last_time_s < DRAW_INTERVAL_S)
        return;
    lines->last_time_s = now;
    /* Wrapping is off while the line is drawn: a narrow terminal cuts it. */
    fprintf(stderr, "\r\033[?7l%s %s, %s  (%zu of %zu%s)\033[K\033[?7h", progress->mode,
            text_counted(progress->layers, "layer").s, text_duration(spent).s, progress->done + 1,
            progress->points, left_text(progress, spent).s);
    fflush(stderr);
    lines->drawn = true;
}

void profile_report_done(struct profile_report *progress)
{
    const struct profile_point *point =
        profile_find(progress->results, progress->mode, progress->layers);
    double peak = point->figures[PROFILE_PEAK_RSS];
    const char *layers = point->layers == 1 ? "layer" : "layers";
    struct text left;

    progress->done++;
    left = left_text(progress, 0);
    if (point->error != NULL)
        progress_line(&progress->lines, "%-13s %5u %-6s  %s  (%zu of %zu%s)", point->mode,
                      point->layers, layers, point->error, progress->done, progress->points,
                      left.s);
    else
        progress_line(&progress->lines, "%-13s %5u %-6s  peak %s  %s  (%zu of %zu%s)", point->mode,
                      point->layers, layers, isnan(peak) ? "-" : text_bytes((uint64_t)peak).s,
                      text_duration(point->figures[PROFILE_SECONDS]).s, progress->done,
                      progress->points, left.s);
}
