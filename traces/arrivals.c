/* arrivals.c - when requests come: renewal processes by the quantile function of their gaps, a Poisson process whose
 * rate follows a curve, bursts of a stated dispersion, the gaps of a file's rows, and closed loops. */
#include <math.h>
#include <string.h>
#include "base/param.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/generate.h"

enum { POISSON, DETERMINISTIC, GAMMA, WEIBULL, BURSTS, CURVE, ROWS, CLOSED_LOOP };
#define AT(FIELD) offsetof(gbl_arrival, FIELD)
#define RATE_ROW {"rate_s", GBL_P_REAL, 0, AT(rate_s), "1.0", 1e-6, 1e9, "1/s", NULL, "Mean arrivals a second."}
#define CV_ROW {"cv", GBL_P_REAL, 0, AT(cv), "1.0", 0.05, 30, NULL, NULL, "Coefficient of variation of the gaps; 1 is Poisson."}

static const gbl_param rate_params[] = {RATE_ROW, {NULL}};
static const gbl_param cv_params[] = {RATE_ROW, CV_ROW, {NULL}};
static const gbl_param curve_params[] = {
    {"file", GBL_P_STR, GBL_P_NULLABLE, AT(file), "null", 1, 0, NULL, NULL, "CSV with columns t_s and rate_rps; a rate holds until the next t_s."},
    {"rate_s", GBL_P_REAL, GBL_P_NULLABLE, AT(rate_s), "null", 1e-6, 1e9, "1/s", NULL, "Mean of the curve: its rates are scaled to it; null: as they are."},
    {NULL}};
#define DISPERSION_ROW(W, I) {"dispersion_" #W "s", GBL_P_REAL, GBL_P_NULLABLE, AT(dispersion[I]), "null", 1, 1e6, NULL, NULL, "Variance over mean of the arrivals in " #W " s; null: whatever follows from the others."}
static const gbl_param burst_params[] = {RATE_ROW, DISPERSION_ROW(1, 0), DISPERSION_ROW(10, 1), DISPERSION_ROW(60, 2), DISPERSION_ROW(300, 3), {NULL}};
static const gbl_param rows_params[] = {
    {"rate_s", GBL_P_REAL, GBL_P_NULLABLE, AT(rate_s), "null", 1e-6, 1e9, "1/s", NULL, "Mean arrivals a second: the file's gaps are scaled to it; null: as they are."}, {NULL}};
static const gbl_param closed_params[] = {
    {"concurrency", GBL_P_INT, 0, AT(concurrency), "1", 1, 1e7, "clients", NULL, "Clients, each with one request at a time; all start at 0."},
    {"think_s", GBL_P_REAL, 0, AT(think_s), "0.0", 0, 1e6, "s", NULL, "From the end of a client's request to its next."},
    {NULL}};

const gbl_use gbl_arrival_kinds[] = {
    [POISSON] = {"poisson", "exponential gaps", rate_params},
    [DETERMINISTIC] = {"deterministic", "equal gaps", rate_params},
    [GAMMA] = {"gamma", "gamma gaps: bursts where cv > 1", cv_params},
    [WEIBULL] = {"weibull", "Weibull gaps: bursts where cv > 1", cv_params},
    [BURSTS] = {"bursts", "bursts of requests, so that counts vary at each scale as stated", burst_params},
    [CURVE] = {"curve", "Poisson with a rate that changes in time; after its last row the curve begins again", curve_params},
    [ROWS] = {"rows", "the gaps of the rows that generate.rows draws", rows_params},
    [CLOSED_LOOP] = {"closed_loop", "clients that wait for their answers", closed_params},
    {NULL}};

/* Squared CV of a Weibull with shape k: G(1+2/k)/G(1+1/k)^2 - 1. */
static double weibull_cv2(double k)
{
    int sign;
    return exp(lgamma_r(1 + 2 / k, &sign) - 2 * lgamma_r(1 + 1 / k, &sign)) - 1;
}

