// SPDX-License-Identifier: Apache-2.0
#include "harness/record/nnls.h"

#include <math.h>
#include <string.h>

// In place: the lower triangle becomes L of a = L L'. False when a pivot is not clearly positive.
static bool cholesky(double *a, int k)
{
    for (int j = 0; j < k; j++) {
        double diagonal = a[j * k + j], d = diagonal;
        for (int i = 0; i < j; i++)
            d -= a[j * k + i] * a[j * k + i];
        if (!(d > 1e-12 * diagonal) || !(diagonal > 0))
            return false;
        a[j * k + j] = sqrt(d);
        for (int r = j + 1; r < k; r++) {
            double s = a[r * k + j];
            for (int i = 0; i < j; i++)
                s -= a[r * k + i] * a[j * k + i];
            a[r * k + j] = s / a[j * k + j];
        }
    }
    return true;
}

static void solve(const double *l, int k, double *x)
{
    for (int i = 0; i < k; i++) {
        for (int j = 0; j < i; j++)
            x[i] -= l[i * k + j] * x[j];
        x[i] /= l[i * k + i];
    }
    for (int i = k - 1; i >= 0; i--) {
        for (int j = i + 1; j < k; j++)
            x[i] -= l[j * k + i] * x[j];
        x[i] /= l[i * k + i];
    }
}

// The unconstrained solution over the columns of `set`; the others are 0.
static bool solve_set(const double *gram, const double *rhs, int k, const bool *set, double *x)
{
    double a[EB_NNLS_MAX * EB_NNLS_MAX], part[EB_NNLS_MAX];
    int column[EB_NNLS_MAX], n = 0;
    for (int i = 0; i < k; i++)
        if (set[i])
            column[n++] = i;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            a[i * n + j] = gram[column[i] * k + column[j]];
        part[i] = rhs[column[i]];
    }
    if (!cholesky(a, n))
        return false;
    solve(a, n, part);
    memset(x, 0, (size_t)k * sizeof *x);
    for (int i = 0; i < n; i++)
        x[column[i]] = part[i];
    return true;
}

// The column outside of `set` along which the error falls most steeply; -1 = none.
static int steepest(const double *gram, const double *rhs, int k, const bool *set, const double *x)
{
    int best = -1;
    double most = 0;
    for (int i = 0; i < k; i++) {
        if (set[i])
            continue;
        double slope = rhs[i], size = fabs(rhs[i]);
        for (int j = 0; j < k; j++) {
            slope -= gram[i * k + j] * x[j];
            size += fabs(gram[i * k + j] * x[j]);
        }
        if (slope > 1e-12 * size && slope > most) {
            most = slope;
            best = i;
        }
    }
    return best;
}

// From x towards `to` as far as nothing turns negative; what turns zero leaves the set.
static void step_back(int k, bool *set, double *x, const double *to)
{
    double reach = 1;
    for (int i = 0; i < k; i++)
        if (set[i] && to[i] <= 0)
            reach = fmin(reach, x[i] / (x[i] - to[i]));
    for (int i = 0; i < k; i++) {
        if (!set[i])
            continue;
        x[i] += reach * (to[i] - x[i]);
        if (to[i] <= 0 && x[i] <= 1e-15 * fabs(to[i])) {
            x[i] = 0;
            set[i] = false;
        }
    }
}

static bool all_positive(int k, const bool *set, const double *x)
{
    for (int i = 0; i < k; i++)
        if (set[i] && x[i] <= 0)
            return false;
    return true;
}

bool eb_nnls(const double *gram, const double *rhs, int k, double *x)
{
    bool set[EB_NNLS_MAX] = { false };
    double to[EB_NNLS_MAX];
    memset(x, 0, (size_t)k * sizeof *x);
    // Each step lowers the error, so no set comes twice; the bound is for rounding only.
    for (int step = 0, column; step < 30 * k && (column = steepest(gram, rhs, k, set, x)) >= 0; step++) {
        set[column] = true;
        if (!solve_set(gram, rhs, k, set, to))
            return false;
        if (to[column] <= 0) // rounding took it for a descent
            return memcpy(to, x, (size_t)k * sizeof *x), true;
        for (int back = 0; back < k && !all_positive(k, set, to); back++) {
            step_back(k, set, x, to);
            if (!solve_set(gram, rhs, k, set, to))
                return false;
        }
        memcpy(x, to, (size_t)k * sizeof *x);
    }
    return true;
}

bool eb_spd_inverse(const double *a, int k, double *out)
{
    double l[EB_NNLS_MAX * EB_NNLS_MAX], column[EB_NNLS_MAX];
    memcpy(l, a, (size_t)k * (size_t)k * sizeof *a);
    if (!cholesky(l, k))
        return false;
    for (int j = 0; j < k; j++) {
        memset(column, 0, sizeof column);
        column[j] = 1;
        solve(l, k, column);
        for (int i = 0; i < k; i++)
            out[i * k + j] = column[i];
    }
    return true;
}

// One rotation that makes a[p][q] zero.
static void rotate(double *a, int k, int p, int q)
{
    double theta = (a[q * k + q] - a[p * k + p]) / (2 * a[p * k + q]);
    double t = copysign(1, theta) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int i = 0; i < k; i++) {
        double x = a[i * k + p], y = a[i * k + q];
        a[i * k + p] = c * x - s * y;
        a[i * k + q] = s * x + c * y;
    }
    for (int i = 0; i < k; i++) {
        double x = a[p * k + i], y = a[q * k + i];
        a[p * k + i] = c * x - s * y;
        a[q * k + i] = s * x + c * y;
    }
}

// Jacobi's method: sweeps of rotations until nothing is left beside the diagonal.
double eb_spd_condition(const double *matrix, int k)
{
    double a[EB_NNLS_MAX * EB_NNLS_MAX];
    memcpy(a, matrix, (size_t)k * (size_t)k * sizeof *a);
    for (int sweep = 0; sweep < 60; sweep++) {
        double beside = 0, diagonal = 0;
        for (int p = 0; p < k; p++)
            for (int q = 0; q < k; q++)
                *(p == q ? &diagonal : &beside) += a[p * k + q] * a[p * k + q];
        if (beside <= 1e-26 * diagonal)
            break;
        for (int p = 0; p < k; p++)
            for (int q = p + 1; q < k; q++)
                if (a[p * k + q] != 0)
                    rotate(a, k, p, q);
    }
    double least = INFINITY, most = 0;
    for (int i = 0; i < k; i++) {
        least = fmin(least, a[i * k + i]);
        most = fmax(most, a[i * k + i]);
    }
    return least > 1e-14 * most ? most / least : INFINITY;
}

// Inverse iteration, on a matrix that is lifted a little so that it always has an inverse.
bool eb_spd_least(const double *a, int k, double *v)
{
    double l[EB_NNLS_MAX * EB_NNLS_MAX], most = 0;
    memcpy(l, a, (size_t)k * (size_t)k * sizeof *a);
    for (int i = 0; i < k; i++)
        most = fmax(most, a[i * k + i]);
    for (int i = 0; i < k; i++) {
        l[i * k + i] += 1e-9 * most;
        v[i] = 1 + 0.1 * i; // not along any eigenvector that symmetry suggests
    }
    if (k < 1 || !cholesky(l, k))
        return false;
    for (int step = 0; step < 50; step++) {
        double square = 0;
        solve(l, k, v);
        for (int i = 0; i < k; i++)
            square += v[i] * v[i];
        for (int i = 0; i < k; i++)
            v[i] /= sqrt(square);
    }
    return true;
}
