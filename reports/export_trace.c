/* export_trace.c - a run as Chrome's Trace Event JSON, which ui.perfetto.dev and chrome://tracing load.
 *
 * pid: the replica. tid: a lane; a request takes the lane that has been free the longest, so there are as many lanes as
 * requests were there at once. A request is one slice from arrival to finish; slices inside it tile it to the nanosecond:
 * frontend, queue, then prefill up to the first token, decode up to the last. Waits for transfers and lost places stand at
 * the end of the phase that they fell in: the store keeps how long they took, not when. Where a phase has both, a
 * preemption is taken to lie in the decode as far as there is room. Counters: KV blocks, batch and queue, busy shares.
 * Times are microseconds with three decimals. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/heap.h"
#include "base/json.h"
#include "base/mem.h"
#include "reports/export_parts.h"
#include "reports/store_db.h"

typedef struct lanes {
    gbl_heap *busy; /* until when; arg: the lane */
    int64_t n;      /* 0: the replica was not met yet */
} lanes;

typedef struct trace {
    sqlite3 *db;
    const char *path;
    FILE *to;
    lanes *replica;
    size_t replicas, room;
    int64_t run, last_ns; /* last_ns: end of what is known, for requests that never finished */
    int events, layout;
    gbl_err *err;
} trace;

/* ---- events ---- */

