/* weka.c - WEKA kv-cache-tester JSON: one coding agent's session a line (or one session a file), with its sub-agents inside.
 *
 * {"id", "block_size", "hash_id_scope": "local" | "global", "requests": [{"t": s, "type": "n" | "s", "in", "out", "hash_ids",
 * "api_time": s, "think_time": s, "stop"}, {"t", "type": "subagent", "duration_ms", "requests": [...]}]}. hash_rle stands for
 * hash_ids as [start, length, ...]. Ids are of floor(in / block_size) full blocks and local to the session.
 *
 * Topology by the recorded times: a request follows the one before it in its agent that was answered by then, and the sub-agents
 * whose result came in between; a sub-agent begins after what its agent had got answered. The `t` of a sub-agent is when its
 * result came where t - duration is not before the answer that it follows (in the published sessions always), else its start.
 * Its own requests count from its start. think_time is the pause; where sub-agents were awaited, what is left of it.
 *
 * Output: where the next prompt of the agent goes on from this one and is long enough to hold the answer, its ids past the prompt
 * are those of the answer. Sessions are not given a start: session_rate_s or concurrency spaces them.
 * Format as of github.com/callanjfox/kv-cache-tester (docs/trace_replay_tester.md). */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "traces/jsonrow.h"

enum { T, TYPE, IN, OUT, HASH_IDS, HASH_RLE, API, THINK, STOP, DURATION, REQUESTS, KEYS };
static const char *const key_names[KEYS] = {"t", "type", "in", "out", "hash_ids", "hash_rle", "api_time", "think_time", "stop", "duration_ms", "requests"};
enum { ID, BLOCK, SCOPE, SESSION_REQUESTS, SESSION_KEYS };
static const char *const session_names[SESSION_KEYS] = {"id", "block_size", "hash_id_scope", "requests"};
enum { MOST_NESTED = 16 };
#define SLACK_NS INT64_C(2000000000) /* times are rounded to seconds in places */

typedef struct item {     /* a request, or a sub-agent */
    int32_t agent;        /* whose list it stands in: item of the sub-agent, -1: the session's own */
    int32_t is_agent;
    int64_t t_ns, in, out, api_ns, think_ns, duration_ns; /* -1: not given */
    size_t run, n_run;    /* ids */
    int64_t n_ids;
    int32_t tool, closing; /* closing: of a sub-agent, its request that ends last; -1 none */
    int64_t start_ns, end_ns;
    int32_t next;         /* the agent's next request, -1 */
    int64_t row;
} item;

typedef struct weka {
    item *item;
    size_t room;
    int32_t n, *order, n_order, at;
    size_t order_room;
    gbl_id_runs ids, out;
    gbl_ids list;
    uint64_t session, key;
    int64_t block, rows, twice;
    int64_t *after;
    size_t after_room;
} weka;

static int weka_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    return (*state = gbl_alloc(1, sizeof(weka))) ? 0 : gbl_nomem(err, sizeof(weka));
}

static void weka_close(void *state)
{
    weka *w = state;
    gbl_free(w->item);
    gbl_free(w->order);
    gbl_free(w->ids.run);
    gbl_free(w->out.run);
    gbl_free(w->list.id);
    gbl_free(w->after);
    gbl_free(w);
}

/* ---- reading a session ---- */

static int64_t without_repeats(const gbl_id_runs *r);

