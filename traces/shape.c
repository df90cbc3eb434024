#include "traces/shape.h"
#include <math.h>
#include <string.h>
#include "base/quantile.h"
#include "base/random.h"
#include "base/text.h"

typedef struct input { /* one of the streams that are merged, with its next request read ahead */
    gbl_source *s;
    gbl_record next;
    int got; /* of gbl_source_raw; 2: not read yet */
} input;
typedef struct kept { /* a request of the instant being spread; its ids lie in the pool */
    gbl_record r;
    size_t ids;
    double u;
} kept;

struct gbl_shaper {
    gbl_shape how;
    input in[2];
    int64_t read, yielded;
    uint64_t *salted;
    size_t salted_room;
    kept *kept;
    size_t n, room, at;
    uint64_t *pool;
    size_t n_pool, pool_room;
    gbl_record ahead; /* the first request of the next instant */
    int have_ahead, over;
};

int gbl_shaper_new(gbl_shaper **out, const gbl_shape *how, gbl_source *of, gbl_source *other, gbl_err *err)
{
    gbl_shaper *p = gbl_alloc(1, sizeof *p);
    if (!p) return gbl_source_close(other), gbl_nomem(err, sizeof *p);
    p->how = *how;
    p->in[0] = (input){.s = of, .got = 2};
    p->in[1] = (input){.s = other, .got = other ? 2 : 0};
    *out = p;
    return 0;
}

void gbl_shaper_free(gbl_shaper *p)
{
    if (!p) return;
    gbl_source_close(p->in[1].s);
    gbl_free(p->salted);
    gbl_free(p->kept);
    gbl_free(p->pool);
    gbl_free(p);
}

/* ---- merge ---- */

static int salt(gbl_shaper *p, gbl_record *r)
{
    size_t n = (size_t)r->n_ids + (size_t)r->n_output_ids;
    if (gbl_grow(&p->salted, &p->salted_room, n, sizeof *p->salted)) return -1;
    for (size_t i = 0; i < n; i++) p->salted[i] = gbl_mix64(0x6d65726765, r->ids[i]);
    r->ids = p->salted;
    if (r->session >= 0) r->session = (int64_t)(gbl_mix64(1, (uint64_t)r->session) >> 1);
    if (r->program >= 0) r->program = (int64_t)(gbl_mix64(1, (uint64_t)r->program) >> 1);
    return 0;
}

static int merged(gbl_shaper *p, gbl_record *out, gbl_err *err)
{
    for (int i = 0; i < 2; i++) {
        input *in = &p->in[i];
        if (in->got == 2) in->got = gbl_source_raw(in->s, &in->next, err);
        if (in->got < 0) return -1;
        if (in->got == 1 && i && in->next.ids != p->salted && salt(p, &in->next)) return gbl_nomem(err, 64), -1;
    }
    input *first = !p->in[1].got || (p->in[0].got && p->in[0].next.arrival_ns <= p->in[1].next.arrival_ns) ? &p->in[0] : &p->in[1];
    if (!first->got) return 0;
    *out = first->next;
    out->serial = p->read++;
    first->got = 2; /* its ids stay until it is read again */
    return 1;
}

/* ---- what stays, and as what ---- */

static int stays(const gbl_shaper *p, const gbl_record *r)
{
    const gbl_shape *h = &p->how;
    if (!isnan(h->from_s) && (double)r->arrival_ns < h->from_s * 1e9) return 0;
    uint64_t who = r->session >= 0 ? gbl_mix64(3, (uint64_t)(r->program >= 0 ? r->program : r->session)) : (uint64_t)r->serial;
    return h->keep >= 1 || gbl_draw(h->seed, GBL_STREAM_SHAPE, who, 2) < h->keep;
}

static void cut(const gbl_shape *h, gbl_record *r)
{
    if (!isnan(h->from_s)) r->arrival_ns -= llround(h->from_s * 1e9);
    r->arrival_ns = llround((double)r->arrival_ns / h->rate_scale);
    int shorter = h->cap_input && r->input > h->cap_input;
    if (shorter) r->input = h->cap_input;
    if (h->cap_output && r->output > h->cap_output) r->output = h->cap_output, shorter = 1;
    if (!shorter || !r->n_ids) return;
    int64_t most = (r->input + r->id_tokens - 1) / r->id_tokens;
    if (r->n_ids > most) r->n_ids = (int32_t)most;
    r->n_output_ids = r->goes_on = 0;
}

