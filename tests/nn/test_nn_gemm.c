/* Matrix products: right against the oracle for every shape, and the same bits on every thread. */
#include "base/pool.h"
#include "naive/oracle.h"
#include "nn/gemm.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of OpenBLAS; <cblas.h> is for gemm.c alone. */
extern int openblas_get_num_threads(void);
extern void openblas_set_num_threads(int threads);

#define PAD 3 /* columns between rows that a product must leave alone */
#define SENTINEL 12345.0f

enum kind { NT, TN, NN };

/* Matrices of one product, rows PAD longer than they need be. */
struct product {
    enum kind kind;
    size_t m, n, k, lda, ldb, ldc, c_numbers;
    float *a, *b, *c;
};

static struct product make_product(enum kind kind, size_t m, size_t n, size_t k)
{
    size_t a_rows = kind == TN ? k : m, b_rows = kind == NT ? n : k;
    struct product p = {.kind = kind, .m = m, .n = n, .k = k};

    p.lda = (kind == TN ? m : k) + PAD;
    p.ldb = (kind == NT ? k : n) + PAD;
    p.ldc = n + PAD;
    p.c_numbers = m * p.ldc;
    p.a = malloc(a_rows * p.lda * sizeof(float));
    p.b = malloc(b_rows * p.ldb * sizeof(float));
    p.c = malloc(p.c_numbers * sizeof(float));
    ck_assert(p.a && p.b && p.c);
    oracle_fill(1, a_rows * p.lda, -1.0f, 1.0f, p.a);
    oracle_fill(2, b_rows * p.ldb, -1.0f, 1.0f, p.b);
    for (size_t i = 0; i < p.c_numbers; i++)
        p.c[i] = SENTINEL;
    return p;
}

static void free_product(struct product *p)
{
    free(p->a);
    free(p->b);
    free(p->c);
}

static void multiply(const struct product *p, float beta, float *c)
{
    if (p->kind == NT)
        ff_gemm_nt(p->m, p->n, p->k, p->a, p->lda, p->b, p->ldb, c, p->ldc);
    else if (p->kind == TN)
        ff_gemm_tn(p->m, p->n, p->k, p->a, p->lda, p->b, p->ldb, beta, c, p->ldc);
    else
        ff_gemm_nn(p->m, p->n, p->k, p->a, p->lda, p->b, p->ldb, beta, c, p->ldc);
}

/* The error of a sum of K products of numbers below 1, added up in any order. */
static double tolerance(size_t k)
{
    return 1e-6 + 1.2e-7 * (double)k;
}

static void check_product(enum kind kind, size_t m, size_t n, size_t k, float beta)
{
    struct product p = make_product(kind, m, n, k);
    float *expected = malloc(p.c_numbers * sizeof(float));

    ck_assert_ptr_nonnull(expected);
    /* With beta 0 what was there does not count, not even a NaN. */
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++)
            p.c[i * p.ldc + j] = beta == 0.0f ? NAN : 0.25f;
    }
    memcpy(expected, p.c, p.c_numbers * sizeof(float));
    oracle_gemm(kind == TN, kind == NT, m, n, k, p.a, p.lda, p.b, p.ldb, beta, expected, p.ldc);
    multiply(&p, beta, p.c);
    for (size_t i = 0; i < p.c_numbers; i++) {
        if (i % p.ldc < n)
            ck_assert_double_eq_tol(p.c[i], expected[i], tolerance(k));
        else
            ck_assert_float_eq(p.c[i], SENTINEL);
    }
    free(expected);
    free_product(&p);
}

static const struct {
    size_t m, n, k;
} shapes[] = {{1, 1, 1},    {1, 9, 4},     {9, 1, 4},      {2, 3, 1},      {3, 5, 7},
              {8, 16, 24},  {17, 33, 129}, {64, 128, 10},  {128, 80, 784}, {128, 128, 500},
              {256, 10, 3}, {5, 208, 257}, {128, 256, 385}};

START_TEST(products_agree_with_the_oracle)
{
    size_t m = shapes[_i].m, n = shapes[_i].n, k = shapes[_i].k;

    ff_gemm_init();
    check_product(NT, m, n, k, 0.0f);
    check_product(TN, m, n, k, 0.0f);
    check_product(TN, m, n, k, 1.0f);
    check_product(NN, m, n, k, 0.0f);
    check_product(NN, m, n, k, 1.0f);
}
END_TEST

