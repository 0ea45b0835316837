// SPDX-License-Identifier: Apache-2.0
// cmp_logits A.csv B.csv --nmse LIMIT [--top1-margin K]
// How far A's logits are from the reference B's. With --top1-margin, rows where
// B's best leads its second by more than K times the RMS error must also agree
// on the best. Exit 0: within the limit; 1: not, or nothing to compare.
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *path;
    size_t rows, columns;
    size_t count, room;
    double *v;
} table;

static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *fmt, ...)
{
    va_list ap;
    fputs("error: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

static void push(table *t, double v)
{
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : 4096;
        t->v = realloc(t->v, t->room * sizeof *t->v);
        if (!t->v)
            die("out of memory");
    }
    t->v[t->count++] = v;
}

static void read_row(table *t, const char *line)
{
    size_t columns = 0;
    for (const char *p = line;; columns++) {
        char *end;
        double v = strtod(p, &end);
        if (end == p)
            die("%s:%zu: not a number: '%.20s'", t->path, t->rows + 1, p);
        if (!isfinite(v))
            die("%s:%zu: column %zu is not finite", t->path, t->rows + 1, columns + 1);
        push(t, v);
        p = end + strspn(end, " \r\n");
        if (!*p)
            break;
        if (*p++ != ',')
            die("%s:%zu: junk after column %zu", t->path, t->rows + 1, columns + 1);
    }
    columns++;
    if (t->rows && columns != t->columns)
        die("%s:%zu: %zu columns, not %zu", t->path, t->rows + 1, columns, t->columns);
    t->columns = columns;
    t->rows++;
}

static table read_table(const char *path)
{
    table t = { .path = path };
    char *line = NULL;
    size_t room = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        die("cannot open '%s'", path);
    while (getline(&line, &room, f) > 0)
        if (line[strspn(line, " \r\n")])
            read_row(&t, line);
    if (ferror(f))
        die("cannot read '%s'", path);
    if (!t.rows)
        die("'%s' is empty", path);
    fclose(f);
    free(line);
    return t;
}

static size_t argmax(const double *v, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (v[i] > v[best])
            best = i;
    return best;
}

// How far the best is ahead of the second.
static double margin(const double *v, size_t n)
{
    size_t best = argmax(v, n);
    double second = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (i != best)
            second = fmax(second, v[i]);
    return v[best] - second;
}

static double parse_real(const char *flag, const char *text)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= 0))
        die("%s %s: not a limit", flag, text);
    return v;
}

int main(int argc, char **argv)
{
    const char *paths[2] = { NULL, NULL };
    size_t n_paths = 0;
    double limit = -1, k = -1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--nmse") == 0 && i + 1 < argc)
            limit = parse_real("--nmse", argv[++i]);
        else if (strcmp(argv[i], "--top1-margin") == 0 && i + 1 < argc)
            k = parse_real("--top1-margin", argv[++i]);
        else if (argv[i][0] != '-' && n_paths < 2)
            paths[n_paths++] = argv[i];
        else
            n_paths = 3;
    }
    if (n_paths != 2 || limit < 0) {
        fputs("usage: cmp_logits A.csv B.csv --nmse LIMIT [--top1-margin K]\n", stderr);
        return 2;
    }

    table a = read_table(paths[0]), b = read_table(paths[1]);
    if (a.rows != b.rows || a.columns != b.columns)
        die("%s is %zu x %zu, %s is %zu x %zu", a.path, a.rows, a.columns, b.path, b.rows, b.columns);
    double error = 0, power = 0, worst = 0;
    for (size_t i = 0; i < b.count; i++) {
        double e = a.v[i] - b.v[i];
        error += e * e;
        power += b.v[i] * b.v[i];
        worst = fmax(worst, fabs(e));
    }
    if (power == 0)
        die("'%s' is all zero", b.path);
    double nmse = error / power, rms = sqrt(error / (double)b.count);

    size_t same = 0, clear = 0, clear_same = 0;
    for (size_t r = 0; r < b.rows; r++) {
        const double *row_a = a.v + r * a.columns, *row_b = b.v + r * b.columns;
        bool agree = argmax(row_a, a.columns) == argmax(row_b, b.columns);
        bool is_clear = margin(row_b, b.columns) > k * rms;
        same += agree;
        clear += is_clear;
        clear_same += agree && is_clear;
    }
    printf("nmse %.3e max_abs %.3e top1 %zu/%zu", nmse, worst, same, b.rows);
    if (k >= 0)
        printf(" clear_top1 %zu/%zu", clear_same, clear);
    bool ok = nmse <= limit && (k < 0 || clear_same == clear);
    printf(" %s\n", ok ? "ok" : "FAIL");
    free(a.v);
    free(b.v);
    return ok ? 0 : 1;
}
