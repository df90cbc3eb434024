/* turns.c - the replay of turns. A turn read but not yet handed out is a node; a node whose predecessors are all answered
 * stands in a heap by the time it is due. Rows are read as far ahead as needed and no further: open, until nothing unread
 * can come before the first in the heap; closed, until one start lies in the future. */
#include "traces/turns.h"
#include <assert.h>
#include <math.h>
#include <string.h>
#include "base/heap.h"
#include "base/map.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/once.h"

enum { NOT_YET = -1 };
typedef struct node {
    gbl_record r;
    gbl_run_ids *run;
    size_t n_run;
    int64_t row, floor_ns, ready_ns, wait_ns;
    int32_t waits, waiters; /* answers it waits for; first edge to those that wait for it, -1 */
    int32_t tree, idle;     /* idle: no work in it; it only hands on */
} node;
typedef struct edge {
    int32_t node, next;
} edge;
typedef struct who { /* a session, and the tree that bears its name */
    gbl_context context;
    int64_t last_row, last_ns, last_end_ns; /* of its latest turn */
    int32_t turns;
    int32_t begun, live; /* as a tree */
    int64_t start_ns, shift_ns;
} who;

struct gbl_turns {
    gbl_feed feed;
    gbl_replay how;
    gbl_repairs *repairs;
    gbl_heap *due;
    gbl_map *who_of, *node_of_row, *node_of_serial;
    who *who;
    size_t who_room;
    int32_t n_who;
    node *node;
    size_t node_room;
    int32_t n_nodes, *unused, n_unused;
    size_t unused_room;
    edge *edge;
    size_t edge_room;
    int32_t n_edges, free_edge;
    int64_t *end; /* by row: when it was answered; NOT_YET */
    size_t end_room;
    int64_t rows, yielded, trees, active, waiting;
    int64_t bound_ns, told_ns, start_ns, last_ns;
    int32_t held; /* the start of a tree above the limit, -1 */
    int eof, broken;
    gbl_id_runs runs;
    uint64_t *ids;
    size_t ids_room;
    gbl_once once;
};

int gbl_turns_new(gbl_turns **out, const gbl_feed *feed, const gbl_replay *replay, gbl_repairs *repairs, gbl_err *err)
{
    gbl_turns *t = gbl_alloc(1, sizeof *t);
    if (!t) return gbl_nomem(err, sizeof *t);
    *t = (gbl_turns){.feed = *feed, .how = *replay, .repairs = repairs, .held = -1, .free_edge = -1, .bound_ns = -1};
    t->due = gbl_heap_new();
    t->who_of = gbl_map_new(64);
    t->node_of_row = gbl_map_new(64);
    t->node_of_serial = gbl_map_new(64);
    if (t->due && t->who_of && t->node_of_row && t->node_of_serial) return *out = t, 0;
    gbl_turns_free(t);
    return gbl_nomem(err, sizeof *t);
}

void gbl_turns_free(gbl_turns *t)
{
    if (!t) return;
    for (int32_t i = 0; i < t->n_nodes; i++) gbl_free(t->node[i].run);
    for (int32_t i = 0; i < t->n_who; i++) gbl_context_fini(&t->who[i].context);
    gbl_heap_free(t->due);
    gbl_map_free(t->who_of);
    gbl_map_free(t->node_of_row);
    gbl_map_free(t->node_of_serial);
    gbl_free(t->who);
    gbl_free(t->node);
    gbl_free(t->unused);
    gbl_free(t->edge);
    gbl_free(t->end);
    gbl_free(t->runs.run);
    gbl_free(t->ids);
    gbl_once_fini(&t->once);
    gbl_free(t);
}

/* ---- tables ---- */

