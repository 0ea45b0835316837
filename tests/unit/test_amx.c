// SPDX-License-Identifier: Apache-2.0
// The products of amx.c and amx_prompt.c over tiles in plain C, so that they are tested where there is no AMX: right,
// the former the same bits as avx512vnni's, no instruction that a CPU would refuse, no tiles left in use. The latter on
// this machine's tiles too, where it has them. And how a table is found unusable.
#include "tests/unit/packed_checks.h"

#include <signal.h>

#include "tests/unit/amx_emulated.h"
#include "workloads/engine/kernels/x86.h"

enum { MOST_COLUMNS = 65 };

static bool no_vnni(const char *test)
{
    if (!eb_x86_has_avx512vnni())
        fprintf(stderr, "skip %s: the rest of these products needs AVX-512 VNNI\n", test);
    return !eb_x86_has_avx512vnni();
}

static void nothing_refused(void)
{
    if (eb_amx_emulated_fault())
        fail_msg("%s", eb_amx_emulated_fault());
    assert_false(eb_amx_emulated_configured());
}

static void known_products_tell_right_tiles_from_wrong(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    assert_true(eb_amx_emulated_right() && eb_amx_prompt_emulated_right());
    eb_amx_emulated_spoil(true);
    assert_false(eb_amx_emulated_right());
    assert_false(eb_amx_prompt_emulated_right());
    eb_amx_emulated_spoil(false);
    nothing_refused();
}

static void products_are_right(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    for (int t = 0; t < EB_W_LIMIT; t++) {
        assert_true(eb_packed_amx_emulated.packs((eb_wtype)t) == eb_packed_avx512vnni.packs((eb_wtype)t));
        if (eb_packed_amx_emulated.packs((eb_wtype)t))
            products_of(&eb_packed_amx_emulated, (eb_wtype)t);
        nothing_refused();
    }
}

// Any number of columns and of chunks, within a slice and beyond.
static void bits_are_those_of_avx512vnni(void **state)
{
    static const int lengths[] = { 1, 2, 3, 4, 5, 7, 18, 31, 32, 33, 45 }; // blocks
    const eb_packed_ops *vnni = &eb_packed_avx512vnni;
    (void)state;
    if (no_vnni(__func__))
        skip();
    for (int t = 0; t < EB_W_LIMIT; t++)
        for (size_t i = 0; vnni->packs((eb_wtype)t) && i < sizeof lengths / sizeof *lengths; i++) {
            const int64_t n = lengths[i] * eb_wtypes[t].block, rows = i == 2 ? 323 : 40;
            if (n > 45 * 32)
                break;
            setting s = make(&eb_packed_amx_emulated, (eb_wtype)t, n, rows, MOST_COLUMNS);
            float *want = malloc((size_t)(rows * MOST_COLUMNS) * sizeof *want);
            vnni->matmul((eb_wtype)t, s.packed, n, 0, rows, s.x, (size_t)(n / 32), MOST_COLUMNS, want, (size_t)rows,
                         s.scratch);
            for (int m = 1; m <= MOST_COLUMNS; m += 1 + (int)i)
                same_as(&s, want, 0, rows, m);
            free(want);
            unmake(&s);
        }
    nothing_refused();
}

static void few_columns_need_no_tiles(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    setting s = make(&eb_packed_amx_emulated, EB_W_Q8_0, 64, 16, 20);
    float y[20 * 16];
    const long before = eb_amx_emulated_products();
    for (int m = 1; m <= 4; m++)
        s.ops->matmul(EB_W_Q8_0, s.packed, 64, 0, 16, s.x, 2, m, y, 16, s.scratch);
    assert_int_equal(eb_amx_emulated_products(), before);
    s.ops->matmul(EB_W_Q8_0, s.packed, 64, 0, 16, s.x, 2, 5, y, 16, s.scratch);
    const long five = eb_amx_emulated_products() - before;
    assert_true(five >= 2); // a chunk each
    s.ops->matmul(EB_W_Q8_0, s.packed, 64, 0, 16, s.x, 2, 20, y, 16, s.scratch);
    assert_int_equal(eb_amx_emulated_products(), before + 2 * five); // 16 and 4 others
    unmake(&s);
}

