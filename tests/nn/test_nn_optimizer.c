/* Optimizers: against the formulas in double, and what holds for every row of the table. */
#include "naive/oracle.h"
#include "nn/optimizer.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define N 307 /* not a multiple of any vector */
#define STEPS 50

/* Hashes of results, taken with gcc and clang at -O0 and -O3, from SSE2 to AVX-512. */
#define GOLDEN_ADAM 0x8176d3492eb6b759u
#define GOLDEN_SGD 0x01a186e007224ce9u

/* Parameters with the state of their optimizer. */
struct block {
    float w[N + 1], state_store[FF_OPTIMIZER_STATES][N + 1];
    float *state[FF_OPTIMIZER_STATES];
};

static void fill_block(struct block *block, size_t offset)
{
    memset(block, 0, sizeof *block);
    oracle_fill(1, N, -1.0f, 1.0f, block->w + offset);
    for (int i = 0; i < FF_OPTIMIZER_STATES; i++)
        block->state[i] = block->state_store[i] + offset;
}

static const struct ff_optimizer *optimizer_at(int i)
{
    size_t count;
    const struct ff_optimizer *optimizers = ff_optimizers(&count);

    ck_assert_uint_lt((size_t)i, count);
    return &optimizers[i];
}

static int optimizer_count(void)
{
    size_t count;

    ff_optimizers(&count);
    return (int)count;
}

/* Gradients of very different sizes, as layers have them. */
static void fill_gradient(uint64_t step, float g[N])
{
    oracle_fill(100 + step, N, -1.0f, 1.0f, g);
    for (int i = 0; i < N; i++)
        g[i] = ldexpf(g[i], -(i % 20));
}

START_TEST(table_is_found_by_name)
{
    const struct ff_optimizer *optimizer = optimizer_at(_i);

    ck_assert_ptr_eq(ff_optimizer_find(optimizer->name), optimizer);
    ck_assert_uint_gt(strlen(optimizer->summary), 0);
    ck_assert_int_ge(optimizer->states, 0);
    ck_assert_int_le(optimizer->states, FF_OPTIMIZER_STATES);
    ck_assert_ptr_null(ff_optimizer_find("no such optimizer"));
}
END_TEST

static void check_near(const float *w, const double *expected)
{
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol(w[i], expected[i], 2e-6);
}

static void check_adam(uint64_t first_step, int decay)
{
    const struct ff_optimizer *adam = ff_optimizer_find("adam");
    struct ff_optimizer_params params = adam->defaults;
    double w[N], m[N] = {0.0}, v[N] = {0.0};
    struct block block;
    float g[N];

    params.weight_decay = 0.1f;
    fill_block(&block, 0);
    for (int i = 0; i < N; i++)
        w[i] = block.w[i];
    for (uint64_t t = first_step; t < first_step + STEPS; t++) {
        fill_gradient(t, g);
        adam->step(&params, t, 3e-3f, decay, N, block.w, g, block.state);
        oracle_adam(&params, t, 3e-3f, decay, N, w, g, m, v);
    }
    check_near(block.w, w);
}

START_TEST(adam_follows_its_formula)
{
    check_adam(1, 0);
    check_adam(1, 1);
    check_adam(1000000, 0); /* long after the corrections have faded */
    check_adam((uint64_t)1 << 60, 1);
}
END_TEST

/* With v/(1 - beta2) = g^2 the first step is lr, whatever the gradient's size. */
START_TEST(first_step_of_adam_is_the_learning_rate)
{
    const struct ff_optimizer *adam = ff_optimizer_find("adam");
    struct block block;
    float g[N];

    memset(&block, 0, sizeof block);
    fill_block(&block, 0);
    memset(block.w, 0, sizeof block.w);
    for (int i = 0; i < N; i++)
        g[i] = ldexpf(i % 2 ? 1.0f : -1.0f, i % 20 - 15);
    adam->step(&adam->defaults, 1, 0.01f, 0, N, block.w, g, block.state);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol(block.w[i], i % 2 ? -0.01 : 0.01, 1e-5);
}
END_TEST

START_TEST(sgd_follows_its_formula)
{
    const struct ff_optimizer *sgd = ff_optimizer_find("sgd");
    struct ff_optimizer_params params = sgd->defaults;
    double w[N], velocity[N] = {0.0};
    struct block block;
    float g[N];

    params.weight_decay = 0.1f;
    fill_block(&block, 0);
    for (int i = 0; i < N; i++)
        w[i] = block.w[i];
    for (uint64_t t = 1; t <= STEPS; t++) {
        fill_gradient(t, g);
        sgd->step(&params, t, 0.01f, t % 2 == 0, N, block.w, g, block.state);
        oracle_sgd(&params, 0.01f, t % 2 == 0, N, w, g, velocity);
    }
    check_near(block.w, w);
}
END_TEST

