#include "reports/why.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/store_db.h"

struct gbl_why {
    char *name;
    int64_t run;       /* of a store, 0 = simulated now */
    int64_t completed; /* by the run's own count where a store keeps a sample, else rows */
    int64_t others;    /* rows that did not complete */
    gbl_life *life;    /* completed ones; by (latency, serial) once sorted */
    size_t n, room;
    gbl_why_group group[GBL_WHY_GROUPS];
};

static const char *const group_name[GBL_WHY_GROUPS] = {"all", "typical", "tail"};

/* ---------------------------------------------------------------- gathering ---- */

int gbl_why_new(gbl_why **out, const char *name, gbl_err *err)
{
    gbl_why *w = gbl_alloc(1, sizeof *w);
    size_t size = strlen(name) + 1;
    *out = w;
    if (w && (w->name = gbl_alloc(size, 1))) {
        memcpy(w->name, name, size);
        return GBL_OK;
    }
    gbl_free(w);
    *out = NULL;
    return gbl_nomem(err, size);
}

void gbl_why_free(gbl_why *w)
{
    if (!w) return;
    gbl_free(w->name);
    gbl_free(w->life);
    gbl_free(w);
}

int gbl_why_add(gbl_why *w, const gbl_life *life, gbl_err *err)
{
    if (life->status != 0) {
        w->others++;
        return GBL_OK;
    }
    if (gbl_grow(&w->life, &w->room, w->n + 1, sizeof *w->life)) return gbl_nomem(err, (w->n + 1) * sizeof *w->life);
    w->life[w->n++] = *life;
    w->completed++;
    return GBL_OK;
}

static int64_t latency(const gbl_life *l)
{
    return l->finish_ns - l->arrival_ns;
}

static int by_latency(const void *a, const void *b)
{
    const gbl_life *x = a, *y = b;
    if (latency(x) != latency(y)) return latency(x) < latency(y) ? -1 : 1;
    return (x->serial > y->serial) - (x->serial < y->serial);
}

static void add_up(const gbl_why *w, size_t from, size_t to, gbl_why_group *g)
{
    memset(g, 0, sizeof *g);
    for (size_t i = from; i < to; i++) {
        g->requests++;
        g->e2el_ns += latency(&w->life[i]);
        for (int p = 0; p < GBL_PARTS; p++) g->part_ns[p] += w->life[i].part_ns[p];
    }
}

int gbl_why_sort(gbl_why *w, gbl_err *err)
{
    if (!w->n) {
        gbl_fail(err, GBL_EINPUT, "no request of this run completed, so there is no time to divide");
        gbl_where(err, "%s", w->name);
        return gbl_expected(err, "a run with completed requests");
    }
    qsort(w->life, w->n, sizeof *w->life, by_latency);
    size_t low = w->n * 45 / 100, high = (w->n * 55 + 99) / 100, tail = (w->n + 99) / 100;
    add_up(w, 0, w->n, &w->group[GBL_WHY_ALL]);
    add_up(w, low, high > low ? high : low + 1, &w->group[GBL_WHY_TYPICAL]);
    add_up(w, w->n - tail, w->n, &w->group[GBL_WHY_TAIL]);
    return GBL_OK;
}

const gbl_why_group *gbl_why_of(const gbl_why *w, enum gbl_why_kind k)
{
    return &w->group[k];
}

const gbl_life *gbl_why_request(const gbl_why *w, int64_t serial, gbl_err *err)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->life[i].serial == serial) return &w->life[i];
    gbl_fail(err, GBL_EINPUT, "no completed request %" PRId64 " is known", serial);
    gbl_where(err, "%s", w->name);
    gbl_expected(err, w->completed > (int64_t)w->n ? "one of the %zu requests that the run keeps a sample of; --requests all keeps every one"
                                                   : "the serial of one of its %zu completed requests, from 0", w->n);
    return NULL;
}

/* ---------------------------------------------------------------- from a store ---- */

