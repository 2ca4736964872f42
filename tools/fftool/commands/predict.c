/* fftool predict: labels and scores for data without labels. */
#include "commands/measuring.h"
#include "common/output.h"
#include "common/output_file.h"
#include "common/overwrite.h"
#include "json.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>

struct settings {
    struct measuring measuring;
    const char *output;
    const char *format;
    bool probabilities;
};

static const struct ff_recipe_choice formats[] = {
    {"csv", "a header, then index,label,score_0,score_1,... (or p_0,p_1,...); with --id-column "
            "its values in place of index, of image files their names"},
    {"jsonl", "an object on each line: index, id (as csv has it), label, scores (or "
              "probabilities)"},
    {NULL, NULL},
};

static void init(void *arg)
{
    struct settings *settings = arg;

    measuring_init(&settings->measuring);
    settings->format = formats[0].name;
}

static void release(void *arg)
{
    struct settings *settings = arg;

    measuring_release(&settings->measuring);
}

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Prediction"},
    {.kind = OPTION_STRING,
     .name = "input",
     .short_name = 'i',
     .argument = "FILE",
     .help = "file of images, table, or dataset directory (its test split); - is standard "
             "input",
     .offset = offsetof(struct settings, measuring.opts.data.path),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "id-column",
     .argument = "NAME|N",
     .help = "column of a table that names its rows, to be copied to the predictions [that of the "
             "training, if it had one]",
     .offset = offsetof(struct settings, measuring.opts.data.id_column)},
    {.kind = OPTION_STRING,
     .name = "array",
     .argument = "NAME",
     .help = "array of an .npz that is the images, if it has no usual name",
     .offset = offsetof(struct settings, measuring.opts.data.arrays)},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "FILE",
     .help = "file of predictions, which appears when it is complete [standard output]",
     .offset = offsetof(struct settings, output)},
    {.kind = OPTION_CHOICE,
     .name = "format",
     .argument = "NAME",
     .help = "format of the output",
     .offset = offsetof(struct settings, format),
     .choices = formats},
    {.kind = OPTION_FLAG,
     .name = "probabilities",
     .help = "write probabilities of the classes instead of scores; calibrated for the layers "
             "chosen on held-out samples, not for another range of --layers",
     .offset = offsetof(struct settings, probabilities)},
    MEASURING_OPTIONS(struct settings, measuring, "predict only the first ROWS rows; 0: all"),
    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress progress and warnings",
     .offset = offsetof(struct settings, measuring.quiet)},
    {.name = NULL},
};

/* The destination of predictions. */
struct sink {
    FILE *out;
    const char *path; /* NULL: standard output */
    struct output_file file;
    int why; /* errno of a failed write, after which no more is written; 0: none */
    bool csv, header_done, probabilities;
};

/* Whether TEXT is a header by write_csv() behind its first field: values of two classes or more. */
static bool is_header(const char *text, const char *prefix)
{
    unsigned values = 0;

    while (strncmp(text, prefix, strlen(prefix)) == 0) {
        text += strcspn(text, ",\n\r");
        values++;
        if (*text != ',')
            break;
        text++;
    }
    return values > 1;
}

/* The beginning of a file by write_csv(), whose first column may have any name, or by
 * write_jsonl(). Names of classes may be within quotation marks. */
static bool begins_predictions(const char *text)
{
    static const char jsonl[] = "{\"index\":", label[] = ",label,";
    static const char *const prefixes[] = {"score_", "p_", "\"score_", "\"p_"};
    const char *end = strchr(text, '\n'), *at = strstr(text, label);

    if (strncmp(text, jsonl, strlen(jsonl)) == 0)
        return true;
    if (at == NULL || (end != NULL && at > end))
        return false;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (is_header(at + strlen(label), prefixes[i]))
            return true;
    return strncmp(text, "index,label,", strlen("index,label,")) == 0;
}

static int open_sink(const struct cli *cli, struct sink *sink)
{
    static const struct overwrite_kind kind = {"file of predictions", begins_predictions};
    int why;

    if (sink->path == NULL || strcmp(sink->path, "-") == 0 || cli->rank > 0) {
        sink->path = NULL;
        sink->out = stdout;
        return EXIT_DONE;
    }
    if (overwrite_check(cli, "output", sink->path, &kind) != EXIT_DONE)
        return EXIT_FAILED;
    why = output_file_open(sink->path, &sink->file);
    sink->out = sink->file.out;
    return why == 0 ? EXIT_DONE
                    : report_failure(cli, "--output: %s: %s", sink->path, errno_text(why));
}

/* Closes SINK; its file is kept only if RESULT is EXIT_DONE. Returns the new result. */
static int close_sink(const struct cli *cli, struct sink *sink, int result)
{
    int why;

    if (sink->path == NULL)
        return result;
    why = output_file_close(&sink->file, result == EXIT_DONE && sink->why == 0);
    if (sink->why != 0)
        why = sink->why;
    if (result == EXIT_DONE && why != 0)
        result = report_failure(cli, "--output: %s: %s", sink->path, errno_text(why));
    return result;
}

static const float *values_of(const struct sink *sink, const struct ff_prediction *prediction)
{
    return sink->probabilities ? prediction->probabilities : prediction->scores;
}

