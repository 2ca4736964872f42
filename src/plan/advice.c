/* Messages about a plan that does not fit. */
#include "plan/plan.h"

#include "base/available.h"

#include <stdio.h>

#define MIB ((uint64_t)1 << 20)
#define SIZE_TEXT 32
#define ADVICE_BYTES 96

/* "37.5M", in the form that options accept. */
static const char *size_text(uint64_t bytes, char text[SIZE_TEXT])
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    int unit = -1;

    for (; value >= 1024 && units[unit + 1]; unit++)
        value /= 1024;
    if (unit < 0)
        snprintf(text, SIZE_TEXT, "%llu B", (unsigned long long)bytes);
    else
        snprintf(text, SIZE_TEXT, "%.4g%c", value, units[unit]);
    return text;
}

int ff_plan_refuse(struct ff_ctx *ctx, const struct ff_plan *plan)
{
    const uint64_t *bytes = plan->category_bytes;
    uint64_t parameters = bytes[FF_MEM_WEIGHTS] + bytes[FF_MEM_OPTIMIZER] + bytes[FF_MEM_GRADIENT];
    uint64_t outputs = bytes[FF_MEM_ACTIVATIONS] + plan->mapped_bytes;
    uint64_t others = bytes[FF_MEM_IO] + bytes[FF_MEM_OTHER] + ff_plan_margin(plan->threads);
    unsigned long long least = plan->smallest_bytes / MIB;
    char budget[SIZE_TEXT], weights[SIZE_TEXT], activations[SIZE_TEXT], program[SIZE_TEXT],
        rest[SIZE_TEXT];
    int rc = ff_fail(ctx, FF_EBUDGET,
                     "a budget of %s is too small: this needs at least %lluM (%s for weights, "
                     "optimizer and gradients, %s for activations, %s for the program itself, %s "
                     "for I/O and other); give --memory %lluM or more",
                     size_text(plan->budget_bytes, budget), least, size_text(parameters, weights),
                     size_text(outputs, activations), size_text(plan->program_bytes, program),
                     size_text(others, rest), least);

    /* Where reading the dataset needs most, no other network needs less. */
    return ff_about(ctx, rc, plan->phase == FF_PHASE_IMPORT ? FF_ABOUT_DATA : FF_ABOUT_OTHER);
}

void ff_plan_warn(struct ff_ctx *ctx, const struct ff_plan *plan)
{
    uint64_t available = ff_memory_available();
    char peak[SIZE_TEXT], there[SIZE_TEXT], advice[ADVICE_BYTES];
    bool helps = plan->smallest_bytes <= available;

    if (plan->budget_bytes || available == 0 || plan->peak_bytes <= available)
        return;
    snprintf(advice, sizeof advice,
             helps ? "use --memory SIZE, at least %lluM"
                   : "no --memory can make it fit: at least %lluM are needed",
             (unsigned long long)(plan->smallest_bytes / MIB));
    ff_warn(ctx, "this needs %s of memory, but only %s are available; %s",
            size_text(plan->peak_bytes, peak), size_text(available, there), advice);
}
