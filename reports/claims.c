/* claims.c - from claim files to a table of verdicts. */
#include "reports/claims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "reports/claims_parts.h"

/* ---------------------------------------------------------------- verdicts ---- */

const char *gbl_verdict_name(enum gbl_verdict v)
{
    static const char *const name[] = {"reproduced", "direction", "not", "quality"};
    return name[v];
}

/* A tolerance of 0.3 lets 1.3 pass for 1, whatever the rounding of their quotient. */
static int near_enough(const gbl_claim_case *c)
{
    double most = c->absolute ? c->tolerance : c->tolerance * fabs(c->published);
    return fabs(c->simulated - c->published) <= most * (1 + 1e-12);
}

enum gbl_verdict gbl_claim_judge(const gbl_claim_case *c)
{
    if (c->rule == GBL_NOT || c->rule == GBL_QUALITY) return c->rule;
    if (!isfinite(c->simulated)) return GBL_NOT;
    if (c->rule == GBL_REPRODUCED && near_enough(c)) return GBL_REPRODUCED;
    double effect = c->published - c->neutral; /* NaN without a direction: no comparison with it is true */
    return effect != 0 && (c->simulated - c->neutral) / effect >= 0.1 ? GBL_DIRECTION : GBL_NOT;
}

static void judge(gbl_claims *c, gbl_claim_row *r, double simulated, const char *why)
{
    gbl_claim *s = &r->says;
    s->is.simulated = simulated;
    s->ratio = s->is.published != 0 ? simulated / s->is.published : NAN;
    s->verdict = gbl_claim_judge(&s->is);
    if (why[0] && s->verdict == GBL_NOT) {
        const char *all = gbl_arena_printf(c->arena, "%s%s%s", why, s->reason[0] ? "; " : "", s->reason);
        if (all) s->reason = all;
    } else if (!s->reason[0] && s->verdict != GBL_REPRODUCED) {
        const char *all = gbl_arena_printf(c->arena, "%.4g simulated, %.4g published: outside the tolerance, no cause found", simulated, s->is.published);
        if (all) s->reason = all;
    }
    r->done = 1;
}

/* ---------------------------------------------------------------- solving ---- */

/* Values what can be valued; 0: nothing is pending any more. */
static int round_of(gbl_claims *c, size_t *pending, gbl_err *err)
{
    char why[256];
    *pending = 0;
    for (size_t i = 0; i < c->n_rows; i++) {
        gbl_claim_row *r = &c->row[i];
        double v;
        int waits;
        if (r->done) continue;
        if (gbl_claim_eval(c, r->file, r->measure, &v, &waits, why, err)) return err->code;
        if (!waits) judge(c, r, v, why);
        *pending += waits != 0;
    }
    return GBL_OK;
}

static int value_all(gbl_claims *c, gbl_err *err)
{
    size_t pending = 0;
    for (size_t i = 0; i < c->n_rows; i++)
        if (!c->row[i].measure) judge(c, &c->row[i], NAN, "");
    for (;;) {
        int code = round_of(c, &pending, err);
        if (code || !pending) return code;
        if ((code = gbl_claims_run_wanted(c, err))) return code;
    }
}

int gbl_claims_solve(gbl_claims **out, const gbl_claims_ask *ask, gbl_err *err)
{
    gbl_claims *c = gbl_alloc(1, sizeof *c);
    *out = NULL;
    if (!c) return gbl_nomem(err, sizeof *c);
    c->ask = *ask;
    c->arena = c->traces.arena = gbl_arena_new();
    int code = c->arena ? gbl_claims_read(c, err) : gbl_nomem(err, 0);
    /* Where the program cannot be read, its version must do, which a developer's rebuild does not change. */
    gbl_err ignored = {0};
    if (!code && gbl_file_hash("/proc/self/exe", &c->program, &ignored)) c->program = gbl_hash64(GBL_VERSION, strlen(GBL_VERSION), 0);
    if (!code) code = value_all(c, err);
    if (code) gbl_claims_free(c);
    else *out = c;
    return code;
}

void gbl_claims_free(gbl_claims *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->n_runs; i++) gbl_doc_free(c->run[i]->result);
    for (size_t i = 0; i < c->n_files; i++) gbl_doc_free(c->file[i].doc);
    gbl_free(c->run);
    gbl_free(c->row);
    gbl_free(c->file);
    gbl_arena_free(c->arena);
    gbl_free(c);
}

/* ---------------------------------------------------------------- reading ---- */

