/* Failures as the user sees them: a reason, a hint, an exit code. */
#include "cli.h"
#include "print.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int usage_error(const char *command, const char *format, ...)
{
    va_list args;

    fputs("fftool: ", stderr);
    if (command != NULL)
        fprintf(stderr, "%s: ", command);
    va_start(args, format);
    print_line_va(stderr, format, args);
    va_end(args);
    report_hint("`fftool help%s%s` lists what there is", command != NULL ? " " : "",
                command != NULL ? command : "");
    return EXIT_USAGE;
}

int report_failure(const struct cli *cli, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "fftool: %s: ", cli->command);
    va_start(args, format);
    print_line_va(stderr, format, args);
    va_end(args);
    return EXIT_FAILED;
}

void report_warning(const struct cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->quiet)
        return;
    fprintf(stderr, "fftool: %s: warning: ", cli->command);
    va_start(args, format);
    print_line_va(stderr, format, args);
    va_end(args);
}

void report_hint(const char *format, ...)
{
    va_list args;

    fputs("hint: ", stderr);
    va_start(args, format);
    print_line_va(stderr, format, args);
    va_end(args);
}

static int exit_code_of(int status)
{
    switch (status) {
    case FF_OK:
        return EXIT_DONE;
    case FF_EINVAL:
        return EXIT_USAGE;
    case FF_EBUDGET:
        return EXIT_BUDGET;
    case FF_EFORMAT:
    case FF_ECORRUPT:
        return EXIT_DAMAGED;
    case FF_EINTERRUPTED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_FAILED;
    }
}

static bool trains(const struct cli *cli)
{
    return strcmp(cli->command, "train") == 0 || strcmp(cli->command, "resume") == 0;
}

/* What to do about STATUS: text with at most one %s, which stands for the model. NULL: nothing.
 * ABOUT_MODEL: it is the model that is at fault, not another file. */
static const char *hint_for_training(int status, bool about_model)
{
    switch (status) {
    case FF_EEXIST:
    case FF_EMISMATCH:
        return about_model ? "`fftool inspect %s` shows what is there" : NULL;
    case FF_ELOCKED:
        return "wait for it to end, or watch it with `fftool inspect %s`";
    case FF_EFULL:
        return "make room, or put scratch elsewhere (--scratch DIR) or make it smaller "
               "(--compress zstd); `fftool resume %s` then goes on from the last checkpoint";
    case FF_ENOMEM:
        return "a budget makes training fit memory: --memory SIZE; `fftool plan` tells from what "
               "size on";
    case FF_EBUDGET:
        return "narrower layers (--hidden), a smaller --batch and fewer --threads need less";
    case FF_EFORMAT:
        return about_model ? "give --model another name" : NULL;
    case FF_ENUMERIC:
        return "other options are for a new model: train it with --force, or into another --model";
    case FF_ECORRUPT:
        return about_model ? "`fftool inspect --verify %s` tells where" : NULL;
    default:
        return NULL;
    }
}

static const char *hint_for_reading(int status, bool about_model)
{
    switch (status) {
    case FF_EMISMATCH:
        return "`fftool inspect %s` shows what data it was trained on";
    case FF_ECORRUPT:
        return about_model ? "`fftool inspect --verify %s` tells where" : NULL;
    case FF_EFULL:
        return "make room, or give --scratch another folder";
    default:
        return NULL;
    }
}

static void print_hint(const struct cli *cli, int status, const char *message)
{
    bool about_model = cli->model != NULL && strstr(message, cli->model) != NULL;
    const char *hint = trains(cli) ? hint_for_training(status, about_model)
                                   : hint_for_reading(status, about_model);
    const char *mark = hint != NULL ? strstr(hint, "%s") : NULL;

    if (hint == NULL || (mark != NULL && cli->model == NULL))
        return;
    if (mark == NULL)
        report_hint("%s", hint);
    else
        report_hint("%.*s%s%s", (int)(mark - hint), hint, cli->model, mark + 2);
}

int report_status(const struct cli *cli, int status)
{
    const char *message = ff_ctx_message(cli->ctx);

    if (status == FF_OK)
        return EXIT_DONE;
    if (status == FF_EINTERRUPTED) {
        if (trains(cli) && cli->model != NULL)
            report_failure(cli, "interrupted; everything is saved: `fftool resume %s` goes on",
                           cli->model);
        else
            report_failure(cli, "interrupted");
        return EXIT_INTERRUPTED;
    }
    if (message == NULL || *message == '\0')
        message = ff_status_text((enum ff_status)status);
    report_failure(cli, "%s", message);
    print_hint(cli, status, message);
    return exit_code_of(status);
}