static int32_t who_is(gbl_turns *t, uint64_t name)
{
    int32_t i = gbl_map_get(t->who_of, name);
    if (i >= 0) return i;
    if (gbl_grow(&t->who, &t->who_room, (size_t)t->n_who + 1, sizeof *t->who) || gbl_map_put(t->who_of, name, t->n_who)) return -1;
    t->who[t->n_who] = (who){.last_row = -1};
    return t->n_who++;
}

static int32_t node_new(gbl_turns *t)
{
    if (t->n_unused) return t->unused[--t->n_unused];
    size_t need = (size_t)t->n_nodes + 1;
    if (gbl_grow(&t->node, &t->node_room, need, sizeof *t->node) || gbl_grow(&t->unused, &t->unused_room, t->node_room, sizeof *t->unused)) return -1;
    t->node[t->n_nodes] = (node){.waiters = -1};
    return t->n_nodes++;
}

static void node_free(gbl_turns *t, int32_t i)
{
    gbl_map_remove(t->node_of_row, (uint64_t)t->node[i].row);
    gbl_free(t->node[i].run);
    t->node[i].run = NULL;
    t->unused[t->n_unused++] = i;
}

static int set_end(gbl_turns *t, int64_t row, int64_t ns)
{
    size_t had = t->end_room;
    if (gbl_grow(&t->end, &t->end_room, (size_t)row + 1, sizeof *t->end)) return -1;
    for (size_t k = had; k < t->end_room; k++) t->end[k] = NOT_YET;
    t->end[row] = ns;
    return 0;
}

static int64_t end_of(const gbl_turns *t, int64_t row) { return (size_t)row < t->end_room ? t->end[row] : NOT_YET; }

/* ---- a turn becomes a node ---- */

/* The ids that the turn shares by, and what is wrong with them. */
static int keep_runs(gbl_turns *t, node *n, gbl_turn *x, who *w)
{
    t->runs.n = 0;
    if (x->grows != GBL_GROWS_IDS) {
        if (gbl_context_turn(&w->context, x, &t->runs)) return -1;
    } else if (x->ids && x->r.n_ids) {
        int64_t want = (x->r.input + x->r.id_tokens - 1) / x->r.id_tokens, left = x->r.n_ids + x->r.n_output_ids;
        if (x->r.n_ids < want) t->repairs->ids_short++, x->r.n_output_ids = x->r.goes_on = 0, left = x->r.n_ids;
        if (x->r.n_ids > want) t->repairs->ids_long++, x->r.n_output_ids = 0, x->r.n_ids = (int32_t)(left = want);
        for (size_t i = 0; i < x->ids->n && left > 0; i++) {
            const gbl_run_ids *r = &x->ids->run[i];
            if (gbl_id_runs_add(&t->runs, r->key, r->start, r->n < left ? r->n : left)) return -1;
            left -= r->n;
        }
    } else x->r.n_ids = x->r.n_output_ids = x->r.goes_on = 0;
    if (!t->runs.n) return 0;
    n->run = gbl_alloc(t->runs.n, sizeof *n->run);
    if (!n->run) return -1;
    memcpy(n->run, t->runs.run, t->runs.n * sizeof *n->run);
    n->n_run = t->runs.n;
    return 0;
}

/* When a tree starts: as recorded, or one after the other. */
static void start_tree(gbl_turns *t, who *tree, const gbl_turn *x)
{
    tree->begun = 1;
    if (x->clock == GBL_CLOCK_TRACE) tree->start_ns = x->r.arrival_ns;
    else {
        if (t->how.sessions_s > 0 && t->trees)
            t->start_ns += llround(1e9 * gbl_q_exponential(gbl_draw(t->how.seed, GBL_STREAM_ARRIVAL, (uint64_t)t->trees, 0), 1 / t->how.sessions_s));
        tree->start_ns = t->start_ns;
    }
    if (t->how.closed) tree->start_ns = llround((double)tree->start_ns / t->how.rate_scale);
    t->trees++;
    if (tree->start_ns > t->bound_ns) t->bound_ns = tree->start_ns;
}

