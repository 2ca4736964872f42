#include "hints.h"
#include "common/address_space.h"
#include "common/print.h"
#include "machine.h"
#include "options.h"
#include <stdlib.h>
#include <string.h>

#define ANY_SUBJECT (-1)

/* Commands, as bits. */
enum {
    TRAIN = 1,
    RESUME = 2,
    EVAL = 4,
    PREDICT = 8,
    INSPECT = 16,
    PLAN = 32,
    OTHERS = 64,
    EXPORT = 128,
    IMPORT = 256,
    EXTEND = 512
};
#define TRAINING (TRAIN | RESUME | EXTEND)
#define MEASURING (EVAL | PREDICT)
#define READING (MEASURING | INSPECT | EXPORT)
#define ANY_COMMAND (TRAINING | READING | PLAN | OTHERS)

/* Facts of the situation that are there, or are not. */
enum {
    FORCED = 1,
    BUDGETED = 2,
    SCRATCH_GIVEN = 4,
    SAVED = 8,
    VERIFYING = 16,
    LIMITED = 32,
    OPENS = 64,
    THREADED = 128, /* more than one thread is used */
    COMPRESSED = 256
};

/* In TEXT, {model} is replaced by the name of the model, and {resume} by the command that resumes
 * its training. */
static const struct hint {
    int status, subject;
    unsigned commands, with, without;
    const char *text;
} hints[] = {
    /* The model is another one than was meant, or none. */
    {FF_EMISMATCH, FF_ABOUT_MODEL, TRAIN, 0, FORCED,
     "`fftool inspect {model}` shows what it holds; give --model another name, or overwrite it "
     "with --force"},
    {FF_EMISMATCH, FF_ABOUT_MODEL, RESUME, 0, 0,
     "`fftool inspect {model}` shows its dataset; give that with --data, or train a new model: "
     "`fftool train`, with another --model"},
    {FF_EMISMATCH, FF_ABOUT_MODEL, MEASURING, 0, 0,
     "`fftool inspect {model}` shows the dataset that it was trained on"},
    {FF_EEXIST, FF_ABOUT_MODEL, TRAIN, 0, 0, "give --model another name"},
    {FF_EFORMAT, FF_ABOUT_MODEL, TRAIN, 0, 0, "give --model another name"},
    {FF_EEXIST, ANY_SUBJECT, EXPORT | IMPORT, 0, FORCED,
     "give --output another name, or overwrite it with --force"},
    {FF_ECORRUPT, FF_ABOUT_MODEL, TRAIN, OPENS, FORCED,
     "`fftool inspect --verify {model}` shows where; --force overwrites it"},
    {FF_ECORRUPT, FF_ABOUT_MODEL, TRAINING | READING, OPENS, VERIFYING,
     "`fftool inspect --verify {model}` shows where"},
    {FF_ECORRUPT, FF_ABOUT_MODEL, TRAIN, 0, FORCED,
     "restore it from a copy, or overwrite it with --force"},
    {FF_ECORRUPT, FF_ABOUT_MODEL, TRAINING | READING, 0, 0,
     "restore it from a copy, or train it again"},

    /* Another process uses it. */
    {FF_ELOCKED, FF_ABOUT_SCRATCH, TRAINING, SCRATCH_GIVEN, 0,
     "give each training a --scratch of its own, or wait for the other one to end"},
    {FF_ELOCKED, ANY_SUBJECT, TRAINING, 0, 0,
     "wait for it to end, or watch it with `fftool inspect {model}`"},
    {FF_ELOCKED, ANY_SUBJECT, MEASURING, 0, 0,
     "try again later; `fftool inspect {model}` shows how far it is"},

    /* The disk is full, or a limit of file size is reached. */
    {FF_EFULL, FF_ABOUT_MODEL, TRAINING, SAVED, 0,
     "free disk space where the model is; `{resume}` then resumes it"},
    {FF_EFULL, ANY_SUBJECT, TRAINING, SAVED, COMPRESSED,
     "free disk space; `{resume}` then resumes the training, also with scratch elsewhere "
     "(--scratch "
     "DIR) or smaller (--compress zstd)"},
    {FF_EFULL, ANY_SUBJECT, TRAINING, SAVED, 0,
     "free disk space; `{resume}` then resumes the training, also with scratch elsewhere "
     "(--scratch "
     "DIR)"},
    {FF_EFULL, ANY_SUBJECT, TRAINING, 0, SAVED, "free disk space, and run the same command again"},
    {FF_EFULL, ANY_SUBJECT, MEASURING, 0, 0,
     "free disk space, or put temporary files elsewhere (--scratch DIR)"},
    {FF_EFULL, ANY_SUBJECT, INSPECT | EXPORT | IMPORT, 0, 0, "free disk space"},
    {FF_EFBIG, ANY_SUBJECT, TRAINING, SAVED, 0,
     "raise the limit; `{resume}` then resumes the training"},
    {FF_EFBIG, ANY_SUBJECT, TRAINING, 0, SAVED, "raise the limit, and run the same command again"},
    {FF_EFBIG, ANY_SUBJECT, MEASURING | EXPORT | IMPORT, 0, 0, "raise the limit"},

    /* Memory is not sufficient. */
    {FF_ENOMEM, ANY_SUBJECT, ANY_COMMAND, LIMITED, 0,
     "raise the limit of `ulimit -v` (or -d): every thread (--threads) takes 128 MiB of address "
     "space, every file of scratch 32 MiB and more"},
    {FF_ENOMEM, ANY_SUBJECT, TRAIN, 0, BUDGETED,
     "--memory SIZE trains within a budget; `fftool plan` of the same network and data prints the "
     "smallest"},
    {FF_ENOMEM, ANY_SUBJECT, RESUME | MEASURING, 0, BUDGETED,
     "--memory SIZE works within a budget"},
    {FF_ENOMEM, ANY_SUBJECT, TRAINING | MEASURING, BUDGETED, 0,
     "give --memory less than the system has left"},
    {FF_EBUDGET, FF_ABOUT_OTHER, TRAIN | PLAN, THREADED, 0,
     "narrower layers (--hidden), a smaller --batch and fewer --threads need less memory"},
    {FF_EBUDGET, FF_ABOUT_OTHER, TRAIN | PLAN, 0, 0,
     "narrower layers (--hidden) and a smaller --batch need less memory"},
    {FF_EBUDGET, FF_ABOUT_DATA, TRAIN | PLAN, THREADED, 0, "fewer --threads need less memory"},
    {FF_EBUDGET, ANY_SUBJECT, RESUME | MEASURING, THREADED, 0,
     "one thread (--threads 1) needs the least memory"},

    /* The training diverged. Data with such numbers is another error. */
    {FF_ENUMERIC, FF_ABOUT_OTHER, TRAIN, 0, FORCED,
     "other options are for a new model: overwrite this one with --force, or give --model another "
     "name"},
    {FF_ENUMERIC, FF_ABOUT_OTHER, TRAIN, FORCED, 0, "run the same command with other options"},
    {FF_ENUMERIC, FF_ABOUT_OTHER, RESUME, 0, 0,
     "other options are for a new model: `fftool train`, with another --model or with --force"},
};

