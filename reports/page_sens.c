/* page_sens.c - what the metrics hang on (table `sens`, as a tornado) and published against simulated (table `claim`). */
#include <inttypes.h>
#include <math.h>

#include "reports/page.h"
#include "reports/store_db.h"

static double column(sqlite3_stmt *st, int i)
{
    return sqlite3_column_type(st, i) == SQLITE_NULL ? NAN : sqlite3_column_double(st, i);
}

static const char *text_of(sqlite3_stmt *st, int i)
{
    return (const char *)sqlite3_column_text(st, i);
}

static int finish(page *p, sqlite3_stmt *st, int rc, gbl_err *err)
{
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_db_fail(err, p->db, p->path, "read the store");
    sqlite3_finalize(st);
    return code;
}

/* ---- sens ---- */

int gbl_page_sens(page *p, gbl_err *err)
{
    static const char sql[] = "SELECT input, elasticity FROM sens WHERE run = ?1 AND metric = 'e2el_ms.mean' AND elasticity <> 0 ORDER BY abs(elasticity) DESC";
    sqlite3_stmt *st = NULL;
    int rows = 0, rc;
    if (p->layout < 3 || !(p->sens_run = gbl_db_int(p->db, "SELECT coalesce(max(run), 0) FROM sens", 0))) {
        return GBL_OK;
    }
    char count[160];
    snprintf(count, sizeof count, "SELECT count(*) FROM sens WHERE run = %" PRId64 " AND metric = 'e2el_ms.mean' AND elasticity <> 0", p->sens_run);
    rows = (int)gbl_db_int(p->db, count, 0);
    if (!rows) {
        return GBL_OK;
    }
    gbl_chart_begin(p, &(page_chart){.id = "tornado", .kind = "bars", .title = "Tornado: mean end-to-end latency", .text = "By how many percent it changes when the input grows by one percent; inputs without effect are left out.",
                                     .x = "elasticity, % for 1 %", .y = "", .x_unit = "%", .wide = 1, .rows = rows});
    gbl_chart_series(p, "elasticity", 0, 0);
    rc = sqlite3_prepare_v2(p->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, p->sens_run);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            gbl_chart_point(p, column(st, 1), NAN, text_of(st, 0));
        }
    }
    gbl_chart_series_end(p);
    gbl_chart_end(p);
    return finish(p, st, rc, err);
}

static int sens_rows(page *p, gbl_err *err)
{
    static const char sql[] =
        "SELECT input, max(elasticity) FILTER (WHERE metric = 'ttft_ms.p50'), max(elasticity) FILTER (WHERE metric = 'ttft_ms.p99'),"
        " max(elasticity) FILTER (WHERE metric = 'tpot_ms.p50'), max(elasticity) FILTER (WHERE metric = 'tpot_ms.p99'),"
        " max(elasticity) FILTER (WHERE metric = 'e2el_ms.mean'), max(elasticity) FILTER (WHERE metric = 'throughput.output_tok_s'),"
        " max(elasticity) FILTER (WHERE metric = 'goodput.request_s') FROM sens WHERE run = ?1 GROUP BY input"
        " ORDER BY max(abs(elasticity)) FILTER (WHERE metric = 'e2el_ms.mean') DESC, input";
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(p->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, p->sens_run);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            gbl_page_head_cell(p, text_of(st, 0));
            for (int i = 1; i < 8; i++) {
                gbl_page_number(p, column(st, i), 1, "");
            }
            fputs("</tr>\n", p->to);
        }
    }
    return finish(p, st, rc, err);
}

int gbl_page_sens_section(page *p, gbl_err *err)
{
    static const char *const heads[] = {"Input", ">TTFT p50", ">TTFT p99", ">TPOT p50", ">TPOT p99", ">E2E mean", ">Output tok/s", ">Goodput", NULL};
    if (!p->sens_run) {
        return GBL_OK;
    }
    const char *text = gbl_arena_printf(p->arena, "Elasticities of run %" PRId64 ", by <code>gable sens</code>: the change in percent of each metric when the input grows by one percent.", p->sens_run);
    p->no_memory |= !text;
    gbl_page_section(p, "sensitivity", "What it hangs on", text);
    gbl_page_figures(p, (const char *const[]){"tornado", NULL});
    gbl_page_table(p, "Elasticities", heads);
    int code = sens_rows(p, err);
    gbl_page_table_end(p);
    fputs("</section>\n", p->to);
    return code;
}

/* ---- claims ---- */

enum { MOST_CLAIMS = 500 };

static void verdict_cell(page *p, const char *verdict)
{
    static const struct { const char *word, *look; } looks[] = {{"reproduced", "good"}, {"not", "bad"}};
    const char *look = "open";
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        if (sqlite3_stricmp(verdict, looks[i].word) == 0) {
            look = looks[i].look;
        }
    }
    fprintf(p->to, "<td><span class=\"chip %s\">%s</span></td>", look, verdict); /* the table's CHECK leaves four words */
}

static void claim_row(page *p, sqlite3_stmt *st)
{
    gbl_page_head_cell(p, text_of(st, 0));
    fputs("<td class=\"mid\">", p->to);
    gbl_page_text(p->to, text_of(st, 1));
    fputs("</td>", p->to);
    for (int i = 2; i < 6; i++) {
        gbl_page_number(p, column(st, i), 1, "");
    }
    gbl_page_cell(p, text_of(st, 6));
    verdict_cell(p, text_of(st, 7));
    fputs("<td class=\"long\">", p->to);
    gbl_page_text(p->to, text_of(st, 8) ? text_of(st, 8) : "");
    fputs("</td><td class=\"long\">", p->to);
    gbl_page_text(p->to, text_of(st, 9) ? text_of(st, 9) : "");
    fputs("</td></tr>\n", p->to);
}

int gbl_page_claims_section(page *p, gbl_err *err)
{
    static const char *const heads[] = {"Key", "Quantity", ">Published", ">Simulated", ">Ratio", ">Tolerance", "Runtime", "Verdict", "Reason", "Source", NULL};
    static const char sql[] = "SELECT key, quantity, published, simulated, ratio, tolerance, runtime, verdict, reason, source FROM claim ORDER BY key, id LIMIT ?1";
    sqlite3_stmt *st = NULL;
    int64_t n = gbl_db_int(p->db, "SELECT count(*) FROM claim", 0);
    if (!n) {
        return GBL_OK;
    }
    gbl_page_section(p, "claims", "Published against simulated", "What papers measured and what gable simulates on the same machines and models; nothing is tuned to a claim.");
    gbl_page_table(p, "Claims", heads);
    int rc = sqlite3_prepare_v2(p->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int(st, 1, MOST_CLAIMS);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            claim_row(p, st);
        }
    }
    gbl_page_table_end(p);
    if (n > MOST_CLAIMS) {
        fprintf(p->to, "<p class=\"hint\">The first %d of %" PRId64 " rows are shown; <code>gable sql</code> has them all.</p>\n", MOST_CLAIMS, n);
    }
    fputs("</section>\n", p->to);
    return finish(p, st, rc, err);
}
