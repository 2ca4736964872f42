#include "commands/training.h"
#include "commands/log_file.h"
#include "commands/plan_output.h"
#include "common/interrupt.h"
#include "common/output.h"
#include "common/overwrite.h"
#include "common/print.h"
#include "common/progress.h"
#include "json.h"
#include "machine.h"
#include "reference.h"
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_INTERVAL_S 1.0   /* between two lines of epochs of one layer */
#define REFERENCE_ROUNDS 3u   /* of the measurement that --verbose makes */
#define REFERENCE_SECONDS 0.5 /* each */

/* The state of a run that the library's callbacks share. */
struct run {
    struct cli *cli;
    const struct training *training;
    struct progress progress;
    uint32_t layers, epochs, head_epochs; /* 0: not known yet */
    double last_line_s;
    struct log_file log;
    bool planned; /* a plan was made */
    json_t *plan; /* NULL: there is none, or memory was out */
    struct plan_times times;
};

const struct ff_recipe_choice training_missing[] = {
    {"error", "fail, with the line and the column of the value"},
    {"mean", "the mean of its column or, of texts, the most frequent one; the model keeps it for "
             "other data"},
    {NULL, NULL},
};

void training_init(struct training *training)
{
    ff_train_opts_init(&training->opts);
    training->opts.measure_speed = true;
    training->missing = training_missing[0].name;
}

void training_settle_data(struct training *training)
{
    struct ff_data_source *data = &training->opts.data;

    data->fill_missing = strcmp(training->missing, "mean") == 0;
    data->context = (uint16_t)training->context;
}

/* What this process has exchanged with the others of its team, if there are any. */
static void add_team(struct json_builder *object, const struct cli *cli)
{
    struct ff_team_traffic traffic;

    if (ff_team_size(cli->ctx) == 1)
        return;
    ff_team_traffic(cli->ctx, &traffic);
    json_add(object, "ranks", json_from_count(ff_team_size(cli->ctx)));
    json_add(object, "sent_bytes", json_from_count(traffic.sent));
    json_add(object, "received_bytes", json_from_count(traffic.received));
    json_add(object, "exchange_seconds", json_from_real(traffic.waited));
}

static json_t *epoch_object(const struct cli *cli, const struct ff_epoch_report *report)
{
    struct json_builder object = json_build(json_object());
    const char *kind = report->head ? "head" : report->layer > 0 ? "layer" : "network";

    json_add(&object, "kind", json_from_text(kind));
    json_add(&object, "sweep", json_from_count(report->sweep));
    json_add(&object, "layer", report->layer > 0 ? json_from_count(report->layer) : json_null());
    json_add(&object, "epoch", json_from_count(report->epoch));
    json_add(&object, "negatives", json_from_text(report->negatives));
    json_add(&object, "loss", json_from_real(report->loss));
    json_add(&object, "goodness_pos", json_from_real(report->goodness_pos));
    json_add(&object, "goodness_neg", json_from_real(report->goodness_neg));
    json_add(&object, "error", json_from_real(report->error));
    json_add(&object, "validation_error", json_from_real(report->validation_error));
    json_add(&object, "learning_rate", json_from_real(report->learning_rate));
    json_add(&object, "seconds", json_from_real(report->seconds));
    json_add(&object, "rows_per_second", json_from_real(report->rows_per_second));
    json_add(&object, "gflops", json_from_real(report->gflops));
    json_add_memory(&object, &report->memory);
    json_add(&object, "scratch_bytes", json_from_count(report->scratch_bytes));
    add_team(&object, cli);
    return json_built(&object);
}

static json_t *trained_object(const struct ff_trained_report *report)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "kind", json_from_text("trained"));
    json_add(&object, "sweep", json_from_count(report->sweep));
    json_add(&object, "layer", json_from_count(report->layer));
    json_add(&object, "epoch", json_from_count(report->epoch));
    json_add(&object, "learned_epochs", json_from_count(report->learned_epochs));
    json_add(&object, "negatives", json_from_text(report->negatives));
    json_add(&object, "loss", json_from_real(report->loss));
    json_add(&object, "goodness_pos", json_from_real(report->goodness_pos));
    json_add(&object, "goodness_neg", json_from_real(report->goodness_neg));
    json_add(&object, "error", json_from_real(report->error));
    json_add(&object, "validation_error_upto", json_from_real(report->validation_error_upto));
    json_add(&object, "dead_units", json_from_count(report->dead_units));
    return json_built(&object);
}

/* WHY may be NULL. */
static void warn_of_log(struct run *run, const char *why)
{
    if (why != NULL && !run->cli->quiet)
        progress_line(&run->progress, "fftool: %s: warning: %s: %s; logging stops",
                      run->cli->command, run->log.path, why);
}

