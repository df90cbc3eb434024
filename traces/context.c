#include "base/text.h"
#include "traces/turns.h"

int gbl_id_runs_add(gbl_id_runs *r, uint64_t key, uint64_t start, int64_t n)
{
    gbl_run_ids *last = r->n ? &r->run[r->n - 1] : NULL;
    if (n < 1) return 0;
    if (last && last->key == key && last->start + (uint64_t)last->n == start) {
        last->n += n;
        return 0;
    }
    if (gbl_grow(&r->run, &r->room, r->n + 1, sizeof *r->run)) return -1;
    r->run[r->n++] = (gbl_run_ids){key, start, n};
    return 0;
}

void gbl_context_fini(gbl_context *c)
{
    gbl_free(c->fork);
    c->fork = NULL;
    c->n = c->room = 0;
}

/* From token `at` on the session holds what nobody else has. */
static int fork_at(gbl_context *c, int64_t at, uint64_t key)
{
    int64_t from = at / GBL_TURN_BLOCK;
    while (c->n && c->fork[c->n - 1].from >= from) c->n--;
    if (gbl_grow(&c->fork, &c->room, c->n + 1, sizeof *c->fork)) return -1;
    c->fork[c->n++] = (gbl_fork){from, key};
    return 0;
}

static int own(gbl_context *c, const gbl_turn *t, int64_t at)
{
    return fork_at(c, at, gbl_mix64(gbl_mix64(t->session, 0x73657373696f6e), ++c->epoch));
}

static int begin(gbl_context *c, const gbl_turn *t)
{
    if (t->shared_tokens >= GBL_TURN_BLOCK && fork_at(c, 0, gbl_mix64(t->shared, 0x736861726564))) return -1;
    return own(c, t, t->shared_tokens);
}

/* Where the new prompt leaves the context before it; -1: nowhere. */
static int64_t leaves_at(const gbl_context *c, const gbl_turn *t)
{
    if (t->grows == GBL_GROWS_DELTA || t->r.input >= c->total) return -1;
    if (t->r.input >= c->input) return c->input;
    return t->kept < t->r.input ? t->kept : t->r.input;
}

static int64_t blocks(int64_t tokens) { return (tokens + GBL_TURN_BLOCK - 1) / GBL_TURN_BLOCK; }

int gbl_context_turn(gbl_context *c, gbl_turn *t, gbl_id_runs *out)
{
    int64_t at = c->n ? leaves_at(c, t) : -1;
    if (t->grows == GBL_GROWS_DELTA) t->r.input += c->total;
    if (!c->n ? begin(c, t) : at >= 0 && own(c, t, at)) return -1;
    c->input = t->r.input;
    c->total = t->r.input + t->r.output;
    int64_t all = blocks(c->total);
    for (size_t i = 0; i < c->n; i++) {
        int64_t end = i + 1 < c->n && c->fork[i + 1].from < all ? c->fork[i + 1].from : all, from = c->fork[i].from;
        if (gbl_id_runs_add(out, c->fork[i].key, (uint64_t)from, end - from)) return -1;
    }
    t->r.n_ids = (int32_t)blocks(c->input);
    t->r.n_output_ids = (int32_t)(all - t->r.n_ids);
    t->r.goes_on = 1;
    t->r.id_tokens = GBL_TURN_BLOCK;
    return 0;
}
