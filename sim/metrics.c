#include "sim/metrics.h"

#include <math.h>

int gbl_metrics_init(gbl_metrics *m, const gbl_scenario *s, gbl_err *err) {
    *m = (gbl_metrics){.sessions = gbl_map_new(64)};
    if (!m->sessions) return gbl_nomem(err, 64);
    if (s->n_slo_classes && !(m->by_class = gbl_alloc(s->n_slo_classes, sizeof *m->by_class))) return gbl_nomem(err, s->n_slo_classes);
    for (int i = 0; i < GBL_SERIES_N; i++)
        if (!(m->series[i] = gbl_quantile_new(i == GBL_ITL ? GBL_Q_SKETCH_ONLY : 0))) return gbl_nomem(err, 1024);
    return 0;
}

void gbl_metrics_fini(gbl_metrics *m) {
    for (int i = 0; i < GBL_SERIES_N; i++) gbl_quantile_free(m->series[i]);
    gbl_map_free(m->sessions);
    gbl_free(m->by_class);
}

static int session_found(gbl_metrics *m, int64_t session, int any) {
    int32_t had = gbl_map_get(m->sessions, (uint64_t)session);
    if (had == 1 || (had == 0 && !any)) return 0;
    m->sessions_any_hit += any;
    return gbl_map_put(m->sessions, (uint64_t)session, any);
}

int gbl_metrics_found(gbl_metrics *m, const gbl_req *q, int32_t block_size, int64_t cached) {
    gbl_found *f = &m->turn[q->turn > 0];
    m->prompt_tokens += q->input;
    m->hit_tokens += cached;
    f->requests++;
    f->any += cached > 0;
    f->hit_blocks += cached / block_size;
    f->blocks += (q->input + block_size - 1) / block_size;
    f->hit_tokens += cached;
    f->tokens += q->input;
    return q->session >= 0 ? session_found(m, q->session, cached > 0) : 0;
}

/* Compared as printed: a bound copied from a result's own number holds. */
static int within(double value_ns, double bound_ms) { return isnan(bound_ms) || value_ns / 1e6 <= bound_ms; }

/* Every bound is inclusive; a one-token request has no TPOT and passes that bound. */
static int is_good(const gbl_slo *slo, double ttft, double tpot, double e2el, double itl) {
    return within(ttft, slo->ttft_ms) && within(tpot, slo->tpot_ms) && within(e2el, slo->e2el_ms) && within(itl, slo->itl_ms);
}

static int add_completed(gbl_metrics *m, const gbl_scenario *s, const gbl_life *l, int64_t gap_sum, int64_t gap_n, int itl_per_request) {
    int64_t ttft = l->first_ns - l->arrival_ns, e2el = l->finish_ns - l->arrival_ns;
    double tpot = l->output > 1 ? (double)(e2el - ttft) / (double)(l->output - 1) : 0.0;
    double itl = gap_n ? (double)gap_sum / (double)gap_n : 0.0;
    int bad = gbl_quantile_add_int(m->series[GBL_TTFT], ttft, 1) | gbl_quantile_add_int(m->series[GBL_E2EL], e2el, 1) |
              gbl_quantile_add_int(m->series[GBL_QUEUE], l->scheduled_ns - l->arrival_ns, 1);
    if (l->output > 1) bad |= gbl_quantile_add(m->series[GBL_TPOT], tpot);
    if (itl_per_request && gap_n) bad |= gbl_quantile_add(m->series[GBL_ITL], itl);
    m->measured_completed++;
    for (int i = 0; i < GBL_PARTS; i++) m->part_ns[i] += l->part_ns[i];
    m->input_tokens += l->input;
    m->output_tokens += l->output;
    gbl_served *served = &m->served[l->cached > 0];
    served->n++;
    served->ttft_ns += ttft;
    static const gbl_slo no_bound = {NULL, NAN, NAN, NAN, NAN, 0};
    int class_id = gbl_scenario_slo_class(s, l->priority, l->tenant);
    const gbl_slo *slo = class_id >= 0 ? &s->slo_class[class_id].slo : s->n_slo_classes ? &no_bound : &s->slo;
    if (class_id >= 0) m->by_class[class_id].completed++;
    if (is_good(slo, (double)ttft, tpot, (double)e2el, itl)) {
        served->good++;
        if (class_id >= 0) m->by_class[class_id].good++;
        m->good++;
        m->good_tokens += l->output;
    }
    return bad;
}

int gbl_metrics_leave(gbl_metrics *m, const gbl_scenario *s, const gbl_life *l, int64_t gap_sum, int64_t gap_n, int itl_per_request, gbl_err *err) {
    int measured = l->arrival_ns >= m->measured_from_ns;
    m->measured += measured;
    int class_id = measured ? gbl_scenario_slo_class(s, l->priority, l->tenant) : -1;
    if (class_id >= 0) m->by_class[class_id].measured++;
    if (l->status == 1) m->rejected++;
    else if (l->status == 2) m->unfinished++;
    else {
        m->completed++;
        if (measured && add_completed(m, s, l, gap_sum, gap_n, itl_per_request)) return gbl_nomem(err, 64);
    }
    return 0;
}
