/* standings.c - points in the order of a metric. */
#include "reports/standings.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/spool.h"
#include "base/json.h"
#include "base/plot.h"
#include "base/term.h"
#include "base/text.h"

enum metric { TTFT_P50, TTFT_P99, TPOT_P50, TPOT_P99, GOODPUT, OUTPUT, COST, METRICS };
static const struct {
    const char *path, *header;
    int digits;
} metrics[METRICS] = {
    [TTFT_P50] = {"ttft_ms.p50", ">TTFT p50 ms", 1}, [TTFT_P99] = {"ttft_ms.p99", ">p99 ms", 1},
    [TPOT_P50] = {"tpot_ms.p50", ">TPOT p50 ms", 2}, [TPOT_P99] = {"tpot_ms.p99", ">p99 ms", 2},
    [GOODPUT] = {"goodput.request_s", ">goodput req/s", 3}, [OUTPUT] = {"throughput.output_tok_s", ">output tok/s", 1},
    [COST] = {"cost.usd_per_mtok_output", ">USD/Mtok", 3}};
/* In the order of enum gbl_standing; the sign makes the best the smallest. */
static const struct {
    enum metric metric;
    int sign;
} ranks[] = {{GOODPUT, -1}, {OUTPUT, -1}, {TTFT_P99, 1}, {TPOT_P99, 1}, {COST, 1}};

typedef struct found {
    double v[METRICS];
    double order; /* by which it is sorted */
    int64_t run;
    long at, length; /* of its result in the file */
    size_t point, rank;
    int there;
} found;

struct gbl_standings {
    const gbl_sweep *sweep;
    found *found; /* one a point */
    found **sorted;
    size_t n;
    FILE *results;
    long end;
};

int gbl_standings_new(gbl_standings **out, const gbl_sweep *sweep, gbl_err *err)
{
    gbl_standings *r = *out = gbl_alloc(1, sizeof *r);
    size_t n = gbl_sweep_size(sweep);
    if (!r) {
        return gbl_nomem(err, sizeof *r);
    }
    r->sweep = sweep;
    r->found = gbl_alloc(n, sizeof *r->found);
    r->sorted = gbl_alloc(n, sizeof *r->sorted);
    int code = r->found && r->sorted ? GBL_OK : gbl_nomem(err, n * sizeof *r->found);
    if (!code && !(r->results = gbl_spool_new(err))) {
        code = err->code;
    }
    if (code) {
        gbl_standings_free(r);
        *out = NULL;
    }
    return code;
}

void gbl_standings_free(gbl_standings *r)
{
    if (!r) {
        return;
    }
    if (r->results) {
        fclose(r->results);
    }
    gbl_free(r->found);
    gbl_free(r->sorted);
    gbl_free(r);
}

int gbl_standings_has(const gbl_standings *r, size_t point)
{
    return r->found[point].there;
}

size_t gbl_standings_size(const gbl_standings *r)
{
    return r->n;
}

static int fail_file(gbl_err *err, const char *doing)
{
    gbl_fail(err, GBL_EFAULT, "cannot %s a temporary file: %s", doing, errno ? strerror(errno) : "it ends too early");
    return gbl_expected(err, "room in $TMPDIR or /tmp for the results");
}

int gbl_standings_add(gbl_standings *r, size_t point, int64_t run, const char *result_json, gbl_err *err)
{
    found *f = &r->found[point];
    gbl_doc *doc;
    int code = gbl_doc_parse(&doc, "result", result_json, strlen(result_json), err);
    if (code) {
        return code;
    }
    for (int i = 0; i < METRICS; i++) {
        const gbl_node *n = gbl_node_at(gbl_doc_root(doc), metrics[i].path);
        f->v[i] = n && gbl_node_kind(n) == GBL_NUMBER ? gbl_node_num(n) : NAN;
    }
    gbl_doc_free(doc);
    f->run = run;
    f->point = point;
    f->at = r->end;
    f->length = (long)strlen(result_json);
    errno = 0;
    if (fseek(r->results, r->end, SEEK_SET) != 0 || fwrite(result_json, 1, (size_t)f->length, r->results) != (size_t)f->length) {
        return fail_file(err, "write to");
    }
    r->end += f->length;
    if (!f->there) {
        f->there = 1;
        r->sorted[r->n++] = f;
    }
    return GBL_OK;
}

