/*
 * Runs a fuzz target over its corpus: every file, then prefixes of it and copies with a bit
 * flipped, the same ones each time. At least one of the files must be valid.
 *
 *   test_fuzz_NAME            tests/fuzz/corpus/NAME, with mutations
 *   test_fuzz_NAME FILE...    these files alone, as they are
 *
 * The target runs in a child, so that the input that ends it can be reported.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CORPUS "tests/fuzz/corpus"
#define PREFIX "test_fuzz_"
#define MOST_SECONDS 60 /* of processor time: a second or two is usual, so this one hangs */

/* Where the child is; shared with its parent. */
struct place {
    char file[PATH_MAX];
    const char *how; /* a string of the program, "" as it is */
    size_t at;
    size_t inputs, files, valid; /* run so far; VALID of the files */
};

struct bytes {
    uint8_t *at;
    size_t n;
};

static struct bytes read_file(const char *path)
{
    FILE *in = fopen(path, "re");
    struct bytes out = {NULL, 0};
    long size = -1;

    if (in && fseek(in, 0, SEEK_END) == 0)
        size = ftell(in);
    if (size >= 0) {
        rewind(in);
        out.n = (size_t)size;
        out.at = malloc(out.n + 1);
    }
    if (!out.at || fread(out.at, 1, out.n, in) != out.n) {
        perror(path);
        exit(1);
    }
    fclose(in);
    return out;
}

/* Runs the target on a copy of exactly N bytes, so that a sanitizer sees what is read past them. */
static void run_input(struct place *place, const char *how, size_t at, const uint8_t *data,
                      size_t n)
{
    uint8_t *copy = malloc(n);

    if (n > 0)
        memcpy(copy, data, n);
    place->how = how;
    place->at = at;
    LLVMFuzzerTestOneInput(copy, n);
    place->inputs++;
    free(copy);
}

/* At most N of the lengths and N of the bits of FILE, spread evenly. */
static void run_mutations(struct place *place, struct bytes file, size_t n)
{
    size_t bits = file.n * 8;

    for (size_t i = 0; i < n && i < file.n; i++) {
        size_t length = file.n <= n ? i : (size_t)((double)file.n * (double)i / (double)n);

        run_input(place, "cut to", length, file.at, length);
    }
    for (size_t i = 0; i < n && i < bits; i++) {
        size_t bit = bits <= n ? i : (size_t)((double)bits * (double)i / (double)n);
        uint8_t mask = (uint8_t)(1u << bit % 8);

        file.at[bit / 8] ^= mask;
        run_input(place, "with a flip of bit", bit, file.at, file.n);
        file.at[bit / 8] ^= mask;
    }
}

static void run_file(struct place *place, const char *path, size_t mutations)
{
    struct bytes file = read_file(path);

    snprintf(place->file, sizeof place->file, "%s", path);
    fuzz_was_accepted(); /* a mutation of the last file may have been */
    run_input(place, "", 0, file.at, file.n);
    place->files++;
    place->valid += fuzz_was_accepted();
    run_mutations(place, file, mutations / 2);
    free(file.at);
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The files of the corpus in the order of their names. Returns how many. */
static int list_corpus(const char *corpus, struct dirent ***out)
{
    int count = scandir(corpus, out, is_file, alphasort);

    if (count <= 0) {
        fprintf(stderr, "%s: has no files, or is not there\n", corpus);
        exit(1);
    }
    return count;
}

static void run_corpus(struct place *place, const char *name)
{
    char corpus[PATH_MAX / 2], path[PATH_MAX];
    struct dirent **entries;
    size_t count;

    snprintf(corpus, sizeof corpus, CORPUS "/%s", name);
    count = (size_t)list_corpus(corpus, &entries);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", corpus, entries[i]->d_name);
        run_file(place, path, fuzz_replay_inputs / count);
        free(entries[i]);
    }
    free(entries);
}

/* The target's name by that of the program. */
static const char *target_name(const char *program)
{
    const char *base = strrchr(program, '/');

    base = base ? base + 1 : program;
    return strncmp(base, PREFIX, strlen(PREFIX)) == 0 ? base + strlen(PREFIX) : base;
}

/* CORPUS: not single files were run, of which none need be valid. */
static int report(const char *name, const struct place *place, bool corpus, int wait_status)
{
    if (wait_status == 0 && corpus && place->valid == 0) {
        printf("not ok - fuzz target %s: none of %zu files of its corpus is valid\n", name,
               place->files);
        return 1;
    }
    if (wait_status == 0) {
        printf("ok - fuzz target %s: %zu inputs, %zu of %zu files valid\n", name, place->inputs,
               place->valid, place->files);
        return 0;
    }
    printf("not ok - fuzz target %s: %s", name, place->file);
    if (place->how && *place->how)
        printf(", %s %zu", place->how, place->at);
    if (WIFSIGNALED(wait_status))
        printf(": %s\n", strsignal(WTERMSIG(wait_status)));
    else
        printf(": exit code %d\n", WEXITSTATUS(wait_status));
    return 1;
}

static _Noreturn void run(struct place *place, const char *name, int argc, char **argv)
{
    const struct rlimit limit = {MOST_SECONDS, MOST_SECONDS + 1};

    setrlimit(RLIMIT_CPU, &limit);
    if (argc == 1)
        run_corpus(place, name);
    for (int i = 1; i < argc; i++)
        run_file(place, argv[i], 0);
    exit(0);
}

int main(int argc, char **argv)
{
    const char *name = target_name(argv[0]);
    struct place *place =
        mmap(NULL, sizeof *place, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int wait_status = 1;
    pid_t child;

    if (place == MAP_FAILED) {
        perror(argv[0]);
        return 1;
    }
    fuzz_directory(); /* removed even if the child cannot */
    child = fork();
    if (child == 0)
        run(place, name, argc, argv);
    if (child < 0 || waitpid(child, &wait_status, 0) < 0) {
        perror(argv[0]);
        return 1;
    }
    return report(name, place, argc == 1, wait_status);
}