START_TEST(products_without_rows_do_nothing)
{
    struct product p = make_product(NT, 2, 3, 4);

    ff_gemm_init();
    p.m = 0;
    multiply(&p, 0.0f, p.c);
    for (size_t i = 0; i < p.c_numbers; i++)
        ck_assert_float_eq(p.c[i], SENTINEL);
    free_product(&p);
}
END_TEST

#define COPIES 16

struct copies {
    struct product product;
    float *c[COPIES];
};

static void multiply_task(void *arg, size_t task, unsigned worker)
{
    struct copies *copies = arg;

    (void)worker;
    multiply(&copies->product, 0.0f, copies->c[task]);
}

START_TEST(every_thread_computes_the_same_bits)
{
    struct copies copies = {.product = make_product((enum kind)_i, 128, 200, 500)};
    const struct product *p = &copies.product;
    struct ff_ctx *ctx;
    struct ff_pool *pool;

    ff_gemm_init();
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ck_assert_int_eq(ff_pool_new(ctx, 4, &pool), FF_OK);
    for (int i = 0; i < COPIES; i++) {
        copies.c[i] = calloc(p->c_numbers, sizeof(float));
        ck_assert_ptr_nonnull(copies.c[i]);
    }
    ff_pool_run(pool, COPIES, multiply_task, &copies);
    for (int i = 1; i < COPIES; i++)
        ck_assert_mem_eq(copies.c[i], copies.c[0], p->c_numbers * sizeof(float));
    for (int i = 0; i < COPIES; i++)
        free(copies.c[i]);
    ff_pool_free(pool);
    ff_ctx_free(ctx);
    free_product(&copies.product);
}
END_TEST

/* Rows come straight from a map, at whatever address. */
START_TEST(bits_do_not_depend_on_the_address)
{
    struct product p = make_product((enum kind)_i, 128, 200, 300);
    float *expected = malloc(p.c_numbers * sizeof(float));
    float *moved = malloc((128 * 303 + 1) * sizeof(float));

    ff_gemm_init();
    ck_assert(expected && moved);
    memcpy(expected, p.c, p.c_numbers * sizeof(float));
    multiply(&p, 0.0f, expected);
    if (p.kind != TN) {
        memcpy(moved + 1, p.a, 128 * 303 * sizeof(float));
        free(p.a);
        p.a = moved;
        p.a++;
        multiply(&p, 0.0f, p.c);
        p.a = moved;
        ck_assert_mem_eq(p.c, expected, p.c_numbers * sizeof(float));
    } else {
        free(moved);
    }
    free(expected);
    free_product(&p);
}
END_TEST

/* A program may have used OpenBLAS before, with as many threads as it likes. */
START_TEST(threads_of_the_program_change_no_bit)
{
    struct product p = make_product(NT, 128, 200, 300);
    float *expected = malloc(p.c_numbers * sizeof(float));

    ck_assert_ptr_nonnull(expected);
    memcpy(expected, p.c, p.c_numbers * sizeof(float));
    ff_gemm_init();
    multiply(&p, 0.0f, expected);
    openblas_set_num_threads(2);
    ff_gemm_init();
    ck_assert_int_eq(openblas_get_num_threads(), 1);
    multiply(&p, 0.0f, p.c);
    ck_assert_mem_eq(p.c, expected, p.c_numbers * sizeof(float));
    free(expected);
    free_product(&p);
}
END_TEST

START_TEST(backend_names_library_and_core)
{
    const char *name = ff_gemm_backend();
    char again[128];

    ck_assert_int_eq(strncmp(name, "OpenBLAS ", 9), 0);
    ck_assert_ptr_nonnull(strchr(name + 9, ' '));
    ck_assert_uint_lt(strlen(name), sizeof again);
    strcpy(again, name);
    ck_assert_ptr_eq(ff_gemm_backend(), name);
    ck_assert_str_eq(ff_gemm_backend(), again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn: gemm");
    TCase *tests = tcase_create("gemm");

    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, products_agree_with_the_oracle, 0,
                        (int)(sizeof shapes / sizeof *shapes));
    tcase_add_test(tests, products_without_rows_do_nothing);
    tcase_add_loop_test(tests, every_thread_computes_the_same_bits, NT, NN + 1);
    tcase_add_loop_test(tests, bits_do_not_depend_on_the_address, NT, NN + 1);
    tcase_add_test(tests, threads_of_the_program_change_no_bit);
    tcase_add_test(tests, backend_names_library_and_core);
    return run_suite(suite);
}
