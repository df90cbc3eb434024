/* compress_loss.c - what a composition loses of a task, by its methods' published rows (compress.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/compress.h"

/* Share of the baseline; NaN where there is none to be a share of. */
static double lost(const gbl_kv_quality *q) {
    double d = q->lower ? q->value - q->baseline : q->baseline - q->value;
    return q->baseline > 0 ? fmax(d / q->baseline, 0) : NAN;
}

static int of_task(const gbl_kv_quality *q, const char *task) { return !task || (q->task && !strncmp(q->task, task, strlen(task))); }

/* The row of method i that loses most; share NaN: none. */
static double worst(const gbl_kv_plan *plan, int32_t i, const char *task, gbl_kv_quality *out) {
    gbl_kv_quality row[64];
    double most = NAN;
    int n = gbl_kv_quality_of(plan, i, row, 64);
    for (int k = 0; k < n; k++) {
        double share = of_task(&row[k], task) ? lost(&row[k]) : NAN;
        if (isnan(share) || share <= most) continue;
        most = share;
        *out = row[k];
    }
    return most;
}

static void add_words(gbl_kv_loss *l, const char *method, const gbl_kv_quality *q, double share) {
    size_t n = strlen(l->says);
    snprintf(l->says + n, sizeof l->says - n, "%s%s loses %.2g %% of %s (%s%s)", n ? "; " : "", method, 100 * share, q->task, q->model ? q->model : "", q->interpolated ? ", between two published budgets" : "");
}

gbl_kv_loss gbl_kv_loss_of(const gbl_kv_plan *plan, const char *task) {
    gbl_kv_loss l = {0, 0, plan && plan->n_methods > 1, ""};
    for (int32_t i = 0; plan && i < plan->n_methods; i++) {
        gbl_kv_quality q = {0};
        double share = worst(plan, i, task, &q);
        if (isnan(share)) {
            l.share = NAN;
            snprintf(l.says, sizeof l.says, "%s has no published quality%s%s at these settings", plan->method[i].name, task ? " of " : "", task ? task : "");
            return l;
        }
        l.share += share;
        l.interpolated |= q.interpolated;
        add_words(&l, plan->method[i].name, &q, share);
    }
    size_t n = strlen(l.says);
    if (l.combined) snprintf(l.says + n, sizeof l.says - n, "; not validated in combination");
    return l;
}
