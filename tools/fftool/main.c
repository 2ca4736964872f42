/*
 * fftool: the program. Finds the command, reads its options, runs it, and checks that its output
 * was written.
 */
#include "common/address_space.h"
#include "common/bus_error.h"
#include "common/cli.h"
#include "options.h"
#include "team.h"
#include <errno.h>
#include <fcntl.h>
#include <fftool/team.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_ROW(name) &cmd_##name,
static const struct command *const commands[] = {COMMANDS(COMMAND_ROW)};
#undef COMMAND_ROW
#define N_COMMANDS (sizeof commands / sizeof commands[0])

/*
 * Peak memory matters most: large blocks are returned to the system at once, and all threads share
 * one heap. Fixed thresholds also keep glibc from raising them.
 */
static void tame_malloc(void)
{
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    mallopt(M_ARENA_MAX, 1);
}

/*
 * A standard stream that was closed must not become a model's descriptor, or messages would be
 * written into the model. Opened the wrong way round, it still fails as a closed one does.
 */
static void hold_standard_streams(void)
{
    int fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(EXIT_FAILED);
}

static const struct command *find_command(const char *name)
{
    size_t i;

    for (i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *nearest = NULL;
    unsigned least = 3;
    size_t i;

    for (i = 0; i < N_COMMANDS; i++) {
        unsigned distance = edit_distance(name, commands[i]->name);

        if (distance < least) {
            least = distance;
            nearest = commands[i]->name;
        }
    }
    if (nearest != NULL)
        return usage_error(NULL, "unknown command \"%s\"; did you mean `fftool %s`?", name,
                           nearest);
    return usage_error(NULL, "unknown command \"%s\"", name);
}

static void print_overview(FILE *out)
{
    size_t i;

    fputs("Usage: fftool COMMAND [OPTION]...\n\n", out);
    print_wrapped(
        out,
        "Trains deep fully connected networks with Hinton's Forward-Forward algorithm out "
        "of core, one layer at a time: memory holds only the layer in training.",
        0, 0);
    fputs("\nCommands:\n", out);
    for (i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s  %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`fftool help COMMAND` or `fftool COMMAND --help` prints the options of a command.\n\n"
          "Examples:\n"
          "  fftool train --data /usr/share/datasets/fashion-mnist --hidden 1000x4\n"
          "  fftool eval model.ff --data /usr/share/datasets/fashion-mnist\n"
          "  fftool inspect model.ff\n\n"
          "Exit codes: 0 done, 1 failed, 2 bad usage, 3 does not fit the memory budget,\n"
          "4 damaged or foreign file, 130 interrupted (a training is saved; `fftool\n"
          "resume` resumes it).\n",
          out);
}

static void print_warning(void *arg, const char *text)
{
    const struct cli *cli = arg;

    report_warning(cli, "%s", text);
}

/* Runs COMMAND, which has all its options. ARGV[0] is its name. */
static int run_with_options(const struct command *command, int argc, char **argv)
{
    struct cli cli = {.command = command->name, .options = command->options};
    void *settings = malloc(command->settings_bytes);
    const char *operands[2];
    int result = EXIT_FAILED;

    if (settings == NULL || ff_ctx_new(&cli.ctx) != FF_OK) {
        fputs("fftool: out of memory\n", stderr);
        goto out;
    }
    bus_error_catch(command->name);
    ff_ctx_on_warning(cli.ctx, print_warning, &cli);
    result = team_join(&cli);
    if (result == EXIT_DONE && !command->spreads)
        ff_team_leave(cli.ctx);
    if (result != EXIT_DONE || (cli.rank > 0 && !command->spreads))
        goto out;
    options_defaults(command, settings);
    team_take_turn(&cli, 0);
    result = options_parse(command, argc, argv, settings, operands, &cli.given);
    team_end(&cli, result);
    team_take_turn(&cli, 1);
    if (result == OPTIONS_HELP) {
        options_defaults(command, settings);
        options_help(command, settings, stdout);
        result = EXIT_DONE;
    } else if (result == EXIT_DONE) {
        cli.other = operands[1];
        result = command->run(&cli, settings, operands[0]);
        team_end(&cli, result);
    }
    if (command->release != NULL)
        command->release(settings);
out:
    if (cli.ctx != NULL)
        ff_team_leave(cli.ctx);
    ff_ctx_free(cli.ctx);
    free(cli.given);
    free(settings);
    return result;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct option_spec *options = options_with_fields(command->options);
    struct command whole = *command;
    int result = EXIT_FAILED;

    whole.options = options;
    if (options == NULL)
        fputs("fftool: out of memory\n", stderr);
    else
        result = run_with_options(&whole, argc, argv);
    free(options);
    return result;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int help(int argc, char **argv)
{
    char help_option[] = "--help";
    const struct command *command;

    if (argc < 2 || asks_for_help(argv[1])) {
        print_overview(stdout);
        return EXIT_DONE;
    }
    if (argv[1][0] == '-')
        return usage_error(NULL, "%s: no such option", argv[1]);
    command = find_command(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    return run_command(command, 2, (char *[]){argv[1], help_option, NULL});
}

static int dispatch(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("fftool %s\n", ff_version());
        return EXIT_DONE;
    }
    if (asks_for_help(argv[1]))
        return help(argc - 1, argv + 1);
    if (argv[1][0] == '-')
        return usage_error(NULL, "%s: no such option", argv[1]);
    command = find_command(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    return run_command(command, argc - 1, argv + 1);
}

/* Checks that all output was written; returns 0 or an errno. */
static int close_output(void)
{
    errno = 0;
    if (fflush(stdout) != 0)
        return errno;
    if (!ferror(stdout))
        return 0;
    /* An earlier write failed, and its errno is lost. The output is truncated already: one byte
     * more most likely fails for the same reason. */
    return write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO;
}

int main(int argc, char **argv)
{
    int result, why;

    hold_standard_streams();
    spare_address_space(argv);
    tame_malloc();
    signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit is then EFBIG, and reported */
    result = dispatch(argc, argv);
    why = close_output();
    if (why != 0) {
        fprintf(stderr, "fftool: standard output: %s\n", errno_text(why));
        if (result == EXIT_DONE)
            result = EXIT_FAILED;
    }
    return result;
}
