/* fitting.c - see fitting.h. GSL's error handler is off while it works and put back afterwards. */
#include "validate/fitting.h"

#include <assert.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ITERATIONS = 200 };
static const double soft = 0.08; /* residuals beyond it count by their size, not their square */
static const double weakest = 1e-9; /* eigenvalue of the normalised normal matrix over the largest: 5 digits of a parameter */

typedef struct solver {
    gbl_fitting *f;
    int free[GBL_FITTING_PARAMETERS], n_free;
    double *r;
} solver;

static double forward(const gbl_fitting_parameter *p, double x)
{
    return p->log ? log(x) : x;
}

static double backward(const gbl_fitting_parameter *p, double u)
{
    return p->log ? exp(fmin(u, 300)) : u;
}

static double soften(double r)
{
    double z = r / soft;
    /* sqrt(1 + z^2) - 1 without cancellation */
    double value = soft * sqrt(2 * z * z / (sqrt(1 + z * z) + 1));
    return r < 0 ? -value : value;
}

/* Where a model leaves its range the residuals stay finite: a far residual, so that the step is refused. */
static void evaluate(const solver *s, const double *u, double *out)
{
    gbl_fitting *f = s->f;
    double x[GBL_FITTING_PARAMETERS];
    memcpy(x, f->x, sizeof x);
    for (int i = 0; i < s->n_free; i++) {
        const gbl_fitting_parameter *p = &f->par[s->free[i]];
        x[s->free[i]] = fmin(fmax(backward(p, u[i]), p->low), p->high);
    }
    f->residuals(f->to, x, out);
    for (size_t i = 0; i < f->n_rows; i++) out[i] = isfinite(out[i]) ? soften(out[i]) : 1e3;
}

static int gsl_residuals(const gsl_vector *u, void *to, gsl_vector *out)
{
    double at[GBL_FITTING_PARAMETERS];
    solver *s = to;
    for (int i = 0; i < s->n_free; i++) at[i] = gsl_vector_get(u, (size_t)i);
    assert(out->stride == 1);
    evaluate(s, at, out->data);
    return GSL_SUCCESS;
}

/* Differences into the range, so that a parameter on its bound still has a slope. */
static int gsl_jacobian(const gsl_vector *u, void *to, gsl_matrix *j)
{
    solver *s = to;
    size_t n = s->f->n_rows;
    double at[GBL_FITTING_PARAMETERS];
    for (int i = 0; i < s->n_free; i++) at[i] = gsl_vector_get(u, (size_t)i);
    evaluate(s, at, s->r);
    for (int i = 0; i < s->n_free; i++) {
        const gbl_fitting_parameter *p = &s->f->par[s->free[i]];
        double now = at[i], step = 1e-5 * (p->log ? 1 : fmax(fabs(now), 1e-3 * (p->high - p->low) / 10));
        if (backward(p, now + step) > p->high) step = -step;
        at[i] = now + step;
        evaluate(s, at, s->r + n);
        for (size_t r = 0; r < n; r++) gsl_matrix_set(j, r, (size_t)i, (s->r[n + r] - s->r[r]) / step);
        at[i] = now;
    }
    return GSL_SUCCESS;
}

static int descend(solver *s, double *u)
{
    gbl_fitting *f = s->f;
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_fdf fdf = {.f = gsl_residuals, .df = gsl_jacobian, .n = f->n_rows, .p = (size_t)s->n_free, .params = s};
    how.solver = gsl_multifit_nlinear_solver_cholesky;
    gsl_multifit_nlinear_workspace *w = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, f->n_rows, (size_t)s->n_free);
    if (!w) return -1;
    gsl_vector_view start = gsl_vector_view_array(u, (size_t)s->n_free);
    int info = 0;
    /* No progress is no failure: the best point is kept, and the covariance says what it is worth. */
    if (gsl_multifit_nlinear_init(&start.vector, &fdf, w) == GSL_SUCCESS)
        gsl_multifit_nlinear_driver(ITERATIONS, 1e-7, 1e-9, 1e-9, NULL, NULL, &info, w);
    for (int i = 0; i < s->n_free; i++) u[i] = gsl_vector_get(gsl_multifit_nlinear_position(w), (size_t)i);
    f->iterations += (int)gsl_multifit_nlinear_niter(w);
    gsl_multifit_nlinear_free(w);
    return 0;
}

/* Takes the solution over; fixes what ran past a bound. Returns how many were fixed. */
static int settle(solver *s, const double *u)
{
    int fixed = 0, left = 0;
    for (int i = 0; i < s->n_free; i++) {
        int at = s->free[i];
        const gbl_fitting_parameter *p = &s->f->par[at];
        double x = backward(p, u[i]), margin = 1e-6 * (p->high - p->low);
        s->f->fixed[at] = x <= p->low + (p->log ? 0 : margin) ? -1 : x >= p->high - margin ? 1 : 0;
        s->f->x[at] = fmin(fmax(x, p->low), p->high);
        if (s->f->fixed[at] < 0) s->f->x[at] = p->low;
        if (s->f->fixed[at] > 0) s->f->x[at] = p->high;
        if (s->f->fixed[at]) fixed++;
        else s->free[left++] = at;
    }
    s->n_free = left;
    return fixed;
}