static int shaped(gbl_shaper *p, gbl_record *out, gbl_err *err)
{
    int got = 1;
    while (!p->over && (got = merged(p, out, err)) == 1) {
        if (!isnan(p->how.until_s) && (double)out->arrival_ns >= p->how.until_s * 1e9) break;
        if (!stays(p, out)) continue;
        cut(&p->how, out);
        return 1;
    }
    p->over = 1;
    return got < 0 ? -1 : 0;
}

/* ---- spread ---- */

static int keep(gbl_shaper *p, const gbl_record *r)
{
    size_t n = (size_t)r->n_ids + (size_t)r->n_output_ids;
    if (gbl_grow(&p->kept, &p->room, p->n + 1, sizeof *p->kept) || gbl_grow(&p->pool, &p->pool_room, p->n_pool + n + 1, sizeof *p->pool)) return -1;
    if (n) memcpy(p->pool + p->n_pool, r->ids, n * sizeof *p->pool);
    p->kept[p->n++] = (kept){*r, p->n_pool, gbl_draw(p->how.seed, GBL_STREAM_SHAPE, (uint64_t)r->serial, 3)};
    p->n_pool += n;
    return 0;
}

/* The draws are sorted and given out in file order: an instant's requests keep it, and stay before the next instant. */
static int order(gbl_shaper *p, int64_t tick)
{
    double *u = gbl_alloc(p->n + 1, sizeof *u), wide = p->how.spread_s * 1e9;
    if (!u) return -1;
    if (p->have_ahead) wide = fmin(wide, (double)(p->ahead.arrival_ns - tick));
    for (size_t i = 0; i < p->n; i++) u[i] = p->kept[i].u;
    gbl_sort_reals(u, p->n);
    for (size_t i = 0; i < p->n; i++) p->kept[i].r.arrival_ns = tick + llround(u[i] * wide);
    gbl_free(u);
    return 0;
}

/* Reads one instant whole. 1, 0: none left, -1. */
static int instant(gbl_shaper *p, gbl_err *err)
{
    int got = p->have_ahead ? 1 : shaped(p, &p->ahead, err), bad = 0;
    int64_t tick = p->ahead.arrival_ns;
    p->n = p->n_pool = p->at = 0;
    p->have_ahead = 0;
    while (!bad && got == 1 && p->ahead.arrival_ns == tick) {
        bad = keep(p, &p->ahead);
        if (!bad) got = shaped(p, &p->ahead, err);
    }
    p->have_ahead = got == 1;
    if (bad || (p->n && order(p, tick))) return gbl_nomem(err, 64), -1;
    return got < 0 ? -1 : p->n > 0;
}

static int spread(gbl_shaper *p, gbl_record *out, gbl_err *err)
{
    int got = p->at < p->n ? 1 : instant(p, err);
    if (got != 1) return got;
    *out = p->kept[p->at].r;
    out->ids = p->pool + p->kept[p->at++].ids;
    return 1;
}

int gbl_shaper_next(gbl_shaper *p, gbl_record *out, gbl_err *err)
{
    if (p->how.limit && p->yielded == p->how.limit) return 0;
    int got = p->how.spread_s > 0 ? spread(p, out, err) : shaped(p, out, err);
    if (got == 1) out->serial = p->yielded++;
    return got;
}

void gbl_shape_json(const gbl_shape *h, gbl_json *j)
{
    if (h->merge) gbl_json_str(j, "merge", h->merge);
    else gbl_json_null(j, "merge");
    gbl_json_num(j, "from_s", h->from_s);
    gbl_json_num(j, "until_s", h->until_s);
    gbl_json_num(j, "keep", h->keep);
    gbl_json_num(j, "rate_scale", h->rate_scale);
    gbl_json_int(j, "cap_input", h->cap_input);
    gbl_json_int(j, "cap_output", h->cap_output);
    gbl_json_num(j, "spread_s", h->spread_s);
    gbl_json_int(j, "limit", h->limit);
    gbl_json_int(j, "seed", (int64_t)h->seed);
}
