/* Results of `fftool profile`: what is read and written is read again as the same; and the script
 * of every figure of them. */
#include "common/whole_file.h"
#include "figures/profile.h"
#include "fuzz/figures.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)64 << 20)

const size_t fuzz_replay_inputs = 3000;

static char *written(const struct cli *cli, const char *name, const struct profile_results *results,
                     size_t *bytes)
{
    const char *path = fuzz_path(name);
    char *text;

    FUZZ_CHECK(profile_results_write(cli, path, results) == EXIT_DONE);
    FUZZ_CHECK(whole_file_read(cli, path, MOST_BYTES, &text, bytes) == EXIT_DONE);
    return text;
}

static void check_round_trip(const struct cli *cli, const struct profile_results *results)
{
    struct profile_results again;
    size_t n, m;
    char *first = written(cli, "first", results, &n), *second;

    FUZZ_CHECK(profile_results_read(cli, fuzz_path("first"), &again) == EXIT_DONE);
    second = written(cli, "second", &again, &m);
    FUZZ_CHECK(n == m && memcmp(first, second, n) == 0);
    profile_results_release(&again);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli cli = {.command = "plot"};
    struct reading reading = {&cli, "dir/results.json"};
    struct profile_results results;
    int result;

    fuzz_catch_stderr();
    result = profile_results_parse(&reading, (const char *)data, size, &results);
    FUZZ_CHECK(result == EXIT_DONE || result == EXIT_DAMAGED);
    if (result == EXIT_DONE) {
        fuzz_accept();
        check_round_trip(&cli, &results);
        fuzz_figures(&reading, &figure_kind_results, &results);
    }
    profile_results_release(&results);
    FUZZ_CHECK(fuzz_release_stderr() > 0 || result == EXIT_DONE);
    return 0;
}
