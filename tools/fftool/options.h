/*
 * Options, declared once: a command's table of options drives parsing (through getopt_long), range
 * checks, and `--help` with its defaults, which are read from the command's freshly initialised
 * settings.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "common/cli.h"
#include <stdio.h>

enum option_kind {
    OPTION_HEADING, /* not an option: starts a group in the help; NAME is its title */
    OPTION_FIELDS,  /* one option for each field of a recipe in GROUP; NAME only labels the row */
    OPTION_FLAG,    /* bool; takes no argument */
    OPTION_COUNT,   /* uint32_t */
    OPTION_COUNT64, /* uint64_t */
    OPTION_SIZE,    /* uint64_t; bytes, with K, M, G or T for powers of 1024 */
    OPTION_REAL,    /* double, finite */
    OPTION_EXTENT,  /* uint16_t[2]; WIDTHxHEIGHT, each from 1 to max */
    OPTION_STRING,  /* const char * */
    OPTION_CHOICE   /* const char *, one of the choices */
};

struct option_spec {
    enum option_kind kind;
    const char *name;
    char short_name;      /* 0: none */
    const char *argument; /* its placeholder; completions see by it what files to offer */
    const char *help;     /* may end with "[DEFAULT]", for one that is not the initial value */
    size_t offset;        /* of its target in the settings; fields have none */
    uint64_t min, max;    /* counts and sizes; max 0: the largest that fits */
    double above;         /* reals must not be below this */
    const struct ff_recipe_choice *choices; /* of a choice; NULL: ff_recipe_choices(field) */
    const char *field; /* of a recipe; with OPTION_STRING: takes a list of that field's choices */
    bool in_recipe;    /* the value is for recipe_from_options(), which reads it as given */
    enum ff_field_group group; /* of fields */
    bool size_only;            /* only those fields that decide size */
    bool required;
    bool recorded; /* in the model: a command that resumes its training does not repeat it */
    const char *needs, *excludes; /* options that it requires, or cannot be combined with */
    /* Writes the default if it is not the initial value (empty: none is shown). */
    void (*default_text)(const struct option_spec *option, char *text, size_t size);
};

/* A default_text for options without one. */
void no_default(const struct option_spec *option, char *text, size_t size);

/* Returns the choices of an OPTION_CHOICE, ended by a NULL name. The table's memory may be shared:
 * call again after another call. */
const struct ff_recipe_choice *option_choices(const struct option_spec *option);

/* What help and man page print about an option. */
struct option_text {
    char what[512];
    char initial[160]; /* its default; empty: none worth showing */
};
/* SETTINGS hold the defaults. A default that HELP ends with, in brackets, comes first. */
void option_describe(const struct option_spec *option, const void *settings,
                     struct option_text *out);

/* Sets the SETTINGS of COMMAND to their defaults. */
void options_defaults(const struct command *command, void *settings);

/* parse result: help was asked for */
#define OPTIONS_HELP (-1)

/* Returns OPTIONS with the rows of kind OPTION_FIELDS expanded (recipe_options.c); the caller frees
 * it. NULL: out of memory. */
struct option_spec *options_with_fields(const struct option_spec *options);

/* Makes a recipe of HIDDEN layers with the fields that CLI was given. Returns EXIT_DONE, or another
 * exit code with the reason printed; *OUT is NULL then. The caller frees *OUT. */
int recipe_from_options(const struct cli *cli, const char *hidden, struct ff_recipe **out);

/*
 * Parses ARGV (argv[0] is the command's name) into SETTINGS. OPERANDS are those that it
 * takes, or NULL; *GIVEN has the value of each row of the command's options as it is in ARGV, ""
 * for a flag, NULL for an option that is not given; the caller frees it. Returns EXIT_DONE,
 * OPTIONS_HELP, or EXIT_USAGE with the reason printed.
 */
int options_parse(const struct command *command, int argc, char **argv, void *settings,
                  const char *operands[2], const char ***given);
/* Returns the value of --NAME in GIVEN, whose rows are those of OPTIONS; NULL: it is not given. */
const char *options_find(const struct option_spec *options, const char *const *given,
                         const char *name);

/* Prints COMMAND's help to OUT. SETTINGS hold the defaults. */
void options_help(const struct command *command, const void *settings, FILE *out);

/* Prints TEXT in lines of the help's width, each line indented; newlines in TEXT start new lines.
 * COLUMN is where the cursor stands. */
void print_wrapped(FILE *out, const char *text, int indent, int column);

#endif
