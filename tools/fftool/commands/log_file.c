#include "commands/log_file.h"
#include "common/heap.h"
#include "common/output_file.h"
#include "common/overwrite.h"
#include "json.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_BYTES 65536 /* more than a line has */
#define WRITER_BYTE ((off_t)1 << 62)

/* Every line has its kind. */
static bool is_log_line(const char *line, size_t length)
{
    json_t *object = heap_json(line, length, 0, NULL);
    bool is = json_is_string(json_object_get(object, "kind"));

    json_decref(object);
    return is;
}

/* The beginning of a log, which may end within its first line. */
static bool begins_log(const char *text)
{
    static const char start[] = "{\"kind\":\"";
    size_t length = strcspn(text, "\n"), whole = strlen(start);

    return is_log_line(text, length) ||
           (length > 0 && text[length] == '\0' &&
            strncmp(text, start, length < whole ? length : whole) == 0);
}

/* Reads the last bytes of PATH, up to SIZE - 1, as text. Returns where they begin; negative: they
 * cannot be read. */
static off_t read_tail(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    off_t begin = -1;
    ssize_t n;

    *text = '\0';
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        begin = st.st_size > (off_t)size - 1 ? st.st_size - ((off_t)size - 1) : 0;
        n = pread(fd, text, size - 1, begin);
        text[n > 0 ? n : 0] = '\0';
    }
    close(fd);
    return begin;
}

/* Finds out whether the file ends within a line, and what to do about it. */
static void find_end(struct log_file *log)
{
    static const char newline[] = "\n";
    char tail[TAIL_BYTES];
    off_t begin = read_tail(log->path, tail, sizeof tail);
    char *last = strrchr(tail, *newline), *line = last != NULL ? last + 1 : tail;

    if (begin < 0 || *line == '\0')
        return;
    if (is_log_line(line, strlen(line)))
        log->separate = true;
    else if (last != NULL || begin == 0)
        log->keep = begin + (line - tail);
}

int log_file_check(const struct cli *cli, const struct ff_train_opts *opts, const char *path)
{
    static const struct overwrite_kind kind = {"log of fftool train", begins_log};
    int status = ff_train_check_output(cli->ctx, opts, path);

    if (status == FF_EINVAL)
        return usage_error(cli->command, "--log: %s", ff_ctx_message(cli->ctx));
    if (status != FF_OK)
        return report_failure(cli, "--log: %s", ff_ctx_message(cli->ctx));
    return overwrite_check(cli, "log", path, &kind);
}

/* Takes the writer's lock of a regular file: an OFD lock, which ends with the process, on a byte
 * beyond any data, which no reader uses. Returns false if another has it, or has just removed
 * the file. On a file system without locks the log is written all the same. */
static bool lock(int fd)
{
    struct flock writer = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WRITER_BYTE, .l_len = 1};
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return true;
    if (fcntl(fd, F_OFD_SETLK, &writer) != 0)
        return errno != EAGAIN && errno != EACCES;
    return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

static int refuse_locked(const struct cli *cli, const char *path)
{
    report_failure(cli, "--log: %s is in use by another training", path);
    report_hint("give each training a --log of its own, or wait for the other one to end");
    return EXIT_FAILED;
}

int log_file_open(const struct cli *cli, const char *path, bool replace, struct log_file *out)
{
    bool absent, has_content;

    *out = (struct log_file){.path = path, .fd = -1, .keep = replace ? 0 : -1};
    if (path == NULL)
        return EXIT_DONE;
    absent = access(path, F_OK) != 0;
    out->fd = output_file_open_in_place(path, O_APPEND);
    if (out->fd < 0)
        return report_failure(cli, "--log: %s: %s", path, errno_text(errno));
    if (!lock(out->fd)) {
        close(out->fd);
        return refuse_locked(cli, path);
    }
    if (!replace)
        find_end(out);
    has_content = overwrite_holds(path);
    out->made = absent && !has_content;
    out->holds = replace && has_content;
    return EXIT_DONE;
}

/* Returns 0 or an errno. */
static int write_all(int fd, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, text, bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        text += n;
        bytes -= (size_t)n;
    }
    return 0;
}

/* Appends TEXT, or leaves a regular file as it was. Returns 0 or an errno. */
static int append(struct log_file *log, const char *text)
{
    struct stat st;
    bool regular = fstat(log->fd, &st) == 0 && S_ISREG(st.st_mode);
    int why = write_all(log->fd, text, strlen(text));

    if (why != 0 && regular && ftruncate(log->fd, st.st_size) != 0)
        return errno;
    return why;
}

/* Only before the first line: a run that fails early must not cost the earlier log. */
static int prepare(struct log_file *log)
{
    off_t keep = log->keep;

    if (log->written)
        return 0;
    log->written = true;
    if (keep >= 0 && ftruncate(log->fd, keep) != 0 && errno != EINVAL) /* EINVAL: a pipe */
        return errno;
    return log->separate ? append(log, "\n") : 0;
}

/* Overwrites an earlier log with LINES. Returns 0 or an errno. */
static int write_lines(struct log_file *log, const char *lines)
{
    int why = prepare(log);

    return why == 0 ? append(log, lines) : why;
}

/* Returns 0 or an errno. */
static int write_line(struct log_file *log, json_t *object)
{
    char *text = json_text(object, JSON_COMPACT), *lines = NULL;
    int why = 0;

    if (text == NULL || asprintf(&lines, "%s%s\n", log->held != NULL ? log->held : "", text) < 0) {
        lines = NULL;
        why = ENOMEM;
    }
    free(text);
    if (why == 0 && log->holds) {
        free(log->held);
        log->held = lines;
        return 0;
    }
    if (why == 0)
        why = write_lines(log, lines);
    free(lines);
    return why;
}

static const char *fail(struct log_file *log, int why)
{
    log->why = why;
    return why != 0 ? errno_text(why) : NULL;
}

const char *log_file_write(struct log_file *log, json_t *line)
{
    if (log->fd < 0 || log->why != 0) {
        json_decref(line);
        return NULL;
    }
    return fail(log, write_line(log, line));
}

const char *log_file_release(struct log_file *log)
{
    char *held = log->held;
    int why = 0;

    log->holds = false;
    log->held = NULL;
    if (held != NULL && log->why == 0)
        why = write_lines(log, held);
    free(held);
    return log->why != 0 ? NULL : fail(log, why);
}

int log_file_close(const struct cli *cli, struct log_file *log)
{
    free(log->held); /* the run of its lines has failed */
    if (log->fd < 0)
        return EXIT_DONE;
    if (log->made && !log->written)
        unlink(log->path); /* the training has failed */
    if (close(log->fd) != 0 && log->why == 0)
        log->why = errno;
    if (log->why != 0)
        return report_failure(cli, "--log: %s: not everything could be written: %s", log->path,
                              errno_text(log->why));
    return EXIT_DONE;
}
