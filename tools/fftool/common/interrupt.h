/*
 * Ctrl-C, kill, and a closed terminal: the first signal stops the work in order (a callback informs
 * the library, which commits and stops), the second ends the program at once.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/* Catches SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP. */
void interrupt_catch(void);
/* True after a signal. ARG is not used; it fits the library's callbacks. */
bool interrupt_asked(void *arg);

#endif
