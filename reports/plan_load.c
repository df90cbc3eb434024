/* plan_load.c - the requests that a plan is for, read once. */
#include <math.h>
#include <string.h>

#include "base/map.h"
#include "reports/identity.h"
#include "reports/plan_parts.h"

void gbl_load_fini(gbl_load *l)
{
    gbl_free(l->input);
    gbl_free(l->output);
    gbl_free(l->hit);
    gbl_free(l->arrival_ns);
}

static int add_request(gbl_load *l, const gbl_record *r, gbl_map *known)
{
    int64_t **const list[] = {&l->input, &l->output, &l->hit, &l->arrival_ns}; /* four lists, one room */
    size_t room = l->room;
    for (int i = 0; i < 4; i++) {
        room = l->room;
        if (gbl_grow(list[i], &room, l->n + 1, sizeof **list[i])) return -1;
    }
    l->room = room;
    int64_t run = 0, hit;
    int leading = 1;
    for (int32_t i = 0; i < r->n_ids; i++) {
        leading = leading && gbl_map_get(known, r->ids[i]) >= 0;
        run += leading;
        if (gbl_map_put(known, r->ids[i], 0)) return -1;
    }
    hit = run * r->id_tokens;
    l->shares |= hit > 0;
    l->input[l->n] = r->input;
    l->output[l->n] = r->output;
    l->arrival_ns[l->n] = r->arrival_ns;
    l->hit[l->n++] = hit < r->input ? hit : r->input - 1;
    return 0;
}

/* A closed loop answers each completion; here every request is done as soon as it comes. */
static int read_all(gbl_planner *p, gbl_source *src, gbl_map *known, gbl_err *err)
{
    gbl_load *l = &p->load;
    gbl_record r;
    int64_t last = 0;
    int got;
    while ((got = gbl_source_next(src, &r, err)) == 1) {
        last = r.arrival_ns > last ? r.arrival_ns : last;
        if (add_request(l, &r, known)) return gbl_nomem(err, l->n * sizeof *l->input);
        if (l->closed) gbl_source_done(src, r.serial, r.arrival_ns);
        if (p->rule == GBL_RULE_SARATHI && l->n == 2048) break;
    }
    double span = l->n ? (double)(last - l->arrival_ns[0]) * 1e-9 : 0;
    l->requests = l->n;
    l->rate_s = span > 0 ? (double)(l->n - 1) / span : 0;
    return got < 0 ? err->code : GBL_OK;
}

/* The rate that a generator is told is its rate, whatever its first thousand arrivals make of it. */
static double nominal_rate(const gbl_node *trace)
{
    const gbl_node *arrival = gbl_node_at(trace, "generate.arrival"), *rate = gbl_node_get(arrival, "rate_s"), *use = gbl_node_get(arrival, "use");
    if (!gbl_node_get(trace, "generate")) return NAN;
    const gbl_node *name = use ? use : arrival;
    const char *of = name && gbl_node_kind(name) == GBL_STRING ? gbl_node_text(name) : "";
    if (!strcmp(of, "curve") || (!strcmp(of, "rows") && (!rate || gbl_node_kind(rate) != GBL_NUMBER))) return NAN;
    return rate && gbl_node_kind(rate) == GBL_NUMBER ? gbl_node_num(rate) : 1.0;
}

static double number_at(const gbl_node *root, const char *path, double dflt)
{
    const gbl_node *n = gbl_node_at(root, path);
    return n && gbl_node_kind(n) == GBL_NUMBER ? gbl_node_num(n) : dflt;
}

/* Only requests that the run counts say what it has to do: those after the warm-up that arrive before the run is stopped. */
static void leave_counted(gbl_load *l, double warmup_s, double stop_s)
{
    size_t kept = 0;
    int64_t first = l->n ? l->arrival_ns[0] : 0;
    for (size_t i = 0; i < l->n; i++) {
        double at = (double)(l->arrival_ns[i] - first) * 1e-9;
        if (at < warmup_s || (double)l->arrival_ns[i] * 1e-9 > stop_s) continue;
        l->input[kept] = l->input[i];
        l->output[kept] = l->output[i];
        l->hit[kept] = l->hit[i];
        l->arrival_ns[kept++] = l->arrival_ns[i];
    }
    l->n = kept;
    l->span_s = kept ? (double)(l->arrival_ns[kept - 1] - l->arrival_ns[0]) * 1e-9 : 0;
}

int gbl_load_read(gbl_planner *p, gbl_err *err)
{
    gbl_doc *d = NULL;
    gbl_source *src = NULL;
    gbl_map *known = gbl_map_new(1024);
    int code = known ? gbl_plan_base(p, &d, err) : gbl_nomem(err, 0);
    const gbl_node *root = code ? NULL : gbl_doc_root(d), *trace = gbl_node_get(root, "trace");
    if (!code) code = gbl_identity_repeats(trace, err);
    if (!code) code = gbl_source_open(&src, trace, (uint64_t)p->seed, err);
    if (!code) {
        const gbl_node *generate = gbl_node_get(trace, "generate");
        p->load.closed = gbl_source_closed(src);
        p->load.generated = generate && gbl_node_kind(generate) == GBL_OBJECT;
        p->load.limit = (int64_t)number_at(trace, "limit", 0);
        code = read_all(p, src, known, err);
        /* rate_scale multiplies: the load's own rate is that at scale 1 */
        double nominal = nominal_rate(trace);
        p->load.rate_s = isnan(nominal) ? p->load.rate_s / number_at(trace, "rate_scale", 1) : nominal;
        leave_counted(&p->load, number_at(root, "run.warmup_s", 0), number_at(root, "run.stop_s", INFINITY));
    }
    if (src) gbl_source_close(src);
    gbl_map_free(known);
    gbl_doc_free(d);
    return code;
}