static const char rows_sql[] =
    "SELECT serial, input, output, cached, preemptions, replica, arrival_ns, scheduled_ns, first_token_ns, finish_ns,"
    " frontend_ns, queue_ns, prefill_sm_ns, prefill_hbm_ns, prefill_link_ns, prefill_host_ns,"
    " decode_sm_ns, decode_hbm_ns, decode_link_ns, decode_host_ns, transfer_ns, preempt_ns, status"
    " FROM request WHERE run = ?1";

static gbl_life life_of(sqlite3_stmt *st)
{
    gbl_life l = {.serial = sqlite3_column_int64(st, 0),        .session = -1,
                  .input = sqlite3_column_int64(st, 1),         .output = sqlite3_column_int64(st, 2),
                  .cached = sqlite3_column_int64(st, 3),        .preemptions = sqlite3_column_int(st, 4),
                  .replica = sqlite3_column_int(st, 5),         .arrival_ns = sqlite3_column_int64(st, 6),
                  .scheduled_ns = sqlite3_column_int64(st, 7),  .first_ns = sqlite3_column_int64(st, 8),
                  .finish_ns = sqlite3_column_int64(st, 9)};
    for (int p = 0; p < GBL_PARTS; p++) l.part_ns[p] = sqlite3_column_int64(st, 10 + p);
    l.status = strcmp((const char *)sqlite3_column_text(st, 10 + GBL_PARTS), "completed") != 0;
    return l;
}

static int check_sum(const gbl_life *l, const char *db, gbl_err *err)
{
    int64_t sum = 0;
    for (int p = 0; p < GBL_PARTS; p++) sum += l->part_ns[p];
    if (l->status != 0 || sum == latency(l)) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "the parts of request %" PRId64 " do not add up to its latency: %" PRId64 " ns of %" PRId64, l->serial, sum, latency(l));
    gbl_where(err, "%s", db);
    return gbl_expected(err, "a store that nobody has changed by hand");
}

static int read_rows(gbl_why *w, sqlite3 *db, const char *path, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, rows_sql, -1, &st, NULL), code = GBL_OK;
    if (rc == SQLITE_OK) sqlite3_bind_int64(st, 1, w->run);
    while (rc == SQLITE_OK && !code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        gbl_life l = life_of(st);
        code = check_sum(&l, path, err);
        if (!code) code = gbl_why_add(w, &l, err);
        rc = SQLITE_OK;
    }
    if (!code && rc != SQLITE_DONE) code = gbl_db_fail(err, db, path, "read the store");
    sqlite3_finalize(st);
    return code;
}

static int fail_no_run(sqlite3 *db, const char *path, int64_t run, gbl_err *err)
{
    int64_t most = gbl_db_int(db, "SELECT max(id) FROM run", 0);
    if (!most) gbl_fail(err, GBL_EINPUT, "the store holds no run");
    else gbl_fail(err, GBL_EINPUT, "there is no run %" PRId64, run);
    gbl_where(err, "%s", path);
    return most ? gbl_expected(err, "a run from 1 to %" PRId64, most) : gbl_expected(err, "a store written by `gable run --db`");
}

/* Number of the run and its own count of completed requests; *name in the arena-free buffer. */
static int find_run(sqlite3 *db, const char *path, int64_t run, int64_t *id, int64_t *completed, char *name, size_t size, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    const char *sql = "SELECT id, name, json_extract(result, '$.requests.completed') FROM run WHERE ?1 = 0 OR id = ?1 ORDER BY id DESC LIMIT 1";
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL), code = GBL_OK;
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, run);
        rc = sqlite3_step(st);
    }
    if (rc == SQLITE_ROW) {
        *id = sqlite3_column_int64(st, 0);
        snprintf(name, size, "%s", (const char *)sqlite3_column_text(st, 1));
        *completed = sqlite3_column_int64(st, 2);
    } else if (rc == SQLITE_DONE) {
        code = fail_no_run(db, path, run, err);
    } else {
        code = gbl_db_fail(err, db, path, "read the store");
    }
    sqlite3_finalize(st);
    return code;
}