static int by_order(const void *a, const void *b)
{
    const found *x = *(const found *const *)a, *y = *(const found *const *)b;
    if (isnan(x->order) != isnan(y->order)) {
        return isnan(x->order) ? 1 : -1;
    }
    if (x->order != y->order && !isnan(x->order)) {
        return x->order < y->order ? -1 : 1;
    }
    return (x->point > y->point) - (x->point < y->point);
}

static void rank(gbl_standings *r, enum gbl_standing by)
{
    for (size_t i = 0; i < r->n; i++) {
        found *f = r->sorted[i];
        f->order = by == GBL_STAND_POINT ? (double)f->point : ranks[by].sign * f->v[ranks[by].metric];
    }
    qsort(r->sorted, r->n, sizeof *r->sorted, by_order);
    for (size_t i = 0; i < r->n; i++) {
        r->sorted[i]->rank = i + 1;
    }
}

/* ---------------------------------------------------------------- table ---- */

enum { KEYS_SHOWN = 12 };

/* A key as the table heads it: its last words, as many as tell it from the others. */
static const char *short_key(const gbl_sweep *s, size_t k)
{
    const char *key = gbl_sweep_key(s, k), *at = key + strlen(key);
    for (size_t i = 0; at > key;) {
        do {
            at--;
        } while (at > key && at[-1] != '.');
        size_t n = strlen(at);
        for (i = 0; i < gbl_sweep_keys(s); i++) {
            const char *other = gbl_sweep_key(s, i);
            size_t m = strlen(other);
            if (i != k && m >= n && strcmp(other + m - n, at) == 0) {
                break;
            }
        }
        if (i == gbl_sweep_keys(s)) {
            break;
        }
    }
    return at;
}

/* Five digits do for a table; --json has them all. */
static const char *short_value(const gbl_sweep *s, size_t point, size_t k, char *out, size_t size)
{
    double v;
    gbl_sweep_value(s, point, k, out, size);
    if (strlen(out) > 7 && strpbrk(out, ".eE") && gbl_text_real(out, strlen(out), &v) == 0) {
        snprintf(out, size, "%.5g", v);
    }
    return out;
}

/* Numbers stand to the right. */
static int is_numeric(const gbl_standings *r, size_t k)
{
    char value[48];
    double v;
    for (size_t i = 0; i < r->n; i++) {
        gbl_sweep_value(r->sweep, r->sorted[i]->point, k, value, sizeof value);
        if (strcmp(value, "-") != 0 && gbl_text_real(value, strlen(value), &v) != 0) {
            return 0;
        }
    }
    return 1;
}

static gbl_table *make_table(const gbl_standings *r, size_t keys)
{
    const char *h[KEYS_SHOWN + METRICS + 1] = {NULL}; /* NULL ends the headers */
    char header[KEYS_SHOWN][128];
    size_t n = 0;
    gbl_table *t = gbl_table_new(NULL);
    if (!t) {
        return NULL;
    }
    while (n < keys) {
        snprintf(header[n], sizeof header[n], "%s%s", is_numeric(r, n) ? ">" : "", short_key(r->sweep, n));
        h[n] = header[n];
        n++;
    }
    for (int i = 0; i < METRICS; i++) {
        h[n++] = metrics[i].header;
    }
    gbl_table_columns(t, ">#", h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15], h[16], h[17], h[18], (char *)NULL);
    return t;
}

static void print_row(const gbl_standings *r, gbl_table *t, const found *f, size_t keys)
{
    char value[48];
    gbl_table_cell(t, "%zu", f->rank);
    for (size_t k = 0; k < keys; k++) {
        gbl_table_cell(t, "%s", short_value(r->sweep, f->point, k, value, sizeof value));
    }
    for (int i = 0; i < METRICS; i++) {
        if (isnan(f->v[i])) {
            gbl_table_cell(t, "-");
        } else {
            gbl_table_cell(t, "%.*f", metrics[i].digits, f->v[i]);
        }
    }
}