// ---- prompts --------------------------------------------------------------------------------------------------------

// Plain weights and columns, and products with each column alone.
typedef struct prompt {
    const eb_prompt_ops *ops;
    eb_wtype type;
    int64_t n, rows;
    int m;
    uint16_t *w;
    float *x, *alone; // [m][n + 3], [m][rows]
    void *scratch;
} prompt;

static double weight(const prompt *p, int64_t i)
{
    return (double)(p->type == EB_W_F16 ? eb_f16_to_f32(p->w[i]) : eb_bf16_to_f32(p->w[i]));
}

static uint16_t random_weight(eb_wtype type)
{
    const float f = (float)(uniform(-1, 1) * (eb_rng_below(&rng, 4) ? 0.05 : 3e-6)); // F16's denormal ones too
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return type == EB_W_F16 ? eb_f32_to_f16(f) : (uint16_t)(bits >> 16);
}

static prompt prompt_new(const eb_prompt_ops *ops, eb_wtype type, int64_t n, int64_t rows, int m)
{
    prompt p = { .ops = ops, .type = type, .n = n, .rows = rows, .m = m };
    p.w = malloc((size_t)(n * rows) * sizeof *p.w);
    p.x = malloc((size_t)((n + 3) * m) * sizeof *p.x);
    p.alone = malloc((size_t)(rows * m) * sizeof *p.alone);
    p.scratch = aligned(ops->scratch());
    memset(p.scratch, 0xff, ops->scratch()); // not numbers
    for (int64_t i = 0; i < n * rows; i++)
        p.w[i] = random_weight(type);
    for (int64_t i = 0; i < (n + 3) * m; i++)
        p.x[i] = i % (n + 3) < n ? (float)uniform(-2, 2) : NAN;
    for (int c = 0; c < m; c++)
        ops->matmul(type, p.w, (size_t)n * 2, n, 0, rows, p.x + c * (n + 3), (size_t)n + 3, 1, p.alone + c * rows,
                    (size_t)rows, p.scratch);
    return p;
}

static void prompt_free(prompt *p)
{
    free(p->w);
    free(p->x);
    free(p->alone);
    free(p->scratch);
}

static void terms_are_right(const prompt *p)
{
    for (int c = 0; c < p->m; c++)
        for (int64_t r = 0; r < p->rows; r++) {
            double sum = 0, size = 0, got = (double)p->alone[c * p->rows + r];
            for (int64_t k = 0; k < p->n; k++) {
                const double term = weight(p, r * p->n + k) * (double)p->x[c * (p->n + 3) + k];
                sum += term;
                size += fabs(term);
            }
            if (!(fabs(got - sum) <= 0x1p-17 * size + 1e-30))
                fail_msg("%s: n %d, row %d, column %d: %.9g, not %.9g (terms %.3g)", eb_wtypes[p->type].name, (int)p->n,
                         (int)r, c, got, sum, size);
        }
}

static void bits_stay(const prompt *p, int64_t r0, int64_t r1, int m)
{
    const int64_t ldy = p->rows + 2;
    float *y = malloc((size_t)(ldy * m) * sizeof *y);
    for (int64_t i = 0; i < ldy * m; i++)
        y[i] = 777;
    p->ops->matmul(p->type, p->w, (size_t)p->n * 2, p->n, r0, r1, p->x, (size_t)p->n + 3, m, y, (size_t)ldy,
                   p->scratch);
    for (int64_t i = 0; i < ldy * m; i++) {
        const int64_t r = i % ldy;
        const float want = r >= r0 && r < r1 ? p->alone[i / ldy * p->rows + r] : 777;
        if (memcmp(&want, &y[i], sizeof want) != 0)
            fail_msg("%s: n %d, rows %d to %d, m %d: y[%d][%d] is %.9g, not %.9g", eb_wtypes[p->type].name, (int)p->n,
                     (int)r0, (int)r1, m, (int)(i / ldy), (int)r, (double)y[i], (double)want);
    }
    free(y);
}

