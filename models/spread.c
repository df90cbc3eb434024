/* spread.c - how sure fitted parameters are, and draws of them; see calib.h. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "models/calib.h"
#include "models/cards.h"

enum { STREAM = 48 }; /* of the keyed draws; policies start at 64 */

/* Lower triangle at row i, column j. */
static int at(int i, int j)
{
    return i * (i + 1) / 2 + j;
}

/* Cholesky in place. A matrix that is not positive semi-definite has no root: -1. A row of zeros is a fixed parameter. */
static int cholesky(double *m, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double s = m[at(i, j)];
            for (int k = 0; k < j; k++) s -= m[at(i, k)] * m[at(j, k)];
            if (i > j) {
                m[at(i, j)] = m[at(j, j)] > 0 ? s / m[at(j, j)] : 0;
                continue;
            }
            if (s < -1e-6 * m[at(i, i)] - 1e-300) return -1;
            m[at(i, i)] = s > 0 ? sqrt(s) : 0;
        }
    return 0;
}

static int read_names(const gbl_node *names, gbl_spread_group *g, gbl_err *err)
{
    for (const gbl_node *p = gbl_node_first(names); p; p = gbl_node_next(p)) {
        const char *key = NULL;
        if (gbl_node_str(p, &key, err)) return err->code;
        int row = gbl_calib_find(g->name, key);
        for (int i = 0; i < g->n && row >= 0; i++)
            if (g->row[i] == row) row = -1;
        if (row < 0 || g->n == GBL_COVARIANCE_MOST) {
            gbl_node_fail(p, err, "\"%s\" is no parameter of %s, or named twice", key, g->name);
            return gbl_expected(err, "each of the group's parameters at most once");
        }
        g->row[g->n++] = row;
    }
    return 0;
}

static int read_matrix(const gbl_node *matrix, gbl_spread_group *g, gbl_err *err)
{
    int i = 0;
    for (const gbl_node *line = gbl_node_first(matrix); line; line = gbl_node_next(line), i++) {
        int j = 0;
        if (i >= g->n || gbl_node_kind(line) != GBL_ARRAY || (int)gbl_node_size(line) != i + 1) break;
        for (const gbl_node *v = gbl_node_first(line); v; v = gbl_node_next(v), j++)
            if (gbl_node_real(v, &g->root[at(i, j)], err)) return err->code;
    }
    if (gbl_node_kind(matrix) != GBL_ARRAY || (int)gbl_node_size(matrix) != g->n || i != g->n) {
        gbl_node_fail(matrix, err, "no lower triangle of %d rows", g->n);
        return gbl_expected(err, "[[a], [b, c], ...]: row i has i numbers");
    }
    if (!cholesky(g->root, g->n)) return 0;
    gbl_node_fail(matrix, err, "no covariance: the matrix is not positive semi-definite");
    return gbl_expected(err, "variances on the diagonal that cover what stands beside them");
}

static int read_covariance(const gbl_node *c, gbl_spread_group *g, gbl_err *err)
{
    static const char *const known[] = {"parameters", "matrix", NULL};
    const gbl_node *names = gbl_node_get(c, "parameters"), *matrix = gbl_node_get(c, "matrix");
    if (gbl_node_kind(c) != GBL_OBJECT) {
        gbl_node_fail(c, err, "covariance is an object");
        return gbl_expected(err, "{\"parameters\": [...], \"matrix\": [[...], ...]}");
    }
    if (gbl_node_only(c, known, err)) return err->code;
    if (!names) return gbl_card_missing(c, "parameters", err);
    if (!matrix) return gbl_card_missing(c, "matrix", err);
    return read_names(names, g, err) || read_matrix(matrix, g, err) ? err->code : 0;
}

