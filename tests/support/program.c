#include "support/program.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "faults.so"
#define MOST_WORDS 64
#define PATIENCE_S 120 /* of a command that takes a fraction of a second */

struct program {
    char path[PATH_MAX], library[PATH_MAX];
    char page_path[PATH_MAX], out[PATH_MAX], err[PATH_MAX];
    struct faults_page *page;
};

/* The directory of the build, below which this program lies in "tests/cli". */
static void find_build(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

    ck_assert_int_gt(n, 0);
    out[n] = '\0';
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(out, '/');

        ck_assert_ptr_nonnull(slash);
        *slash = '\0';
    }
}

bool program_can_fail(void)
{
    return getenv("FFTOOL_SANITIZED") == NULL;
}

static void join(char out[PATH_MAX], const char *first, const char *second)
{
    ck_assert_int_lt(snprintf(out, PATH_MAX, "%s%s", first, second), PATH_MAX);
}

static struct faults_page *map_page(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *page;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof(struct faults_page)), 0);
    page = mmap(NULL, sizeof(struct faults_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    close(fd);
    return page;
}

struct program *program_new(const char *prefix)
{
    struct program *program = calloc(1, sizeof *program);
    char build[PATH_MAX];

    ck_assert_ptr_nonnull(program);
    find_build(build);
    join(program->path, build, "/" FAULTS_PROGRAM);
    join(program->library, build, "/tests/" LIBRARY);
    join(program->page_path, prefix, ".page");
    join(program->out, prefix, ".out");
    join(program->err, prefix, ".err");
    ck_assert_msg(access(program->path, X_OK) == 0, "%s is not built", program->path);
    ck_assert_msg(access(program->library, R_OK) == 0, "%s is not built", program->library);
    program->page = map_page(program->page_path);
    /* What a killed program leaves running becomes our child, and is waited for. */
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    return program;
}

void program_free(struct program *program)
{
    munmap(program->page, sizeof *program->page);
    unlink(program->page_path);
    unlink(program->out);
    unlink(program->err);
    free(program);
}

static void set_plan(struct program *program, const struct program_plan *plan)
{
    memset(program->page, 0, sizeof *program->page);
    program->page->action = FAULTS_COUNT;
    if (!plan)
        return;
    program->page->class = plan->class;
    program->page->action = plan->action;
    program->page->error = plan->error;
    program->page->n = plan->n;
}

static void redirect(int fd, const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC, 0600);

    if (file < 0 || dup2(file, fd) < 0)
        _exit(126);
}

/* In the child. */
static _Noreturn void become(const struct program *program, const char *directory,
                             const char *command)
{
    char *words[MOST_WORDS + 2] = {(char *)(uintptr_t)program->path};
    char *text = strdup(command);
    size_t n = 1;

    redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
    redirect(STDOUT_FILENO, program->out, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(STDERR_FILENO, program->err, O_WRONLY | O_CREAT | O_TRUNC);
    if (!text || chdir(directory) != 0)
        _exit(126);
    for (char *word = strtok(text, " "); word && n <= MOST_WORDS; word = strtok(NULL, " "))
        words[n++] = word;
    setenv(FAULTS_VARIABLE, program->page_path, 1);
    setenv("LD_PRELOAD", program->library, 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* its threads would only wait */
    unsetenv("GNUTERM");
    alarm(PATIENCE_S);
    execv(program->path, words);
    _exit(127);
}

char *program_read_file(const char *path, size_t *bytes)
{
    FILE *in = fopen(path, "rb");
    struct stat st;
    char *text;

    if (!in)
        return NULL;
    ck_assert_int_eq(fstat(fileno(in), &st), 0);
    text = calloc(1, (size_t)st.st_size + 1);
    ck_assert_ptr_nonnull(text);
    *bytes = fread(text, 1, (size_t)st.st_size, in);
    fclose(in);
    return text;
}

void program_run(struct program *program, const char *directory, const char *command,
                 const struct program_plan *plan, struct program_end *end)
{
    size_t err_bytes;
    int status;
    pid_t child;

    set_plan(program, plan);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        become(program, directory, command);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    *end = (struct program_end){.fired = atomic_load(&program->page->fired) > 0};
    memcpy(end->made, program->page->made, sizeof end->made);
    if (WIFSIGNALED(status))
        end->signal = WTERMSIG(status);
    else
        end->code = WEXITSTATUS(status);
    end->out = program_read_file(program->out, &end->out_bytes);
    end->err = program_read_file(program->err, &err_bytes);
    ck_assert(end->out && end->err);
}

void program_end_release(struct program_end *end)
{
    free(end->out);
    free(end->err);
    *end = (struct program_end){0};
}

uint64_t program_calls(const struct program *program, enum faults_class class)
{
    return atomic_load(&program->page->counts[class]);
}

const char *program_struck(const struct program *program)
{
    return program->page->what;
}

const char *program_class(enum faults_class class)
{
    static const char *const names[] = {
#define FAULTS_CLASS_TEXT(name, text) text,
        FAULTS_CLASS_TABLE(FAULTS_CLASS_TEXT)
#undef FAULTS_CLASS_TEXT
    };

    return names[class];
}
