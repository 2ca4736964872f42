/*
 * The version, by semantic versioning. As long as the major number is 0, a new minor number may
 * change the interface.
 */
#ifndef FFTOOL_VERSION_H
#define FFTOOL_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* Of the headers that a program is compiled with. */
#define FF_VERSION "0.2.0"
#define FF_VERSION_MAJOR 0
#define FF_VERSION_MINOR 2
#define FF_VERSION_PATCH 0

/* Returns the version of the library that the program runs with, such as "0.2.0". */
const char *ff_version(void);

#ifdef __cplusplus
}
#endif
#endif
