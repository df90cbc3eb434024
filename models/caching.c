#include "models/caching.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

#define AT(field) offsetof(gbl_caching, field)
const gbl_param gbl_caching_rows[] = {
    {"steps", GBL_P_INT, 0, AT(steps), "50", 1, GBL_CACHING_STEPS, "steps", NULL, "denoising steps"},
    {"blocks", GBL_P_INT, 0, AT(blocks), "28", 1, GBL_CACHING_BLOCKS, "blocks", NULL, "blocks of the denoiser"},
    {"self_attention", GBL_P_REAL, 0, AT(self_attention), "0.33", 0, 1, "share", NULL, "of a step's work"},
    {"cross_attention", GBL_P_REAL, 0, AT(cross_attention), "0", 0, 1, "share", NULL, "of a step's work"},
    {"ffn", GBL_P_REAL, 0, AT(ffn), "0.67", 0, 1, "share", NULL, "of a step's work; what the three leave is computed at every step"},
    {"updates", GBL_P_INT, 0, AT(updates), "10", 1, GBL_CACHING_STEPS, "steps", NULL, "steps at which a part is computed, the first among them"},
    {"schedule", GBL_P_CHOICE, 0, AT(schedule), "\"uniform\"", 0, 0, NULL, "uniform|optimal", "at equal distances, or where they are worth most"},
    {"unite", GBL_P_INT, 0, AT(unite), "0", 0, GBL_CACHING_BLOCKS, "blocks", NULL, "whose feed-forward is computed whenever one behind it is"},
    {"reused", GBL_P_REAL, GBL_P_NULLABLE, AT(reused), "null", 0, 1, "share", NULL, "of all parts, blocks and steps, instead of a schedule"},
    {"overhead", GBL_P_REAL, 0, AT(overhead), "0", 0, 0.99, "share", NULL, "of the baseline's time that no schedule shortens"},
    {"kernel_speed", GBL_P_REAL, 0, AT(kernel_speed), "1", 0.01, 100, "x", NULL, "of the kernels over the baseline's, as by quantising"},
    {"drift", GBL_P_REAL, 0, AT(drift), "0.05", 0, 10, NULL, NULL, "a step's loss of likeness; synthetic"},
    {"ffn_drift", GBL_P_REAL, 0, AT(ffn_drift), "2", 0, 100, "x", NULL, "of the feed-forward; synthetic"},
    {"burst", GBL_P_REAL, 0, AT(burst), "4", 0, 100, "x", NULL, "around a step of each block's own; synthetic"},
    {"tokens", GBL_P_INT, 0, AT(tokens), "256", 1, 1e9, "tokens", NULL, "of a sample"},
    {"hidden", GBL_P_INT, 0, AT(hidden), "1152", 1, 1e6, NULL, NULL, "width"},
    {"samples", GBL_P_INT, 0, AT(samples), "1", 1, 1e6, NULL, NULL, "at a time; two each with guidance"},
    {0}};

/* One part of one block: what drifts until step t, and which steps compute it. */
typedef struct track {
    double drifted[GBL_CACHING_STEPS + 1];
    uint8_t on[GBL_CACHING_STEPS];
    double likeness; /* summed over the steps */
} track;

typedef struct bench {
    track track[GBL_CACHING_PARTS][GBL_CACHING_BLOCKS];
    double best[GBL_CACHING_STEPS + 1], next[GBL_CACHING_STEPS + 1];
    int16_t from[GBL_CACHING_STEPS + 1][GBL_CACHING_STEPS + 1]; /* by updates so far and end: where the last one lies */
} bench;

static const double burst_width = 0.1; /* of all steps; the synthetic drift's */

static void drift(const gbl_caching *c, int part, int64_t block, track *t) {
    double rate = c->drift * (part == GBL_CACHING_PARTS - 1 ? c->ffn_drift : 1), middle = ((double)block + 0.5) / (double)c->blocks;
    for (int64_t i = 0; i < c->steps; i++) {
        double off = (((double)i + 0.5) / (double)c->steps - middle) / burst_width;
        t->drifted[i + 1] = t->drifted[i] + rate * (1 + c->burst * exp(-off * off / 2));
    }
}

static double worth(const track *t, int64_t a, int64_t at) { return exp(t->drifted[a + 1] - t->drifted[at + 1]); }

static void score(const gbl_caching *c, track *t) {
    int64_t last = 0;
    t->likeness = 0;
    for (int64_t i = 0; i < c->steps; i++) {
        if (t->on[i]) last = i;
        t->likeness += worth(t, last, i);
    }
}

static void uniform(const gbl_caching *c, track *t) {
    for (int64_t m = 0; m < c->updates; m++) t->on[m * c->steps / c->updates] = 1;
}