static int hash_list(weka *w, gbl_jrow *c, int32_t i, int rle)
{
    if (w->item[i].n_run) return gbl_jrow_fail(c, NULL, "a request has both hash_ids and hash_rle");
    w->list.n = 0;
    if (gbl_jrow_ids(c, &w->list, rle ? "start and length in turn" : "ids of the prompt's full blocks")) return -1;
    if (rle && w->list.n % 2) return gbl_jrow_fail(c, NULL, "hash_rle has a start without a length");
    size_t from = w->ids.n;
    gbl_id_runs own = {.run = NULL};
    int bad = 0;
    for (int32_t k = 0; k < w->list.n && !bad; k += rle ? 2 : 1) {
        uint64_t n = rle ? w->list.id[k + 1] : 1;
        if (n > (uint64_t)GBL_ROW_TOKENS) {
            gbl_free(own.run);
            return gbl_jrow_fail(c, NULL, "hash_rle has a run of %llu blocks", (unsigned long long)n);
        }
        bad = gbl_id_runs_add(&own, w->key, w->list.id[k], (int64_t)n);
        w->item[i].n_ids += (int64_t)n;
    }
    if (!bad) bad = gbl_grow(&w->ids.run, &w->ids.room, from + own.n, sizeof *own.run);
    if (!bad && own.n) memcpy(w->ids.run + from, own.run, own.n * sizeof *own.run);
    if (!bad) w->ids.n = from + own.n;
    w->item[i].run = from;
    w->item[i].n_run = own.n;
    int64_t once = without_repeats(&own);
    if (once < w->item[i].n_ids) w->twice++, w->item[i].n_ids = once;
    gbl_free(own.run);
    return bad ? (gbl_nomem(c->err, from), -1) : 0;
}

static int list(weka *w, gbl_jrow *c, int32_t agent, int depth);

/* Blocks of a chain before the first whose id it has already: runs are few. */
static int64_t without_repeats(const gbl_id_runs *r)
{
    int64_t n = 0;
    for (size_t k = 0; k < r->n; k++) {
        uint64_t end = r->run[k].start + (uint64_t)r->run[k].n, first = end;
        for (size_t m = 0; m < k; m++) {
            uint64_t low = r->run[m].start > r->run[k].start ? r->run[m].start : r->run[k].start;
            if (low < first && low < r->run[m].start + (uint64_t)r->run[m].n) first = low;
        }
        n += (int64_t)(first - r->run[k].start);
        if (first < end) return n;
    }
    return n;
}

static int text_is(gbl_jrow *c, const char *want, int32_t *out)
{
    const char *at;
    size_t len;
    if (gbl_jrow_null(c)) return 0;
    if (gbl_jrow_text(c, &at, &len)) return -1;
    *out = len == strlen(want) && !memcmp(at, want, len);
    return 0;
}

static int maybe_time(gbl_jrow *c, const char *unit, int64_t *out) { return gbl_jrow_null(c) ? 0 : gbl_jrow_time(c, unit, out); }

static int value(weka *w, gbl_jrow *c, int k, int32_t i, int depth)
{
    item *x = &w->item[i];
    switch (k) {
    case T: return gbl_jrow_time(c, "s", &x->t_ns);
    case TYPE: return text_is(c, "subagent", &x->is_agent);
    case IN: return gbl_jrow_count(c, &x->in);
    case OUT: return gbl_jrow_count(c, &x->out);
    case HASH_IDS: return hash_list(w, c, i, 0);
    case HASH_RLE: return hash_list(w, c, i, 1);
    case API: return maybe_time(c, "s", &x->api_ns);
    case THINK: return maybe_time(c, "s", &x->think_ns);
    case STOP: return text_is(c, "tool_use", &x->tool);
    case DURATION: return maybe_time(c, "ms", &x->duration_ns);
    default: return list(w, c, i, depth + 1);
    }
}

static int one(weka *w, gbl_jrow *c, int32_t agent, int depth)
{
    unsigned seen = 0;
    int k;
    if (w->n == INT32_MAX - 1 || gbl_grow(&w->item, &w->room, (size_t)w->n + 1, sizeof *w->item)) return gbl_nomem(c->err, sizeof *w->item), -1;
    int32_t i = w->n++;
    w->item[i] = (item){.agent = agent, .api_ns = -1, .think_ns = -1, .duration_ns = -1, .closing = -1, .next = -1, .tool = -1};
    const char *from = c->s.p;
    c->key = "an element of requests";
    if (gbl_jrow_open(c, GBL_T_OBJ)) return -1;
    while ((k = gbl_jrow_key(c, key_names, KEYS, &seen)) >= 0)
        if (value(w, c, k, i, depth)) return -1;
    if (k < -1) return -1;
    if (!(seen >> T & 1)) return gbl_jrow_missing(c, from, key_names, KEYS, T, "t, in, out of a request; t, type, requests of a sub-agent");
    for (k = IN; k <= OUT && !w->item[i].is_agent; k++)
        if (!(seen >> k & 1)) return gbl_jrow_missing(c, from, key_names, KEYS, k, "t, in, out of a request; t, type, requests of a sub-agent");
    return 0;
}