static void event(trace *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void event(trace *t, const char *fmt, ...)
{
    va_list args;
    fputs(t->events++ ? ",\n" : "\n", t->to);
    va_start(args, fmt);
    vfprintf(t->to, fmt, args);
    va_end(args);
}

typedef struct span {
    int64_t pid, tid, from_ns;
} span;

/* A slice without arguments; `s` moves on to its end. */
static void slice(trace *t, span *s, const char *name, int64_t ns)
{
    if (ns > 0) {
        event(t, "{\"ph\":\"X\",\"name\":\"%s\",\"cat\":\"part\",\"pid\":%" PRId64 ",\"tid\":%" PRId64 ",\"ts\":%" PRId64 ".%03" PRId64 ",\"dur\":%" PRId64 ".%03" PRId64 "}",
              name, s->pid, s->tid, s->from_ns / 1000, s->from_ns % 1000, ns / 1000, ns % 1000);
        s->from_ns += ns;
    }
}

/* ---- lanes ---- */

static lanes *lanes_of(trace *t, int64_t replica)
{
    size_t r = (size_t)replica, before = t->room;
    if (gbl_grow(&t->replica, &t->room, r + 1, sizeof *t->replica) != 0) {
        return NULL;
    }
    if (t->room > before) {
        memset(t->replica + before, 0, (t->room - before) * sizeof *t->replica);
    }
    t->replicas = r + 1 > t->replicas ? r + 1 : t->replicas;
    lanes *l = &t->replica[r];
    if (!l->busy) {
        l->busy = gbl_heap_new();
        event(t, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%" PRId64 ",\"tid\":0,\"args\":{\"name\":\"replica %" PRId64 "\"}}", replica, replica);
    }
    return l->busy ? l : NULL;
}

/* The lane of a request that is there from..to; -1 without memory. */
static int64_t take_lane(trace *t, int64_t replica, int64_t from_ns, int64_t to_ns)
{
    lanes *l = lanes_of(t, replica);
    gbl_event free_one;
    if (!l) {
        return -1;
    }
    const gbl_event *first = gbl_heap_peek(l->busy);
    int64_t lane;
    if (first && first->time_ns <= from_ns && gbl_heap_pop(l->busy, &free_one)) {
        lane = free_one.arg;
    } else {
        lane = ++l->n;
        event(t, "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%" PRId64 ",\"tid\":%" PRId64 ",\"args\":{\"name\":\"requests %" PRId64 "\"}}", replica, lane, lane);
    }
    return gbl_heap_push(l->busy, (gbl_event){to_ns, 0, 0, lane}) < 0 ? -1 : lane;
}

/* ---- requests ---- */

enum column { C_SERIAL, C_REPLICA, C_INPUT, C_OUTPUT, C_CACHED, C_PREEMPTIONS, C_STATUS, C_ARRIVAL, C_SCHEDULED, C_FIRST, C_FINISH, C_FRONT, C_PREFILL, C_DECODE, C_PREEMPT };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t ns_of(sqlite3_stmt *st, enum column c, int64_t none)
{
    return sqlite3_column_type(st, (int)c) == SQLITE_NULL ? none : sqlite3_column_int64(st, (int)c);
}

/* What a phase was not working for is preemption, as long as there is some left to place, and transfer. */
static void phase(trace *t, span *s, const char *name, int64_t to_ns, int64_t work_ns, int64_t preempted_ns)
{
    int64_t all = to_ns - s->from_ns, work = least(work_ns, all), preempted = least(preempted_ns, all - work);
    slice(t, s, name, work);
    slice(t, s, "transfer", all - work - preempted);
    slice(t, s, "preempted", preempted);
}

static void parts(trace *t, sqlite3_stmt *st, span s, int64_t finish)
{
    int64_t scheduled = ns_of(st, C_SCHEDULED, finish), first = ns_of(st, C_FIRST, finish), prefill = ns_of(st, C_PREFILL, first - scheduled), decode = ns_of(st, C_DECODE, finish - first);
    int64_t preempt = ns_of(st, C_PREEMPT, 0), late = least(preempt, finish - first - least(decode, finish - first));
    slice(t, &s, "frontend", least(ns_of(st, C_FRONT, 0), scheduled - s.from_ns));
    slice(t, &s, "queue", scheduled - s.from_ns);
    phase(t, &s, "prefill", first, prefill, preempt - late);
    phase(t, &s, "decode", finish, decode, late);
}

static int request(trace *t, sqlite3_stmt *st)
{
    int64_t arrival = ns_of(st, C_ARRIVAL, 0), serial = ns_of(st, C_SERIAL, 0), replica = ns_of(st, C_REPLICA, 0);
    const char *status = (const char *)sqlite3_column_text(st, C_STATUS);
    int64_t finish = ns_of(st, C_FINISH, t->last_ns > arrival ? t->last_ns : arrival);
    replica = replica < 0 ? 0 : replica;
    if (!status || !strcmp(status, "rejected")) {
        if (!lanes_of(t, replica)) {
            return gbl_nomem(t->err, 0);
        }
        event(t, "{\"ph\":\"i\",\"name\":\"rejected %" PRId64 "\",\"s\":\"p\",\"pid\":%" PRId64 ",\"tid\":0,\"ts\":%" PRId64 ".%03" PRId64 "}", serial, replica, arrival / 1000, arrival % 1000);
        return GBL_OK;
    }
    span s = {replica, take_lane(t, replica, arrival, finish), arrival};
    if (s.tid < 0) {
        return gbl_nomem(t->err, 0);
    }
    event(t, "{\"ph\":\"X\",\"name\":\"request %" PRId64 "\",\"cat\":\"%s\",\"pid\":%" PRId64 ",\"tid\":%" PRId64 ",\"ts\":%" PRId64 ".%03" PRId64 ",\"dur\":%" PRId64 ".%03" PRId64
             ",\"args\":{\"serial\":%" PRId64 ",\"input\":%" PRId64 ",\"output\":%" PRId64 ",\"cached\":%" PRId64 ",\"preemptions\":%" PRId64 "}}",
          serial, status, s.pid, s.tid, arrival / 1000, arrival % 1000, (finish - arrival) / 1000, (finish - arrival) % 1000, serial, ns_of(st, C_INPUT, 0),
          ns_of(st, C_OUTPUT, 0), ns_of(st, C_CACHED, 0), ns_of(st, C_PREEMPTIONS, 0));
    parts(t, st, s, finish);
    return GBL_OK;
}

/* ---- counters ---- */

static int counters(trace *t, sqlite3_stmt *st)
{
    static const char *const busy[] = {"sm", "hbm", "pcie_h2d", "pcie_d2h", "nvlink", "dram", "ssd", "network", "host"};
    int64_t pid = sqlite3_column_int64(st, 0), ns = sqlite3_column_int64(st, 1);
    double us = t->layout >= 3 ? sqlite3_column_double(st, 5) : 0;
    event(t, "{\"ph\":\"C\",\"name\":\"KV blocks\",\"pid\":%" PRId64 ",\"ts\":%" PRId64 ".%03" PRId64 ",\"args\":{\"used\":%lld}}", pid, ns / 1000, ns % 1000, sqlite3_column_int64(st, 4));
    event(t, "{\"ph\":\"C\",\"name\":\"requests\",\"pid\":%" PRId64 ",\"ts\":%" PRId64 ".%03" PRId64 ",\"args\":{\"running\":%lld,\"waiting\":%lld}}", pid, ns / 1000, ns % 1000,
          sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3));
    if (us <= 0) {
        return GBL_OK;
    }
    event(t, "{\"ph\":\"C\",\"name\":\"busy %%\",\"pid\":%" PRId64 ",\"ts\":%" PRId64 ".%03" PRId64 ",\"args\":{", pid, ns / 1000, ns % 1000);
    for (int i = 0; i < 9; i++) {
        fprintf(t->to, "%s\"%s\":%.1f", i ? "," : "", busy[i], 100 * sqlite3_column_double(st, 6 + i) / us);
    }
    fputs("}}", t->to);
    return GBL_OK;
}

