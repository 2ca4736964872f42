/* Every kernel gives the same bits on every level of instruction sets that this processor has. */
#include "base/level.h"
#include "naive/oracle.h"
#include "nn/dropout.h"
#include "nn/kernels.h"
#include "nn/labels.h"
#include "nn/optimizer_blocks.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS 18
#define MAX_UNITS 260
#define LABELS 7
#define ELEMENTS (ROWS * MAX_UNITS)

/* Inputs of a kernel, which may change them: all are compared afterwards. */
struct arrays {
    size_t units;
    float a[ELEMENTS], b[ELEMENTS], c[ELEMENTS], d[ELEMENTS];
    float small[ROWS * LABELS];
    uint8_t active[MAX_UNITS];
    bool answer;
};

static struct ff_labels labels_of(const struct arrays *in)
{
    return (struct ff_labels){.n = LABELS, .scale = 1.5f, .v = in->b, .ldv = in->units};
}

static void run_ff_bias_relu(struct arrays *x)
{
    ff_bias_relu(ROWS, x->units, x->a, MAX_UNITS, x->b, x->small);
}

static void run_ff_add_bias(struct arrays *x)
{
    ff_add_bias(ROWS, x->units, x->a, MAX_UNITS, x->b);
}

static void run_ff_relu(struct arrays *x)
{
    ff_relu(ROWS, x->units, x->a, MAX_UNITS);
}

static void run_ff_scale_rows(struct arrays *x)
{
    ff_scale_rows(ROWS, x->units, x->a, MAX_UNITS, x->b);
}

static void run_ff_relu_backward(struct arrays *x)
{
    ff_relu_backward(ROWS, x->units, x->b, MAX_UNITS, x->a, MAX_UNITS);
}

static void run_ff_scale_rows_into(struct arrays *x)
{
    ff_scale_rows_into(ROWS, x->units, x->a, MAX_UNITS, x->b, x->c, x->d, MAX_UNITS);
}

static void run_ff_column_sums(struct arrays *x)
{
    ff_column_sums(ROWS, x->units, x->a, MAX_UNITS, 1, x->b);
}

static void run_ff_normalise_rows(struct arrays *x)
{
    ff_normalise_rows(ROWS, x->units, x->a, MAX_UNITS);
}

static void run_ff_squares_are_finite(struct arrays *x)
{
    x->answer = ff_squares_are_finite(x->units, x->a);
}

static void run_ff_all_finite(struct arrays *x)
{
    x->a[x->units - 1] = INFINITY;
    x->answer = ff_all_finite(x->units, x->a);
}

static void run_ff_mark_active(struct arrays *x)
{
    ff_mark_active(ROWS, x->units, x->a, MAX_UNITS, x->active);
}

static void run_ff_label_sums(struct arrays *x)
{
    struct ff_labels labels = labels_of(x);

    ff_label_sums(&labels, ROWS, x->units, x->a, MAX_UNITS, x->small);
}

static void run_ff_label_mix(struct arrays *x)
{
    struct ff_labels labels = labels_of(x);

    ff_label_mix(&labels, ROWS, x->units, x->a, MAX_UNITS, x->small, x->d, MAX_UNITS);
}

static void run_ff_label_backward(struct arrays *x)
{
    struct ff_labels labels = labels_of(x);

    ff_label_backward(&labels, ROWS, x->units, x->a, MAX_UNITS, x->small, x->d);
}

static void run_ff_dropout(struct arrays *x)
{
    struct ff_rng rng = ff_rng_make(7, FF_RNG_DROPOUT, 1, 2);

    ff_dropout(&rng, 3, ROWS, x->units, 0.25f, x->a, x->d);
}

static void run_ff_adam_block(struct arrays *x)
{
    const struct ff_adam adam = {.beta1 = 0.9f,
                                 .beta2 = 0.999f,
                                 .rest1 = 0.1f,
                                 .rest2 = 0.001f,
                                 .rate = 0.01f,
                                 .scale = 1.1f,
                                 .epsilon = 1e-8f,
                                 .decay = 1e-3f};

    for (size_t i = 0; i < x->units; i++)
        x->d[i] *= x->d[i]; /* the second moment */
    ff_adam_block(&adam, x->units, x->a, x->b, x->c, x->d);
}

static void run_ff_sgd_block(struct arrays *x)
{
    const struct ff_sgd sgd = {.momentum = 0.9f, .lr = 0.1f, .decay = 1e-3f};

    ff_sgd_block(&sgd, x->units, x->a, x->b, x->c);
}

static const struct {
    const char *name;
    void (*run)(struct arrays *x);
} kernels[] = {
#define FF_KERNEL(type, name, parameters, arguments) {#name, run_##name},
#include "nn/kernel_list.h"
#undef FF_KERNEL
};
#define KERNELS ((int)(sizeof kernels / sizeof *kernels))

static void fill(struct arrays *x, size_t units)
{
    memset(x, 0, sizeof *x);
    x->units = units;
    oracle_fill(1, ELEMENTS, -1, 1, x->a);
    oracle_fill(2, ELEMENTS, -1, 1, x->b);
    oracle_fill(3, ELEMENTS, -1, 1, x->c);
    oracle_fill(4, ELEMENTS, -1, 1, x->d);
    oracle_fill(5, ROWS * LABELS, -1, 1, x->small);
    x->a[0] = NAN;
    x->a[1] = -0.0f;
}

START_TEST(every_level_gives_the_same_bits)
{
    static const size_t widths[] = {1, 7, 8, 16, 31, 32, 33, 100, 255, 256, 260};
    static struct arrays first, other;

    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        ff_level_use(0);
        fill(&first, widths[i]);
        kernels[_i].run(&first);
        for (unsigned level = 1; level < ff_levels_here(); level++) {
            ff_level_use(level);
            fill(&other, widths[i]);
            kernels[_i].run(&other);
            ck_assert_msg(memcmp(&first, &other, sizeof first) == 0, "%s of %zu units on level %u",
                          kernels[_i].name, widths[i], level);
        }
    }
}
END_TEST

START_TEST(the_highest_level_is_used)
{
    ck_assert_uint_eq(ff_level(), ff_levels_here() - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: levels");
    TCase *tcase = tcase_create("levels");

    tcase_add_test(tcase, the_highest_level_is_used);
    tcase_add_loop_test(tcase, every_level_gives_the_same_bits, 0, KERNELS);
    suite_add_tcase(suite, tcase);
    if (ff_levels_here() == 1)
        puts("SKIPPED: levels of instruction sets: this processor has only one");
    return run_suite(suite);
}