static int check_kept(sqlite3 *db, const gbl_why *w, const char *path, gbl_err *err)
{
    if (gbl_db_int(db, "PRAGMA user_version", 0) < 2) {
        gbl_fail(err, GBL_EINPUT, "the store has layout version 1, which keeps no parts of requests");
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a store written by this gable: run the scenario again with --db");
    }
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT EXISTS (SELECT 1 FROM request WHERE run = %" PRId64 ")", w->run);
    if (gbl_db_int(db, sql, 0)) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "run %" PRId64 " keeps no requests", w->run);
    gbl_where(err, "%s", path);
    return gbl_expected(err, "a run made with --requests all or --requests sample");
}

int gbl_why_read(gbl_why **out, const char *path, int64_t run, gbl_err *err)
{
    sqlite3 *db = NULL;
    gbl_why *w = NULL;
    char name[256];
    int64_t id = 0, completed = 0;
    *out = NULL;
    int code = gbl_db_open_read(&db, path, err);
    if (!code) code = find_run(db, path, run, &id, &completed, name, sizeof name, err);
    if (!code) code = gbl_why_new(&w, name, err);
    if (!code) {
        w->run = id;
        code = check_kept(db, w, path, err);
    }
    if (!code) code = read_rows(w, db, path, err);
    if (!code && completed > w->completed) w->completed = completed;
    sqlite3_close(db);
    if (code) gbl_why_free(w);
    else *out = w;
    return code;
}

/* ---------------------------------------------------------------- the answer ---- */

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