/* Its time by the record, or -1: none, it follows from those before it. */
static int64_t recorded(const gbl_turns *t, const who *tree, const gbl_turn *x)
{
    double scale = t->how.closed ? t->how.rate_scale : 1;
    if (x->clock == GBL_CLOCK_TRACE) return llround((double)x->r.arrival_ns / scale) + tree->shift_ns;
    return x->clock == GBL_CLOCK_TREE ? tree->start_ns + x->r.arrival_ns : -1;
}

static int wait_for(gbl_turns *t, int32_t i, int64_t row)
{
    int32_t before = gbl_map_get(t->node_of_row, (uint64_t)row), e = t->free_edge;
    if (before < 0) { /* answered */
        int64_t end = end_of(t, row);
        if (end > t->node[i].ready_ns) t->node[i].ready_ns = end;
        return 0;
    }
    if (e >= 0) t->free_edge = t->edge[e].next;
    else if (gbl_grow(&t->edge, &t->edge_room, (size_t)t->n_edges + 1, sizeof *t->edge)) return -1;
    else e = t->n_edges++;
    t->edge[e] = (edge){i, t->node[before].waiters};
    t->node[before].waiters = e;
    t->node[i].waits++;
    return 0;
}

static int due(gbl_turns *t, int32_t i, int64_t at_ns)
{
    return gbl_heap_push(t->due, (gbl_event){at_ns, 0, 0, i}) < 0 ? -1 : 0;
}

/* Beyond what source.c lets pass, and far from where a sum overflows. */
#define FAR_NS INT64_C(3000000000000000000)
static int64_t later(double ns) { return ns < (double)FAR_NS ? llround(ns) : FAR_NS; }

static int answered(gbl_turns *t, int32_t i, int64_t now_ns);

/* All before it are answered: it is due when its pause is over. */
static int release(gbl_turns *t, int32_t i)
{
    node *n = &t->node[i];
    int64_t at = n->ready_ns + later((double)n->wait_ns * t->how.think_scale);
    if (at < n->floor_ns) at = n->floor_ns;
    if (at < t->told_ns) at = t->told_ns;
    if (at > FAR_NS) at = FAR_NS;
    n->r.arrival_ns = at;
    t->waiting--;
    return n->idle ? answered(t, i, at) : due(t, i, at);
}

/* Its turn is over: those that wait for it come closer, and with the last one its tree ends. */
static int answered(gbl_turns *t, int32_t i, int64_t now_ns)
{
    int bad = set_end(t, t->node[i].row, now_ns);
    who *tree = &t->who[t->node[i].tree];
    for (int32_t e = t->node[i].waiters, next; e >= 0; e = next) {
        int32_t k = t->edge[e].node;
        next = t->edge[e].next;
        t->edge[e].next = t->free_edge;
        t->free_edge = e;
        if (now_ns > t->node[k].ready_ns) t->node[k].ready_ns = now_ns;
        if (!--t->node[k].waits) bad |= release(t, k);
    }
    node_free(t, i);
    if (--tree->live) return bad;
    t->active--;
    if (t->held < 0) return bad;
    i = t->held;
    t->held = -1;
    who *next = &t->who[t->node[i].tree];
    int64_t recorded_ns = next->start_ns;
    if (now_ns > next->start_ns) next->start_ns = now_ns;
    next->shift_ns = next->start_ns - recorded_ns;
    t->node[i].floor_ns += next->shift_ns;
    t->active++;
    return bad | release(t, i);
}

