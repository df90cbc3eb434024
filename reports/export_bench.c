/* export_bench.c - a run as the result JSON of vLLM's `bench serve --save-result --save-detailed`: its keys, its units (seconds in arrays,
 * milliseconds in statistics), its definitions, so that what reads a measured run reads a simulated one.
 *
 * What a store does not have is null (std_itl_ms) or left out (itls, generated_texts): requests are kept without their single gaps.
 * ITL's other statistics are those of the run; all others are computed from the requests, the standard deviation over n as numpy's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "reports/export_parts.h"
#include "reports/store_db.h"

/* Of the run itself. "inf": a closed loop sends as soon as it may. */
static const char run_sql[] =
    "SELECT strftime('%Y%m%d-%H%M%S', started_utc) AS date, runtime AS backend, name AS label, json_extract(scenario, '$.model') AS model_id,"
    " json_extract(scenario, '$.model') AS tokenizer_id, (SELECT count(*) FROM request WHERE run = ?1) AS num_prompts,"
    " CASE json_extract(scenario, '$.trace.generate.arrival.use') WHEN 'closed_loop' THEN 'inf' ELSE"
    "   coalesce(json_extract(scenario, '$.trace.generate.arrival.rate_s') * json_extract(scenario, '$.trace.rate_scale'),"
    "   (SELECT (count(*) - 1) * 1e9 / nullif(max(arrival_ns) - min(arrival_ns), 0) FROM request WHERE run = ?1), 'inf') END AS request_rate,"
    " json_extract(scenario, '$.trace.generate.arrival.concurrency') AS max_concurrency FROM run WHERE id = ?1";
static const char totals_sql[] =
    "WITH q AS (SELECT * FROM request WHERE run = ?1), d AS (SELECT (max(finish_ns) - min(arrival_ns)) / 1e9 AS s FROM q WHERE status = 'completed'),"
    " t AS (SELECT count(*) AS n, coalesce(sum(input), 0) AS i, coalesce(sum(output), 0) AS o FROM q WHERE status = 'completed')"
    " SELECT s AS duration, n AS completed, (SELECT count(*) FROM q) - n AS failed, i AS total_input_tokens, o AS total_output_tokens,"
    " n / s AS request_throughput, json_extract((SELECT result FROM run WHERE id = ?1), '$.goodput.request_s') AS request_goodput,"
    " o / s AS output_throughput, (i + o) / s AS total_token_throughput FROM d, t";
static const char series_sql[] = /* %s: a column of request_ms */
    "WITH q AS (SELECT %s AS x FROM request_ms WHERE run = ?1 AND status = 'completed' AND x IS NOT NULL), m AS (SELECT avg(x) AS a FROM q)"
    " SELECT avg(x), median(x), sqrt(avg((x - a) * (x - a))), percentile(x, 99) FROM q, m";
static const char itl_sql[] =
    "SELECT json_extract(result, '$.itl_ms.mean'), json_extract(result, '$.itl_ms.p50'), NULL, json_extract(result, '$.itl_ms.p99') FROM run WHERE id = ?1";
static const char rows_sql[] = /* one column each, a row a request; what failed has zeros, as in vLLM's */
    "SELECT input AS input_lens, CASE status WHEN 'completed' THEN output ELSE 0 END AS output_lens,"
    " CASE status WHEN 'completed' THEN (first_token_ns - arrival_ns) / 1e9 ELSE 0 END AS ttfts, arrival_ns / 1e9 AS start_times,"
    " CASE status WHEN 'completed' THEN '' ELSE status END AS errors FROM request WHERE run = ?1 ORDER BY serial";

typedef struct bench {
    sqlite3 *db;
    const char *path;
    int64_t run;
    gbl_json *j;
    gbl_err *err;
} bench;

static int start(const bench *b, const char *sql, sqlite3_stmt **st)
{
    if (sqlite3_prepare_v2(b->db, sql, -1, st, NULL) == SQLITE_OK && sqlite3_bind_int64(*st, 1, b->run) == SQLITE_OK) return GBL_OK;
    sqlite3_finalize(*st);
    return gbl_db_fail(b->err, b->db, b->path, "read the store");
}

