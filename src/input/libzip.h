/*
 * libzip, loaded when the first archive is opened or begun. It brings OpenSSL's library, for
 * encrypted archives: linked to the program, the two would take 1.7 MB of every process.
 */
#ifndef FF_INPUT_LIBZIP_H
#define FF_INPUT_LIBZIP_H

#include "base/context.h"

#include <zip.h>

#define FF_LIBZIP_FUNCTIONS(ROW)    \
    ROW(close)                      \
    ROW(discard)                    \
    ROW(error_code_system)          \
    ROW(error_code_zip)             \
    ROW(error_fini)                 \
    ROW(error_init)                 \
    ROW(error_set)                  \
    ROW(error_strerror)             \
    ROW(error_to_data)              \
    ROW(fclose)                     \
    ROW(file_add)                   \
    ROW(file_get_error)             \
    ROW(file_set_dostime)           \
    ROW(fopen_index)                \
    ROW(fread)                      \
    ROW(fseek)                      \
    ROW(get_error)                  \
    ROW(get_name)                   \
    ROW(get_num_entries)            \
    ROW(open_from_source)           \
    ROW(set_file_compression)       \
    ROW(source_free)                \
    ROW(source_function_create)     \
    ROW(source_make_command_bitmap) \
    ROW(source_seek_compute_offset) \
    ROW(stat_index)                 \
    ROW(stat_init)

/* The functions, without "zip_"; set by ff_libzip_load(). */
#define FF_LIBZIP_MEMBER(name) __typeof__(zip_##name) *name;
extern struct ff_libzip {
    FF_LIBZIP_FUNCTIONS(FF_LIBZIP_MEMBER)
} ff_libzip;
#undef FF_LIBZIP_MEMBER

/* Loads the library, once. FF_EFORMAT: it cannot be loaded, for instance as it is not installed. */
FF_CHECK int ff_libzip_load(struct ff_ctx *ctx);

#endif
