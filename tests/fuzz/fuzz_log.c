/* A log of `fftool train`, and the script of every figure of it. */
#include "figures/log.h"
#include "fuzz/figures.h"
#include "fuzz/fuzz.h"

const size_t fuzz_replay_inputs = 3000;

/* Epochs are in order, and each is there once. */
static void check_log(const struct training_log *log)
{
    FUZZ_CHECK(log->n >= 1);
    for (size_t i = 0; i < log->n; i++) {
        const struct log_epoch *epoch = &log->epochs[i], *before = epoch - 1;

        FUZZ_CHECK(epoch->layer <= FF_MAX_LAYERS && epoch->epoch >= 1 && epoch->sweep >= 1);
        if (i == 0 || before->sweep < epoch->sweep)
            continue;
        FUZZ_CHECK(before->sweep == epoch->sweep && before->layer <= epoch->layer);
        if (before->layer == epoch->layer && before->head == epoch->head)
            FUZZ_CHECK(before->epoch < epoch->epoch);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct cli cli = {.command = "plot"};
    struct reading reading = {&cli, "dir/train.jsonl"};
    struct training_log log;

    if (!figure_kind_log.fits(text, size))
        return 0;
    fuzz_catch_stderr();
    FUZZ_CHECK(figure_kind_log.read(&reading, text, size, &log) == EXIT_DONE);
    fuzz_accept();
    check_log(&log);
    fuzz_figures(&reading, &figure_kind_log, &log);
    figure_kind_log.release(&log);
    fuzz_release_stderr();
    return 0;
}
