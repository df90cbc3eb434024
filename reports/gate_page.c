/* gate_page.c - a gate's verdict as a table, JSON, Markdown and JUnit (declared in gate.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/compare.h"
#include "reports/gate.h"

static const char *verdict(const gbl_judged *r)
{
    if (r->regressed) return "REGRESSED";
    if (r->improved) return "better";
    if (isnan(r->worse)) return "no samples";
    return r->worse > r->tolerance ? "not significant" : "holds";
}

static char *percent(char *out, size_t size, double share)
{
    if (isnan(share)) snprintf(out, size, "-");
    else if (isinf(share)) snprintf(out, size, share > 0 ? "from nothing" : "to nothing");
    else snprintf(out, size, "%+.2f %%", 100 * share);
    return out;
}

/* The change as one reads it: up or down, whichever of the two is worse. */
static double change(const gbl_judged *r)
{
    return gbl_metric_worse(r->metric) * r->worse;
}

static char *p_text(char *out, size_t size, double p)
{
    if (isnan(p)) snprintf(out, size, "-");
    else snprintf(out, size, p > 0 && p < 1e-4 ? "%.0e" : "%.4f", p);
    return out;
}

/* What a pass is worth: the change that would have been seen, of the metrics that hold. Where a paired replication gives the
 * same number to the last bit, there is no luck to be told from. */
static int range_of_visible(const gbl_gate *g, double *least, double *most)
{
    int n = 0;
    *least = INFINITY;
    *most = 0;
    for (size_t i = 0; i < g->n; i++) {
        const gbl_judged *r = &g->row[i];
        if (r->regressed || !(r->error > 0)) continue;
        *least = fmin(*least, r->visible);
        *most = fmax(*most, r->visible);
        n++;
    }
    return n;
}

static int print_visible(const gbl_gate *g, FILE *to)
{
    double least, most;
    if (!range_of_visible(g, &least, &most)) return 0;
    fprintf(to, "could have seen a change of %.3g %%", 100 * least);
    if (most > least) fprintf(to, " to %.3g %%, by metric", 100 * most);
    fprintf(to, " (four times out of five)%s\n", most > 0.1 ? "; more replications in the baseline, or its own seeds, see smaller ones" : "");
    return 1;
}

static const char *pairing(const gbl_gate *g)
{
    return g->paired ? "the baseline's own seeds, paired" : "other seeds, unpaired";
}

void gbl_gate_print(const gbl_gate *g, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    char a[400], b[400], c[64], p[32];
    if (!t) return;
    gbl_table_columns(t, "scenario", "metric", ">baseline", ">now", ">change", ">tolerance", ">sees", ">p (Holm)", "", NULL);
    for (size_t i = 0; i < g->n; i++) {
        const gbl_judged *r = &g->row[i];
        gbl_table_cell(t, "%s", i && g->row[i - 1].entry == r->entry ? "" : r->entry->name);
        gbl_table_cell(t, "%s", r->metric);
        gbl_table_cell(t, "%s", gbl_compare_number(a, sizeof a, r->test.a));
        gbl_table_cell(t, "%s", gbl_compare_number(b, sizeof b, r->test.b));
        gbl_table_cell(t, "%s", percent(c, sizeof c, change(r)));
        gbl_table_cell(t, "%g %%", 100 * r->tolerance);
        if (isnan(r->visible)) gbl_table_cell(t, "-");
        else gbl_table_cell(t, "%.3g %%", 100 * r->visible);
        gbl_table_cell(t, "%s", p_text(p, sizeof p, r->p_adjusted));
        gbl_table_cell(t, "%s", verdict(r));
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    for (size_t i = 0; i < g->scenarios; i++)
        if (g->note && g->note[i]) fprintf(to, "note: %s\n", g->note[i]);
    fputc('\n', to);
    print_visible(g, to);
    fprintf(to, "%s: %zu of %zu metrics regressed in %zu scenario%s (%s)\n", g->regressed ? "REGRESSED" : "holds", g->regressed, g->n, g->scenarios,
            g->scenarios == 1 ? "" : "s", pairing(g));
}

void gbl_gate_json(const gbl_gate *g, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "verdict", g->regressed ? "regressed" : "holds");
    gbl_json_bool(j, "paired", g->paired);
    gbl_json_num(j, "alpha", GBL_GATE_ALPHA);
    gbl_json_int(j, "regressed", (int64_t)g->regressed);
    gbl_json_arr(j, "metrics");
    for (size_t i = 0; i < g->n; i++) {
        const gbl_judged *r = &g->row[i];
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "scenario", r->entry->name);
        gbl_json_str(j, "metric", r->metric);
        gbl_json_num(j, "baseline", r->test.a);
        gbl_json_num(j, "now", r->test.b);
        gbl_json_num(j, "difference", r->test.difference.mean);
        gbl_json_num(j, "low", r->test.difference.low);
        gbl_json_num(j, "high", r->test.difference.high);
        gbl_json_num(j, "worse", r->worse);
        gbl_json_num(j, "tolerance", r->tolerance);
        gbl_json_num(j, "visible", r->visible);
        gbl_json_num(j, "p", r->p);
        gbl_json_num(j, "p_adjusted", r->p_adjusted);
        gbl_json_bool(j, "regressed", r->regressed);
        gbl_json_bool(j, "improved", r->improved);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_arr(j, "notes");
    for (size_t i = 0; i < g->scenarios; i++)
        if (g->note && g->note[i]) gbl_json_str(j, NULL, g->note[i]);
    gbl_json_end(j);
    gbl_json_end(j);
}

