#include "profile/begin.h"
#include "common/heap.h"
#include "common/overwrite.h"
#include "json.h"
#include "machine.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FINGERPRINT "data_fingerprint" /* results of earlier versions have none */

static json_t *size_or_null(uint64_t bytes)
{
    return bytes > 0 ? json_from_count(bytes) : json_null();
}

static json_t *settings_object(const struct profile_settings *settings)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "data", json_from_text(settings->data));
    json_add(&object, FINGERPRINT, json_from_text(settings->fingerprint));
    json_add(&object, "hidden", json_from_count(settings->hidden));
    json_add(&object, "batch", json_from_count(settings->batch));
    json_add(&object, "samples", json_from_count(settings->samples));
    json_add(&object, "epochs", json_from_count(settings->epochs));
    json_add(&object, "optimizer", json_from_text(settings->optimizer));
    json_add(&object, "seed", json_from_count(settings->seed));
    json_add(&object, "memory", size_or_null(settings->memory));
    json_add(&object, "limit", size_or_null(settings->limit));
    json_add(&object, "threads", json_from_count(settings->threads));
    json_add(&object, "eval", json_boolean(settings->eval));
    return json_built(&object);
}

/* The last part of a path, "fashion-mnist". */
static char *name_of_data(const char *path)
{
    const char *slash = strrchr(path, '/');

    return heap_copy(slash != NULL && slash[1] != '\0' ? slash + 1 : path);
}

static char *date_now(void)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32] = "";

    if (gmtime_r(&now, &utc) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return heap_copy(text);
}

/* Adds "; NAME OLD, not NEW" to TEXT where two settings differ. */
static void add_difference(const char *name, json_t *old, json_t *new, char *text, size_t size)
{
    size_t used = strlen(text);
    char *old_text, *new_text;

    if (json_equal(old, new))
        return;
    old_text = json_text(old != NULL ? json_incref(old) : json_null(), 0);
    new_text = json_text(json_incref(new), 0);
    snprintf(text + used, size - used, "%s%s %.400s, not %.400s", used > 0 ? "; " : "", name,
             old_text != NULL ? old_text : "?", new_text != NULL ? new_text : "?");
    free(old_text);
    free(new_text);
}

/* THEIRS, the settings of the file, must equal OURS, the fingerprint of the data included. */
static int compare_settings(const struct cli *cli, const char *path, json_t *theirs, json_t *ours)
{
    const char *name;
    json_t *value;
    char text[2048] = "";

    if (json_object_get(theirs, FINGERPRINT) == NULL)
        json_object_set(theirs, FINGERPRINT, json_object_get(ours, FINGERPRINT));
    json_object_foreach(ours, name, value)
        add_difference(name, json_object_get(theirs, name), value, text, sizeof text);
    if (*text == '\0')
        return EXIT_DONE;
    report_failure(cli, "%s holds results of other settings: %s", path, text);
    report_hint("give --output another name, or --force to measure all points again");
    return EXIT_FAILED;
}

/* The kernels are unknown before the first training. */
static bool differ(json_t *ours, json_t *theirs)
{
    const char *name;
    json_t *value;

    json_object_foreach(ours, name,
                        value) if (strcmp(name, "blas") != 0 &&
                                   !json_equal(value, json_object_get(theirs, name))) return true;
    return false;
}

/* Warns if the results in PATH are of another machine; those that name none become results of this
 * one. */
static void compare_machines(const struct cli *cli, const char *path, struct progress *lines,
                             struct profile_results *results)
{
    json_t *ours = machine_object(), *theirs = results->machine;

    if (!json_is_object(theirs)) {
        json_decref(theirs);
        results->machine = ours;
        return;
    }
    if (differ(ours, theirs))
        progress_line(lines,
                      "fftool: %s: warning: %s was begun on another machine, or with another "
                      "version; its results may not be comparable",
                      cli->command, path);
    json_decref(ours);
}

/* An empty file, such as one made by mktemp, has no results. */
static bool holds_something(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !(S_ISREG(st.st_mode) && st.st_size == 0);
}

static bool begins_results(const char *text)
{
    return *text == '{' && strstr(text, "\"fftool.profile/") != NULL;
}

int profile_begin(const struct cli *cli, const char *path, bool force,
                  const struct profile_settings *settings, struct progress *lines,
                  struct profile_results *out)
{
    static const struct overwrite_kind kind = {"file of results of fftool profile", begins_results};
    json_t *ours;
    int result;

    *out = (struct profile_results){0};
    if (force && overwrite_check(cli, "output", path, &kind) != EXIT_DONE)
        return EXIT_FAILED;
    ours = settings_object(settings);
    if (ours == NULL)
        return report_failure(cli, "out of memory");
    if (force || !holds_something(path)) {
        *out = (struct profile_results){.date = date_now(),
                                        .data = name_of_data(settings->data),
                                        .settings = ours,
                                        .machine = machine_object()};
        return profile_results_write(cli, path, out);
    }
    result = profile_results_read(cli, path, out);
    if (result == EXIT_DONE)
        result = compare_settings(cli, path, out->settings, ours);
    if (result == EXIT_DONE)
        compare_machines(cli, path, lines, out);
    json_decref(ours);
    return result;
}
