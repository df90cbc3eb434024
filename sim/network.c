#include "sim/network.h"

#include <assert.h>
#include <math.h>

#include "base/mem.h"

int gbl_network_init(gbl_network *w, size_t lines, gbl_err *err) {
    *w = (gbl_network){.line = gbl_alloc(lines, sizeof *w->line), .n_lines = lines};
    return w->line ? 0 : gbl_nomem(err, lines * sizeof *w->line);
}

void gbl_network_fini(gbl_network *w) {
    gbl_free(w->line);
    gbl_free(w->flow);
    *w = (gbl_network){0};
}

/* How much further all growing flows can go together: to the first full line or the first flow's own limit. */
static double next_rise(const gbl_network *w, double level) {
    double rise = INFINITY;
    for (size_t i = 0; i < w->n; i++) {
        const gbl_net_flow *f = &w->flow[i];
        if (!f->growing) continue;
        rise = fmin(rise, f->limit_bps - level);
        for (int32_t k = 0; k < f->n_lines; k++) {
            const gbl_net_line *l = &w->line[f->line[k]];
            rise = fmin(rise, l->spare / l->growing);
        }
    }
    return fmax(rise, 0);
}

static int must_stop(const gbl_network *w, const gbl_net_flow *f, double level) {
    if (f->limit_bps <= level * (1 + 1e-9)) return 1; /* but for rounding, here and below */
    for (int32_t k = 0; k < f->n_lines; k++) {
        const gbl_net_line *l = &w->line[f->line[k]];
        if (l->spare <= l->bps * 1e-9) return 1;
    }
    return 0;
}

static void share(gbl_network *w) {
    double level = 0;
    size_t growing = w->n;
    for (size_t i = 0; i < w->n; i++)
        for (int32_t k = 0; k < w->flow[i].n_lines; k++) {
            gbl_net_line *l = &w->line[w->flow[i].line[k]];
            l->spare = l->bps;
            l->growing = 0;
        }
    for (size_t i = 0; i < w->n; i++) {
        w->flow[i].growing = 1;
        for (int32_t k = 0; k < w->flow[i].n_lines; k++) w->line[w->flow[i].line[k]].growing++;
    }
    while (growing) {
        double rise = next_rise(w, level);
        level += rise;
        for (size_t i = 0; i < w->n; i++)
            for (int32_t k = 0; w->flow[i].growing && k < w->flow[i].n_lines; k++) w->line[w->flow[i].line[k]].spare -= rise;
        size_t before = growing;
        for (size_t i = 0; i < w->n; i++) {
            gbl_net_flow *f = &w->flow[i];
            if (!f->growing || !must_stop(w, f, level)) continue;
            f->growing = 2; /* stops after everybody was looked at */
        }
        for (size_t i = 0; i < w->n; i++) {
            gbl_net_flow *f = &w->flow[i];
            if (f->growing != 2) continue;
            f->growing = 0;
            f->bps = level;
            for (int32_t k = 0; k < f->n_lines; k++) w->line[f->line[k]].growing--;
            growing--;
        }
        assert(growing < before);
        (void)before;
    }
}

static void progress(gbl_network *w, int64_t now_ns) {
    assert(now_ns >= w->now_ns);
    double dt = (double)(now_ns - w->now_ns) * 1e-9;
    for (size_t i = 0; i < w->n; i++) {
        gbl_net_flow *f = &w->flow[i];
        double moved = fmin(f->left, f->bps * dt);
        f->left -= moved;
        for (int32_t k = 0; k < f->n_lines; k++) w->line[f->line[k]].carried += moved;
    }
    w->now_ns = now_ns;
}

static void replan(gbl_network *w) {
    share(w);
    for (size_t i = 0; i < w->n; i++) {
        gbl_net_flow *f = &w->flow[i];
        assert(f->bps > 0);
        double ns = ceil(f->left / f->bps * 1e9);
        f->end_ns = ns < 9e18 - (double)w->now_ns ? w->now_ns + (int64_t)ns : INT64_MAX - 1;
    }
}

int gbl_network_start(gbl_network *w, int64_t now_ns, double bytes, const int32_t *lines, int32_t n, double limit_bps, int64_t tag, gbl_err *err) {
    assert(n >= 1 && n <= GBL_NET_LINES && limit_bps > 0 && bytes >= 0);
    if (gbl_grow(&w->flow, &w->room, w->n + 1, sizeof *w->flow)) return gbl_nomem(err, sizeof *w->flow * (w->n + 1));
    progress(w, now_ns);
    gbl_net_flow f = {.n_lines = n, .bytes = bytes, .left = bytes, .limit_bps = limit_bps, .tag = tag};
    for (int32_t k = 0; k < n; k++) {
        assert(lines[k] >= 0 && (size_t)lines[k] < w->n_lines && w->line[lines[k]].bps > 0);
        f.line[k] = lines[k];
    }
    w->flow[w->n++] = f;
    w->begun += bytes;
    replan(w);
    return 0;
}

int64_t gbl_network_next(const gbl_network *w) {
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < w->n; i++)
        if (w->flow[i].end_ns < next) next = w->flow[i].end_ns;
    return next;
}

static void take_out(gbl_network *w, size_t i) {
    w->flow[i] = w->flow[--w->n];
    replan(w);
}

int gbl_network_finish(gbl_network *w, int64_t now_ns, int64_t *tag) {
    size_t due = w->n;
    for (size_t i = 0; i < w->n; i++)
        if (w->flow[i].end_ns <= now_ns && (due == w->n || w->flow[i].tag < w->flow[due].tag)) due = i;
    if (due == w->n) return 0;
    progress(w, now_ns);
    gbl_net_flow *f = &w->flow[due];
    assert(f->left <= f->bytes * 1e-9 + f->bps * 1e-9 + 1e-3); /* ends round up to whole ns, so only rounding is left */
    for (int32_t k = 0; k < f->n_lines; k++) w->line[f->line[k]].carried += f->left;
    w->arrived += f->bytes;
    *tag = f->tag;
    take_out(w, due);
    return 1;
}

void gbl_network_drop(gbl_network *w, int64_t now_ns, int64_t tag) {
    progress(w, now_ns);
    for (size_t i = 0; i < w->n; i++) {
        if (w->flow[i].tag != tag) continue;
        w->begun -= w->flow[i].left;
        w->arrived += w->flow[i].bytes - w->flow[i].left;
        take_out(w, i);
        return;
    }
}

void gbl_network_check(gbl_network *w, int64_t now_ns) {
    progress(w, now_ns);
    double under_way = 0;
    for (size_t i = 0; i < w->n; i++) under_way += w->flow[i].bytes;
    assert(fabs(w->begun - w->arrived - under_way) <= 1e-9 * w->begun + 1);
    for (size_t i = 0; i < w->n_lines; i++) assert(w->line[i].carried <= w->line[i].bps * (double)now_ns * 1e-9 * (1 + 1e-9) + 1);
    (void)under_way;
}
