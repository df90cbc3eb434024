/* page_configs_load.c - groups the runs of a store by configuration and names each by what it does not share with the others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page_configs.h"
#include "reports/identity.h"
#include "reports/store_db.h"

enum { MOST_RUNS = 2000, MOST_KEYS = 8, VALUE_CHARS = 40 };

typedef struct run_row {
    uint64_t hash;
    int64_t id;
    double v[GBL_CONFIG_METRICS];
} run_row;

/* ---- runs ---- */

static const char runs_sql[] =
    "SELECT id, json_remove(scenario, '$.run.seed'), json_extract(result, '$.ttft_ms.p50'), json_extract(result, '$.ttft_ms.p99'),"
    " json_extract(result, '$.tpot_ms.p99'), json_extract(result, '$.e2el_ms.p99'), json_extract(result, '$.throughput.output_tok_s'),"
    " json_extract(result, '$.goodput.request_s'), json_extract(result, '$.cost.usd_per_mtok_output')"
    " FROM run WHERE result IS NOT NULL ORDER BY id DESC LIMIT ?1";

static int read_runs(page *p, run_row *row, size_t *n, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(p->db, runs_sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int(st, 1, MOST_RUNS);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            run_row *r = &row[(*n)++];
            const char *scenario = (const char *)sqlite3_column_text(st, 1);
            r->id = sqlite3_column_int64(st, 0);
            r->hash = gbl_identity_hash(scenario ? scenario : "");
            for (int i = 0; i < GBL_CONFIG_METRICS; i++) {
                r->v[i] = sqlite3_column_type(st, 2 + i) == SQLITE_NULL ? NAN : sqlite3_column_double(st, 2 + i);
            }
        }
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_db_fail(err, p->db, p->path, "read the store");
    sqlite3_finalize(st);
    return code;
}

static int by_hash(const void *a, const void *b)
{
    const run_row *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : (x->id > y->id) - (x->id < y->id);
}

static void measure(page_config *c, const run_row *row, size_t n)
{
    double v[MOST_RUNS];
    for (int m = 0; m < GBL_CONFIG_METRICS; m++) {
        size_t known = 0;
        for (size_t i = 0; i < n; i++) {
            if (isfinite(row[i].v[m])) {
                v[known++] = row[i].v[m];
            }
        }
        c->v[m] = known ? gbl_stat_student(v, known, 0.95) : (gbl_interval){NAN, NAN, NAN, NAN, 0};
    }
}

static void group(page_configs *out, run_row *row, size_t n)
{
    qsort(row, n, sizeof *row, by_hash);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && row[end].hash == row[i].hash; end++) {
        }
        page_config *c = &out->v[out->n++];
        *c = (page_config){.hash = row[i].hash, .newest = row[end - 1].id, .runs = end - i};
        measure(c, row + i, end - i);
        out->several |= c->runs > 1;
    }
    out->runs = n;
}

/* ---- names ---- */

typedef struct keys {
    const char *v[MOST_KEYS];
    int n, full; /* full: that all runs have, the first ones */
} keys;

/* Keys that all runs have come first; those that only some have (a policy's parameters) are for names that would be the same. */
static const char keys_sql[] =
    "SELECT key, count(*) < (SELECT count(*) FROM run WHERE id >= ?1 AND result IS NOT NULL) AS partial FROM run_param"
    " WHERE run >= ?1 AND key NOT IN ('run.seed', 'gable') AND key NOT LIKE 'slo.%' GROUP BY key"
    " HAVING count(DISTINCT value) > 1 OR partial ORDER BY partial, count(DISTINCT value) = 1, key <> 'name', key LIMIT ?2";

static int read_keys(page *p, int64_t first, keys *out, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(p->db, keys_sql, -1, &st, NULL), code = GBL_OK;
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, first);
        sqlite3_bind_int(st, 2, MOST_KEYS);
        while (code == GBL_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
            out->full += !sqlite3_column_int(st, 1);
            out->v[out->n] = gbl_arena_text(p->arena, (const char *)sqlite3_column_text(st, 0));
            code = out->v[out->n++] ? GBL_OK : gbl_nomem(err, 0);
        }
    }
    if (code == GBL_OK && rc != SQLITE_DONE) {
        code = gbl_db_fail(err, p->db, p->path, "read the store");
    }
    sqlite3_finalize(st);
    return code;
}

