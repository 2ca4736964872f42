/* The program's commands as man pages and completions describe them. */
#ifndef MAN_PAGE_H
#define MAN_PAGE_H

#include "options.h"

#define COUNT_COMMAND(name) +1
enum { PAGES = 0 COMMANDS(COUNT_COMMAND) }; /* one for each command */
#undef COUNT_COMMAND

struct page {
    const struct command *command;
    struct option_spec *options; /* with those of fields */
    void *settings;              /* the defaults */
    bool printed;                /* its options are in the output */
};

/* Fills PAGES pages, in the order of `fftool help`. Returns false if memory is exhausted. The
 * caller closes them in either case. */
bool pages_open(struct page *pages);
void pages_close(struct page *pages);

#endif