/* LINE is taken over. */
static void log_line(struct run *run, json_t *line)
{
    warn_of_log(run, log_file_write(&run->log, line));
}

/* "2/4", or "2" where the whole is not known. */
static struct text part_text(uint32_t part, uint32_t whole)
{
    struct text out;

    if (whole > 0)
        snprintf(out.s, sizeof out.s, "%u/%u", part, whole);
    else
        snprintf(out.s, sizeof out.s, "%u", part);
    return out;
}

static void print_epoch(struct run *run, const struct ff_epoch_report *report, uint32_t last)
{
    char layer[80] = "", goodness[128] = "", held_out[96] = "", speed[32] = "";

    if (report->layer > 0)
        snprintf(layer, sizeof layer, "layer %s ", part_text(report->layer, run->layers).s);
    if (isfinite(report->goodness_pos))
        snprintf(goodness, sizeof goodness, "  goodness %s / %s", text_real(report->goodness_pos).s,
                 text_real(report->goodness_neg).s);
    if (isfinite(report->validation_error))
        snprintf(held_out, sizeof held_out, "  held-out error %s",
                 text_percent(report->validation_error).s);
    if (!report->head)
        snprintf(speed, sizeof speed, "  %.1f GFLOP/s", report->gflops);
    progress_line(&run->progress, "%s%s %s  loss %s%s  error %s%s  %s samples/s%s", layer,
                  report->head ? "head" : "epoch", part_text(report->epoch, last).s,
                  text_real(report->loss).s, goodness, text_percent(report->error).s, held_out,
                  text_count((uint64_t)report->rows_per_second).s, speed);
}

static void on_epoch(void *arg, const struct ff_epoch_report *report)
{
    struct run *run = arg;
    uint32_t last = report->head ? run->head_epochs : run->epochs;
    double now = now_s();

    log_line(run, epoch_object(run->cli, report));
    if (!run->training->verbose && report->epoch != last &&
        now - run->last_line_s < LINE_INTERVAL_S)
        return;
    run->last_line_s = now;
    print_epoch(run, report, last);
}

static void on_trained(void *arg, const struct ff_trained_report *report)
{
    struct run *run = arg;
    char held_out[96] = "", epochs[96] = "";

    log_line(run, trained_object(report));
    if (report->learned_epochs > report->epoch)
        snprintf(epochs, sizeof epochs, "  stopped at epoch %u, kept epoch %u",
                 report->learned_epochs, report->epoch);
    if (isfinite(report->validation_error_upto))
        snprintf(held_out, sizeof held_out, "  held-out error, summed up to it %s",
                 text_percent(report->validation_error_upto).s);
    progress_line(&run->progress, "layer %s trained%s  error %s%s",
                  part_text(report->layer, run->layers).s, epochs, text_percent(report->error).s,
                  held_out);
}

/* The earlier model is overwritten, so its log may be, too. */
static void on_published(void *arg)
{
    struct run *run = arg;

    warn_of_log(run, log_file_release(&run->log));
}

static void on_progress(void *arg, const struct ff_progress *progress)
{
    struct run *run = arg;

    if (progress->layers > 0)
        run->layers = progress->layers;
    if (progress->phase == FF_PHASE_TRAIN && run->epochs == 0)
        run->epochs = progress->epochs;
    if (progress->phase == FF_PHASE_HEAD && run->head_epochs == 0)
        run->head_epochs = progress->epochs;
    progress_show(&run->progress, progress);
}

static void on_message(void *arg, const char *text)
{
    struct run *run = arg;

    progress_line(&run->progress, "%s", text);
}

static void plan_line(void *arg, const char *text)
{
    struct run *run = arg;

    progress_line(&run->progress, "%s", text);
}

static void on_epoch_time(void *arg, uint32_t first, uint32_t last, double seconds)
{
    struct run *run = arg;

    plan_times_add(&run->times, first, last, seconds);
}

static void on_plan(void *arg, const struct ff_plan *plan)
{
    struct run *run = arg;

    struct json_builder object = json_build(json_object());

    json_add_plan(&object, plan);
    json_add_times(&object, plan, &run->times);
    json_decref(run->plan);
    run->plan = json_built(&object);
    run->planned = true;
    plan_warn_of_steps(run->cli, plan);
    if (plan->samples > 0 && run->training->verbose)
        progress_line(&run->progress, "%s in batches of %s: %s",
                      text_counted(plan->samples, "sample").s, text_count(plan->batch).s,
                      text_counted(plan->epochs, "epoch").s);
    if (plan->held_out_samples > 0)
        progress_line(&run->progress, "held out: %s of %s samples",
                      text_count(plan->held_out_samples).s, text_count(plan->samples).s);
    if (plan->budget_bytes > 0 || run->training->verbose)
        plan_lines(plan, plan_line, run);
    plan_time_line(plan, plan_line, run);
    if (plan->budget_bytes > 0 || run->training->verbose)
        plan_time_lines(&run->times, plan_line, run);
}

