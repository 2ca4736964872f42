/*
 * Ctrl-C, kill, and a closed terminal: the first asks for an orderly end (the library is told by a
 * callback, commits and stops), the second ends the program at once.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/* Catches SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP. */
void interrupt_catch(void);
/* True once a signal has come. ARG is not used; it fits the library's callbacks. */
bool interrupt_asked(void *arg);

#endif