/* ---------------------------------------------------------------- Markdown ---- */

/* Names come from documents: what Markdown or HTML would take for its own is escaped. */
static void markdown_text(const char *s, FILE *to)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '<' || c == '&') fputs(c == '<' ? "&lt;" : "&amp;", to);
        else if (c < 0x20) fputc(' ', to);
        else {
            if (strchr("|\\`*_[]#~!", c)) fputc('\\', to);
            fputc(c, to);
        }
    }
}

void gbl_gate_markdown(const gbl_gate *g, const char *why, FILE *to)
{
    char a[400], b[400], c[64], p[32];
    if (why) {
        fputs("## gable gate: not judged\n\n", to);
        markdown_text(why, to);
        fputs("\n", to);
        return;
    }
    fprintf(to, "## gable gate: %s\n\n%zu of %zu metrics regressed (%s; beyond the tolerance and family-wise p < %g)\n\n", g->regressed ? "regressed" : "holds",
            g->regressed, g->n, pairing(g), GBL_GATE_ALPHA);
    if (print_visible(g, to)) fputs("\n", to);
    fputs("| scenario | metric | baseline | now | change | tolerance | p (Holm) | |\n|---|---|---:|---:|---:|---:|---:|---|\n", to);
    for (size_t i = 0; i < g->n; i++) {
        const gbl_judged *r = &g->row[i];
        fputs("| ", to);
        markdown_text(r->entry->name, to);
        fprintf(to, " | `%s` | %s | %s | %s | %g %% | %s | %s%s%s |\n", r->metric, gbl_compare_number(a, sizeof a, r->test.a), gbl_compare_number(b, sizeof b, r->test.b),
                percent(c, sizeof c, change(r)), 100 * r->tolerance, p_text(p, sizeof p, r->p_adjusted), r->regressed ? "**" : "", verdict(r), r->regressed ? "**" : "");
    }
    for (size_t i = 0; i < g->scenarios; i++) {
        if (!g->note || !g->note[i]) continue;
        fputs("\n- ", to);
        markdown_text(g->note[i], to);
    }
    fputs("\n", to);
}

/* ---------------------------------------------------------------- JUnit ---- */

static void xml_text(const char *s, FILE *to)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '<') fputs("&lt;", to);
        else if (c == '>') fputs("&gt;", to);
        else if (c == '&') fputs("&amp;", to);
        else if (c == '"') fputs("&quot;", to);
        else fputc(c < 0x20 ? ' ' : c, to);
    }
}

static void junit_case(const gbl_judged *r, FILE *to)
{
    char a[400], b[400], c[64], p[32];
    fputs("    <testcase classname=\"", to);
    xml_text(r->entry->name, to);
    fprintf(to, "\" name=\"%s\"", r->metric);
    if (!r->regressed) {
        fputs("/>\n", to);
        return;
    }
    fprintf(to, ">\n      <failure type=\"regression\" message=\"%s: %s, baseline %s, now %s\">change %s beyond the tolerance of %g %%, family-wise p %s</failure>\n    </testcase>\n", r->metric,
            percent(c, sizeof c, change(r)), gbl_compare_number(a, sizeof a, r->test.a), gbl_compare_number(b, sizeof b, r->test.b), c, 100 * r->tolerance,
            p_text(p, sizeof p, r->p_adjusted));
}

static size_t suite_end(const gbl_gate *g, size_t from, size_t *failures)
{
    size_t i = from;
    for (*failures = 0; i < g->n && g->row[i].entry == g->row[from].entry; i++) *failures += (size_t)g->row[i].regressed;
    return i;
}

void gbl_gate_junit(const gbl_gate *g, const char *why, FILE *to)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", to);
    if (why) {
        fputs("<testsuites name=\"gable gate\" tests=\"1\" failures=\"0\" errors=\"1\">\n  <testsuite name=\"inputs\" tests=\"1\" failures=\"0\" errors=\"1\">\n"
              "    <testcase classname=\"gable gate\" name=\"inputs\">\n      <error type=\"inputs\" message=\"", to);
        xml_text(why, to);
        fputs("\"/>\n    </testcase>\n  </testsuite>\n</testsuites>\n", to);
        return;
    }
    fprintf(to, "<testsuites name=\"gable gate\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", g->n, g->regressed);
    for (size_t i = 0, failures; i < g->n;) {
        size_t end = suite_end(g, i, &failures);
        fputs("  <testsuite name=\"", to);
        xml_text(g->row[i].entry->name, to);
        fprintf(to, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", end - i, failures);
        for (; i < end; i++) junit_case(&g->row[i], to);
        fputs("  </testsuite>\n", to);
    }
    fputs("</testsuites>\n", to);
}