/* Sets *OUT to the shape of products of the widest layer of the model PATH, with its batch. */
static int read_shape(const struct cli *cli, const char *path, struct reference_shape *out)
{
    struct ff_model *model;
    struct ff_model_info info = {.size = sizeof info};
    uint32_t widest = 0;
    int status = ff_model_open(cli->ctx, path, &model);

    if (status != FF_OK)
        return status;
    status = ff_model_info(model, &info);
    for (uint32_t i = 1; status == FF_OK && i <= ff_recipe_layers(info.recipe); i++)
        if (ff_recipe_units(info.recipe, i) > widest)
            widest = ff_recipe_units(info.recipe, i);
    if (status == FF_OK)
        *out = (struct reference_shape){(uint32_t)ff_recipe_get_uint(info.recipe, "batch"), widest,
                                        widest};
    ff_model_close(model);
    return status;
}

/* The median of some measurements; 0: there is none. */
static double reference_of(const struct cli *cli, const struct training *training,
                           const struct reference_shape *shape)
{
    unsigned threads = training->opts.threads > 0 ? training->opts.threads : machine_processors();
    double gflops[REFERENCE_ROUNDS];
    struct reference reference;
    int result = EXIT_DONE;

    reference_init(cli, threads, &reference);
    for (size_t i = 0; i < REFERENCE_ROUNDS && result == EXIT_DONE; i++)
        result =
            reference_measure(&reference, shape, REFERENCE_SECONDS, interrupt_asked, &gflops[i]);
    reference_release(&reference);
    return result == EXIT_DONE ? quantile(gflops, REFERENCE_ROUNDS, 0.5) : 0;
}

/*
 * Measures plain sgemm of the shapes of the trained model's widest layer. In a child process, so
 * that this one stays within its memory budget. Returns 0 without a result.
 */
static double measure_reference(const struct cli *cli, const struct training *training,
                                const struct reference_shape *shape)
{
    int fds[2];
    double gflops = 0;
    pid_t child;

    if (pipe(fds) != 0)
        return 0;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        gflops = reference_of(cli, training, shape);
        _exit(write(fds[1], &gflops, sizeof gflops) == sizeof gflops ? EXIT_DONE : EXIT_FAILED);
    }
    close(fds[1]);
    if (child > 0) {
        if (read(fds[0], &gflops, sizeof gflops) != sizeof gflops)
            gflops = 0;
        waitpid(child, NULL, 0);
    }
    close(fds[0]);
    return gflops;
}

/* Memory and scratch are those of the process that prints. */
static void print_team(const struct cli *cli)
{
    struct ff_team_traffic traffic;

    ff_team_traffic(cli->ctx, &traffic);
    if (ff_team_size(cli->ctx) > 1)
        printf("%u processes, of which this one sent %s and received %s in %s\n",
               ff_team_size(cli->ctx), text_bytes(traffic.sent).s, text_bytes(traffic.received).s,
               text_duration(traffic.waited).s);
}

static void print_result(const struct cli *cli, const struct ff_train_result *result)
{
    if (result->was_complete) {
        print_line(stdout, "%s is complete already; nothing to do", cli->model);
        return;
    }
    print_line(stdout, "%s: %s, %s, trained on %s in %s", cli->model,
               text_counted(result->layers, "layer").s,
               text_counted(result->parameters, "parameter").s,
               text_counted(result->samples - result->held_out_samples, "sample").s,
               text_duration(result->seconds).s);
    printf("memory: ");
    print_memory(stdout, &result->memory);
    printf("\nscratch: peak %s on disk\n", text_bytes(result->scratch_peak_bytes).s);
    print_team(cli);
    if (result->held_out_samples > 0)
        printf("held out: %s%s%s\n", text_counted(result->held_out_samples, "sample").s,
               result->choice.first > 0 ? ", error " : "",
               result->choice.first > 0 ? text_percent(result->choice.held_out_error).s : "");
    if (result->dead_layers > 0)
        printf("dead: %s with dead units only, above which no layer can learn\n",
               text_counted(result->dead_layers, "layer").s);
}