static int list(weka *w, gbl_jrow *c, int32_t agent, int depth)
{
    int got;
    if (depth > MOST_NESTED) return gbl_jrow_fail(c, c->s.p, "sub-agents nested more than %d deep", MOST_NESTED);
    if (gbl_jrow_open(c, GBL_T_ARR)) return -1;
    while ((got = gbl_scan_item(&c->s, c->err)) == 1)
        if (one(w, c, agent, depth)) return -1;
    return got;
}

/* ---- its times and its topology ---- */

static void end_of_agent(weka *w, int32_t i)
{
    for (int32_t k = i + 1; k < w->n; k++) {
        item *x = &w->item[k];
        if (x->agent != i || x->is_agent) continue;
        if (w->item[i].closing < 0 || x->end_ns >= w->item[w->item[i].closing].end_ns) w->item[i].closing = k;
    }
}

/* The agent's request before item i that was answered at `by`, -1. */
static int32_t answered_by(const weka *w, int32_t i, int64_t by_ns)
{
    for (int32_t k = i - 1; k >= 0; k--)
        if (w->item[k].agent == w->item[i].agent && !w->item[k].is_agent && w->item[k].end_ns <= by_ns + SLACK_NS / 2) return k;
    return -1;
}

/* Items stand behind the agent that they belong to, so one pass gives every start. */
static void times(weka *w, gbl_repairs *repairs)
{
    for (int32_t i = 0; i < w->n; i++) {
        item *x = &w->item[i];
        int64_t origin = x->agent < 0 ? 0 : w->item[x->agent].start_ns, at = origin + x->t_ns;
        if (x->is_agent) {
            int64_t took = x->duration_ns;
            for (int32_t k = i + 1; took < 0 && k < w->n && w->item[k].agent == i; k++)
                if (w->item[k].t_ns + (w->item[k].api_ns > 0 ? w->item[k].api_ns : 0) > x->duration_ns) x->duration_ns = w->item[k].t_ns + (w->item[k].api_ns > 0 ? w->item[k].api_ns : 0);
            took = x->duration_ns > 0 ? x->duration_ns : 0;
            int32_t before = answered_by(w, i, at);
            int64_t free_ns = before < 0 ? origin : w->item[before].end_ns;
            x->start_ns = at - took >= free_ns - SLACK_NS ? at - took : at;
            if (x->start_ns < free_ns) x->start_ns = free_ns;
            continue;
        }
        int32_t last = i - 1;
        while (last >= 0 && (w->item[last].agent != x->agent || w->item[last].is_agent)) last--;
        x->start_ns = at;
        if (last >= 0 && at < w->item[last].start_ns) {
            repairs->time_back++;
            x->start_ns = w->item[last].start_ns;
        }
        if (x->api_ns < 0) repairs->no_time++;
        x->end_ns = x->start_ns + (x->api_ns > 0 ? x->api_ns : 0);
        if (last >= 0) w->item[last].next = i;
    }
    for (int32_t i = w->n - 1; i >= 0; i--)
        if (w->item[i].is_agent) end_of_agent(w, i);
}

typedef struct place {
    int64_t ns;
    int32_t item;
} place;
static int by_start(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->ns != y->ns ? (x->ns > y->ns) - (x->ns < y->ns) : (x->item > y->item) - (x->item < y->item);
}

static int sort_out(weka *w)
{
    place *p = gbl_alloc((size_t)w->n + 1, sizeof *p);
    if (!p || gbl_grow(&w->order, &w->order_room, (size_t)w->n, sizeof *w->order)) return gbl_free(p), -1;
    w->n_order = w->at = 0;
    for (int32_t i = 0; i < w->n; i++)
        if (!w->item[i].is_agent) p[w->n_order++] = (place){w->item[i].start_ns, i};
    qsort(p, (size_t)w->n_order, sizeof *p, by_start);
    for (int32_t k = 0; k < w->n_order; k++) {
        w->order[k] = p[k].item;
        w->item[p[k].item].row = w->rows + k;
    }
    gbl_free(p);
    return 0;
}

