/*
 * Shared by all files of the command line: the table of commands, exit codes, and error reports.
 * Text from outside is escaped on its way to the terminal (print.h). The command line uses only the
 * public headers of the library.
 *
 * A command is one file, commands/NAME.c, that defines `const struct command cmd_NAME`, and one row
 * of COMMANDS below. Dispatch, `fftool help`, `--help`, option parsing and the tests follow from
 * it.
 */
#ifndef FFTOOL_CLI_H
#define FFTOOL_CLI_H

#include <fftool/fftool.h>
#include <stddef.h>
#include <stdio.h>

/* In the order of `fftool help`. */
#define COMMANDS(ROW) \
    ROW(train)        \
    ROW(resume)       \
    ROW(extend)       \
    ROW(eval)         \
    ROW(predict)      \
    ROW(generate)     \
    ROW(recipes)      \
    ROW(plan)         \
    ROW(profile)      \
    ROW(plot)         \
    ROW(inspect)      \
    ROW(diff)         \
    ROW(report)       \
    ROW(export)       \
    ROW(import)       \
    ROW(bench)

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,        /* invalid option or argument */
    EXIT_BUDGET = 3,       /* does not fit the memory budget */
    EXIT_DAMAGED = 4,      /* a damaged or foreign file */
    EXIT_INTERRUPTED = 130 /* stopped by a signal */
};

struct option_spec;

/* State of a training. */
struct situation {
    bool saved;    /* the model file holds this training */
    bool replaces; /* and has overwritten an earlier model */
};

/* One run of a command. */
struct cli {
    struct ff_ctx *ctx;
    const char *command; /* its name */
    const struct option_spec *options;
    const char **given; /* values of OPTIONS as given (options.h) */
    const char *other;  /* the second operand; NULL: there is none */
    const char *model;  /* the model in use, for hints; NULL: none yet */
    struct situation situation;
    bool quiet;    /* nothing but errors on stderr */
    unsigned rank; /* of this process in its team (team.h); 0: alone, or the one that speaks */
};

struct command {
    const char *name;
    const char *operand;               /* the operand it needs, such as "MODEL"; NULL: takes none */
    const char *other;                 /* a second one; NULL: takes none */
    const char *summary;               /* half a line, for `fftool help` */
    const char *description;           /* paragraphs, wrapped when printed */
    void (*describe_more)(FILE *out);  /* prints more paragraphs, from tables; may be NULL */
    const char *examples;              /* lines, printed as they are */
    const struct option_spec *options; /* ended by a row without a name */
    size_t settings_bytes;             /* of the structure that the options fill */
    void (*init)(void *settings);      /* sets the defaults; NULL: they are zeros */
    void (*release)(void *settings);   /* may be NULL */
    bool spreads; /* a team of processes runs it together; else rank 0 does so alone */
    int (*run)(struct cli *cli, void *settings, const char *operand); /* returns an exit code */
};

#define DECLARE_COMMAND(name) extern const struct command cmd_##name;
COMMANDS(DECLARE_COMMAND)
#undef DECLARE_COMMAND

/* Prints "fftool: COMMAND: TEXT" and where help is; returns EXIT_USAGE. COMMAND may be NULL. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the error of STATUS with a hint, and returns its exit code. FF_OK prints nothing. */
int report_status(const struct cli *cli, int status);

/* Returns the text of ERRNUM, an error of a file. */
const char *errno_text(int errnum);

/* Prints "fftool: COMMAND: TEXT" for a failure found by the command line itself; EXIT_FAILED. */
int report_failure(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints "fftool: COMMAND: warning: TEXT", unless CLI is quiet. */
void report_warning(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints "hint: TEXT": what to do about a printed failure. */
void report_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns how many edits (insert, delete, replace, swap neighbours) lead from A to B. */
unsigned edit_distance(const char *a, const char *b);

#endif
