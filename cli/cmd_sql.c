#include "cli/command.h"
#include "cli/output.h"
#include "reports/store.h"

typedef struct sql_opt {
    const char *db;
    int32_t json, csv;
} sql_opt;

static const gbl_flag flags[] = {{.row = {.name = "db",
                                          .type = GBL_P_STR,
                                          .offset = offsetof(sql_opt, db),
                                          .dflt = "\"results.db\"",
                                          .help = "the store to read"},
                                  .arg = "FILE"},
                                 {.row = {.name = "json",
                                          .type = GBL_P_BOOL,
                                          .offset = offsetof(sql_opt, json),
                                          .dflt = "false",
                                          .help = "print the rows as a JSON array of objects"}},
                                 {.row = {.name = "csv",
                                          .type = GBL_P_BOOL,
                                          .offset = offsetof(sql_opt, csv),
                                          .dflt = "false",
                                          .help = "print the rows as CSV with a header"}},
                                 {.row = {.name = NULL}}};

static int run(const gbl_call *call, gbl_err *err)
{
    const sql_opt *o = call->opt;
    if (o->json && o->csv) {
        gbl_fail(err, GBL_EINPUT, "--json and --csv exclude each other");
        return gbl_expected(err, "one of them, or none for a table");
    }
    enum gbl_sql_format format = o->json ? GBL_SQL_JSON : o->csv ? GBL_SQL_CSV : GBL_SQL_TABLE;
    /* A query can fail at its last row: the answer waits until it is whole. */
    FILE *spool = gbl_spool_new(err);
    if (!spool) return err->code;
    int code = gbl_store_sql(o->db, call->arg[0], format, spool, err);
    if (!code) return gbl_spool_deliver(spool, NULL, err);
    fclose(spool);
    return code;
}

const gbl_command gbl_cmd_sql = {
    .name = "sql",
    .operands = "QUERY",
    .brief = "ask the store of results in SQL",
    .about = "The store is opened for reading only. Tables: run, run_param, metric, request, timeline, step, sens, claim, profile, "
             "measurement, note; views: "
             "latest, summary, newest, request_ms, request_part, time_went, load_10s, occupancy, operator, metric_wide. percentile(x, p), p in 0..100, "
             "interpolates as numpy does.",
    .example = {{"gable sql 'SELECT * FROM latest'", "the last twenty runs"},
                {"gable sql 'SELECT percentile(ttft_ms, 99) AS p99 FROM request_ms WHERE run = 1' --json",
                 "a quantile of kept requests"}},
    .flags = flags,
    .opt_size = sizeof(sql_opt),
    .least = 1,
    .most = 1,
    .run = run};