static int singular(const solver *s, const gsl_vector *direction, gbl_err *err)
{
    for (int i = 0; i < s->f->n; i++) {
        const gbl_fitting_parameter *p = &s->f->par[i];
        if (s->f->fixed[i] != 1) continue; /* beyond it the others have no say */
        gbl_fail(err, GBL_EINPUT, "the best fit has %s outside its bounds", p->name);
        return gbl_expected(err, "rows that put it between %g and %g: another card, or another unit of time?", p->low, p->high);
    }
    char names[300] = "";
    for (int i = 0; i < s->n_free; i++) {
        if (direction && fabs(gsl_vector_get(direction, (size_t)i)) < 0.2) continue;
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", s->f->par[s->free[i]].name);
    }
    gbl_fail(err, GBL_EINPUT, "the fit is singular: these rows cannot tell %s%s", names, strchr(names, ',') ? " apart" : "");
    return gbl_expected(err, "rows of more shapes: small and large, bound by compute and by memory");
}

/* Scales the normal matrix to a unit diagonal and looks for a direction without effect. */
static int check_rank(const solver *s, const gsl_matrix *normal, gbl_err *err)
{
    size_t n = (size_t)s->n_free;
    gsl_matrix *m = gsl_matrix_alloc(n, n), *vectors = gsl_matrix_alloc(n, n);
    gsl_vector *values = gsl_vector_calloc(n), *unit = gsl_vector_calloc(n);
    gsl_eigen_symmv_workspace *w = gsl_eigen_symmv_alloc(n);
    int code = m && vectors && values && unit && w ? 0 : gbl_nomem(err, n * n * sizeof(double));
    for (size_t i = 0; !code && i < n; i++) {
        gsl_vector_set_basis(unit, i);
        if (!(gsl_matrix_get(normal, i, i) > 1e-12)) code = singular(s, unit, err);
        for (size_t j = 0; !code && j < n; j++)
            gsl_matrix_set(m, i, j, gsl_matrix_get(normal, i, j) / sqrt(gsl_matrix_get(normal, i, i) * fmax(gsl_matrix_get(normal, j, j), 1e-300)));
    }
    if (!code) {
        gsl_eigen_symmv(m, values, vectors, w);
        gsl_eigen_symmv_sort(values, vectors, GSL_EIGEN_SORT_VAL_ASC);
        gsl_vector_view weak = gsl_matrix_column(vectors, 0);
        if (!(gsl_vector_get(values, 0) > weakest * gsl_vector_get(values, n - 1))) code = singular(s, &weak.vector, err);
    }
    if (w) gsl_eigen_symmv_free(w);
    if (unit) gsl_vector_free(unit);
    if (values) gsl_vector_free(values);
    if (vectors) gsl_matrix_free(vectors);
    if (m) gsl_matrix_free(m);
    return code;
}

typedef struct by_shape {
    uint64_t shape;
    size_t row;
} by_shape;

static int shape_order(const void *a, const void *b)
{
    const by_shape *x = a, *y = b;
    if (x->shape != y->shape) return x->shape < y->shape ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Sum of g g' over shapes; returns the number of shapes. */
static size_t meat(const solver *s, const gsl_matrix *j, const by_shape *order, gsl_matrix *out)
{
    size_t shapes = 0, n = (size_t)s->n_free;
    gsl_matrix_set_zero(out);
    for (size_t i = 0, end; i < s->f->n_rows; i = end, shapes++) {
        double g[GBL_FITTING_PARAMETERS] = {0};
        for (end = i; end < s->f->n_rows && order[end].shape == order[i].shape; end++)
            for (size_t p = 0; p < n; p++) g[p] += s->r[order[end].row] * gsl_matrix_get(j, order[end].row, p);
        for (size_t p = 0; p < n; p++)
            for (size_t q = 0; q < n; q++) *gsl_matrix_ptr(out, p, q) += g[p] * g[q];
    }
    return shapes;
}

/* bread x meat x bread, in the parameters' own units. */
static void sandwich(const solver *s, const gsl_matrix *bread, const gsl_matrix *filling, double scale, gsl_matrix *room)
{
    gbl_fitting *f = s->f;
    gsl_matrix *out = room;
    gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, bread, filling, 0, out);
    for (int a = 0; a < s->n_free; a++)
        for (int b = 0; b < s->n_free; b++) {
            double v = 0, da = f->par[s->free[a]].log ? f->x[s->free[a]] : 1, db = f->par[s->free[b]].log ? f->x[s->free[b]] : 1;
            for (int c = 0; c < s->n_free; c++) v += gsl_matrix_get(out, (size_t)a, (size_t)c) * gsl_matrix_get(bread, (size_t)c, (size_t)b);
            f->covariance[s->free[a] * f->n + s->free[b]] = v * da * db * scale;
        }
}

