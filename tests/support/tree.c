#include "support/tree.h"

#include "support/program.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void tree_join(char out[PATH_MAX], const char *directory, const char *name)
{
    ck_assert_int_lt(snprintf(out, PATH_MAX, "%s/%s", directory, name), PATH_MAX);
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Calls FN for all below DIRECTORY, a directory before what is in it or after it. */
static void walk(const char *directory, bool directories_first,
                 void (*fn)(void *arg, const char *path, const struct stat *st), void *arg)
{
    struct dirent **entries;
    int n = scandir(directory, &entries, is_entry, alphasort);

    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        struct stat st;

        tree_join(path, directory, entries[i]->d_name);
        ck_assert_int_eq(lstat(path, &st), 0);
        if (directories_first)
            fn(arg, path, &st);
        if (S_ISDIR(st.st_mode))
            walk(path, directories_first, fn, arg);
        if (!directories_first)
            fn(arg, path, &st);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

struct copy {
    const char *from, *to;
};

static void copy_file(const char *from, const char *to)
{
    size_t bytes;
    char *text = program_read_file(from, &bytes);
    FILE *out = fopen(to, "wb");

    ck_assert(text && out);
    ck_assert_uint_eq(fwrite(text, 1, bytes, out), bytes);
    ck_assert_int_eq(fclose(out), 0);
    free(text);
}

static void copy_one(void *arg, const char *path, const struct stat *st)
{
    const struct copy *copy = arg;
    char to[PATH_MAX];

    tree_join(to, copy->to, path + strlen(copy->from) + 1);
    if (S_ISDIR(st->st_mode))
        ck_assert_int_eq(mkdir(to, 0700), 0);
    else
        copy_file(path, to);
}

void tree_copy(const char *from, const char *to)
{
    struct copy copy = {from, to};

    ck_assert_int_eq(mkdir(to, 0700), 0);
    walk(from, true, copy_one, &copy);
}

struct list {
    const char *directory;
    char *text;
    size_t bytes;
};

static void list_one(void *arg, const char *path, const struct stat *st)
{
    struct list *list = arg;
    const char *name = path + strlen(list->directory) + 1;
    size_t length = strlen(name) + 1;

    (void)st;
    list->text = realloc(list->text, list->bytes + length + 1);
    ck_assert_ptr_nonnull(list->text);
    snprintf(list->text + list->bytes, length + 1, "%s\n", name);
    list->bytes += length;
}

char *tree_list(const char *directory)
{
    struct list list = {directory, strdup(""), 0};

    walk(directory, true, list_one, &list);
    return list.text;
}

static void remove_one(void *arg, const char *path, const struct stat *st)
{
    (void)arg;
    (void)st;
    ck_assert_int_eq(remove(path), 0);
}

void tree_empty(const char *directory)
{
    walk(directory, false, remove_one, NULL);
}

static void age_one(void *arg, const char *path, const struct stat *st)
{
    const time_t *then = arg;
    const struct timespec times[2] = {{.tv_sec = *then}, {.tv_sec = *then}};

    (void)st;
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

void tree_age(const char *directory, long seconds)
{
    time_t then = time(NULL) - seconds;
    struct stat st;

    if (lstat(directory, &st) != 0)
        return;
    walk(directory, false, age_one, &then);
    age_one(&then, directory, &st);
}
