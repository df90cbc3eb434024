/* percentile.c - the aggregates percentile(x, p) and median(x) for SQLite, which has neither. p in 0..100, linear
 * interpolation between order statistics as numpy.percentile does by default: position p/100 * (n - 1). NULLs are
 * skipped; no values give NULL. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "reports/store_db.h"

typedef struct sample {
    double *v;
    size_t n, room;
    double p;
    int failed; /* the message is set already */
} sample;

static void fail(sqlite3_context *ctx, sample *s, const char *message)
{
    s->failed = 1;
    sqlite3_result_error(ctx, message, -1);
}

/* 0 where p is a number in 0..100 and the same as before. */
static int take_p(sqlite3_context *ctx, sample *s, sqlite3_value *p)
{
    int type = sqlite3_value_numeric_type(p);
    double v = sqlite3_value_double(p);
    if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || !(v >= 0 && v <= 100)) {
        fail(ctx, s, "percentile(x, p): p must be a number from 0 to 100");
        return -1;
    }
    if (s->n && v != s->p) {
        fail(ctx, s, "percentile(x, p): p must be the same in every row");
        return -1;
    }
    s->p = v;
    return 0;
}

static void step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    sample *s = sqlite3_aggregate_context(ctx, sizeof *s);
    if (!s) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    if (s->failed || (argc == 2 && take_p(ctx, s, argv[1]) != 0) || sqlite3_value_type(argv[0]) == SQLITE_NULL) {
        return;
    }
    if (argc == 1) {
        s->p = 50;
    }
    int type = sqlite3_value_numeric_type(argv[0]);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) {
        fail(ctx, s, "percentile(x, p): x must be a number");
    } else if (gbl_grow(&s->v, &s->room, s->n + 1, sizeof *s->v) != 0) {
        s->failed = 1;
        sqlite3_result_error_nomem(ctx);
    } else {
        s->v[s->n++] = sqlite3_value_double(argv[0]);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void final(sqlite3_context *ctx)
{
    sample *s = sqlite3_aggregate_context(ctx, 0);
    if (!s) {
        return; /* no rows: NULL */
    }
    if (!s->failed && s->n) {
        qsort(s->v, s->n, sizeof *s->v, ascending);
        double at = s->p / 100 * (double)(s->n - 1), below = floor(at), t = at - below;
        size_t i = (size_t)below;
        double a = s->v[i], b = s->v[i + 1 < s->n ? i + 1 : i];
        sqlite3_result_double(ctx, t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t)); /* numpy's _lerp, both halves */
    }
    gbl_free(s->v);
}

int gbl_percentile_register(sqlite3 *db)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int rc = sqlite3_create_function_v2(db, "percentile", 2, flags, NULL, NULL, step, final, NULL);
    return rc != SQLITE_OK ? rc : sqlite3_create_function_v2(db, "median", 1, flags, NULL, NULL, step, final, NULL);
}