static int fill_covariance(solver *s, gsl_matrix *j, gsl_matrix *normal, gsl_matrix *filling, gsl_matrix *room, by_shape *order, gbl_err *err)
{
    double u[GBL_FITTING_PARAMETERS];
    size_t rows = s->f->n_rows;
    for (int i = 0; i < s->n_free; i++) u[i] = forward(&s->f->par[s->free[i]], s->f->x[s->free[i]]);
    gsl_vector_view at = gsl_vector_view_array(u, (size_t)s->n_free);
    gsl_jacobian(&at.vector, s, j);
    gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1, j, j, 0, normal);
    if (check_rank(s, normal, err)) return err->code;
    for (size_t i = 0; i < rows; i++) order[i] = (by_shape){s->f->shape[i], i};
    qsort(order, rows, sizeof *order, shape_order);
    double shapes = (double)meat(s, j, order, filling), p = s->n_free;
    if (gsl_linalg_cholesky_decomp1(normal) || gsl_linalg_cholesky_invert(normal)) return singular(s, NULL, err);
    if (shapes < 2 * p) { /* too few shapes to see how they scatter: the ordinary covariance, as if each shape were one row */
        double square = 0;
        for (size_t i = 0; i < rows; i++) square += s->r[i] * s->r[i];
        gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1, j, j, 0, filling);
        gsl_matrix_scale(filling, square / fmax((double)rows - p, 1) * fmax(1, (double)rows / shapes));
        shapes = INFINITY;
    }
    sandwich(s, normal, filling, isinf(shapes) ? 1 : shapes / (shapes - p), room);
    return 0;
}

static int covariance(solver *s, gbl_err *err)
{
    size_t n = (size_t)s->n_free, rows = s->f->n_rows;
    if (!n) return 0;
    gsl_matrix *j = gsl_matrix_alloc(rows, n), *normal = gsl_matrix_alloc(n, n), *filling = gsl_matrix_alloc(n, n), *room = gsl_matrix_alloc(n, n);
    by_shape *order = gbl_alloc(rows, sizeof *order);
    int code = j && normal && filling && room && order ? fill_covariance(s, j, normal, filling, room, order, err) : gbl_nomem(err, rows * n * sizeof(double));
    gbl_free(order);
    if (room) gsl_matrix_free(room);
    if (filling) gsl_matrix_free(filling);
    if (normal) gsl_matrix_free(normal);
    if (j) gsl_matrix_free(j);
    return code;
}

/* A limit without effect on any row goes back to its start. Returns how many did. */
static int release(solver *s)
{
    double *moved = s->r + s->f->n_rows, x[GBL_FITTING_PARAMETERS];
    int back = 0, left = 0;
    s->f->residuals(s->f->to, s->f->x, s->r);
    for (int i = 0; i < s->n_free; i++) {
        int at = s->free[i], reached = !s->f->par[at].limit;
        memcpy(x, s->f->x, sizeof x);
        x[at] *= 1.0001;
        if (!reached) s->f->residuals(s->f->to, x, moved);
        for (size_t r = 0; r < s->f->n_rows && !reached; r++) reached = fabs(moved[r] - s->r[r]) > 1e-9;
        if (reached) {
            s->free[left++] = at;
            continue;
        }
        s->f->fixed[at] = 2;
        s->f->x[at] = s->f->par[at].start;
        back++;
    }
    s->n_free = left;
    return back;
}

static double cost(const solver *s, const double *x)
{
    double sum = 0;
    s->f->residuals(s->f->to, x, s->r);
    for (size_t i = 0; i < s->f->n_rows; i++) {
        double r = isfinite(s->r[i]) ? soften(s->r[i]) : 1e3;
        sum += r * r;
    }
    return sum;
}

/* A step that ran over a bound may have been one too long: where going back inside pays, the parameter is free again,
 * from where it started. Returns how many are. */
static int reconsider(solver *s)
{
    gbl_fitting *f = s->f;
    double here = cost(s, f->x), x[GBL_FITTING_PARAMETERS];
    int back = 0;
    for (int i = 0; i < f->n; i++) {
        const gbl_fitting_parameter *p = &f->par[i];
        if (f->fixed[i] != -1 && f->fixed[i] != 1) continue;
        double start = fmin(fmax(p->start, p->low), p->high), inside = p->low + 1e-3 * (p->high - p->low);
        if (start > p->low && start < p->high) inside = start;
        memcpy(x, f->x, sizeof x);
        x[i] += 0.01 * (inside - x[i]);
        if (!(cost(s, x) < here * (1 - 1e-6))) continue;
        x[i] = inside;
        memcpy(f->x, x, sizeof x);
        f->fixed[i] = 0;
        s->free[s->n_free++] = i;
        back++;
        break; /* one at a time: the others may have been right */
    }
    return back;
}

