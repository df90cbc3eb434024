/* kernels_rows.c - reading, checking and merging of measured kernels; see kernels_rows.h. */
#include "validate/kernels_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "reports/measurements.h"
#include "validate/csv.h"
#include "validate/kernels_columns.h"
#include "validate/probe_rows.h"

int gbl_krows_init(gbl_krows *k, gbl_err *err)
{
    memset(k, 0, sizeof *k);
    k->arena = gbl_arena_new();
    return k->arena ? 0 : gbl_nomem(err, sizeof *k);
}

void gbl_krows_fini(gbl_krows *k)
{
    gbl_free(k->row);
    gbl_free(k->other);
    gbl_free(k->file);
    gbl_arena_free(k->arena);
}

static void leave_out(gbl_krows *k, const char *why)
{
    for (int i = 0; i < k->n_rules; i++)
        if (!strcmp(k->rule[i].what, why)) {
            k->rule[i].n++;
            return;
        }
    if (k->n_rules < GBL_KRULES_MOST) k->rule[k->n_rules++] = (gbl_krule){why, 1};
}

/* Why the formulas must not learn from the row, or NULL; `all`: only what they cannot even be compared with. */
static const char *rule_of(const gbl_krow *r, const gbl_hw *hw, int all)
{
    const double *v = r->v;
    if (r->class == GBL_KC_GEMM) {
        if (r->narrow && hw->flops[GBL_FP8] <= 0) return "fp8 on a GPU without fp8";
        double bytes = v[GBL_KG_COPIES] * v[GBL_KG_N] * v[GBL_KG_K] * (r->narrow ? 1 : 2);
        return bytes < 2 * hw->l2_bytes ? "weights that stay in L2 (below 2 x L2 in all copies)" : NULL;
    }
    if (r->class == GBL_KC_DECODE) {
        double bytes = v[GBL_KA_BATCH] * v[GBL_KA_LEN] * v[GBL_KA_KV_HEADS] * v[GBL_KA_DIM] * (r->narrow ? 2 : 4);
        return v[GBL_KA_COLD] < 0.5 && bytes >= 2e6 && bytes < 2 * hw->l2_bytes ? "KV that stays in L2 (2 MB to 2 x L2)" : NULL;
    }
    if (r->class == GBL_KC_STREAM) return v[GBL_KS_BYTES] >= 2e6 && v[GBL_KS_BYTES] < 2 * hw->l2_bytes ? "copies that stay in L2 (2 MB to 2 x L2)" : NULL;
    if (r->class == GBL_KC_MOE && !all && v[GBL_KM_EP] > 1.5) return "experts over several GPUs: a rank's share hangs on the routing";
    return NULL;
}

static int keep(gbl_krows *k, gbl_krow *r, const char *why, const gbl_hw *hw, gbl_err *err)
{
    k->read++;
    if (!why) why = rule_of(r, hw, k->all);
    if (why) {
        leave_out(k, why);
        return 0;
    }
    if (gbl_grow(&k->row, &k->room, k->n + 1, sizeof *k->row)) return gbl_nomem(err, k->n * sizeof *k->row);
    r->file = (int32_t)k->n_files - 1;
    r->merged = 1;
    k->row[k->n++] = *r;
    return 0;
}

/* Does the row bear the values that --where asks for? Notes which columns were met. */
static int wanted(gbl_krows *k, const gbl_csv *c)
{
    int all = 1;
    for (size_t i = 0; i < k->n_where; i++) {
        const char *eq = strchr(k->where[i], '=');
        size_t len = (size_t)(eq - k->where[i]);
        for (int f = 0; f < c->n_head; f++) {
            if (strlen(c->head[f]) != len || memcmp(c->head[f], k->where[i], len)) continue;
            k->where_seen |= 1u << i;
            if (strcmp(c->field[f], eq + 1)) all = 0;
        }
    }
    return all;
}

static int add_file(gbl_krows *k, const char *path, gbl_err *err)
{
    char *name = gbl_arena_text(k->arena, path);
    if (!name || gbl_grow(&k->file, &k->files_room, k->n_files + 1, sizeof *k->file)) return gbl_nomem(err, strlen(path));
    k->file[k->n_files++] = name;
    return 0;
}