static void put(const bench *b, sqlite3_stmt *st, int column, const char *key)
{
    switch (sqlite3_column_type(st, column)) {
    case SQLITE_INTEGER: gbl_json_int(b->j, key, sqlite3_column_int64(st, column)); break;
    case SQLITE_FLOAT: gbl_json_num(b->j, key, sqlite3_column_double(st, column)); break;
    case SQLITE_TEXT: gbl_json_str(b->j, key, (const char *)sqlite3_column_text(st, column)); break;
    default: gbl_json_null(b->j, key);
    }
}

static int finish(const bench *b, sqlite3_stmt *st, int rc)
{
    sqlite3_finalize(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? GBL_OK : gbl_db_fail(b->err, b->db, b->path, "read the store");
}

/* One row as members of the object. */
static int members(const bench *b, const char *sql)
{
    sqlite3_stmt *st = NULL;
    if (start(b, sql, &st)) return b->err->code;
    int rc = sqlite3_step(st);
    for (int i = 0; rc == SQLITE_ROW && i < sqlite3_column_count(st); i++) put(b, st, i, sqlite3_column_name(st, i));
    return finish(b, st, rc);
}

static int statistics(const bench *b, const char *name, const char *sql)
{
    static const char *const stats[] = {"mean", "median", "std", "p99"};
    sqlite3_stmt *st = NULL;
    char key[32];
    if (start(b, sql, &st)) return b->err->code;
    int rc = sqlite3_step(st);
    for (int i = 0; rc == SQLITE_ROW && i < 4; i++) {
        snprintf(key, sizeof key, "%s_%s_ms", stats[i], name);
        put(b, st, i, key);
    }
    return finish(b, st, rc);
}

static int series(const bench *b, const char *name)
{
    char sql[512], column[16];
    snprintf(column, sizeof column, "%s_ms", name);
    snprintf(sql, sizeof sql, series_sql, column);
    return statistics(b, name, sql);
}

static int array(const bench *b, int column)
{
    sqlite3_stmt *st = NULL;
    int rc;
    if (start(b, rows_sql, &st)) return b->err->code;
    gbl_json_arr(b->j, sqlite3_column_name(st, column));
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) put(b, st, column, NULL);
    gbl_json_end(b->j);
    return finish(b, st, rc);
}

/* Means of a sample would be said of all. */
static int check_all(const bench *b)
{
    static const char sql[] = "SELECT (SELECT count(*) FROM request WHERE run = ?1), json_extract(result, '$.requests.injected') FROM run WHERE id = ?1";
    sqlite3_stmt *st = NULL;
    if (start(b, sql, &st)) return b->err->code;
    int rc = sqlite3_step(st);
    int64_t kept = sqlite3_column_int64(st, 0), all = sqlite3_column_int64(st, 1);
    if (finish(b, st, rc) || kept >= all) return b->err->code;
    gbl_fail(b->err, GBL_EINPUT, "run %" PRId64 " keeps %" PRId64 " of its %" PRId64 " requests, and a benchmark's result is about all", b->run, kept, all);
    gbl_where(b->err, "%s", b->path);
    return gbl_expected(b->err, "a run made with --requests all");
}

static int write(const bench *b)
{
    gbl_json_obj(b->j, NULL);
    int code = members(b, run_sql);
    if (!code) code = members(b, totals_sql);
    if (!code) code = series(b, "ttft");
    if (!code) code = series(b, "tpot");
    if (!code) code = statistics(b, "itl", itl_sql);
    if (!code) code = series(b, "e2el");
    for (int i = 0; i < 5 && !code; i++) code = array(b, i);
    gbl_json_end(b->j);
    return code;
}

int gbl_export_bench(sqlite3 *db, const char *path, int64_t run, FILE *to, gbl_err *err)
{
    bench b = {db, path, run, gbl_json_new(0), err};
    err->code = GBL_OK;
    int code = b.j ? check_all(&b) : gbl_nomem(err, 64);
    if (!code) code = write(&b);
    const char *text = code ? NULL : gbl_json_text(b.j);
    if (!code) code = text ? GBL_OK : gbl_nomem(err, 64);
    if (!code) fprintf(to, "%s\n", text);
    gbl_json_free(b.j);
    return code ? code : gbl_rows_flushed(to, err);
}
