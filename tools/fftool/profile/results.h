/*
 * Results of `fftool profile`, which `fftool plot` draws: a JSON document with
 *
 *   schema    "fftool.profile/1"
 *   date      when measuring began, ISO 8601
 *   data      the dataset's name
 *   machine   cpu, processors, memory_bytes, kernel, fftool (its version), blas
 *   settings  settings of all points; all points of a file have the same
 *   points    one object for each training: mode, layers, hidden, batch and PROFILE_FIGURES; one
 *             that failed has error and exit_code, too
 *   slopes    for each mode the growth of peak_rss_bytes with depth
 *
 * What is not known is null. In memory it is NAN.
 */
#ifndef CLI_PROFILE_RESULTS_H
#define CLI_PROFILE_RESULTS_H

#include "reading.h"

#define PROFILE_SCHEMA "fftool.profile/1"
#define PROFILE_MOST_POINTS 4096 /* in a file */
#define PROFILE_MOST_MODES 8     /* in a file: as many as there are colours */
/* Exit code of a training after SIGKILL, which the kernel sends if memory runs out. */
#define PROFILE_KILLED_CODE 137

/* ROW(name in C, member in JSON, whole number?) */
#define PROFILE_FIGURE_TABLE(ROW)               \
    ROW(SAMPLES, samples, true)                 \
    ROW(PEAK_RSS, peak_rss_bytes, true)         \
    ROW(PEAK_ANON, peak_anon_bytes, true)       \
    ROW(ACCOUNTED, accounted_peak_bytes, true)  \
    ROW(PLANNED, planned_bytes, true)           \
    ROW(CGROUP_PEAK, cgroup_peak_bytes, true)   \
    ROW(SCRATCH_PEAK, scratch_peak_bytes, true) \
    ROW(WRITTEN, bytes_written, true)           \
    ROW(SECONDS, seconds, false)                \
    ROW(TEST_ERROR, test_error, false)

#define PROFILE_FIGURE_NAME(name, member, whole) PROFILE_##name,
enum profile_figure { PROFILE_FIGURE_TABLE(PROFILE_FIGURE_NAME) PROFILE_FIGURES };
#undef PROFILE_FIGURE_NAME

/* One training: of a network of LAYERS layers, in MODE. */
struct profile_point {
    char *mode;
    uint32_t layers;
    double figures[PROFILE_FIGURES]; /* NAN: not known, or failed */
    char *error;                     /* why it failed; NULL: it did not */
    int exit_code;                   /* of the training */
};

struct profile_results {
    char *date, *data;
    json_t *settings, *machine;   /* objects */
    struct profile_point *points; /* by layers, then by mode in the order of the recipe's table */
    size_t n_points;              /* PROFILE_MOST_POINTS at most, of PROFILE_MOST_MODES modes */
};

/* Growth of peak_rss_bytes over layers, a least-squares line through a mode's points. */
struct profile_slope {
    uint32_t points;
    double bytes_per_layer;      /* NAN with fewer than 2 points */
    double standard_error_bytes; /* of bytes_per_layer; NAN with fewer than 3 points */
};

/* The modes or depths of a file, in order. */
struct profile_modes {
    const char *names[PROFILE_MOST_MODES]; /* they live as long as the results */
    size_t n;
};
struct profile_depths {
    uint32_t layers[PROFILE_MOST_POINTS];
    size_t n;
};

/* Read and check PATH, or the TEXT of a file. Return EXIT_DONE, or an exit code with the reason
 * printed; EXIT_DAMAGED for any other file. OUT is to be released in either case. */
int profile_results_read(const struct cli *cli, const char *path, struct profile_results *out);
int profile_results_parse(const struct reading *reading, const char *text, size_t bytes,
                          struct profile_results *out);
/* Writes RESULTS with their slopes; the earlier file stays until all is written. */
int profile_results_write(const struct cli *cli, const char *path,
                          const struct profile_results *results);
void profile_results_release(struct profile_results *results);

/* RESULTS can take points of all MODES at all DEPTHS, replaced or added. */
bool profile_has_room(const struct profile_results *results, const struct profile_modes *modes,
                      const struct profile_depths *depths);
/* Takes ownership of the members of POINT, for which there must be room; a point of the same mode
 * and depth is replaced. */
void profile_put(struct profile_results *results, const struct profile_point *point);
void profile_point_release(struct profile_point *point);
/* Returns NULL if there is no such point. */
const struct profile_point *profile_find(const struct profile_results *results, const char *mode,
                                         uint32_t layers);
/* Returns a figure of a point; NAN if there is none, or no such point. */
double profile_figure(const struct profile_results *results, const char *mode, uint32_t layers,
                      enum profile_figure figure);
/* POINT failed for lack of memory. */
bool profile_did_not_fit(const struct profile_results *results, const struct profile_point *point);

void profile_modes(const struct profile_results *results, struct profile_modes *out);
void profile_depths(const struct profile_results *results, struct profile_depths *out);
struct profile_slope profile_slope(const struct profile_results *results, const char *mode);
/* Returns a number of the settings; NAN if absent or null. */
double profile_setting(const struct profile_results *results, const char *name);

/* The member of a figure in JSON, and whether it is a whole number. */
const char *profile_figure_member(enum profile_figure figure);
bool profile_figure_is_whole(enum profile_figure figure);

#endif
