/* page_load.c - the newest runs of a store, and their numbers by name. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/page.h"
#include "reports/store_db.h"

static const char runs_sql[] =
    "SELECT id, seed, (SELECT count(*) FROM request WHERE run = r.id), (SELECT count(*) FROM timeline WHERE run = r.id),"
    " name, scenario_hash, cards, plugins, version, runtime, calibration, started_utc, host, scenario, coalesce(result, '{}')"
    " FROM run AS r ORDER BY id DESC LIMIT ?1";

static int parse(gbl_doc **out, page *p, int64_t run, const char *what, const char *text, gbl_err *err)
{
    const char *name = gbl_arena_printf(p->arena, "%s: run %" PRId64 ", %s", p->path, run, what);
    return name ? gbl_doc_parse(out, name, text ? text : "{}", strlen(text ? text : "{}"), err) : gbl_nomem(err, 64);
}

static int take_run(page *p, sqlite3_stmt *st, gbl_err *err)
{
    page_run *r = &p->run[p->runs++];
    r->id = sqlite3_column_int64(st, 0);
    r->seed = sqlite3_column_int64(st, 1);
    r->requests = sqlite3_column_int64(st, 2);
    r->samples = sqlite3_column_int64(st, 3);
    const char **text[] = {&r->name, &r->scenario_hash, &r->cards, &r->plugins, &r->version, &r->runtime, &r->calibration, &r->started_utc, &r->host};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        const char *v = (const char *)sqlite3_column_text(st, 4 + (int)i);
        if (!(*text[i] = gbl_arena_text(p->arena, v ? v : ""))) {
            return gbl_nomem(err, 64);
        }
    }
    int code = parse(&r->scenario, p, r->id, "scenario", (const char *)sqlite3_column_text(st, 13), err);
    return code != GBL_OK ? code : parse(&r->result, p, r->id, "result", (const char *)sqlite3_column_text(st, 14), err);
}

int gbl_page_load(page *p, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(p->db, runs_sql, -1, &st, NULL), code = GBL_OK;
    if (rc == SQLITE_OK) {
        sqlite3_bind_int(st, 1, PAGE_RUNS);
        while (code == GBL_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
            code = take_run(p, st, err);
        }
    }
    if (code == GBL_OK && rc != SQLITE_DONE) {
        code = gbl_db_fail(err, p->db, p->path, "read the store");
    }
    sqlite3_finalize(st);
    p->layout = gbl_db_int(p->db, "PRAGMA user_version", 0);
    p->runs_stored = gbl_db_int(p->db, "SELECT count(*) FROM run", 0);
    if (code == GBL_OK && p->runs == 0) {
        gbl_fail(err, GBL_EINPUT, "the store holds no run");
        gbl_where(err, "%s", p->path);
        code = gbl_expected(err, "a store with at least one run: gable run --db %s", p->path);
    }
    return code;
}

void gbl_page_unload(page *p)
{
    for (int i = 0; i < p->runs; i++) {
        gbl_doc_free(p->run[i].scenario);
        gbl_doc_free(p->run[i].result);
    }
}

static double number_at(const gbl_doc *d, const char *path)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(d), path);
    return n && gbl_node_kind(n) == GBL_NUMBER ? gbl_node_num(n) : NAN;
}

double gbl_page_num(const page_run *r, const char *path)
{
    return number_at(r->result, path);
}

double gbl_page_slo(const page_run *r, const char *key)
{
    char path[64];
    snprintf(path, sizeof path, "slo.%s", key);
    return number_at(r->scenario, path);
}

const char *gbl_page_scenario_text(const page_run *r, const char *path, const char *none)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(r->scenario), path);
    enum gbl_kind k = n ? gbl_node_kind(n) : GBL_NULL;
    if (k == GBL_OBJECT) { /* a policy with parameters */
        n = gbl_node_get(n, "use");
        k = n ? gbl_node_kind(n) : GBL_NULL;
    }
    return k == GBL_STRING || k == GBL_NUMBER ? gbl_node_text(n) : none;
}

void gbl_page_text(FILE *to, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&': fputs("&amp;", to); break;
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '"': fputs("&quot;", to); break;
        case '\'': fputs("&#39;", to); break;
        default: fputc(*s, to);
        }
    }
}

/* 1234567 -> 1,234,567 */
static void group_thousands(char *out, size_t size, double v)
{
    char digits[64];
    int n = snprintf(digits, sizeof digits, "%.0f", fabs(v));
    size_t at = 0;
    if (v < 0 && at + 1 < size) {
        out[at++] = '-';
    }
    for (int i = 0; i < n && at + 2 < size; i++) {
        if (i && (n - i) % 3 == 0) {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = 0;
}

char *gbl_page_human(char *out, size_t size, double v)
{
    double a = fabs(v);
    if (!isfinite(v)) {
        snprintf(out, size, "\xe2\x80\x93");
    } else if (a >= 1e15 || (a > 0 && a < 1e-4)) {
        snprintf(out, size, "%.3g", v);
    } else if (a >= 999.5 || fabs(v - round(v)) <= 1e-12 * a) {
        group_thousands(out, size, v);
    } else {
        snprintf(out, size, "%.*f", a >= 99.95 ? 1 : a >= 0.9995 ? 2 : a >= 0.0995 ? 3 : a >= 0.00995 ? 4 : 5, v);
    }
    return out;
}
