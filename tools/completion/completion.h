/*
 * Completions for shells, from the program's command tables. The generator copies a template from
 * stdin and replaces the line "# @BASH@", "# @ZSH@" or "# @FISH@" by the tables in that shell's
 * syntax.
 */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "man/page.h"

/* What completes the argument of an option, or an operand. */
enum completed {
    COMPLETED_NONE,    /* there is no argument */
    COMPLETED_OTHER,   /* nothing: a number or a text */
    COMPLETED_CHOICE,  /* one of option_choices() */
    COMPLETED_CHOICES, /* some of them, with commas between */
    COMPLETED_FILE,
    COMPLETED_DIRECTORY,
    COMPLETED_MODEL /* a file *.ff */
};

enum completed completed_by_option(const struct option_spec *option);
/* All operands of a command are of one kind. */
enum completed completed_by_operand(const struct command *command);

/* Returns the option after OPTION in PAGE, without headings; NULL: there is no other. The first
 * follows NULL. */
const struct option_spec *following_option(const struct page *page,
                                           const struct option_spec *option);

/* Prints CHOICES, the names alone, with spaces between. */
void print_choice_names(const struct ff_recipe_choice *choices);

/* Prints TEXT with a backslash before each character of SPECIALS. */
void print_with_backslashes(const char *text, const char *specials);

/* These print the tables of all PAGES. */
void print_bash(const struct page *pages);
void print_zsh(const struct page *pages);
void print_fish(const struct page *pages);

#endif