static int is_load(const char *key)
{
    static const char *const load[] = {"trace.rate_scale", "trace.generate.arrival.rate_s", "trace.generate.arrival.concurrency"};
    for (size_t i = 0; i < sizeof load / sizeof *load; i++) {
        if (!strcmp(key, load[i])) {
            return 1;
        }
    }
    return 0;
}

/* "policy.schedule.use" -> "schedule"; "cluster.pools.1.replicas" -> "pool 1 replicas". */
static void short_key(char *out, size_t size, const char *key)
{
    size_t n = strlen(key);
    if (n > 4 && !strcmp(key + n - 4, ".use")) {
        n -= 4;
    }
    size_t at = n;
    while (at && key[at - 1] != '.') {
        at--;
    }
    const char *pool = strstr(key, "pools.");
    int width = pool ? (int)strspn(pool + 6, "0123456789") : 0;
    if (width) snprintf(out, size, "pool %.*s %.*s", width, pool + 6, (int)(n - at), key + at);
    else snprintf(out, size, "%.*s", (int)(n - at), key + at);
}

static int is_file(const char *text, size_t n)
{
    static const char *const ends[] = {".json", ".jsonl", ".csv", ".gz", ".zst", ".so"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t len = strlen(ends[i]);
        if (n > len && !strncmp(text + n - len, ends[i], len)) return 1;
    }
    return 0;
}

/* A JSON value without its quotes, a path without its folders, at most VALUE_CHARS of it. */
static void short_value(char *out, size_t size, const char *json)
{
    size_t n = strlen(json);
    if (n >= 2 && json[0] == '"') {
        json++;
        n -= 2;
    }
    for (size_t i = is_file(json, n) ? n : 0; i-- > 0;) {
        if (json[i] == '/' && i + 1 < n) {
            json += i + 1;
            n -= i + 1;
            break;
        }
    }
    size_t keep = n < VALUE_CHARS ? n : VALUE_CHARS;
    while (keep < n && keep && ((unsigned char)json[keep] & 0xC0) == 0x80) {
        keep--;
    }
    snprintf(out, size, "%.*s%s", (int)keep, json, keep < n ? "\xe2\x80\xa6" : "");
}

/* Adds "key=value" (names of policies and cards stand for themselves); a load goes into the label alone. */
static void add_word(char *label, char *series, size_t size, const char *key, const char *json)
{
    char word[240], name[80], value[120];
    size_t len = strlen(key);
    short_key(name, sizeof name, key);
    short_value(value, sizeof value, json);
    if (!strcmp(value, "null")) {
        return;
    }
    if (!strcmp(key, "name") || !strcmp(key, "model") || !strcmp(name, "hardware") || (len > 4 && !strcmp(key + len - 4, ".use"))) {
        snprintf(word, sizeof word, "%s", value);
    } else {
        snprintf(word, sizeof word, "%s=%s", name, value);
    }
    for (int i = 0; i < (is_load(key) ? 1 : 2); i++) {
        char *to = i ? series : label;
        size_t n = strlen(to);
        snprintf(to + n, size - n, "%s%s", n ? ", " : "", word);
    }
}

/* By its values of the first n keys. */
static int name_config(page *p, page_config *c, const keys *k, int n, sqlite3_stmt *st, gbl_err *err)
{
    char label[1024] = "", series[1024] = "";
    for (int i = 0; i < n; i++) {
        sqlite3_reset(st);
        sqlite3_bind_int64(st, 1, c->newest);
        sqlite3_bind_text(st, 2, k->v[i], -1, SQLITE_STATIC);
        int rc = sqlite3_step(st);
        if (rc == SQLITE_ROW) {
            add_word(label, series, sizeof label, k->v[i], (const char *)sqlite3_column_text(st, 0));
        } else if (rc != SQLITE_DONE) {
            return gbl_db_fail(err, p->db, p->path, "read the store");
        }
    }
    c->label = label[0] ? gbl_arena_text(p->arena, label) : gbl_arena_printf(p->arena, "run %lld", (long long)c->newest);
    c->series = gbl_arena_text(p->arena, series[0] ? series : "all");
    return c->label && c->series ? GBL_OK : gbl_nomem(err, 0);
}

