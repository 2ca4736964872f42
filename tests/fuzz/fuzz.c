#include "fuzz/fuzz.h"

#include "base/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_LIMIT ((uint64_t)64 << 20)
#define PATHS 4
#define CAUGHT_BYTES (1 << 16)

void fuzz_broken(const char *file, int line, const char *condition)
{
    dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* ---- Valid inputs ---- */

static bool accepted;

void fuzz_accept(void)
{
    accepted = true;
}

bool fuzz_was_accepted(void)
{
    bool was = accepted;

    accepted = false;
    return was;
}

/* ---- Contexts ---- */

static void check_warning(void *arg, const char *text)
{
    (void)arg;
    FUZZ_CHECK(*text != '\0' && fuzz_is_printable(text, strlen(text)));
}

struct ff_ctx *fuzz_ctx(void)
{
    struct ff_ctx *ctx;

    FUZZ_CHECK(ff_ctx_new(&ctx) == FF_OK);
    ff_memory_limit(ctx, MEMORY_LIMIT);
    ff_ctx_on_warning(ctx, check_warning, NULL);
    return ctx;
}

void fuzz_ctx_free(struct ff_ctx *ctx)
{
    FUZZ_CHECK(ctx->meter.total == 0);
    for (int category = 0; category < FF_MEM_CATEGORIES; category++)
        FUZZ_CHECK(ctx->meter.now[category] == 0);
    ff_ctx_free(ctx);
}

int fuzz_status(const struct ff_ctx *ctx, int status)
{
    const char *message = ff_ctx_message(ctx);

    FUZZ_CHECK(status <= FF_OK && status >= FF_EINTERRUPTED);
    FUZZ_CHECK(status == FF_OK || *message != '\0');
    FUZZ_CHECK(!strchr(message, '\n') && fuzz_is_printable(message, strlen(message)));
    return status;
}

/* Bytes of the UTF-8 character that N bytes at TEXT begin with; 0: none that may be printed. */
static size_t character_bytes(const unsigned char *text, size_t n)
{
    size_t bytes = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;

    if ((text[0] < ' ' && text[0] != '\n') || text[0] == 0x7f || bytes > n ||
        (text[0] >= 0x80 && text[0] < 0xc0) || text[0] > 0xf7)
        return 0;
    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return text[0] == 0xc2 && text[1] < 0xa0 ? 0 : bytes;
}

bool fuzz_is_printable(const char *text, size_t n)
{
    size_t at = 0, bytes = 1;

    for (; at < n && bytes > 0; at += bytes)
        bytes = character_bytes((const unsigned char *)text + at, n - at);
    return bytes > 0;
}

/* ---- Files ---- */

static char directory[PATH_MAX / 2];

static void remove_directory(void)
{
    DIR *entries = opendir(directory);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries)) != NULL)
        unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        closedir(entries);
    rmdir(directory);
}

/* In memory where there is such a place: every input is written to a file, some of them durably. */
static const char *parent_directory(void)
{
    const char *given = getenv("FUZZ_DIRECTORY"), *temporary = getenv("TMPDIR");

    if (given && *given)
        return given;
    if (access("/dev/shm", W_OK) == 0)
        return "/dev/shm";
    return temporary && *temporary ? temporary : "/tmp";
}

char *fuzz_string(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

const char *fuzz_directory(void)
{
    if (*directory != '\0')
        return directory;
    snprintf(directory, sizeof directory, "%s/fuzz-XXXXXX", parent_directory());
    FUZZ_CHECK(mkdtemp(directory) != NULL);
    atexit(remove_directory);
    return directory;
}

const char *fuzz_path(const char *name)
{
    static char paths[PATHS][PATH_MAX];
    static unsigned turn;
    char *path = paths[turn++ % PATHS];

    snprintf(path, PATH_MAX, "%s/%s", fuzz_directory(), name);
    return path;
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
    const char *path = fuzz_path(name), *at = data;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_CHECK(fd >= 0);
    while (size > 0) {
        ssize_t n = write(fd, at, size);

        FUZZ_CHECK(n > 0 || errno == EINTR);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
    close(fd);
    return path;
}

/* ---- Messages ---- */

static char caught[CAUGHT_BYTES];
static FILE *real_stderr;

void fuzz_catch_stderr(void)
{
    FILE *memory = fmemopen(caught, sizeof caught, "w");

    FUZZ_CHECK(memory != NULL && real_stderr == NULL);
    real_stderr = stderr;
    stderr = memory;
}

size_t fuzz_release_stderr(void)
{
    long written;

    fflush(stderr);
    written = ftell(stderr);
    fclose(stderr);
    stderr = real_stderr;
    real_stderr = NULL;
    FUZZ_CHECK(written >= 0 && (size_t)written <= sizeof caught);
    FUZZ_CHECK(fuzz_is_printable(caught, (size_t)written));
    return (size_t)written;
}