int gbl_standings_print(gbl_standings *r, enum gbl_standing by, size_t top, FILE *to, gbl_err *err)
{
    size_t all = gbl_sweep_keys(r->sweep), keys = all < KEYS_SHOWN ? all : KEYS_SHOWN, shown = top && top < r->n ? top : r->n;
    gbl_table *t = make_table(r, keys);
    if (!t) {
        return gbl_nomem(err, 0);
    }
    rank(r, by);
    for (size_t i = 0; i < shown; i++) {
        print_row(r, t, r->sorted[i], keys);
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    if (shown < r->n) {
        fprintf(to, "... and %zu more: --top 0 prints all\n", r->n - shown);
    }
    if (keys < all) {
        fprintf(to, "%zu more keys vary: --json has them\n", all - keys);
    }
    return GBL_OK;
}

/* ---------------------------------------------------------------- price against latency ---- */

static int beaten(const gbl_standings *r, const found *f)
{
    for (size_t i = 0; i < r->n; i++) {
        const double *v = r->sorted[i]->v;
        if (v[COST] <= f->v[COST] && v[TTFT_P99] <= f->v[TTFT_P99] && (v[COST] < f->v[COST] || v[TTFT_P99] < f->v[TTFT_P99])) {
            return 1;
        }
    }
    return 0;
}

int gbl_standings_plot(const gbl_standings *r, FILE *to, gbl_err *err)
{
    enum { MOST = 5000, COLUMNS = 100, ROWS = 14, NAMED = 8 };
    size_t n = r->n < MOST ? r->n : MOST, named = 0;
    gbl_dot *dot = gbl_alloc(n + 1, sizeof *dot);
    int columns = gbl_term_width() - 14;
    if (!dot) {
        return gbl_nomem(err, n * sizeof *dot);
    }
    for (size_t i = 0; i < n; i++) {
        const double *v = r->sorted[i]->v;
        dot[i] = (gbl_dot){v[COST], v[TTFT_P99], isfinite(v[COST]) && isfinite(v[TTFT_P99]) && !beaten(r, r->sorted[i])};
    }
    if (n > 1) {
        fputc('\n', to);
        gbl_plot_dots(dot, n, columns > COLUMNS ? COLUMNS : columns, ROWS, "USD a million output tokens", "TTFT p99, ms", to);
    }
    for (size_t i = 0; i < n && n > 1; i++) {
        if (dot[i].front && named++ < NAMED) {
            fprintf(to, "%s#%zu", named == 1 ? "not beaten in both: " : ", ", r->sorted[i]->rank);
        }
    }
    fputs(named > NAMED ? ", ...\n" : named ? "\n" : "", to);
    gbl_free(dot);
    return GBL_OK;
}

/* ---------------------------------------------------------------- JSON ---- */

/* The run's members follow those of the point in one object. */
static int print_object(gbl_standings *r, const found *f, int first, FILE *to, gbl_err *err)
{
    char *text = gbl_alloc((size_t)f->length + 1, 1);
    if (!text) {
        return gbl_nomem(err, (size_t)f->length + 1);
    }
    errno = 0;
    int code = GBL_OK;
    if (fseek(r->results, f->at, SEEK_SET) != 0 || fread(text, 1, (size_t)f->length, r->results) != (size_t)f->length) {
        code = fail_file(err, "read back");
    } else {
        fprintf(to, "%s{\"point\":%zu,\"rank\":%zu,\"run\":", first ? "" : ",\n", f->point, f->rank);
        if (f->run) {
            fprintf(to, "%" PRId64, f->run);
        } else {
            fputs("null", to);
        }
        fprintf(to, ",\"vary\":%s%s%s", gbl_sweep_point(r->sweep, f->point)->vary, text[1] == '}' ? "" : ",", text + 1);
    }
    gbl_free(text);
    return code;
}

int gbl_standings_json(gbl_standings *r, enum gbl_standing by, FILE *to, gbl_err *err)
{
    int code = GBL_OK, first = 1;
    rank(r, by);
    fputs("[\n", to);
    for (size_t i = 0; i < gbl_sweep_size(r->sweep) && !code; i++) {
        if (r->found[i].there) {
            code = print_object(r, &r->found[i], first, to, err);
            first = 0;
        }
    }
    fputs("\n]\n", to);
    return code;
}