START_TEST(minimises_a_quadratic)
{
    const struct ff_optimizer *optimizer = optimizer_at(_i);
    const uint64_t steps = 2000;
    struct block block;
    float g[N], target[N];

    fill_block(&block, 0);
    oracle_fill(2, N, -1.0f, 1.0f, target);
    for (uint64_t t = 1; t <= steps; t++) {
        float lr = 0.02f * (1.0f - (float)(t - 1) / (float)steps);

        for (int i = 0; i < N; i++)
            g[i] = (float)(1 + i % 5) * (block.w[i] - target[i]);
        optimizer->step(&optimizer->defaults, t, lr, 0, N, block.w, g, block.state);
    }
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol(block.w[i], target[i], 1e-3);
}
END_TEST

START_TEST(decay_applies_only_when_asked_for)
{
    const struct ff_optimizer *optimizer = optimizer_at(_i);
    struct ff_optimizer_params params = optimizer->defaults;
    struct block block, before;
    float g[N] = {0.0f};

    params.weight_decay = 0.5f;
    fill_block(&block, 0);
    fill_block(&before, 0);
    optimizer->step(&params, 1, 0.125f, 0, N, block.w, g, block.state);
    ck_assert_mem_eq(block.w, before.w, N * sizeof(float));
    optimizer->step(&params, 2, 0.125f, 1, N, block.w, g, block.state);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol(block.w[i], before.w[i] * (1.0 - 0.0625), 1e-7);
}
END_TEST

/* A layer is stepped tile by tile, each on its own memory: cuts and addresses must not matter. */
START_TEST(blocks_at_any_address_give_the_bits_of_the_whole)
{
    const struct ff_optimizer *optimizer = optimizer_at(_i);
    struct ff_optimizer_params params = optimizer->defaults;
    const size_t cut = 101;
    struct block whole, parts;
    float g[N];

    params.weight_decay = 0.01f;
    fill_block(&whole, 0);
    fill_block(&parts, 1);
    for (uint64_t t = 1; t <= STEPS; t++) {
        float *rest[FF_OPTIMIZER_STATES];

        for (int i = 0; i < FF_OPTIMIZER_STATES; i++)
            rest[i] = parts.state[i] + cut;
        fill_gradient(t, g);
        optimizer->step(&params, t, 3e-3f, 1, N, whole.w, g, whole.state);
        optimizer->step(&params, t, 3e-3f, 1, N - cut, parts.w + 1 + cut, g + cut, rest);
        optimizer->step(&params, t, 3e-3f, 1, cut, parts.w + 1, g, parts.state);
    }
    ck_assert_mem_eq(whole.w, parts.w + 1, N * sizeof(float));
    for (int i = 0; i < optimizer->states; i++)
        ck_assert_mem_eq(whole.state[i], parts.state[i], N * sizeof(float));
}
END_TEST

START_TEST(not_a_number_is_not_hidden)
{
    const struct ff_optimizer *optimizer = optimizer_at(_i);
    struct block block;
    float g[N] = {0.0f};

    fill_block(&block, 0);
    g[5] = NAN;
    optimizer->step(&optimizer->defaults, 1, 1e-3f, 0, N, block.w, g, block.state);
    ck_assert(isnan(block.w[5]));
    ck_assert(isfinite(block.w[4]) && isfinite(block.w[6]));
}
END_TEST

static uint64_t hash_of_steps(const char *name)
{
    const struct ff_optimizer *optimizer = ff_optimizer_find(name);
    struct ff_optimizer_params params = optimizer->defaults;
    struct block block;
    float g[N];

    params.weight_decay = 0.01f;
    fill_block(&block, 0);
    for (uint64_t t = 1; t <= STEPS; t++) {
        fill_gradient(t, g);
        optimizer->step(&params, t, 3e-3f, 1, N, block.w, g, block.state);
    }
    return oracle_hash(N, block.w);
}

START_TEST(bits_are_those_of_every_build)
{
    ck_assert_uint_eq(hash_of_steps("adam"), GOLDEN_ADAM);
    ck_assert_uint_eq(hash_of_steps("sgd"), GOLDEN_SGD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: optimizer");
    TCase *tests = tcase_create("optimizer");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, table_is_found_by_name, 0, optimizer_count());
    tcase_add_test(tests, adam_follows_its_formula);
    tcase_add_test(tests, first_step_of_adam_is_the_learning_rate);
    tcase_add_test(tests, sgd_follows_its_formula);
    tcase_add_loop_test(tests, minimises_a_quadratic, 0, optimizer_count());
    tcase_add_loop_test(tests, decay_applies_only_when_asked_for, 0, optimizer_count());
    tcase_add_loop_test(tests, blocks_at_any_address_give_the_bits_of_the_whole, 0,
                        optimizer_count());
    tcase_add_loop_test(tests, not_a_number_is_not_hidden, 0, optimizer_count());
    tcase_add_test(tests, bits_are_those_of_every_build);
    return run_suite(suite);
}