/* Open: its time is known now. */
static int place_open(gbl_turns *t, int32_t i, const gbl_turn *x, who *w, const who *tree)
{
    node *n = &t->node[i];
    int64_t at = recorded(t, tree, x);
    if (at < 0) {
        at = x->follows && w->last_row >= 0 ? w->last_end_ns + x->wait_ns : tree->start_ns;
        for (int32_t k = 0; k < x->n_after; k++)
            if (end_of(t, x->after[k]) + x->wait_ns > at) at = end_of(t, x->after[k]) + x->wait_ns;
    } else if (w->last_row >= 0 && at < w->last_ns) {
        t->repairs->time_back++;
        at = w->last_ns;
    }
    if (at > FAR_NS) at = FAR_NS;
    w->last_ns = at;
    w->last_end_ns = at + x->served_ns;
    if (x->clock != GBL_CLOCK_TRACE && set_end(t, n->row, w->last_end_ns)) return -1;
    if (x->clock == GBL_CLOCK_TRACE && at > t->bound_ns) t->bound_ns = at;
    n->r.arrival_ns = at;
    if (!n->idle) return due(t, i, at);
    node_free(t, i);
    return 0;
}

static int place_closed(gbl_turns *t, int32_t i, const gbl_turn *x, who *w, int32_t tree_id)
{
    node *n = &t->node[i];
    who *tree = &t->who[tree_id];
    int bad = 0, starts = !tree->live++;
    int64_t at = recorded(t, tree, x), parents = x->n_after + (x->follows && w->last_row >= 0);
    n->tree = tree_id;
    n->wait_ns = parents ? x->wait_ns : 0;
    /* A pause that was recorded stands for the time that was; without one the turn is not sent before its time. */
    n->floor_ns = x->clock == GBL_CLOCK_TRACE || !parents ? at : t->told_ns;
    if (n->floor_ns < 0) n->floor_ns = tree->start_ns;
    if (x->clock == GBL_CLOCK_TRACE && at > t->bound_ns) t->bound_ns = at;
    if (gbl_map_put(t->node_of_row, (uint64_t)n->row, i)) return -1;
    if (x->follows && w->last_row >= 0) bad |= wait_for(t, i, w->last_row);
    for (int32_t k = 0; k < x->n_after; k++) bad |= wait_for(t, i, x->after[k]);
    t->waiting++;
    if (starts && t->how.concurrency && t->active == t->how.concurrency && !parents) {
        t->held = i;
        return bad;
    }
    t->active += starts;
    return bad | (t->node[i].waits ? 0 : release(t, i));
}

static void no_work(gbl_turns *t, node *n, const gbl_turn *x)
{
    if (x->r.input < 1) t->repairs->zero_input++;
    else if (x->r.output < 1) t->repairs->zero_output++;
    n->idle = x->r.input < 1 || x->r.output < 1;
}

/* Rows that are not above this one cannot be waited for. */
static int32_t known_rows(gbl_turns *t, gbl_turn *x, int64_t *rows)
{
    int32_t n = 0;
    for (int32_t k = 0; k < x->n_after; k++)
        if (x->after[k] >= 0 && x->after[k] < t->rows) rows[n++] = x->after[k];
    return n;
}

static int read_turn(gbl_turns *t, gbl_err *err)
{
    gbl_turn x = {.r = GBL_RECORD_NONE};
    int got = t->feed.next(t->feed.state, &x, err);
    if (got <= 0) {
        t->eof = 1;
        return got;
    }
    int32_t w = who_is(t, x.session), tree = who_is(t, x.tree), i = node_new(t);
    int64_t *rows = gbl_alloc((size_t)x.n_after + 1, sizeof *rows);
    if (w < 0 || tree < 0 || i < 0 || !rows) return gbl_free(rows), gbl_nomem(err, sizeof(node)), -1;
    node *n = &t->node[i];
    *n = (node){.row = t->rows, .waiters = -1, .tree = tree};
    x.n_after = known_rows(t, &x, rows);
    x.after = rows;
    no_work(t, n, &x);
    if (!t->who[tree].begun) start_tree(t, &t->who[tree], &x);
    int bad = n->idle ? 0 : keep_runs(t, n, &x, &t->who[w]);
    if (x.r.input > INT32_MAX / 2) {
        gbl_fail(err, GBL_EINPUT, "the context of session %d grows to %lld tokens", w, (long long)x.r.input);
        gbl_expected(err, "at most %d", INT32_MAX / 2);
        return gbl_free(rows), -1;
    }
    n->r = x.r;
    n->r.session = w;
    n->r.program = tree;
    n->r.turn = t->who[w].turns;
    t->who[w].turns += !n->idle;
    if (!bad) bad = t->how.closed ? place_closed(t, i, &x, &t->who[w], tree) : place_open(t, i, &x, &t->who[w], &t->who[tree]);
    t->who[w].last_row = t->rows++;
    gbl_free(rows);
    if (!bad) return 1;
    gbl_nomem(err, sizeof(node));
    return -1;
}

