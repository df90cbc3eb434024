#include "sim/fluid.h"

#include <assert.h>
#include <math.h>

#include "base/mem.h"

void gbl_fluid_fini(gbl_fluid *f) {
    gbl_free(f->flow);
    *f = (gbl_fluid){0};
}

/* Progressive filling: raise the common level until a resource is full, freeze its users, go on with the rest. */
static void share(gbl_fluid *f) {
    double spare[GBL_R_N];
    size_t growing = f->n;
    for (int r = 0; r < GBL_R_N; r++) spare[r] = 1.0;
    for (size_t i = 0; i < f->n; i++) f->flow[i].speed = -1.0;
    while (growing) {
        double level = 1.0;
        int full = -1;
        for (int r = 0; r < GBL_R_N; r++) {
            double want = 0;
            for (size_t i = 0; i < f->n; i++)
                if (f->flow[i].speed < 0) want += f->flow[i].rate[r];
            if (want * level > spare[r] && want > 0) {
                level = spare[r] / want;
                full = r;
            }
        }
        for (size_t i = 0; i < f->n; i++) {
            gbl_flow *w = &f->flow[i];
            if (w->speed >= 0 || (full >= 0 && w->rate[full] <= 0)) continue;
            w->speed = level > 0 ? level : 0;
            for (int r = 0; r < GBL_R_N; r++) spare[r] = fmax(0.0, spare[r] - w->speed * w->rate[r]);
            growing--;
        }
    }
}

void gbl_fluid_progress(gbl_fluid *f, int64_t now_ns) {
    assert(now_ns >= f->now_ns);
    double dt = (double)(now_ns - f->now_ns);
    for (size_t i = 0; i < f->n; i++) f->flow[i].left_ns = fmax(0.0, f->flow[i].left_ns - dt * f->flow[i].speed);
    f->now_ns = now_ns;
}

static void replan(gbl_fluid *f) {
    share(f);
    for (size_t i = 0; i < f->n; i++) {
        gbl_flow *w = &f->flow[i];
        assert(w->speed > 0);
        w->end_ns = f->now_ns + (int64_t)fmin(ceil(w->left_ns / w->speed), GBL_DEMAND_MOST_NS);
    }
}

int gbl_fluid_start(gbl_fluid *f, int64_t now_ns, const gbl_demand *d, int64_t tag, gbl_err *err) {
    if (gbl_grow(&f->flow, &f->room, f->n + 1, sizeof *f->flow)) return gbl_nomem(err, sizeof *f->flow * (f->n + 1));
    gbl_fluid_progress(f, now_ns);
    gbl_flow w = {.left_ns = (double)d->alone_ns, .tag = tag};
    for (int r = 0; r < GBL_R_N; r++) {
        double rate = d->alone_ns > 0 ? d->busy_ns[r] / (double)d->alone_ns : 0;
        w.rate[r] = rate > 1 ? 1 : rate;
    }
    f->flow[f->n++] = w;
    replan(f);
    return 0;
}

int64_t gbl_fluid_next(const gbl_fluid *f) {
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < f->n; i++)
        if (f->flow[i].end_ns < next) next = f->flow[i].end_ns;
    return next;
}

int gbl_fluid_finish(gbl_fluid *f, int64_t now_ns, int64_t *tag) {
    for (size_t i = 0; i < f->n; i++) {
        if (f->flow[i].end_ns > now_ns) continue;
        *tag = f->flow[i].tag;
        gbl_fluid_progress(f, now_ns);
        for (size_t k = i + 1; k < f->n; k++) f->flow[k - 1] = f->flow[k]; /* keeps order: ties end in order of start */
        f->n--;
        replan(f);
        return 1;
    }
    return 0;
}