static int wait_for(weka *w, gbl_turn *out, int32_t k, int64_t *latest)
{
    if (gbl_grow(&w->after, &w->after_room, (size_t)out->n_after + 1, sizeof *w->after)) return -1;
    w->after[out->n_after++] = w->item[k].row;
    if (w->item[k].end_ns > *latest) *latest = w->item[k].end_ns;
    return 0;
}

static int topology(weka *w, int32_t i, gbl_turn *out)
{
    const item *x = &w->item[i];
    int64_t latest = -1, agents = 0;
    int32_t before = answered_by(w, i, x->start_ns), opener = i;
    while (before < 0 && w->item[opener].agent >= 0) { /* first in its agent: after what that one's agent had answered */
        opener = w->item[opener].agent;
        before = answered_by(w, opener, w->item[opener].start_ns);
    }
    if (before >= 0 && w->item[before].row < x->row && wait_for(w, out, before, &latest)) return -1;
    for (int32_t k = opener == i ? i - 1 : -1; k > before && k >= 0; k--) {
        const item *a = &w->item[k];
        if (a->agent != x->agent || !a->is_agent || a->closing < 0 || w->item[a->closing].end_ns > x->start_ns + SLACK_NS) continue;
        if (w->item[a->closing].row >= x->row) continue;
        agents++;
        if (wait_for(w, out, a->closing, &latest)) return -1;
    }
    out->after = w->after;
    out->wait_ns = latest < 0 || x->start_ns < latest ? 0 : x->start_ns - latest;
    if (x->think_ns >= 0 && !agents && opener == i && before >= 0) out->wait_ns = x->think_ns;
    return 0;
}

/* ---- what it shares ---- */

/* Blocks that two prompts have in common, from the first on. */
static int64_t common(const weka *w, const item *a, const item *b)
{
    const gbl_run_ids *x = w->ids.run + a->run, *y = w->ids.run + b->run;
    int64_t n = 0, i = 0, j = 0; /* blocks of x and y that are used up */
    for (size_t k = 0, m = 0; k < a->n_run && m < b->n_run;) {
        if (x[k].start + (uint64_t)i != y[m].start + (uint64_t)j) break;
        int64_t more = x[k].n - i < y[m].n - j ? x[k].n - i : y[m].n - j;
        n += more;
        if ((i += more) == x[k].n) k++, i = 0;
        if ((j += more) == y[m].n) m++, j = 0;
    }
    return n;
}

static int add_part(weka *w, const item *x, int64_t from, int64_t n)
{
    for (size_t k = x->run; k < x->run + x->n_run && n > 0; k++) {
        const gbl_run_ids *r = &w->ids.run[k];
        int64_t take = r->n - from;
        if (take > n) take = n;
        if (take > 0 && gbl_id_runs_add(&w->out, r->key, r->start + (uint64_t)from, take)) return -1;
        if (take > 0) n -= take;
        from = from > r->n ? from - r->n : 0;
    }
    return 0;
}

static int share(weka *w, const item *x, gbl_turn *out)
{
    w->out.n = 0;
    if (!x->n_ids) return 0;
    int64_t full = x->in / w->block, need = (x->in + w->block - 1) / w->block, n = x->n_ids < full ? x->n_ids : full, all = n;
    const item *y = x->next < 0 ? NULL : &w->item[x->next];
    if (add_part(w, x, 0, n)) return -1;
    if (y && n == full && y->in >= x->in + x->out && common(w, x, y) >= n) { /* the next prompt holds this one and its answer */
        all = (x->in + x->out) / w->block;
        if (all > y->n_ids) all = y->n_ids;
        if (all > n && add_part(w, y, n, all - n)) return -1;
        out->r.goes_on = all > n;
        if (all < n) all = n;
    }
    if (all == n && n == full && need > full) { /* the block that is not full: nobody else's */
        if (gbl_id_runs_add(&w->out, gbl_mix64(w->session, 0x7461696c), (uint64_t)x->row, 1)) return -1;
        all++;
    }
    out->ids = &w->out;
    out->r.n_ids = (int32_t)(all < need ? all : need);
    out->r.n_output_ids = (int32_t)(all - out->r.n_ids);
    out->r.id_tokens = (int32_t)w->block;
    return 0;
}