/* ---- out ---- */

static int expand(gbl_turns *t, const node *n, gbl_record *out)
{
    size_t all = (size_t)n->r.n_ids + (size_t)n->r.n_output_ids, k = 0;
    if (gbl_grow(&t->ids, &t->ids_room, all, sizeof *t->ids)) return -1;
    for (size_t i = 0; i < n->n_run; i++)
        for (int64_t j = 0; j < n->run[i].n; j++) {
            uint64_t id = n->run[i].start + (uint64_t)j;
            t->ids[k++] = n->run[i].key ? gbl_mix64(n->run[i].key, id) : id;
        }
    assert(k == all);
    out->ids = t->ids;
    if (n->run[0].key) return 0; /* made here, or looked through by its reader */
    int32_t once = gbl_once_run(&t->once, t->ids, out->n_ids);
    if (once == out->n_ids || once < 0) return once < 0 ? -1 : 0;
    t->repairs->ids_twice++;
    out->n_ids = once;
    out->n_output_ids = out->goes_on = 0;
    return 0;
}

static int hand_out(gbl_turns *t, gbl_record *out, gbl_err *err)
{
    gbl_event ev;
    gbl_heap_pop(t->due, &ev);
    int32_t i = (int32_t)ev.arg;
    node *n = &t->node[i];
    *out = n->r;
    if (n->n_run && expand(t, n, out)) return gbl_nomem(err, (size_t)n->r.n_ids * sizeof *t->ids), -1;
    if (t->how.closed) {
        if (gbl_map_put(t->node_of_serial, (uint64_t)t->yielded, i)) return gbl_nomem(err, 64), -1;
    } else {
        if (out->arrival_ns < t->last_ns) out->arrival_ns = t->last_ns; /* read too late for its place */
        t->last_ns = out->arrival_ns;
        node_free(t, i);
    }
    t->yielded++;
    return 1;
}

int gbl_turns_next(gbl_turns *t, gbl_record *out, gbl_err *err)
{
    for (;;) {
        const gbl_event *first = gbl_heap_peek(t->due);
        if (t->broken) return gbl_nomem(err, 64), -1;
        if (first && (t->how.closed || t->eof || first->time_ns <= t->bound_ns)) return hand_out(t, out, err);
        int more = !t->eof && (!t->how.closed || (t->held < 0 && t->bound_ns <= t->told_ns));
        if (!more) return t->eof && !t->waiting ? 0 : 2;
        if (read_turn(t, err) < 0) return -1;
    }
}

void gbl_turns_done(gbl_turns *t, int64_t serial, int64_t now_ns)
{
    int32_t i = t->how.closed ? gbl_map_get(t->node_of_serial, (uint64_t)serial) : -1;
    if (now_ns > t->told_ns) t->told_ns = now_ns;
    if (i < 0) return;
    gbl_map_remove(t->node_of_serial, (uint64_t)serial);
    if (answered(t, i, now_ns)) t->broken = 1;
}

void gbl_turns_reached(gbl_turns *t, int64_t now_ns)
{
    if (now_ns > t->told_ns) t->told_ns = now_ns;
}