size_t gbl_claims_size(const gbl_claims *c)
{
    return c->n_rows;
}

const gbl_claim *gbl_claims_at(const gbl_claims *c, size_t i)
{
    return &c->row[i].says;
}

size_t gbl_claims_runs(const gbl_claims *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_runs; i++) n += !c->run[i]->same;
    return n;
}

size_t gbl_claims_cached(const gbl_claims *c)
{
    return c->from_cache;
}

void gbl_claims_json(const gbl_claims *c, gbl_json *j)
{
    gbl_json_arr(j, NULL);
    for (size_t i = 0; i < c->n_rows; i++) {
        const gbl_claim *s = &c->row[i].says;
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "key", s->key);
        gbl_json_str(j, "quantity", s->quantity);
        gbl_json_num(j, "published", s->is.published);
        gbl_json_num(j, "simulated", s->is.simulated);
        gbl_json_bool(j, "recalled", s->recalled);
        gbl_json_bool(j, "computed", s->computed);
        gbl_json_str(j, "unit", s->unit);
        gbl_json_num(j, "ratio", s->ratio);
        gbl_json_num(j, "tolerance", s->is.tolerance);
        gbl_json_str(j, "within", s->is.absolute ? "absolute" : "relative");
        gbl_json_str(j, "runtime", s->runtime);
        gbl_json_str(j, "verdict", gbl_verdict_name(s->verdict));
        gbl_json_str(j, "reason", s->reason);
        gbl_json_str(j, "source", s->source);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static void number(gbl_table *t, double v)
{
    if (isnan(v)) gbl_table_cell(t, "-");
    else gbl_table_cell(t, "%.4g", v);
}

static void tolerance(gbl_table *t, const gbl_claim_case *is)
{
    if (isnan(is->tolerance) || is->rule != GBL_REPRODUCED) gbl_table_cell(t, "-");
    else if (is->absolute) gbl_table_cell(t, "%.3g", is->tolerance);
    else gbl_table_cell(t, "%.3g %%", 100 * is->tolerance);
}

static void print_row(gbl_table *t, size_t i, const gbl_claim *s)
{
    gbl_table_cell(t, "%zu", i + 1);
    gbl_table_cell(t, "%s", s->key);
    gbl_table_cell(t, "%s", s->quantity);
    if (s->recalled) gbl_table_cell(t, "%.4g*", s->is.published);
    else number(t, s->is.published);
    number(t, s->is.simulated);
    gbl_table_cell(t, "%s", s->unit[0] ? s->unit : "-");
    number(t, s->ratio);
    tolerance(t, &s->is);
    gbl_table_cell(t, "%s", s->runtime ? s->runtime : "-");
    gbl_table_cell(t, "%s%s", gbl_verdict_name(s->verdict), s->computed ? "=" : "");
}

int gbl_claims_print(const gbl_claims *c, FILE *to)
{
    size_t count[4] = {0}, recalled = 0, marked = 0, computed = 0;
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return -1;
    gbl_table_columns(t, ">#", "key", "quantity", ">published", ">simulated", "unit", ">ratio", ">tolerance", "runtime", "verdict", NULL);
    for (size_t i = 0; i < c->n_rows; i++) {
        const gbl_claim *s = &c->row[i].says;
        if (i && c->row[i].file != c->row[i - 1].file) gbl_table_rule(t);
        print_row(t, i, s);
        count[s->verdict]++;
        recalled += s->recalled != 0;
        marked += s->computed != 0;
        computed += s->computed && s->verdict == GBL_REPRODUCED;
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    if (recalled) fprintf(to, "* recalled, not verified against the publication\n");
    if (marked) fprintf(to, "= the value follows from a definition or formula and was not measured: it checks this program alone\n");
    fprintf(to, "\n");
    for (size_t i = 0; i < c->n_rows; i++) {
        const gbl_claim *s = &c->row[i].says;
        if (s->reason[0]) fprintf(to, "%zu  %s (%s)\n", i + 1, s->reason, s->source);
    }
    fprintf(to, "\n%zu claims: %zu reproduced", c->n_rows, count[GBL_REPRODUCED]);
    if (computed) fprintf(to, " (%zu of published values, %zu of computed ones)", count[GBL_REPRODUCED] - computed, computed);
    fprintf(to, ", %zu in direction, %zu not, %zu of quality; %zu simulations, %zu of them from the cache\n", count[GBL_DIRECTION], count[GBL_NOT],
            count[GBL_QUALITY], gbl_claims_runs(c), c->from_cache);
    return 0;
}