static int read_csv(gbl_krows *k, const char *path, const gbl_hw *hw, gbl_err *err)
{
    gbl_csv c;
    gbl_kcolumns columns;
    int got = 0;
    int code = gbl_csv_open(&c, path, k->arena, err);
    if (!code) code = gbl_kcolumns_find(&columns, &c, err);
    while (!code && (got = gbl_csv_next(&c, err)) == 1) {
        gbl_krow r;
        const char *why = NULL;
        if (!wanted(k, &c)) {
            k->read++;
            leave_out(k, "other values than --where asks for");
            continue;
        }
        code = gbl_kcolumns_row(&columns, &c, &r, &why, err);
        if (!code) code = keep(k, &r, why, hw, err);
    }
    if (got < 0) code = err->code;
    gbl_csv_close(&c);
    return code;
}

/* ---- rows of a probe ---- */

static int keep_other(gbl_krows *k, const char *operation, const char *shape, double us, const char *why, gbl_err *err)
{
    k->read++;
    leave_out(k, why);
    if (gbl_grow(&k->other, &k->other_room, k->n_other + 1, sizeof *k->other)) return gbl_nomem(err, k->n_other * sizeof *k->other);
    gbl_kother o = {operation ? gbl_arena_text(k->arena, operation) : NULL, gbl_arena_text(k->arena, shape), us};
    if (!o.operation || !o.shape) return gbl_nomem(err, strlen(shape));
    k->other[k->n_other++] = o;
    return 0;
}

/* The bodies that run everywhere teach only where no kernel made for the machine does: those are what an engine runs. */
static int is_second_best(const gbl_probe_rows *p, const gbl_probe_row *r)
{
    if (strcmp(r->kernel, "body")) return 0;
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->row[i].probe, r->probe) && !strcmp(p->row[i].format, r->format) && strcmp(p->row[i].kernel, "body")) return 1;
    return 0;
}

/* A probe that counts other work than the formulas measured another operation; scales of narrow codes may differ. */
static int check_work(const gbl_krow *row, const gbl_probe_row *r, const gbl_hw *hw, gbl_err *err)
{
    static const double apart = 0.1;
    gbl_machine g = {hw, hw->eff, 1, 0, 1};
    double want[2], got[2] = {r->flops, r->bytes};
    if (gbl_krow_work(&g, row, &want[0], &want[1])) return 0;
    for (int i = 0; i < 2; i++) {
        if (isnan(got[i]) || fabs(got[i] - want[i]) <= apart * want[i]) continue;
        gbl_fail(err, GBL_EINPUT, "%s of the row are %.6g; the formula for its shape says %.6g", i ? "bytes" : "flops", got[i], want[i]);
        return gbl_expected(err, "the operation that the columns describe (validate/probe/PROTOCOL.md)");
    }
    return 0;
}

static int take_probe(gbl_krows *k, gbl_probe_rows *p, const gbl_probe_row *r, const char *path, const gbl_hw *hw, gbl_err *err)
{
    const char *operation, *why = NULL, *shape;
    int fits = 0;
    gbl_krow row;
    k->throttled += r->throttled;
    shape = gbl_probe_row_stored(p, r, &operation, &fits);
    if (!shape) return gbl_nomem(err, 0);
    if (!fits) return keep_other(k, operation, shape, r->us, "probes that no formula is fitted to", err);
    if (r->noisy) return keep_other(k, gbl_arena_printf(p->arena, "%s_noisy", operation), shape, r->us, "noisy rows of a probe (interval above 5 % of the median)", err);
    if (is_second_best(p, r)) return keep_other(k, gbl_arena_printf(p->arena, "%s_body", r->probe), shape, r->us, "bodies beside kernels made for the machine", err);
    if (gbl_kcolumns_stored(path, r->line, operation, shape, r->us, &row, &why, err) || (!why && check_work(&row, r, hw, err))) {
        gbl_where(err, "%s:%lld: %.200s", path, (long long)r->line, shape);
        return err->code;
    }
    if (!why) why = rule_of(&row, hw, k->all);
    if (why) return keep_other(k, operation, shape, r->us, why, err);
    return keep(k, &row, NULL, hw, err);
}

int gbl_krows_take(gbl_krows *k, gbl_probe_rows *p, const char *path, const gbl_hw *hw, gbl_err *err)
{
    if (add_file(k, path, err)) return err->code;
    for (size_t i = 0; i < p->n; i++)
        if (take_probe(k, p, &p->row[i], path, hw, err)) return err->code;
    return 0;
}

static int read_probe(gbl_krows *k, const char *path, const gbl_hw *hw, gbl_err *err)
{
    gbl_probe_rows p;
    int code = gbl_probe_rows_init(&p, err);
    if (!code) code = gbl_probe_rows_read(&p, path, err);
    if (!code) code = gbl_krows_take(k, &p, path, hw, err);
    gbl_probe_rows_fini(&p);
    return code;
}