/* The shape whose CV is cv: it falls as the shape grows, so bisection on a logarithmic scale finds it. */
static double weibull_shape(double cv)
{
    double low = 0.1, high = 100; /* cv 429 .. 0.0128 */
    for (int i = 0; i < 100; i++) {
        double mid = sqrt(low * high);
        if (weibull_cv2(mid) > cv * cv) low = mid;
        else high = mid;
    }
    return sqrt(low * high);
}

int gbl_arrival_bind(gbl_arrival *v, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    int sign;
    *v = (gbl_arrival){.rate_s = 1, .cv = 1};
    v->kind = gbl_use_bind(gbl_arrival_kinds, v, "arrival process", n, "poisson", a, err);
    if (v->kind < 0) return err->code;
    if (v->kind == GAMMA) {
        v->shape = 1 / (v->cv * v->cv);
        v->scale_s = 1 / (v->rate_s * v->shape);
    } else if (v->kind == WEIBULL) {
        v->shape = weibull_shape(v->cv);
        v->scale_s = 1 / (v->rate_s * exp(lgamma_r(1 + 1 / v->shape, &sign)));
    } else if (v->kind == BURSTS) {
        return gbl_bursts_fit(v, n, err);
    } else if (v->kind == CURVE && !v->file) {
        gbl_node_fail(n, err, "curve needs a file");
        return gbl_expected(err, "{\"use\": \"curve\", \"file\": path}");
    }
    return 0;
}

/* ---- the curve ---- */

typedef struct curve_rows {
    struct { double start_s, rate; } *items;
    size_t n, room;
} curve_rows;

static int take_rate(void *to, const double *v, const char **why)
{
    curve_rows *c = to;
    if (!(v[0] >= 0 && v[0] <= 1e10)) *why = "t_s is not between 0 and 1e10";
    else if (c->n && v[0] <= c->items[c->n - 1].start_s) *why = "t_s does not grow";
    else if (!c->n && v[0] != 0) *why = "the first t_s is not 0";
    else if (!(v[1] >= 0 && v[1] <= 1e9)) *why = "rate_rps is not between 0 and 1e9";
    if (*why || gbl_grow(&c->items, &c->room, c->n + 1, sizeof *c->items)) return -1;
    c->items[c->n].start_s = v[0];
    c->items[c->n++].rate = v[1];
    return 0;
}

/* Fills start_s, rate and mass, each with one more element that stands for the end: the last rate holds as long as the one before. */
static int curve_fill(gbl_arrival *v, const curve_rows *c, const char *path, gbl_err *err)
{
    size_t n = c->n;
    double any = 0;
    for (size_t i = 0; i < n; i++) any += c->items[i].rate;
    if (n < 2 || !(any > 0)) {
        gbl_fail(err, GBL_EINPUT, n < 2 ? "the curve has fewer than two rows" : "every rate of the curve is 0");
        gbl_where(err, "%s", path);
        return gbl_expected(err, "two rows or more of t_s from 0 on and rate_rps, one of them above 0");
    }
    v->start_s = gbl_alloc(n + 1, sizeof *v->start_s);
    v->rate = gbl_alloc(n + 1, sizeof *v->rate);
    v->mass = gbl_alloc(n + 1, sizeof *v->mass);
    if (!v->start_s || !v->rate || !v->mass) return gbl_nomem(err, (n + 1) * sizeof *v->mass);
    v->n = (int64_t)n;
    for (size_t i = 0; i <= n; i++) {
        v->start_s[i] = i < n ? c->items[i].start_s : 2 * c->items[n - 1].start_s - c->items[n - 2].start_s;
        v->rate[i] = i < n ? c->items[i].rate : 0;
        if (i) v->mass[i] = v->mass[i - 1] + v->rate[i - 1] * (v->start_s[i] - v->start_s[i - 1]);
    }
    double times = isnan(v->rate_s) ? 1 : v->rate_s * v->start_s[n] / v->mass[n];
    for (size_t i = 0; i <= n; i++) v->rate[i] *= times, v->mass[i] *= times;
    return 0;
}

