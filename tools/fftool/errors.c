/* Failures as the user sees them: a reason, a hint, an exit code. */
#include "common/cli.h"
#include "common/print.h"
#include "hints.h"
#include "team.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

int usage_error(const char *command, const char *format, ...)
{
    va_list args;

    fputs("fftool: ", stderr);
    if (command != NULL)
        fprintf(stderr, "%s: ", command);
    va_start(args, format);
    print_line_va(stderr, format, args);
    va_end(args);
    report_hint("`fftool help%s%s` lists the %s", command != NULL ? " " : "",
                command != NULL ? command : "", command != NULL ? "options" : "commands");
    return EXIT_USAGE;
}

const char *errno_text(int errnum)
{
    struct rlimit limit;

    if (errnum == EFBIG && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        return "File too large (the file size limit, ulimit -f, is reached)";
    if (errnum == ENXIO)
        return "No such device, or a pipe that no process reads";
    return strerror(errnum);
}

int report_failure(const struct cli *cli, const char *format, ...)
{
    va_list args;

    if (!team_speaks(cli))
        return EXIT_FAILED;
    fprintf(stderr, "fftool: %s: ", cli->command);
    if (cli->rank > 0)
        fprintf(stderr, "rank %u: ", cli->rank);
    va_start(args, format);
    print_line_va(stderr, format, args);
    va_end(args);
    return EXIT_FAILED;
}

void report_warning(const struct cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->quiet || cli->rank > 0)
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

static int report_interruption(const struct cli *cli)
{
    struct shell_text resume = {.length = 0};

    if (cli->situation.saved) {
        add_resume_command(cli, &resume);
        report_failure(cli, "interrupted; the training is saved%s: `%s` resumes it",
                       cli->situation.replaces ? ", and has overwritten the earlier model" : "",
                       resume.s);
    } else if (strcmp(cli->command, "train") == 0) {
        report_failure(cli, "interrupted before anything was saved");
    } else {
        report_failure(cli, "interrupted");
    }
    return EXIT_INTERRUPTED;
}

int report_status(const struct cli *cli, int status)
{
    const char *message = ff_ctx_message(cli->ctx);

    if (status == FF_OK)
        return EXIT_DONE;
    if (status == FF_EINTERRUPTED)
        return cli->rank > 0 ? EXIT_INTERRUPTED : report_interruption(cli);
    if (message == NULL || *message == '\0')
        message = ff_status_text((enum ff_status)status);
    report_failure(cli, "%s", message);
    print_hint_for(cli, status);
    return exit_code_of(status);
}
