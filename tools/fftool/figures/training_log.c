#include "figures/training_log.h"
#include "common/heap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many epochs that adding them up stays exact. */
#define MOST_EPOCHS 1000000000

static const char *const members[] = {
#define LOG_FIGURE_MEMBER(name, member) #member,
    LOG_FIGURE_TABLE(LOG_FIGURE_MEMBER)
#undef LOG_FIGURE_MEMBER
};

static const char *const names_of_negatives[] = {
#define LOG_NEGATIVES_TEXT(name, text) #text,
    LOG_NEGATIVES_TABLE(LOG_NEGATIVES_TEXT)
#undef LOG_NEGATIVES_TEXT
};

/* What a line is. */
enum line {
    LINE_EPOCH,
    LINE_TRAINED, /* metrics of a layer after its last epoch */
    LINE_OTHER,   /* of an unknown kind, or blank */
    LINE_DAMAGED
};

/* Takes the next line from *TEXT, without its end. Returns false if there is none. */
static bool next_line(const char **text, size_t *bytes, const char **line, size_t *length)
{
    const char *end = memchr(*text, '\n', *bytes);

    if (*bytes == 0)
        return false;
    *line = *text;
    *length = end != NULL ? (size_t)(end - *text) : *bytes;
    *text += *length + (end != NULL);
    *bytes -= *length + (end != NULL);
    return true;
}

/* Reads an integer from 1 to MOST. */
static bool read_number(const json_t *value, json_int_t most, uint32_t *out)
{
    json_int_t number = json_integer_value(value);

    if (number < 1 || number > most)
        return false;
    *out = (uint32_t)number;
    return true;
}

static enum log_negatives read_negatives(const json_t *value)
{
    const char *name = json_string_value(value);
    int i = 0;

    while (i < LOG_NEGATIVES_UNKNOWN && (name == NULL || strcmp(name, names_of_negatives[i]) != 0))
        i++;
    return (enum log_negatives)i;
}

static enum line read_object(const json_t *object, struct log_epoch *out)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const json_t *layer = json_object_get(object, "layer");
    bool trained;
    int i;

    *out = (struct log_epoch){.layer = 0};
    if (kind == NULL)
        return LINE_DAMAGED;
    trained = strcmp(kind, "trained") == 0;
    out->head = strcmp(kind, "head") == 0;
    if (!trained && !out->head && strcmp(kind, "layer") != 0 && strcmp(kind, "network") != 0)
        return LINE_OTHER;
    if (layer == NULL)
        return LINE_DAMAGED;
    if (!json_is_null(layer) && !read_number(layer, FF_MAX_LAYERS, &out->layer))
        return LINE_DAMAGED;
    if (!trained && !read_number(json_object_get(object, "epoch"), MOST_EPOCHS, &out->epoch))
        return LINE_DAMAGED;
    if (!read_number(json_object_get(object, "sweep"), MOST_EPOCHS, &out->sweep))
        out->sweep = 1;
    out->negatives = read_negatives(json_object_get(object, "negatives"));
    out->figures[LOG_TRAINED_ERROR] = NAN;
    for (i = 0; i < LOG_MEMBERS; i++)
        out->figures[i] = reading_number(json_object_get(object, members[i]));
    return trained ? LINE_TRAINED : LINE_EPOCH;
}

static bool is_blank(const char *line, size_t length)
{
    size_t i = 0;

    while (i < length && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
        i++;
    return i == length;
}

static enum line read_line(const char *line, size_t length, struct log_epoch *out)
{
    json_t *object;
    enum line what;

    if (is_blank(line, length))
        return LINE_OTHER;
    object = heap_json(line, length, 0, NULL);
    what = read_object(object, out);
    json_decref(object);
    return what;
}

bool training_log_fits(const char *text, size_t bytes)
{
    struct log_epoch epoch;
    const char *line;
    size_t length;

    while (next_line(&text, &bytes, &line, &length))
        if (read_line(line, length, &epoch) == LINE_EPOCH)
            return true;
    return false;
}

/* By sweep, layer, head, then epoch. Returns negative, 0 or positive. */
static int compare(const struct log_epoch *a, const struct log_epoch *b)
{
    if (a->sweep != b->sweep)
        return a->sweep < b->sweep ? -1 : 1;
    if (a->layer != b->layer)
        return a->layer < b->layer ? -1 : 1;
    if (a->head != b->head)
        return a->head ? 1 : -1;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return 0;
}

static int compare_with_lines(const void *left, const void *right)
{
    const struct log_epoch *a = left, *b = right;
    int order = compare(a, b);

    if (order == 0)
        order = a->line < b->line ? -1 : 1;
    return order;
}

/* Sorts the epochs, and keeps the last of those that are the same. */
static void settle(struct training_log *log)
{
    size_t i, kept = 0;

    qsort(log->epochs, log->n, sizeof *log->epochs, compare_with_lines);
    for (i = 0; i < log->n; i++)
        if (i + 1 == log->n || compare(&log->epochs[i], &log->epochs[i + 1]) != 0)
            log->epochs[kept++] = log->epochs[i];
    log->n = kept;
}

static size_t count_lines(const char *text, size_t bytes)
{
    const char *line;
    size_t n = 0, length;

    while (next_line(&text, &bytes, &line, &length))
        n++;
    return n;
}

static void warn(const struct reading *reading, size_t damaged, size_t first)
{
    if (damaged == 1)
        reading_warning(reading, "line %zu is not an epoch, or an incomplete one; it is skipped",
                        first);
    else if (damaged > 1)
        reading_warning(reading,
                        "%zu lines are not epochs, the first is line %zu; they are skipped",
                        damaged, first);
}

static bool is_of(const struct log_epoch *epoch, const struct log_epoch *trained)
{
    return !epoch->head && epoch->layer == trained->layer && epoch->sweep == trained->sweep;
}

/* The errors of a layer as trained go to its last epoch, which stands above. */
static void take_trained(struct training_log *log, const struct log_epoch *trained)
{
    size_t i = log->n;

    while (i > 0 && !is_of(&log->epochs[i - 1], trained))
        i--;
    if (i == 0)
        return;
    log->epochs[i - 1].figures[LOG_TRAINED_ERROR] = trained->figures[LOG_ERROR];
    log->epochs[i - 1].figures[LOG_VALIDATION_ERROR] = trained->figures[LOG_VALIDATION_ERROR];
}

void training_log_parse(const struct reading *reading, const char *text, size_t bytes,
                        struct training_log *out)
{
    const char *directory = strrchr(reading->path, '/'), *line;
    size_t number = 0, damaged = 0, first = 0, length;

    *out = (struct training_log){.n = 0};
    out->name = heap_copy(directory != NULL ? directory + 1 : reading->path);
    out->epochs = heap_resize(NULL, count_lines(text, bytes), sizeof *out->epochs);
    while (next_line(&text, &bytes, &line, &length)) {
        enum line what = read_line(line, length, &out->epochs[out->n]);

        out->epochs[out->n].line = ++number;
        if (what == LINE_TRAINED)
            take_trained(out, &out->epochs[out->n]);
        out->n += what == LINE_EPOCH;
        if (what == LINE_DAMAGED && damaged++ == 0)
            first = number;
    }
    warn(reading, damaged, first);
    settle(out);
}

void training_log_release(struct training_log *log)
{
    free(log->name);
    free(log->epochs);
    *log = (struct training_log){.n = 0};
}
