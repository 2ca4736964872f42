#include "input/paths.h"

#include "input/decompress.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool ff_path_is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *ff_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool ff_path_ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);

    return length >= tail && strcmp(path + length - tail, ending) == 0;
}

/* The ending of PATH by its compression; the end of PATH if there is none. */
static const char *compression(const char *path)
{
    size_t count;
    const struct ff_decompressor *const *known = ff_decompressors(&count);

    for (size_t i = 0; i < count; i++) {
        if (ff_path_ends_with(path, known[i]->ending))
            return path + strlen(path) - strlen(known[i]->ending);
    }
    return path + strlen(path);
}

bool ff_path_has_ending(const char *path, const char *ending)
{
    size_t length = (size_t)(compression(path) - path), tail = strlen(ending);

    return length >= tail && memcmp(path + length - tail, ending, tail) == 0;
}

void ff_path_cut_compression(char *path)
{
    path[compression(path) - path] = '\0';
}

static bool exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

bool ff_path_exists(char path[FF_PATH_BYTES])
{
    size_t length = strlen(path), count;
    const struct ff_decompressor *const *known = ff_decompressors(&count);

    if (exists(path))
        return true;
    for (size_t i = 0; i < count; i++) {
        size_t tail = strlen(known[i]->ending) + 1;

        if (length + tail > FF_PATH_BYTES)
            continue;
        memcpy(path + length, known[i]->ending, tail);
        if (exists(path))
            return true;
        path[length] = '\0';
    }
    return false;
}

bool ff_path_find(const char *directory, const char *name, char out[FF_PATH_BYTES])
{
    return snprintf(out, FF_PATH_BYTES, "%s/%s", directory, name) < FF_PATH_BYTES &&
           ff_path_exists(out);
}

bool ff_path_find_any(const char *directory, const char *const *names, char out[FF_PATH_BYTES])
{
    for (; *names; names++) {
        if (ff_path_find(directory, *names, out))
            return true;
    }
    return false;
}

bool ff_path_replace(char path[FF_PATH_BYTES], const char *from, const char *to)
{
    char *base = path + (ff_path_base(path) - path);
    char *found = strstr(base, from);
    size_t old_bytes = strlen(from), new_bytes = strlen(to);

    if (!found || strlen(path) - old_bytes + new_bytes >= FF_PATH_BYTES)
        return false;
    memmove(found + new_bytes, found + old_bytes, strlen(found + old_bytes) + 1);
    memcpy(found, to, new_bytes);
    return true;
}
