/*
 * Files are read through memory maps. If a page of one cannot be read, because another program
 * truncated the file or the disk failed, the kernel sends SIGBUS in the middle of a computation.
 */
#ifndef CLI_BUS_ERROR_H
#define CLI_BUS_ERROR_H

/* From now on such a signal ends the program with EXIT_DAMAGED and a message that names COMMAND,
 * which must stay valid, and the file. Any other SIGBUS has its default effect. */
void bus_error_catch(const char *command);

#endif
