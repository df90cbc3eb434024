/* page_roof.c - the roofline of the newest run's GPU with the operators of its typical steps on it (reports/steps.h). */
#include <math.h>
#include <string.h>

#include "reports/page.h"
#include "reports/store_db.h"

static const char rows_sql[] =
    "SELECT o.phase, o.name, o.count, o.flops, o.hbm_bytes, o.time_us, o.bound, o.efficiency, s.time_us, s.flop_s, s.hbm_byte_s, s.sequences, s.tokens"
    " FROM operator AS o JOIN step AS s ON s.run = o.run AND s.phase = o.phase WHERE o.run = ?1 ORDER BY o.phase DESC, o.seq";

/* One operator, once. Borrowed from the statement until its next step. */
typedef struct op_row {
    const char *phase, *name, *bound;
    double count, flops, bytes, time_us, efficiency, step_us, flop_s, byte_s;
    int64_t sequences, tokens;
} op_row;

static const char *text_of(sqlite3_stmt *st, int i)
{
    const char *v = (const char *)sqlite3_column_text(st, i);
    return v ? v : "";
}

static op_row row_of(sqlite3_stmt *st)
{
    return (op_row){text_of(st, 0), text_of(st, 1), text_of(st, 6), sqlite3_column_double(st, 2), sqlite3_column_double(st, 3), sqlite3_column_double(st, 4),
                    sqlite3_column_double(st, 5), sqlite3_column_double(st, 7), sqlite3_column_double(st, 8), sqlite3_column_double(st, 9),
                    sqlite3_column_double(st, 10), sqlite3_column_int64(st, 11), sqlite3_column_int64(st, 12)};
}

/* Calls fn with every operator. */
static int each(page *p, void (*fn)(page *p, const op_row *o, void *to), void *to, gbl_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(p->db, rows_sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, p->run[0].id);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            op_row o = row_of(st);
            fn(p, &o, to);
        }
    }
    int code = rc == SQLITE_DONE ? GBL_OK : gbl_db_fail(err, p->db, p->path, "read the store");
    sqlite3_finalize(st);
    return code;
}

typedef struct roof {
    int n;
    double flop_s, byte_s, low, high; /* of the intensities */
    char phase[32];                   /* whose points are being drawn */
    char step[2][96];
    int steps;
} roof;

static int on_roof(const op_row *o)
{
    return o->flops > 0 && o->bytes > 0 && o->time_us > 0;
}

static void measure(page *p, const op_row *o, void *to)
{
    roof *r = to;
    char sequences[32], tokens[32];
    if (r->steps < 2 && strcmp(r->phase, o->phase) != 0) {
        snprintf(r->step[r->steps++], sizeof r->step[0], "%s: %s of %s tokens", o->phase, gbl_page_human(sequences, sizeof sequences, (double)o->sequences),
                 gbl_page_human(tokens, sizeof tokens, (double)o->tokens));
    }
    snprintf(r->phase, sizeof r->phase, "%s", o->phase);
    if (!on_roof(o)) {
        return;
    }
    double x = o->flops / o->bytes;
    r->low = r->n ? fmin(r->low, x) : x;
    r->high = r->n ? fmax(r->high, x) : x;
    r->flop_s = o->flop_s;
    r->byte_s = o->byte_s;
    r->n++;
    (void)p;
}

static void put_point(page *p, const op_row *o, void *to)
{
    const roof *r = to;
    if (on_roof(o) && !strcmp(o->phase, r->phase)) {
        char name[96];
        snprintf(name, sizeof name, "%s (%s)", o->name, o->phase);
        gbl_chart_point(p, o->flops / o->bytes, o->flops / o->time_us * 1e-6, name);
    }
}

static int put_points(page *p, roof *r, gbl_err *err)
{
    static const char *const phases[] = {"prefill", "decode"};
    int code = GBL_OK;
    for (int i = 0; i < 2 && code == GBL_OK; i++) {
        snprintf(r->phase, sizeof r->phase, "%s", phases[i]);
        gbl_chart_series(p, phases[i], i, PAGE_MARKS);
        code = each(p, put_point, r, err);
        gbl_chart_series_end(p);
    }
    return code;
}

static void put_roof(page *p, const roof *r)
{
    double ridge = r->flop_s / r->byte_s, low = pow(10, floor(log10(fmin(r->low, ridge / 10)))), high = fmax(r->high, ridge) * 4;
    char label[96];
    snprintf(label, sizeof label, "one GPU: %.4g TFLOP/s, %.3g TB/s", r->flop_s * 1e-12, r->byte_s * 1e-12);
    gbl_chart_series(p, label, 7, PAGE_DASH);
    gbl_chart_point(p, low, low * r->byte_s * 1e-12, NULL);
    gbl_chart_point(p, ridge, r->flop_s * 1e-12, NULL);
    gbl_chart_point(p, high, r->flop_s * 1e-12, NULL);
    gbl_chart_series_end(p);
}

int gbl_page_roof(page *p, gbl_err *err)
{
    roof r = {0};
    if (p->layout < 3) {
        return GBL_OK;
    }
    int code = each(p, measure, &r, err);
    if (code != GBL_OK || !r.n) {
        return code;
    }
    p->roof_steps = gbl_arena_printf(p->arena, "%s%s%s", r.step[0], r.steps > 1 ? "; " : "", r.step[1]);
    if (!p->roof_steps) {
        return gbl_nomem(err, sizeof r.step);
    }
    gbl_chart_begin(p, &(page_chart){.id = "roofline", .kind = "points", .title = "Roofline", .text = p->roof_steps, .x = "intensity, FLOP / byte of HBM",
                                     .y = "TFLOP / s", .x_unit = "FLOP/byte", .y_unit = "TFLOP/s", .log_x = 1, .log_y = 1, .wide = 1});
    code = put_points(p, &r, err);
    put_roof(p, &r);
    gbl_chart_end(p);
    return code;
}

static void put_row(page *p, const op_row *o, void *to)
{
    (void)to;
    gbl_page_head_cell(p, o->name);
    gbl_page_cell(p, o->phase);
    gbl_page_number(p, o->count, 1, "");
    gbl_page_number(p, o->time_us, 1, "");
    gbl_page_number(p, o->step_us > 0 ? o->count * o->time_us / o->step_us : NAN, 100, "");
    gbl_page_number(p, o->flops > 0 ? o->flops : NAN, 1e-9, "");
    gbl_page_number(p, o->bytes > 0 ? o->bytes : NAN, 1e-6, "");
    gbl_page_number(p, o->flops > 0 && o->bytes > 0 ? o->flops / o->bytes : NAN, 1, "");
    gbl_page_cell(p, o->bound);
    gbl_page_number(p, o->efficiency, 100, "");
    fputs("</tr>\n", p->to);
}

int gbl_page_roof_section(page *p, gbl_err *err)
{
    static const char *const heads[] = {"Operator", "Phase", ">Count", ">Time, \xc2\xb5s", ">Of the step, %", ">GFLOP", ">HBM, MB", ">FLOP / byte", "Bound", ">Of roof, %", NULL};
    if (!p->roof_steps) {
        return GBL_OK;
    }
    gbl_page_section(p, "roofline", "Roofline",
                     "The operators of a typical prefill and of the mean decode step, on one GPU. How far a mark lies below the roof is what its kernel loses.");
    gbl_page_figures(p, (const char *const[]){"roofline", NULL});
    gbl_page_table(p, "Operators of the typical steps", heads);
    int code = each(p, put_row, NULL, err);
    gbl_page_table_end(p);
    fputs("</section>\n", p->to);
    return code;
}