/* A value of this card's own has no covariance with the ones it was taken over with: its row of the root is 0. */
static void drop_own(const gbl_node *n, gbl_spread_group *g)
{
    for (int i = 0; i < g->n; i++)
        if (gbl_node_get(n, gbl_calib_rows()[g->row[i]].key))
            for (int j = 0; j <= i; j++) g->root[at(i, j)] = 0;
}

static int read_group(const gbl_node *n, gbl_spread_group *g, gbl_err *err)
{
    const gbl_node *c = gbl_node_get(n, "covariance");
    gbl_card_number scatter = {"scatter", &g->scatter, NULL, 0, 2, 0};
    if (gbl_card_number_read(n, &scatter, err)) return err->code;
    if (!c) {
        drop_own(n, g);
        return 0;
    }
    g->n = 0;
    return read_covariance(c, g, err);
}

int gbl_spread_read(const gbl_node *n, gbl_spread *s, gbl_err *err)
{
    int k = -1;
    for (const gbl_calib_row *r = gbl_calib_rows(); r->group; r++) {
        if (k >= 0 && !strcmp(s->group[k].name, r->group)) continue;
        s->group[++k].name = r->group;
        const gbl_node *g = gbl_node_get(n, r->group);
        if (g && read_group(g, &s->group[k], err)) return err->code;
    }
    return 0;
}

/* ---- draws ---- */

static double normal(uint64_t seed, uint64_t k, uint64_t what)
{
    return gbl_q_normal(gbl_draw(seed, STREAM, k, what), 0, 1);
}

static void move(gbl_calib *v, const gbl_calib_row *r, double step)
{
    double *x = gbl_calib_at(v, r), now = *x / r->unit;
    now = now > 0 ? now * exp(step / now) : fabs(step);
    *x = fmin(fmax(now, r->low), r->high) * r->unit;
}

static int covered(const gbl_spread *s, int row)
{
    for (int k = 0; k < GBL_CALIB_GROUPS && s->group[k].name; k++)
        for (int i = 0; i < s->group[k].n; i++)
            if (s->group[k].row[i] == row) return s->group[k].root[at(i, i)] > 0;
    return 0;
}

/* The sum over four products of one step is surer than each of them. */
static double weight(const char *group)
{
    return strncmp(group, "gemm", 4) ? 1 : 0.5;
}

static void group_factor(const gbl_spread *s, int k, double z, gbl_calib *out)
{
    const gbl_spread_group *g = &s->group[k];
    double by = weight(g->name) * g->scatter, f = exp(z * sqrt(by * by + s->transfer * s->transfer));
    for (const gbl_calib_row *r = gbl_calib_rows(); r->group; r++) {
        double *x = gbl_calib_at(out, r);
        if (strcmp(r->group, g->name) || !r->time || !(*x > 0)) continue;
        *x = fmin(fmax(r->time > 0 ? *x * f : *x / f, r->low * r->unit), r->high * r->unit);
    }
}

void gbl_calib_sample(const gbl_calib *v, const gbl_calib *se, const gbl_spread *s, uint64_t seed, uint64_t k, gbl_calib *out)
{
    const gbl_calib_row *rows = gbl_calib_rows();
    *out = *v;
    for (int g = 0; g < GBL_CALIB_GROUPS && s->group[g].name; g++) {
        const gbl_spread_group *of = &s->group[g];
        for (int i = 0; i < of->n; i++) {
            double step = 0;
            for (int j = 0; j <= i; j++) step += of->root[at(i, j)] * normal(seed, k, (uint64_t)of->row[j]);
            move(out, &rows[of->row[i]], step);
        }
    }
    for (int i = 0; rows[i].group; i++) {
        double e = gbl_calib_get(se, &rows[i]);
        if (e > 0 && !covered(s, i)) move(out, &rows[i], e * normal(seed, k, (uint64_t)i));
    }
    for (int g = 0; g < GBL_CALIB_GROUPS && s->group[g].name; g++) group_factor(s, g, normal(seed, k, 1000 + (uint64_t)g), out);
}
