/*
 * Files are read through memory maps. Where a page of one cannot be had, because another program
 * cut the file short or the disk failed, the kernel sends SIGBUS in the middle of a computation.
 */
#ifndef CLI_BUS_ERROR_H
#define CLI_BUS_ERROR_H

/* From now on such a signal ends the program with EXIT_DAMAGED and a message that names COMMAND,
 * which must stay, and the file. Any other SIGBUS ends it as ever. */
void bus_error_catch(const char *command);

#endif