/* ---- the file ---- */

static const char requests_sql[] =
    "SELECT serial, replica, input, output, cached, preemptions, status, arrival_ns, scheduled_ns, first_token_ns, finish_ns, frontend_ns,"
    " prefill_sm_ns + prefill_hbm_ns + prefill_link_ns + prefill_host_ns, decode_sm_ns + decode_hbm_ns + decode_link_ns + decode_host_ns, preempt_ns"
    " FROM request WHERE run = ?1 ORDER BY arrival_ns, serial";
static const char old_requests_sql[] = /* layout 1 has no parts */
    "SELECT serial, replica, input, output, cached, preemptions, status, arrival_ns, scheduled_ns, first_token_ns, finish_ns, NULL, NULL, NULL, NULL"
    " FROM request WHERE run = ?1 ORDER BY arrival_ns, serial";
static const char timeline_sql[] =
    "SELECT replica, t_ns, running, waiting, used_blocks, (t_ns - coalesce(lag(t_ns) OVER (PARTITION BY replica ORDER BY t_ns), 0)) / 1e3,"
    " sm_us, hbm_us, pcie_h2d_us, pcie_d2h_us, nvlink_us, dram_us, ssd_us, network_us, host_us FROM timeline WHERE run = ?1 ORDER BY t_ns, replica";
static const char old_timeline_sql[] = "SELECT replica, t_ns, running, waiting, used_blocks FROM timeline WHERE run = ?1 ORDER BY t_ns, replica";

static int each(trace *t, const char *sql, int (*row)(trace *, sqlite3_stmt *))
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(t->db, sql, -1, &st, NULL), code = GBL_OK;
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, t->run);
        while (code == GBL_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
            code = row(t, st);
        }
    }
    if (code == GBL_OK && rc != SQLITE_DONE) {
        code = gbl_db_fail(t->err, t->db, t->path, "read the store");
    }
    sqlite3_finalize(st);
    return code;
}

static int head(trace *t, sqlite3_stmt *st)
{
    static const char *const keys[] = {"scenario", "version", "scenario_hash", "started_utc", "injected", "kept"};
    gbl_json *j = gbl_json_new(0);
    if (!j) {
        return gbl_nomem(t->err, 0);
    }
    gbl_json_obj(j, NULL);
    for (int i = 0; i < 6; i++) {
        gbl_json_str(j, keys[i], (const char *)sqlite3_column_text(st, i));
    }
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    if (text) {
        fprintf(t->to, "{\"displayTimeUnit\":\"ms\",\"otherData\":%s,\"traceEvents\":[", text);
    }
    t->last_ns = sqlite3_column_int64(st, 6);
    gbl_json_free(j);
    return text ? GBL_OK : gbl_nomem(t->err, 0);
}

int gbl_export_trace_rows(sqlite3 *db, const char *path, int64_t run, FILE *to, gbl_err *err)
{
    trace t = {.db = db, .path = path, .to = to, .run = run, .layout = (int)gbl_db_int(db, "PRAGMA user_version", 0), .err = err};
    int code = each(&t, "SELECT name, version, scenario_hash, started_utc, json_extract(result, '$.requests.injected'),"
                        " (SELECT count(*) FROM request WHERE run = ?1),"
                        " max(coalesce((SELECT max(t_ns) FROM timeline WHERE run = ?1), 0), coalesce((SELECT max(finish_ns) FROM request WHERE run = ?1), 0))"
                        " FROM run WHERE id = ?1", head);
    code = code ? code : each(&t, t.layout >= 2 ? requests_sql : old_requests_sql, request);
    code = code ? code : each(&t, t.layout >= 3 ? timeline_sql : old_timeline_sql, counters);
    fputs("\n]}\n", to);
    for (size_t i = 0; i < t.replicas; i++) {
        gbl_heap_free(t.replica[i].busy);
    }
    gbl_free(t.replica);
    return code ? code : gbl_rows_flushed(to, err);
}