/* Everything but the limits first: a limit must not take the place of what it limits. */
static int approach(solver *s)
{
    double u[GBL_FITTING_PARAMETERS];
    int all[GBL_FITTING_PARAMETERS], n = s->n_free, code = 0;
    memcpy(all, s->free, sizeof all);
    s->n_free = 0;
    for (int i = 0; i < n; i++)
        if (!s->f->par[all[i]].limit) {
            u[s->n_free] = forward(&s->f->par[all[i]], s->f->x[all[i]]);
            s->free[s->n_free++] = all[i];
        }
    if (s->n_free && s->n_free < n) {
        code = descend(s, u);
        for (int i = 0; i < s->n_free; i++) {
            const gbl_fitting_parameter *p = &s->f->par[s->free[i]];
            double x = backward(p, u[i]);
            if (x > p->low && x < p->high) s->f->x[s->free[i]] = x;
        }
    }
    memcpy(s->free, all, sizeof all);
    s->n_free = n;
    return code;
}

/* From f->x, everything free, to a local optimum. -1: no memory. */
static int search(solver *s)
{
    gbl_fitting *f = s->f;
    int left = f->n, most = f->iterations + 20 * ITERATIONS; /* second chances */
    memset(f->fixed, 0, sizeof f->fixed);
    s->n_free = 0;
    for (int i = 0; i < f->n; i++) s->free[s->n_free++] = i;
    if (approach(s)) return -1;
    do {
        double u[GBL_FITTING_PARAMETERS];
        for (int i = 0; i < s->n_free; i++) u[i] = forward(&f->par[s->free[i]], f->x[s->free[i]]);
        if (s->n_free && descend(s, u)) return -1;
        if (!settle(s, u) && !release(s) && !(left-- > 0 && reconsider(s))) break;
    } while (f->iterations < most);
    return 0;
}

/* The card's start, then the fixed ones, each of which must be clearly better than what was there. */
static int solve(solver *s, gbl_err *err)
{
    gbl_fitting *f = s->f;
    gbl_fitting_parameter own[GBL_FITTING_PARAMETERS];
    double best = INFINITY, x[GBL_FITTING_PARAMETERS];
    int fixed[GBL_FITTING_PARAMETERS], code = 0;
    memcpy(own, f->par, sizeof own);
    for (int k = 0; !code && k <= f->n_starts; k++) {
        for (int i = 0; i < f->n; i++) {
            gbl_fitting_parameter *p = &f->par[i];
            if (k) p->start = f->start[k - 1][i];
            f->x[i] = fmin(fmax(p->start, p->low), p->high);
        }
        if (search(s)) code = gbl_nomem(err, f->n_rows * (size_t)f->n * sizeof(double));
        double now = cost(s, f->x);
        if (!(now < best * (1 - 1e-3))) continue;
        best = now;
        memcpy(x, f->x, sizeof x);
        memcpy(fixed, f->fixed, sizeof fixed);
    }
    memcpy(f->par, own, sizeof own);
    if (code) return code;
    if (isfinite(best)) {
        memcpy(f->x, x, sizeof x);
        memcpy(f->fixed, fixed, sizeof fixed);
    }
    s->n_free = 0;
    for (int i = 0; i < f->n; i++)
        if (!f->fixed[i]) s->free[s->n_free++] = i;
    return covariance(s, err);
}

int gbl_fitting_solve(gbl_fitting *f, gbl_err *err)
{
    solver s = {.f = f};
    assert(f->n > 0 && f->n <= GBL_FITTING_PARAMETERS);
    memset(f->covariance, 0, sizeof f->covariance);
    memset(f->fixed, 0, sizeof f->fixed);
    f->iterations = 0;
    if (f->n_rows < 3 * (size_t)f->n) {
        gbl_fail(err, GBL_EINPUT, "too few points: %zu for %d parameters", f->n_rows, f->n);
        return gbl_expected(err, "at least %d", 3 * f->n);
    }
    for (int i = 0; i < f->n; i++) assert(!f->par[i].log || f->par[i].low > 0);
    s.r = gbl_alloc(2 * f->n_rows, sizeof(double));
    if (!s.r) return gbl_nomem(err, 2 * f->n_rows * sizeof(double));
    gsl_error_handler_t *before = gsl_set_error_handler_off();
    int code = solve(&s, err);
    gsl_set_error_handler(before);
    gbl_free(s.r);
    return code;
}
