/* Plain loops to time the compiled SOR kernels against. */
#include <math.h>

/* The increment form on compressed rows; returns the number of sweeps. */
int sor_csr(int n, const double *diagonal, const int *low, const int *low_j, const double *low_a, const int *up,
            const int *up_j, const double *up_a, double omega, const double *b, double target, int max_iter,
            double *delta, double *scale)
{
    double factor = 1.0 / omega - 1.0;
    for (int i = 0; i < n; i++) {
        double s = b[i];
        for (int p = low[i]; p < low[i + 1]; p++) s -= low_a[p] * delta[low_j[p]];
        scale[i] = omega / diagonal[i];
        delta[i] = scale[i] * s;
    }
    for (int k = 1; k <= max_iter; k++) {
        double rr = 0.0;
        for (int i = 0; i < n; i++) {
            double s = factor * diagonal[i] * delta[i];
            for (int p = up[i]; p < up[i + 1]; p++) s -= up_a[p] * delta[up_j[p]];
            rr += s * s;
            for (int p = low[i]; p < low[i + 1]; p++) s -= low_a[p] * delta[low_j[p]];
            delta[i] = scale[i] * s;
        }
        if (sqrt(rr) <= target) return k;
    }
    return max_iter;
}

static double at(const double *x, int m, int i, int j) { return x[(i + 1) * (m + 2) + j + 1]; }

/* Textbook sweeps of the 5-point stencil in place on a grid with a border of zeros; with check, the norm of the
   residual is formed after each sweep, as a solver needs it. Returns the number of sweeps. */
int sor_stencil(int m, double diagonal, double omega, const double *b, double target, int max_iter, int check,
                double *x)
{
    double w = omega / diagonal;
    for (int k = 1; k <= max_iter; k++) {
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++)
                x[(i + 1) * (m + 2) + j + 1] += w * (b[i * m + j] - diagonal * at(x, m, i, j) + at(x, m, i - 1, j)
                                                     + at(x, m, i, j - 1) + at(x, m, i, j + 1) + at(x, m, i + 1, j));
        if (!check) continue;
        double rr = 0.0;
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++) {
                double r = b[i * m + j] - diagonal * at(x, m, i, j) + at(x, m, i - 1, j) + at(x, m, i, j - 1)
                           + at(x, m, i, j + 1) + at(x, m, i + 1, j);
                rr += r * r;
            }
        if (sqrt(rr) <= target) return k;
    }
    return max_iter;
}