/* Writes PREFIX and TEXT as a field of CSV. */
static void write_field(FILE *out, const char *prefix, const char *text)
{
    if (!strpbrk(text, "\",\r\n")) {
        fprintf(out, "%s%s", prefix, text);
        return;
    }
    fprintf(out, "\"%s", prefix);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void write_header(const struct sink *sink, const struct ff_prediction *prediction)
{
    const char *prefix = sink->probabilities ? "p_" : "score_";

    write_field(sink->out, "", prediction->id_name != NULL ? prediction->id_name : "index");
    fputs(",label", sink->out);
    for (uint32_t i = 0; i < prediction->classes; i++) {
        fputc(',', sink->out);
        if (prediction->class_names)
            write_field(sink->out, prefix, prediction->class_names[i]);
        else
            fprintf(sink->out, "%s%u", prefix, i);
    }
    fputc('\n', sink->out);
}

static void write_csv(struct sink *sink, const struct ff_prediction *prediction)
{
    const float *values = values_of(sink, prediction);
    uint32_t i;

    if (!sink->header_done)
        write_header(sink, prediction);
    sink->header_done = true;
    if (prediction->id != NULL)
        write_field(sink->out, "", prediction->id);
    else
        fprintf(sink->out, "%llu", (unsigned long long)prediction->index);
    fputc(',', sink->out);
    if (prediction->class_names)
        write_field(sink->out, "", prediction->class_names[prediction->label]);
    else
        fprintf(sink->out, "%u", prediction->label);
    for (i = 0; i < prediction->classes; i++)
        fprintf(sink->out, ",%.7g", (double)values[i]);
    fputc('\n', sink->out);
}

/* Writes TEXT as JSON. */
static void write_text(FILE *out, const char *text)
{
    json_t *value = json_from_text(text);

    json_dumpf(value, out, JSON_ENCODE_ANY);
    json_decref(value);
}

static void write_jsonl(struct sink *sink, const struct ff_prediction *prediction)
{
    const float *values = values_of(sink, prediction);
    uint32_t i;

    fprintf(sink->out, "{\"index\":%llu,", (unsigned long long)prediction->index);
    if (prediction->id != NULL) {
        fputs("\"id\":", sink->out);
        write_text(sink->out, prediction->id);
        fputc(',', sink->out);
    }
    fputs("\"label\":", sink->out);
    if (prediction->class_names != NULL)
        write_text(sink->out, prediction->class_names[prediction->label]);
    else
        fprintf(sink->out, "%u", prediction->label);
    fprintf(sink->out, ",\"%s\":[", sink->probabilities ? "probabilities" : "scores");
    for (i = 0; i < prediction->classes; i++) {
        double score = (double)values[i];

        fputs(i > 0 ? "," : "", sink->out);
        if (isfinite(score))
            fprintf(sink->out, "%.7g", score);
        else
            fputs("null", sink->out);
    }
    fputs("]}\n", sink->out);
}

static int emit(void *arg, const struct ff_prediction *prediction)
{
    struct sink *sink = arg;

    if (sink->csv)
        write_csv(sink, prediction);
    else
        write_jsonl(sink, prediction);
    /* close_sink() or main() reports a full disk; the prediction stops. */
    if (!ferror(sink->out))
        return FF_OK;
    sink->why = errno != 0 ? errno : EIO;
    return FF_EIO;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct sink sink = {.path = settings->output};
    uint64_t samples;
    int status, result;

    sink.csv = strcmp(settings->format, "csv") == 0;
    sink.probabilities = settings->probabilities;
    result = open_sink(cli, &sink);
    if (result != EXIT_DONE)
        return result;
    result = measuring_begin(cli, &settings->measuring, operand);
    if (result != EXIT_DONE)
        return close_sink(cli, &sink, result);
    signal(SIGPIPE, SIG_IGN); /* a reader that ends must not leave temporary files behind */
    status = ff_predict(cli->ctx, &settings->measuring.opts, emit, &sink, &samples);
    progress_end(&settings->measuring.progress);
    if (status != FF_OK && sink.why == 0)
        result = report_status(cli, status);
    result = close_sink(cli, &sink, result);
    if (result == EXIT_DONE && sink.path != NULL)
        progress_line(&settings->measuring.progress, "%s: %s", sink.path,
                      text_counted(samples, "prediction").s);
    return result;
}

const struct command cmd_predict = {
    .name = "predict",
    .operand = "MODEL",
    .summary = "predict the labels of a dataset",
    .description =
        "Predicts the label of every row of a dataset, in its order, with a score for each class: "
        "goodness summed over the layers, or the logits of the head. Scores of a row are "
        "comparable with each other, not with those of another method. Probabilities, which "
        "--probabilities writes instead, add up to 1.",
    .examples =
        "  fftool predict model.ff --input t10k-images-idx3-ubyte.gz >labels.csv\n"
        "  fftool predict model.ff --input mine.npy --format jsonl --output mine.jsonl\n"
        "  fftool predict model.ff --input mine.npy --probabilities >p.csv\n"
        "  zcat new.csv.gz | fftool predict model.ff --input - --id-column id >labels.csv\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .release = release,
    .spreads = true,
    .run = run,
};