/* best[e]: of the steps before e with m updates, the last of them anywhere before e. */
static void optimal(const gbl_caching *c, bench *b, track *t) {
    int64_t T = c->steps;
    for (int64_t e = 0; e <= T; e++) b->best[e] = e ? -1 : 0;
    for (int64_t m = 1; m <= c->updates; m++) {
        for (int64_t e = 0; e <= T; e++) b->next[e] = -1;
        for (int64_t a = m - 1; a < T; a++) {
            double sum = b->best[a];
            if (sum < 0) continue;
            for (int64_t e = a + 1; e <= T; e++) {
                sum += worth(t, a, e - 1);
                if (sum <= b->next[e]) continue;
                b->next[e] = sum;
                b->from[m][e] = (int16_t)a;
            }
        }
        memcpy(b->best, b->next, sizeof b->best);
    }
    for (int64_t m = c->updates, e = T; m > 0; e = b->from[m][e], m--) t->on[b->from[m][e]] = 1;
}

/* The feed-forwards that lose most, the last block's aside, are computed whenever one behind them is: from the back to the front, so that
 * what a united one gained goes on to those before it. */
static void unite(const gbl_caching *c, bench *b) {
    track *ffn = b->track[GBL_CACHING_PARTS - 1];
    uint8_t chosen[GBL_CACHING_BLOCKS] = {0};
    for (int64_t n = 0; n < c->unite; n++) {
        int64_t worst = -1;
        for (int64_t i = 0; i + 1 < c->blocks; i++)
            if (!chosen[i] && (worst < 0 || ffn[i].likeness < ffn[worst].likeness)) worst = i;
        if (worst < 0) break;
        chosen[worst] = 1;
    }
    for (int64_t i = c->blocks - 2; i >= 0; i--) {
        if (!chosen[i]) continue;
        for (int64_t k = i + 1; k < c->blocks; k++)
            for (int64_t t = 0; t < c->steps; t++) ffn[i].on[t] |= ffn[k].on[t];
        score(c, &ffn[i]);
    }
}

static double share_of(const gbl_caching *c, int part) { return part == 0 ? c->self_attention : part == 1 ? c->cross_attention : c->ffn; }

static void sum_up(const gbl_caching *c, const bench *b, gbl_caching_sheet *out) {
    double cells = (double)c->blocks * (double)c->steps, parts = 0, work = 0, likeness = 0, updates = 0;
    for (int p = 0; p < GBL_CACHING_PARTS; p++) {
        double on = 0, like = 0;
        if (!(share_of(c, p) > 0)) continue;
        parts++;
        for (int64_t i = 0; i < c->blocks; i++) {
            for (int64_t t = 0; t < c->steps; t++) on += b->track[p][i].on[t];
            like += b->track[p][i].likeness;
        }
        work += share_of(c, p) * on / cells;
        updates += on / (double)c->blocks;
        likeness += like / cells;
    }
    out->work = work;
    out->updates = parts > 0 ? updates / parts : 0;
    out->likeness = parts > 0 ? likeness / parts : 1;
}

static int schedule(const gbl_caching *c, gbl_caching_sheet *out, gbl_err *err) {
    bench *b = gbl_alloc(1, sizeof *b);
    if (!b) return gbl_nomem(err, sizeof *b);
    for (int p = 0; p < GBL_CACHING_PARTS; p++)
        for (int64_t i = 0; i < c->blocks; i++) {
            track *t = &b->track[p][i];
            drift(c, p, i, t);
            if (c->schedule == GBL_CACHING_OPTIMAL) optimal(c, b, t);
            else uniform(c, t);
            score(c, t);
        }
    unite(c, b);
    sum_up(c, b, out);
    gbl_free(b);
    return 0;
}

static int refuse(gbl_err *err, const char *what, const char *expected) {
    gbl_fail(err, GBL_EINPUT, "%s", what);
    return gbl_expected(err, "%s", expected);
}

int gbl_caching_evaluate(const gbl_caching *c, gbl_caching_sheet *out, gbl_err *err) {
    double shares = c->self_attention + c->cross_attention + c->ffn, parts = 0;
    int code = 0;
    if (shares > 1 + 1e-9) return refuse(err, "self_attention, cross_attention and ffn are more than a whole step", "shares of at most 1 in sum");
    if (c->updates > c->steps) return refuse(err, "there are more updates than steps", "updates of at most steps");
    if (c->unite > c->blocks - 1) return refuse(err, "there are fewer blocks with one behind them than are to be united", "unite of at most blocks - 1");
    if (isnan(c->reused)) code = schedule(c, out, err);
    else *out = (gbl_caching_sheet){.work = shares * (1 - c->reused), .likeness = NAN, .updates = (1 - c->reused) * (double)c->steps};
    if (code) return code;
    for (int p = 0; p < GBL_CACHING_PARTS; p++) parts += share_of(c, p) > 0;
    out->work += 1 - shares > 0 ? 1 - shares : 0;
    out->speedup = 1 / (c->overhead + (1 - c->overhead) * out->work / c->kernel_speed);
    out->cached_bytes = parts * (double)c->blocks * (double)c->tokens * (double)c->hidden * 2 * (double)c->samples;
    return 0;
}

int gbl_caching_value(const gbl_caching_sheet *s, const char *name, double *out) {
    const struct { const char *name; double value; } all[] = {{"work", s->work}, {"speedup", s->speedup}, {"likeness", s->likeness}, {"updates", s->updates}, {"cached_bytes", s->cached_bytes}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(name, all[i].name)) {
            *out = all[i].value;
            return 1;
        }
    return 0;
}