static int turn_out(weka *w, gbl_turn *out, gbl_err *err)
{
    int32_t i = w->order[w->at++];
    const item *x = &w->item[i];
    out->r.input = x->in;
    out->r.output = x->out;
    out->r.arrival_ns = x->start_ns;
    out->clock = GBL_CLOCK_TREE;
    out->tree = w->session;
    out->session = x->agent < 0 ? w->session : gbl_mix64(w->session, (uint64_t)x->agent + 2);
    out->served_ns = x->api_ns > 0 ? x->api_ns : 0;
    out->r.last = x->next < 0;
    out->r.tool = x->tool;
    if (x->next >= 0) out->r.pause_ns = w->item[x->next].start_ns > x->end_ns ? w->item[x->next].start_ns - x->end_ns : 0;
    w->rows++;
    return topology(w, i, out) || share(w, x, out) ? (gbl_nomem(err, 64), -1) : 1;
}

/* block_size and scope may stand behind the requests; they are looked up first. */
static int head(weka *w, const gbl_jrow *row)
{
    gbl_jrow c = *row;
    unsigned seen = 0;
    int32_t global = 0;
    int k, bad = 0;
    w->session = gbl_mix64(2, (uint64_t)gbl_rows_line(c.rows));
    w->block = 64;
    while (!bad && (k = gbl_jrow_key(&c, session_names, SESSION_KEYS, &seen)) >= 0)
        bad = k == ID ? gbl_jrow_name(&c, &w->session) : k == BLOCK ? gbl_jrow_count(&c, &w->block) : k == SCOPE ? text_is(&c, "global", &global) : gbl_jrow_skip(&c);
    if (bad || k < -1) return -1;
    if (!(seen >> SESSION_REQUESTS & 1)) return gbl_jrow_missing(&c, c.s.begin, session_names, SESSION_KEYS, SESSION_REQUESTS, "id, block_size, requests");
    if (w->block < 1 || w->block > 1 << 20) {
        gbl_jrow_fail(&c, NULL, "block_size %lld is not from 1 to %d", (long long)w->block, 1 << 20);
        return gbl_expected(c.err, "tokens of a block, such as 64"), -1;
    }
    w->key = global ? 0 : gbl_mix64(w->session, 0x6c6f63616c);
    return 0;
}

static int session(weka *w, gbl_rows *rows, gbl_repairs *repairs, gbl_err *err)
{
    gbl_jrow c;
    unsigned seen = 0;
    int k, got = gbl_jrow_next(&c, rows, err);
    if (got <= 0) return got;
    w->n = 0;
    w->ids.n = 0;
    if (head(w, &c)) return -1;
    while ((k = gbl_jrow_key(&c, session_names, SESSION_KEYS, &seen)) >= 0)
        if (k == SESSION_REQUESTS ? list(w, &c, -1, 0) : gbl_jrow_skip(&c)) return -1;
    if (k < -1 || gbl_jrow_done(&c)) return -1;
    times(w, repairs);
    repairs->ids_twice += w->twice;
    w->twice = 0;
    return sort_out(w) ? (gbl_nomem(err, 64), -1) : 1;
}

static int weka_turn(void *state, gbl_rows *rows, gbl_turn *out, gbl_repairs *repairs, gbl_err *err)
{
    weka *w = state;
    while (w->at == w->n_order) {
        int got = session(w, rows, repairs, err);
        if (got <= 0) return got;
    }
    return turn_out(w, out, err);
}

const gbl_format gbl_weka_format = {
    .name = "weka", .help = "WEKA kv-cache-tester JSON: a coding agent's session a line, sub-agents inside, think and API times", .signature = "block_size,requests|hash_id_scope",
    .open = weka_open, .close = weka_close, .turn = weka_turn};