static void parts_json(gbl_json *j, const int64_t *part_ns, int64_t e2el_ns, int64_t requests)
{
    gbl_json_arr(j, "parts");
    for (int p = 0; p < GBL_PARTS; p++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "part", gbl_part_name((enum gbl_part)p));
        gbl_json_int(j, "ns", part_ns[p]);
        gbl_json_num(j, "mean_ms", (double)part_ns[p] * 1e-6 / (double)requests);
        gbl_json_num(j, "share", share(part_ns[p], e2el_ns));
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static void run_json(const gbl_why *w, gbl_json *j)
{
    gbl_json_str(j, "name", w->name);
    if (w->run) gbl_json_int(j, "run", w->run);
    else gbl_json_null(j, "run");
}

void gbl_why_json(const gbl_why *w, gbl_json *j)
{
    run_json(w, j);
    gbl_json_int(j, "completed", w->completed);
    gbl_json_int(j, "looked_at", (int64_t)w->n);
    gbl_json_arr(j, "groups");
    for (int k = 0; k < GBL_WHY_GROUPS; k++) {
        const gbl_why_group *g = &w->group[k];
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "group", group_name[k]);
        gbl_json_int(j, "requests", g->requests);
        gbl_json_int(j, "e2el_ns", g->e2el_ns);
        gbl_json_num(j, "e2el_ms", (double)g->e2el_ns * 1e-6 / (double)g->requests);
        parts_json(j, g->part_ns, g->e2el_ns, g->requests);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

void gbl_why_request_json(const gbl_why *w, const gbl_life *l, gbl_json *j)
{
    run_json(w, j);
    gbl_json_int(j, "request", l->serial);
    gbl_json_int(j, "input", l->input);
    gbl_json_int(j, "output", l->output);
    gbl_json_int(j, "cached", l->cached);
    gbl_json_int(j, "preemptions", l->preemptions);
    gbl_json_int(j, "replica", l->replica);
    gbl_json_num(j, "arrival_s", (double)l->arrival_ns * 1e-9);
    gbl_json_num(j, "ttft_ms", (double)(l->first_ns - l->arrival_ns) * 1e-6);
    gbl_json_int(j, "e2el_ns", latency(l));
    gbl_json_num(j, "e2el_ms", (double)latency(l) * 1e-6);
    parts_json(j, l->part_ns, latency(l), 1);
}

static double mean_ms(const gbl_why_group *g, int64_t ns)
{
    return (double)ns * 1e-6 / (double)g->requests;
}

static void group_cells(gbl_table *t, const gbl_why_group *g, int64_t ns)
{
    gbl_table_cell(t, "%.3f", mean_ms(g, ns));
    gbl_table_cell(t, "%.1f %%", 100 * share(ns, g->e2el_ns));
}

static void group_row(gbl_table *t, const gbl_why *w, const char *name, int p)
{
    int64_t ns[GBL_WHY_GROUPS];
    for (int k = 0; k < GBL_WHY_GROUPS; k++) ns[k] = p < 0 ? w->group[k].e2el_ns : w->group[k].part_ns[p];
    gbl_table_cell(t, "%s", name);
    for (int k = 0; k < GBL_WHY_GROUPS; k++) group_cells(t, &w->group[k], ns[k]);
    gbl_table_cell(t, "%+.3f", mean_ms(&w->group[GBL_WHY_TAIL], ns[GBL_WHY_TAIL]) - mean_ms(&w->group[GBL_WHY_TYPICAL], ns[GBL_WHY_TYPICAL]));
}

/* The part that has grown most between the typical request and the tail. */
static int largest_growth(const gbl_why *w)
{
    const gbl_why_group *a = &w->group[GBL_WHY_TYPICAL], *b = &w->group[GBL_WHY_TAIL];
    int best = 0;
    for (int p = 1; p < GBL_PARTS; p++)
        if (mean_ms(b, b->part_ns[p]) - mean_ms(a, a->part_ns[p]) > mean_ms(b, b->part_ns[best]) - mean_ms(a, a->part_ns[best])) best = p;
    return best;
}

int gbl_why_print(const gbl_why *w, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return -1;
    fprintf(to, "%s: where the time of %" PRId64 " completed requests went", w->name, w->completed);
    if (w->completed > (int64_t)w->n) fprintf(to, ", after a sample of %zu", w->n);
    fprintf(to, "\ntypical: the middle tenth by end-to-end latency (%" PRId64 "); tail: the slowest hundredth (%" PRId64 ")\n\n",
            w->group[GBL_WHY_TYPICAL].requests, w->group[GBL_WHY_TAIL].requests);
    gbl_table_columns(t, "part", ">mean ms", ">share", ">typical ms", ">share", ">tail ms", ">share", ">tail - typical", (char *)NULL);
    for (int p = 0; p < GBL_PARTS; p++)
        if (w->group[GBL_WHY_ALL].part_ns[p]) group_row(t, w, gbl_part_name((enum gbl_part)p), p);
    gbl_table_rule(t);
    group_row(t, w, "end to end", -1);
    gbl_table_print(t, to);
    gbl_table_free(t);
    fprintf(to, "\nThe tail is slower most of all by %s.\n", gbl_part_name((enum gbl_part)largest_growth(w)));
    return 0;
}

int gbl_why_request_print(const gbl_why *w, const gbl_life *l, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return -1;
    fprintf(to, "%s: request %" PRId64 ", %" PRId64 " + %" PRId64 " tokens (%" PRId64 " cached), %d preemptions, replica %d, arrived at %.3f s\n\n", w->name,
            l->serial, l->input, l->output, l->cached, (int)l->preemptions, (int)l->replica, (double)l->arrival_ns * 1e-9);
    gbl_table_columns(t, "part", ">ms", ">share", (char *)NULL);
    for (int p = 0; p < GBL_PARTS; p++) {
        if (!l->part_ns[p]) continue;
        gbl_table_cell(t, "%s", gbl_part_name((enum gbl_part)p));
        gbl_table_cell(t, "%.6f", (double)l->part_ns[p] * 1e-6);
        gbl_table_cell(t, "%.1f %%", 100 * share(l->part_ns[p], latency(l)));
    }
    gbl_table_rule(t);
    gbl_table_cell(t, "end to end");
    gbl_table_cell(t, "%.6f", (double)latency(l) * 1e-6);
    gbl_table_cell(t, "100.0 %%");
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}