typedef struct store_reader {
    gbl_krows *k;
    const gbl_hw *hw;
} store_reader;

static int store_row(void *to, int64_t id, const char *operation, const char *shape, double measured, gbl_err *err)
{
    store_reader *s = to;
    gbl_krow r;
    const char *why = NULL;
    int code = gbl_kcolumns_stored(s->k->file[s->k->n_files - 1], id, operation, shape, measured, &r, &why, err);
    if (code < 0) return 0; /* a measurement of something else */
    return code ? code : keep(s->k, &r, why, s->hw, err);
}

int gbl_krows_read(gbl_krows *k, const char *path, const gbl_hw *hw, gbl_err *err)
{
    for (size_t i = 0; i < k->n_where; i++)
        if (!strchr(k->where[i], '=') || i >= 32) {
            gbl_fail(err, GBL_EINPUT, "--where %s is no condition", k->where[i]);
            return gbl_expected(err, "COLUMN=VALUE, at most 32 times");
        }
    if (gbl_probe_rows_is(path)) return read_probe(k, path, hw, err);
    if (add_file(k, path, err)) return err->code;
    if (!gbl_measurements_is_store(path)) return read_csv(k, path, hw, err);
    store_reader s = {k, hw};
    return gbl_measurements_read(path, hw->name, "latency_us", store_row, &s, err);
}

static int by_shape(const void *a, const void *b)
{
    const gbl_krow *x = a, *y = b;
    if (x->class != y->class) return x->class < y->class ? -1 : 1;
    if (x->narrow != y->narrow) return x->narrow < y->narrow ? -1 : 1;
    for (int i = 0; i < GBL_KV_MOST; i++)
        if (x->v[i] < y->v[i] || x->v[i] > y->v[i]) return x->v[i] < y->v[i] ? -1 : 1;
    return 0;
}

static int by_place(const void *a, const void *b)
{
    int by = by_shape(a, b);
    const gbl_krow *x = a, *y = b;
    if (by) return by;
    if (x->file != y->file) return x->file < y->file ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static int contradict(const gbl_krows *k, const gbl_krow *a, const gbl_krow *b, gbl_err *err)
{
    char shape[256];
    gbl_fail(err, GBL_EINPUT, "two rows contradict each other: the same %s takes %g us and %g us", gbl_kclass_name(a->class), a->us, b->us);
    gbl_where(err, "%s:%lld and %s:%lld, %s", k->file[a->file], (long long)a->line, k->file[b->file], (long long)b->line,
              gbl_krow_json(a, shape, sizeof shape));
    return gbl_expected(err, "repetitions within a factor of 2; remove the wrong row");
}

/* 30 % of the shapes; the same shapes whichever rows, files or GPU they come with. */
static int is_held(uint64_t shape)
{
    return shape % 10 < 3;
}

static uint64_t shape_of(const gbl_krow *r)
{
    static const struct { int8_t from, n; } part[GBL_KC_N] = {{1, 2}, {3, 3}, {3, 3}, {1, 4}, {0, 2}, {0, 2}, {0, 3}};
    return gbl_hash64(&r->v[part[r->class].from], (size_t)part[r->class].n * sizeof(double), 0);
}

int gbl_krows_ready(gbl_krows *k, gbl_err *err)
{
    for (size_t i = 0; i < k->n_where; i++)
        if (!(k->where_seen >> i & 1)) {
            gbl_fail(err, GBL_EINPUT, "no file has the column of --where %s", k->where[i]);
            return gbl_expected(err, "a column of at least one file");
        }
    if (k->n) qsort(k->row, k->n, sizeof *k->row, by_place);
    size_t out = 0;
    for (size_t i = 0, end; i < k->n; i = end) {
        double sum = 0;
        size_t low = i, high = i;
        for (end = i; end < k->n && !by_shape(&k->row[i], &k->row[end]); end++) {
            sum += log(k->row[end].us);
            if (k->row[end].us < k->row[low].us) low = end;
            if (k->row[end].us > k->row[high].us) high = end;
        }
        if (k->row[high].us > 2 * k->row[low].us) return contradict(k, &k->row[low], &k->row[high], err);
        gbl_krow r = k->row[i];
        r.merged = (int32_t)(end - i);
        if (r.merged > 1) r.us = exp(sum / r.merged);
        r.shape = shape_of(&r);
        r.held = (uint8_t)is_held(r.shape);
        k->row[out++] = r;
    }
    k->n = out;
    return 0;
}
