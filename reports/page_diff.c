/* page_diff.c - which keys of the scenario the runs on the page do not share: the reason numbers differ. */
#include <inttypes.h>

#include "reports/page.h"
#include "reports/store_db.h"

enum { MOST_KEYS = 40 };

/* Leaves of every scenario, and those whose values are not one and the same in all runs. */
static const char keys_sql[] =
    "WITH newest AS (SELECT id, scenario FROM run ORDER BY id DESC LIMIT ?1),"
    " leaf AS (SELECT newest.id AS id, substr(fullkey, 3) AS key, coalesce(atom, 'null') AS v"
    "  FROM newest, json_tree(newest.scenario) AS t WHERE t.type NOT IN ('object', 'array'))"
    " SELECT key FROM leaf GROUP BY key HAVING count(DISTINCT v) > 1 OR count(*) < (SELECT count(*) FROM newest) ORDER BY key LIMIT ?2";

static const char value_sql[] = "SELECT coalesce(json_extract(scenario, '$.' || ?2), '\xe2\x80\x93') FROM run WHERE id = ?1";

static void head(page *p)
{
    fputs("<section id=\"differences\" aria-labelledby=\"differences-h\">\n<h2 id=\"differences-h\">What differs</h2>\n"
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Differing scenario keys\"><table class=\"sortable\"><caption>Scenario keys that are not the same in all runs</caption><thead><tr><th scope=\"col\">Key</th>",
          p->to);
    for (int i = 0; i < p->runs; i++) {
        fprintf(p->to, "<th scope=\"col\">Run %" PRId64 "</th>", p->run[i].id);
    }
    fputs("</tr></thead><tbody>\n", p->to);
}

static int key_row(page *p, sqlite3_stmt *value, const char *key)
{
    fputs("<tr><th scope=\"row\"><code>", p->to);
    for (const char *c = key; *c; c++) { /* SQLite quotes names with an underscore */
        const char one[2] = {*c == '"' ? 0 : *c};
        gbl_page_text(p->to, one);
    }
    fputs("</code></th>", p->to);
    for (int i = 0; i < p->runs; i++) {
        sqlite3_reset(value);
        sqlite3_bind_int64(value, 1, p->run[i].id);
        sqlite3_bind_text(value, 2, key, -1, SQLITE_TRANSIENT);
        int rc = sqlite3_step(value);
        if (rc != SQLITE_ROW) {
            return rc;
        }
        const char *text = (const char *)sqlite3_column_text(value, 0);
        fputs("<td>", p->to);
        gbl_page_text(p->to, text ? text : "");
        fputs("</td>", p->to);
    }
    fputs("</tr>\n", p->to);
    return SQLITE_ROW;
}

int gbl_page_differences(page *p, gbl_err *err)
{
    sqlite3_stmt *keys = NULL, *value = NULL;
    int rows = 0, rc = sqlite3_prepare_v2(p->db, keys_sql, -1, &keys, NULL);
    rc = rc != SQLITE_OK ? rc : sqlite3_prepare_v2(p->db, value_sql, -1, &value, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int(keys, 1, p->runs);
        sqlite3_bind_int(keys, 2, MOST_KEYS);
        while ((rc = sqlite3_step(keys)) == SQLITE_ROW) {
            if (rows++ == 0) {
                head(p);
            }
            const char *key = (const char *)sqlite3_column_text(keys, 0);
            if ((rc = key_row(p, value, key ? key : "")) != SQLITE_ROW) {
                break;
            }
        }
    }
    if (rows) {
        fputs("</tbody></table></div>\n", p->to);
        fputs(rows == MOST_KEYS ? "<p class=\"hint\">Only the first forty keys are shown.</p>\n</section>\n" : "</section>\n", p->to);
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_db_fail(err, p->db, p->path, "read the store");
    sqlite3_finalize(keys);
    sqlite3_finalize(value);
    return code;
}