/* One curve after the other, along each from little load to much. */
static int by_name(const void *a, const void *b)
{
    const page_config *x = a, *y = b;
    double u = x->v[GBL_CONFIG_OUTPUT].mean, w = y->v[GBL_CONFIG_OUTPUT].mean;
    int c = strcmp(x->series, y->series);
    c = c ? c : (u > w) - (u < w);
    return c ? c : (x->newest > y->newest) - (x->newest < y->newest);
}

static int by_label(const void *a, const void *b)
{
    return strcmp(((const page_config *)a)->label, ((const page_config *)b)->label);
}

static int find_twice(page_configs *out)
{
    int found = 0;
    qsort(out->v, out->n, sizeof *out->v, by_label);
    for (size_t i = 0; i < out->n; i++) {
        page_config *c = &out->v[i];
        c->twice = (i > 0 && !by_label(c, c - 1)) || (i + 1 < out->n && !by_label(c, c + 1));
        found |= c->twice;
    }
    return found;
}

static int name_all(page *p, page_configs *out, int64_t first, gbl_err *err)
{
    keys k = {{0}, 0, 0};
    sqlite3_stmt *st = NULL;
    int code = read_keys(p, first, &k, err);
    if (code == GBL_OK && sqlite3_prepare_v2(p->db, "SELECT value FROM run_param WHERE run = ?1 AND key = ?2", -1, &st, NULL) != SQLITE_OK) {
        code = gbl_db_fail(err, p->db, p->path, "read the store");
    }
    for (int n = k.full, again = 1; n <= k.n && again && code == GBL_OK; n++) {
        for (size_t i = 0; i < out->n && code == GBL_OK; i++) {
            code = n == k.full || out->v[i].twice ? name_config(p, &out->v[i], &k, n, st, err) : GBL_OK;
        }
        again = code == GBL_OK && find_twice(out);
    }
    if (code == GBL_OK) {
        qsort(out->v, out->n, sizeof *out->v, by_name);
    }
    sqlite3_finalize(st);
    return code;
}

/* ---- the front ---- */

static void find_front(page_configs *out)
{
    for (size_t i = 0; i < out->n; i++) {
        const gbl_interval *mine = out->v[i].v;
        double usd = mine[GBL_CONFIG_USD].mean, ttft = mine[GBL_CONFIG_TTFT_P99].mean;
        int beaten = !isfinite(usd) || !isfinite(ttft);
        for (size_t k = 0; k < out->n && !beaten; k++) {
            double u = out->v[k].v[GBL_CONFIG_USD].mean, t = out->v[k].v[GBL_CONFIG_TTFT_P99].mean;
            beaten = u <= usd && t <= ttft && (u < usd || t < ttft);
        }
        out->v[i].front = !beaten;
    }
}

int gbl_page_configs_load(page *p, page_configs *out, gbl_err *err)
{
    run_row *row = gbl_alloc(MOST_RUNS, sizeof *row);
    size_t n = 0;
    int code = row ? read_runs(p, row, &n, err) : gbl_nomem(err, MOST_RUNS * sizeof *row);
    int64_t first = n ? row[n - 1].id : 0; /* newest first */
    memset(out, 0, sizeof *out);
    out->v = gbl_arena_take(p->arena, (n + 1) * sizeof *out->v);
    if (code == GBL_OK && !out->v) {
        code = gbl_nomem(err, n * sizeof *out->v);
    }
    if (code == GBL_OK) {
        group(out, row, n);
        code = name_all(p, out, first, err);
        find_front(out);
    }
    gbl_free(row);
    return code;
}