static void prompts_by(const eb_prompt_ops *ops)
{
    static const struct {
        int n, rows, m;
    } cases[] = { { 1, 1, 1 },   { 5, 11, 3 },   { 16, 16, 16 },  { 31, 33, 17 },   { 32, 32, 32 },  { 33, 59, 33 },
                  { 80, 96, 7 }, { 172, 80, 8 }, { 96, 323, 34 }, { 1056, 59, 65 }, { 1100, 40, 34 } };
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        prompt p = prompt_new(ops, i % 2 ? EB_W_BF16 : EB_W_F16, cases[i / 2].n, cases[i / 2].rows, cases[i / 2].m);
        terms_are_right(&p);
        for (int m = 1; m <= p.m; m += 1 + p.m / 4)
            bits_stay(&p, 0, p.rows, m);
        bits_stay(&p, 0, p.rows, p.m);
        bits_stay(&p, p.rows / 3, p.rows - p.rows / 4, p.m);
        bits_stay(&p, p.rows / 2, p.rows / 2, p.m);
        prompt_free(&p);
    }
}

static void prompts_are_right(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    assert_true(eb_prompt_amx_emulated.takes(EB_W_F16) && eb_prompt_amx_emulated.takes(EB_W_BF16));
    assert_false(eb_prompt_amx_emulated.takes(EB_W_F32) || eb_prompt_amx_emulated.takes(EB_W_Q8_0));
    prompts_by(&eb_prompt_amx_emulated);
    nothing_refused();
    if (eb_kernels_amx.usable())
        prompts_by(&eb_prompt_amx);
}

// ---- what is usable -------------------------------------------------------------------------------------------------

static bool says_yes(void)
{
    return true;
}

static bool says_no(void)
{
    return false;
}

static bool is_refused(void)
{
    __builtin_trap(); // ud2
    return true;
}

static void (*handler_of(int number))(int)
{
    struct sigaction now;
    sigaction(number, NULL, &now);
    return now.sa_handler;
}

static void a_refused_instruction_is_survived(void **state)
{
    void (*const before)(int) = handler_of(SIGILL);
    (void)state;
    assert_true(eb_x86_survives(says_yes));
    assert_false(eb_x86_survives(says_no));
    for (int i = 0; i < 3; i++)
        assert_false(eb_x86_survives(is_refused));
    assert_true(eb_x86_survives(says_yes));
    assert_ptr_equal(handler_of(SIGILL), before);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    const char *why = eb_kernels_amx.missing();
    assert_int_equal(eb_kernels_amx.usable(), why == NULL);
    assert_true(!why || strlen(why) > 20);
    assert_true(!eb_kernels_amx.usable() || eb_x86_has_avx512vnni());
    assert_string_equal(eb_kernels_amx.name, "amx");
    assert_ptr_equal(eb_kernels_amx.packed, &eb_packed_amx);
    assert_ptr_equal(eb_kernels_amx.prompt, &eb_prompt_amx);
    assert_true(eb_kernels_amx.attend == eb_kernels_avx512vnni.attend);
}

int main(void)
{
    eb_rng_init(&rng, 815);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_products_tell_right_tiles_from_wrong),
        cmocka_unit_test(products_are_right),
        cmocka_unit_test(bits_are_those_of_avx512vnni),
        cmocka_unit_test(few_columns_need_no_tiles),
        cmocka_unit_test(prompts_are_right),
        cmocka_unit_test(a_refused_instruction_is_survived),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests_name("amx", tests, NULL, NULL);
}