static int print_result_json(const struct run *run, const struct ff_train_result *result,
                             bool complete, double reference)
{
    const struct cli *cli = run->cli;
    struct json_builder object = json_build(json_object());

    json_add(&object, "model", json_from_text(cli->model));
    json_add(&object, "complete", json_boolean(complete));
    json_add(&object, "was_complete", json_boolean(result->was_complete));
    json_add(&object, "resumed", json_boolean(result->resumed));
    json_add(&object, "samples", json_from_count(result->samples));
    json_add(&object, "held_out_samples", json_from_count(result->held_out_samples));
    json_add(&object, "layers", json_from_count(result->layers));
    json_add(&object, "parameters", json_from_count(result->parameters));
    json_add(&object, "choice", json_from_choice(&result->choice));
    json_add(&object, "dead_units",
             result->watched_layers > 0 ? json_from_count(result->dead_units) : json_null());
    json_add(&object, "dead_layers",
             result->watched_layers > 0 ? json_from_count(result->dead_layers) : json_null());
    json_add(&object, "seconds", json_from_real(result->seconds));
    json_add(&object, "train_seconds", json_from_real(result->train_seconds));
    json_add(&object, "gflops", json_from_real(result->gflops));
    if (reference > 0) {
        json_add(&object, "gemm_gflops", json_from_real(reference));
        json_add(&object, "gemm_share", json_from_real(result->gflops / reference));
    }
    json_add(&object, "scratch_peak_bytes", json_from_count(result->scratch_peak_bytes));
    json_add(&object, "bytes_written", json_from_count(result->bytes_written));
    add_team(&object, cli);
    json_add_memory(&object, &result->memory);
    json_add(&object, "planned_bytes",
             result->planned_bytes > 0 ? json_from_count(result->planned_bytes) : json_null());
    if (run->planned)
        json_add(&object, "plan", json_incref(run->plan));
    return json_print(cli, json_built(&object));
}

/* Opens the log: a resumed training appends to it, --force overwrites it with the model. The
 * contents are read under the lock. */
static int open_log(struct run *run, bool replace)
{
    const char *path = run->cli->rank == 0 ? run->training->log : NULL;
    int result = path != NULL ? log_file_check(run->cli, &run->training->opts, path) : EXIT_DONE;

    if (result == EXIT_DONE)
        result = log_file_open(run->cli, path, replace, &run->log);
    if (result != EXIT_DONE || !run->log.holds || run->training->opts.force)
        return result;
    log_file_close(run->cli, &run->log);
    return report_failure(
        run->cli,
        "--log: %s exists, of an earlier training; give another name, or overwrite it with --force",
        path);
}

static int train(struct run *run, const struct training_start *start)
{
    struct ff_train_opts opts = run->training->opts;
    struct ff_train_result result = {.size = sizeof result};
    struct reference_shape shape = {0};
    double reference = 0;
    int status, printed = EXIT_DONE, code;

    run->layers = start->recipe != NULL ? ff_recipe_layers(start->recipe) : 0;
    opts.on_progress = on_progress;
    opts.on_plan = on_plan;
    opts.on_epoch_time = on_epoch_time;
    opts.on_epoch = on_epoch;
    opts.on_trained = on_trained;
    opts.on_published = on_published;
    opts.on_message = run->training->verbose ? on_message : NULL;
    opts.interrupted = interrupt_asked;
    opts.arg = run;

    if (start->recipe != NULL)
        status = ff_train(run->cli->ctx, start->recipe, &opts, &result);
    else if (start->extend != NULL)
        status = ff_extend(run->cli->ctx, start->extend, &opts, &result);
    else
        status = ff_train_resume(run->cli->ctx, &opts, &result);
    run->cli->situation.saved = result.saved;
    run->cli->situation.replaces = result.replaces;
    progress_end(&run->progress);
    if (status == FF_OK && run->training->verbose && run->cli->rank == 0 && result.gflops > 0 &&
        read_shape(run->cli, opts.model, &shape) == FF_OK)
        reference = measure_reference(run->cli, run->training, &shape);
    if (reference > 0) {
        progress_line(&run->progress,
                      "training %.1f GFLOP/s, plain sgemm of %u x %u x %u %.1f GFLOP/s: %.2f",
                      result.gflops, shape.rows, shape.units, shape.fan_in, reference,
                      result.gflops / reference);
        if (!run->training->quiet)
            reference_hint();
    }
    if (run->training->json && (status == FF_OK || status == FF_EINTERRUPTED))
        printed = print_result_json(run, &result, status == FF_OK, reference);
    else if (status == FF_OK)
        print_result(run->cli, &result);
    code = report_status(run->cli, status);
    return code != EXIT_DONE ? code : printed;
}

int training_run(struct cli *cli, struct training *training, const struct training_start *start,
                 bool replace_log)
{
    struct run run = {.cli = cli, .training = training};
    int result, log_result;

    cli->quiet = training->quiet || cli->rank > 0;
    cli->model = training->opts.model;
    if (training->broadcast)
        ff_team_share_data(cli->ctx);
    progress_init(&run.progress, cli->quiet);
    result = open_log(&run, replace_log);
    if (result != EXIT_DONE)
        return result;
    interrupt_catch();
    result = train(&run, start);
    json_decref(run.plan);
    plan_times_release(&run.times);
    log_result = log_file_close(cli, &run.log);
    return result != EXIT_DONE ? result : log_result;
}
