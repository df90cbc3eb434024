/* html.c - `gable report`: puts the page together and puts it in place. */
#include "reports/html.h"

#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/replace.h"
#include "reports/page.h"
#include "reports/store_db.h"

/* Chart.js 3.9 (MIT) into p->library; left NULL where there is none. One that could end the script element early is not
 * taken. */
static int read_library(page *p, gbl_err *err)
{
    static const char *const places[] = {"/usr/share/javascript/chart.js/chart.min.js", "/usr/share/nodejs/chart.js/dist/chart.min.js"};
    const char *own = getenv("GABLE_CHARTJS");
    size_t n = own ? 1 : sizeof places / sizeof *places;
    for (size_t i = 0; i < n; i++) {
        char *text = NULL;
        size_t len = 0;
        int code = gbl_slurp(own ? own : places[i], &text, &len, 4 << 20, err);
        if (code == GBL_OK && len && strlen(text) == len && !strstr(text, "</script")) {
            p->library = text;
            return GBL_OK;
        }
        gbl_free(text);
        if (code == GBL_EFAULT) {
            return code;
        }
    }
    return GBL_OK;
}

/* JSON inside a script element: no '<' may stand there, so that nothing in a string ends the element. */
static void put_json(FILE *to, const char *json)
{
    for (; *json; json++) {
        if (*json == '<') {
            fputs("\\u003c", to);
        } else {
            fputc(*json, to);
        }
    }
}

static int put_page(page *p, gbl_err *err)
{
    const char *charts = gbl_json_text(p->charts);
    if (!charts) {
        return gbl_nomem(err, 0);
    }
    fputs("<!DOCTYPE html>\n<html lang=\"en\" class=\"plain\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"gable\">\n<title>", p->to);
    gbl_page_text(p->to, p->run[0].name);
    fputs(" \xc2\xb7 gable</title>\n<style>\n", p->to);
    fputs(gbl_page_css, p->to);
    fputs("</style>\n</head>\n<body>\n", p->to);
    int code = gbl_page_body(p, err);
    fputs("<footer><p>Made by gable from the store ", p->to);
    gbl_page_text(p->to, p->path);
    fputs(" with <code>gable report</code>. The page needs no network.</p></footer>\n<script type=\"application/json\" id=\"charts-data\">", p->to);
    put_json(p->to, charts);
    fputs("</script>\n", p->to);
    if (p->library) {
        fprintf(p->to, "<script>%s</script>\n", p->library);
    }
    fprintf(p->to, "<script>\n%s</script>\n</body>\n</html>\n", gbl_page_js);
    return code;
}

/* Nobody sees half a page. */
static int put_file(page *p, const char *out, gbl_err *err)
{
    gbl_replace r;
    int code = gbl_replace_begin(&r, out, err);
    if (code) {
        return code;
    }
    p->to = r.to;
    r.refused = p->refused; /* also what was read for the page may lack something */
    return gbl_replace_end(&r, put_page(p, err), err);
}

/* Every chart's description, before anything is written: a page that cannot be made leaves no file. */
static int charts(page *p, gbl_err *err)
{
    static int (*const make[])(page *, gbl_err *) = {gbl_page_series, gbl_page_where, gbl_page_roof, gbl_page_sens, gbl_page_configs};
    int code = GBL_OK;
    gbl_json_arr(p->charts, NULL);
    for (size_t i = 0; i < sizeof make / sizeof *make && code == GBL_OK; i++) {
        code = make[i](p, err);
    }
    gbl_json_end(p->charts);
    return code;
}

int gbl_report_html(const char *db, const char *out, gbl_err *err)
{
    page *p = gbl_alloc(1, sizeof *p);
    if (!p) {
        return gbl_nomem(err, sizeof *p);
    }
    p->path = db;
    p->refused = gbl_alloc_refused();
    p->arena = gbl_arena_new();
    p->charts = gbl_json_new(0);
    int code = p->arena && p->charts ? gbl_db_open_read(&p->db, db, err) : gbl_nomem(err, 64);
    if (code == GBL_OK) {
        sqlite3_exec(p->db, "BEGIN", NULL, NULL, NULL); /* one snapshot for all of the page */
    }
    code = code != GBL_OK ? code : gbl_page_load(p, err);
    if (code == GBL_OK) {
        code = read_library(p, err);
        code = code != GBL_OK ? code : charts(p, err);
    }
    code = code != GBL_OK ? code : put_file(p, out, err);
    gbl_page_unload(p);
    sqlite3_close(p->db);
    gbl_free(p->library);
    gbl_json_free(p->charts);
    gbl_arena_free(p->arena);
    gbl_free(p);
    return code;
}