int gbl_arrival_load(gbl_arrival *v, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    static const char *const names[] = {"t_s", "rate_rps"};
    if (v->kind != CURVE) return 0;
    curve_rows c = {NULL, 0, 0};
    const char *path = gbl_find_path(a, gbl_doc_folder(gbl_node_doc(n)), v->file);
    int rc = path ? gbl_columns_read(path, names, 2, take_rate, &c, err) : gbl_nomem(err, 0);
    if (!rc) rc = curve_fill(v, &c, path, err);
    gbl_free(c.items);
    return rc;
}

void gbl_arrival_fini(gbl_arrival *v)
{
    gbl_free(v->start_s);
    gbl_free(v->rate);
    gbl_free(v->mass);
    v->start_s = v->rate = v->mass = NULL;
}

/* Last index i <= n-1 with x[i] <= at. */
static int64_t place(const double *x, int64_t n, double at)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        int64_t mid = low + (high - low + 1) / 2;
        if (x[mid] <= at) low = mid;
        else high = mid - 1;
    }
    return low;
}

/* A Poisson process of changing rate is one of rate 1 in the time L(t) = integral of the rate (Cinlar, "Introduction to
 * Stochastic Processes", 1975, section 4.7): the next arrival is where L has grown by an exponential. */
static double curve_gap(const gbl_arrival *v, double u, double at_s)
{
    double period = v->start_s[v->n], mass = v->mass[v->n];
    double turns = floor(at_s / period), in = at_s - turns * period;
    int64_t i = place(v->start_s, v->n, in);
    double to = v->mass[i] + v->rate[i] * (in - v->start_s[i]) + gbl_q_exponential(u, 1);
    double more = floor(to / mass);
    to -= more * mass;
    i = place(v->mass, v->n, to);
    while (v->rate[i] <= 0) i = i + 1 < v->n ? i + 1 : 0; /* lands on an edge of an idle stretch by rounding alone */
    double gap = more * period + v->start_s[i] + (to - v->mass[i]) / v->rate[i] - in;
    return gap > 0 ? gap : 0;
}

int gbl_arrival_closed(const gbl_arrival *v) { return v->kind == CLOSED_LOOP; }
int gbl_arrival_in_bursts(const gbl_arrival *v) { return v->kind == BURSTS; }
int gbl_arrival_of_rows(const gbl_arrival *v) { return v->kind == ROWS; }
int gbl_arrival_by_draw(const gbl_arrival *v) { return v->kind == POISSON || v->kind == GAMMA || v->kind == WEIBULL || v->kind == CURVE; }
int gbl_arrival_first_waits(const gbl_arrival *v) { return v->kind == CURVE || v->kind == BURSTS; }

double gbl_arrival_gap(const gbl_arrival *v, double u, double at_s)
{
    switch (v->kind) {
    case POISSON: return gbl_q_exponential(u, 1 / v->rate_s);
    case DETERMINISTIC: return 1 / v->rate_s;
    case GAMMA: return gbl_q_gamma(u, v->shape, v->scale_s);
    case WEIBULL: return gbl_q_weibull(u, v->shape, v->scale_s);
    default: return curve_gap(v, u, at_s);
    }
}

void gbl_arrival_schema(const char *key, gbl_json *j) { gbl_use_schema(gbl_arrival_kinds, key, "when requests arrive", j); }
void gbl_arrival_help(FILE *to) { gbl_use_help(gbl_arrival_kinds, "arrival", to); }
void gbl_arrival_json(const gbl_arrival *v, const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_str(j, "use", gbl_arrival_kinds[v->kind].name);
    gbl_param_json(gbl_arrival_kinds[v->kind].params, v, j);
    gbl_json_end(j);
}