static unsigned command_bit(const char *name)
{
    static const struct {
        const char *name;
        unsigned bit;
    } bits[] = {{"train", TRAIN},     {"resume", RESUME},   {"eval", EVAL},
                {"predict", PREDICT}, {"inspect", INSPECT}, {"plan", PLAN},
                {"export", EXPORT},   {"import", IMPORT},   {"extend", EXTEND}};
    size_t i;

    for (i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (strcmp(bits[i].name, name) == 0)
            return bits[i].bit;
    return OTHERS;
}

/* Whether its values can be reached, damaged or not. */
static bool model_opens(const struct cli *cli)
{
    struct ff_ctx *ctx; /* of its own: the message stays that of the failure */
    struct ff_model *model = NULL;
    bool opens;

    if (cli->model == NULL || ff_ctx_new(&ctx) != FF_OK)
        return false;
    opens = ff_model_open(ctx, cli->model, &model) == FF_OK;
    ff_model_close(model);
    ff_ctx_free(ctx);
    return opens;
}

static const char *given(const struct cli *cli, const char *option)
{
    return options_find(cli->options, cli->given, option);
}

static bool uses_more_threads(const struct cli *cli)
{
    const char *text = given(cli, "threads");
    unsigned long threads = text != NULL ? strtoul(text, NULL, 10) : 0;

    return (threads > 0 ? threads : machine_processors()) > 1;
}

static unsigned facts_of(const struct cli *cli, int status)
{
    static const struct {
        const char *option;
        unsigned fact;
    } options[] = {{"force", FORCED},
                   {"memory", BUDGETED},
                   {"scratch", SCRATCH_GIVEN},
                   {"verify", VERIFYING},
                   {"compress", COMPRESSED}};
    bool opens = status == FF_ECORRUPT && model_opens(cli);
    unsigned facts = (cli->situation.saved ? SAVED : 0u) |
                     (address_space_is_limited() ? LIMITED : 0u) | (opens ? OPENS : 0u) |
                     (uses_more_threads(cli) ? THREADED : 0u);
    size_t i;

    for (i = 0; i < sizeof options / sizeof options[0]; i++)
        if (given(cli, options[i].option) != NULL)
            facts |= options[i].fact;
    return facts;
}

static const char *find_hint(const struct cli *cli, int status)
{
    unsigned command = command_bit(cli->command), facts = facts_of(cli, status);
    int subject = (int)ff_ctx_subject(cli->ctx);
    size_t i;

    for (i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        const struct hint *hint = &hints[i];

        if (hint->status == status && (hint->subject == ANY_SUBJECT || hint->subject == subject) &&
            (hint->commands & command) != 0 && (facts & hint->with) == hint->with &&
            (facts & hint->without) == 0)
            return hint->text;
    }
    return NULL;
}

static void add_model(const struct cli *cli, struct shell_text *out)
{
    shell_add_name(out, cli->model);
}

static void add_text(struct shell_text *out, const char *text)
{
    shell_add(out, text, strlen(text));
}

static void add_option(struct shell_text *out, const struct option_spec *option, const char *value)
{
    add_text(out, " --");
    add_text(out, option->name);
    if (option->kind == OPTION_FLAG)
        return;
    add_text(out, " ");
    shell_add_name(out, value);
}

void add_resume_command(const struct cli *cli, struct shell_text *out)
{
    const struct option_spec *option;

    add_text(out, "fftool resume ");
    shell_add_name(out, cli->model);
    for (option = cmd_resume.options; option->name != NULL; option++) {
        const char *value = option->recorded ? NULL : given(cli, option->name);

        if (value != NULL)
            add_option(out, option, value);
    }
}

static const struct mark {
    const char *name;
    void (*add)(const struct cli *cli, struct shell_text *out);
} marks[] = {{"{model}", add_model}, {"{resume}", add_resume_command}};

/* Appends what TEXT begins with, a mark or a character; returns its length. */
static size_t add_next(const struct cli *cli, const char *text, struct shell_text *out)
{
    size_t i;

    for (i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t length = strlen(marks[i].name);

        if (strncmp(text, marks[i].name, length) == 0) {
            marks[i].add(cli, out);
            return length;
        }
    }
    shell_add(out, text, 1);
    return 1;
}

void print_hint_for(const struct cli *cli, int status)
{
    const char *text = find_hint(cli, status);
    struct shell_text line = {.length = 0};

    if (text == NULL || (strchr(text, '{') != NULL && cli->model == NULL))
        return;
    while (*text != '\0')
        text += add_next(cli, text, &line);
    report_hint("%s", line.s);
}
