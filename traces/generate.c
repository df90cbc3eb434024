/* generate.c - the "generate" object: so many requests, arriving so, so long. */
#include "traces/generate.h"
#include <math.h>
#include "base/map.h"
#include "base/param.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/reader.h"

typedef struct plan {
    int64_t requests, tenants, priorities;
    const gbl_node *arrival_node, *input_node, *output_node, *heads_node, *documents_node, *talk_node, *copula_node, *rows_node;
    gbl_arrival arrival;
    gbl_length input, output;
    gbl_heads heads;
    gbl_documents documents;
    gbl_talk talk;
    gbl_copula copula;
    gbl_resample rows;
} plan;

#define AT(FIELD) offsetof(plan, FIELD)
#define COUNT_ROWS \
    {"requests", GBL_P_INT, 0, AT(requests), "1000", 1, 1e12, "requests", NULL, "Requests in all."}, \
    {"tenants", GBL_P_INT, 0, AT(tenants), "1", 1, 1e6, "tenants", NULL, "Requests belong to so many tenants, numbered from 0, each equally often."}, \
    {"priorities", GBL_P_INT, 0, AT(priorities), "1", 1, 1e6, "classes", NULL, "Requests have so many classes, 0 the most urgent, each equally often."}
static const gbl_param count_params[] = {COUNT_ROWS, {NULL}};
static const gbl_param part_params[] = {
    COUNT_ROWS,
    {"arrival", GBL_P_NODE, GBL_P_NULLABLE, AT(arrival_node), "null", 1, 0, NULL, NULL, "When requests arrive; left out: poisson."},
    {"input", GBL_P_NODE, GBL_P_NULLABLE, AT(input_node), "null", 1, 0, NULL, NULL, "Prompt tokens; left out: lognormal."},
    {"output", GBL_P_NODE, GBL_P_NULLABLE, AT(output_node), "null", 1, 0, NULL, NULL, "Output tokens; left out: geometric."},
    {"copula", GBL_P_NODE, GBL_P_NULLABLE, AT(copula_node), "null", 1, 0, NULL, NULL, "What gap, input and output have to do with each other; left out: nothing."},
    {"rows", GBL_P_NODE, GBL_P_NULLABLE, AT(rows_node), "null", 1, 0, NULL, NULL, "Rows of a file in the place of input and output; left out: none."},
    {"shared_prefix", GBL_P_NODE, GBL_P_NULLABLE, AT(heads_node), "null", 1, 0, NULL, NULL, "Heads that prompts share; left out: none."},
    {"documents", GBL_P_NODE, GBL_P_NULLABLE, AT(documents_node), "null", 1, 0, NULL, NULL, "Documents that prompts are put together from; left out: none."},
    {"sessions", GBL_P_NODE, GBL_P_NULLABLE, AT(talk_node), "null", 1, 0, NULL, NULL, "Requests are turns of sessions; left out: each stands alone."},
    {NULL}};

typedef struct ready { /* a client that may send */
    int64_t at_ns;
    int32_t client;
} ready;

struct gbl_generator {
    plan p;
    uint64_t seed;
    int64_t issued, now_ns;
    gbl_bursts *bursts;
    /* closed loop: a ring of clients that may send, turns begun by each, and who sent a request in flight */
    ready *ring;
    int64_t clients, head, n_ready, *turn;
    gbl_map *client_of;
    int64_t sessions; /* begun */
    uint64_t *ids;
    size_t ids_room;
};

static const gbl_node *given(const gbl_node *n) { return n && gbl_node_kind(n) != GBL_NULL ? n : NULL; }

/* A prompt's beginning is told in one way. */
static int check_beginning(const plan *p, const gbl_node *n, gbl_err *err)
{
    const char *other = p->heads.on ? "shared_prefix" : p->talk.on ? "sessions" : NULL;
    if (!p->documents.pool.on || !other) return 0;
    gbl_node_fail(gbl_node_get(n, "documents"), err, "prompts cannot have documents and %s", other);
    return gbl_expected(err, "one of them");
}

/* Fields that never vary, or come from elsewhere, cannot depend on each other. */
static int check_copula(const plan *p, const gbl_node *n, gbl_err *err)
{
    const gbl_copula *c = &p->copula;
    const char *pair = NULL, *why = NULL;
    int gaps = gbl_arrival_by_draw(&p->arrival) && !p->talk.on;
    if (!c->on) return 0;
    if (p->rows.on) pair = "copula", why = "rows keep what input and output have to do with each other";
    else if (!gaps && c->gap_input != 0) pair = "copula.gap_input", why = "these arrivals have no gap of their own for each request";
    else if (!gaps && c->gap_output != 0) pair = "copula.gap_output", why = "these arrivals have no gap of their own for each request";
    else if (!gbl_length_varies(&p->input) && c->input_output != 0) pair = "copula.input_output", why = "every input is the same";
    else if (!gbl_length_varies(&p->input) && c->gap_input != 0) pair = "copula.gap_input", why = "every input is the same";
    else if (!gbl_length_varies(&p->output) && c->input_output != 0) pair = "copula.input_output", why = "every output is the same";
    else if (!gbl_length_varies(&p->output) && c->gap_output != 0) pair = "copula.gap_output", why = "every output is the same";
    if (!pair) return 0;
    gbl_node_fail(gbl_node_at(n, pair), err, "%s: it would be read by nothing", why);
    return gbl_expected(err, "0, or left out");
}

/* Rows say input, output and, where asked for, the gap; nothing else may. */
static int check_rows(const plan *p, const gbl_node *n, gbl_err *err)
{
    const char *other = !p->rows.on ? NULL : p->input_node ? "input" : p->output_node ? "output" : NULL;
    if (other) {
        gbl_node_fail(gbl_node_get(n, other), err, "%s is not read: the requests are rows of a file", other);
        return gbl_expected(err, "rows, or input and output");
    }
    if (!gbl_arrival_of_rows(&p->arrival)) {
        if (!p->rows.on || !p->rows.gap_s) return 0;
        gbl_node_fail(gbl_node_at(n, "rows.gap_s"), err, "gap_s is not read: these arrivals have gaps of their own");
        return gbl_expected(err, "\"arrival\": \"rows\" beside it");
    }
    const char *why = !p->rows.on ? "there are no rows to take gaps from" : p->talk.on ? "sessions do not begin where rows of requests do" : p->rows.input && !p->rows.gap_s ? "the rows have no gaps" : NULL;
    if (!why) return 0;
    gbl_node_fail(p->arrival_node, err, "%s", why);
    if (p->talk.on) return gbl_expected(err, "another arrival process, or no sessions");
    if (p->rows.on) return gbl_expected(err, "\"gap_s\": COLUMN in rows, or another arrival process");
    return gbl_expected(err, "\"rows\": {\"file\": TRACE} beside it, or another arrival process");
}

static int plan_bind(plan *p, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    *p = (plan){.requests = 0};
    if (n && gbl_node_kind(n) != GBL_OBJECT) {
        gbl_node_fail(n, err, "generate is not an object");
        return gbl_expected(err, "{\"requests\": 1000, \"arrival\": {...}, \"input\": {...}, \"output\": {...}}");
    }
    if (gbl_param_defaults(part_params, p, a, err) || gbl_param_bind(part_params, p, n, NULL, a, err)) return err->code;
    p->arrival_node = given(p->arrival_node);
    p->input_node = given(p->input_node);
    p->output_node = given(p->output_node);
    if (gbl_arrival_bind(&p->arrival, p->arrival_node, a, err)) return err->code;
    if (gbl_length_bind(&p->input, p->input_node, "lognormal", a, err)) return err->code;
    if (gbl_length_bind(&p->output, p->output_node, "geometric", a, err)) return err->code;
    if (gbl_heads_bind(&p->heads, given(p->heads_node), a, err) || gbl_talk_bind(&p->talk, given(p->talk_node), a, err)) return err->code;
    if (gbl_documents_bind(&p->documents, given(p->documents_node), a, err) || check_beginning(p, n, err)) return err->code;
    if (gbl_copula_bind(&p->copula, given(p->copula_node), a, err) || gbl_resample_bind(&p->rows, given(p->rows_node), a, err)) return err->code;
    if (check_rows(p, n, err) || check_copula(p, n, err)) return err->code;
    if (!p->talk.on || !gbl_arrival_closed(&p->arrival) || p->arrival.think_s <= 0) return 0;
    gbl_node_fail(gbl_node_get(p->arrival_node, "think_s"), err, "think_s is not read: sessions pause by sessions.think");
    return gbl_expected(err, "think_s 0");
}

int gbl_generator_check(const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    plan p;
    return plan_bind(&p, n, a, err);
}

static int closed_open(gbl_generator *g, gbl_err *err)
{
    g->clients = g->p.arrival.concurrency < g->p.requests ? g->p.arrival.concurrency : g->p.requests;
    g->ring = gbl_alloc((size_t)g->clients, sizeof *g->ring);
    g->turn = gbl_alloc((size_t)g->clients, sizeof *g->turn);
    g->client_of = gbl_map_new(g->clients);
    if (!g->ring || !g->turn || !g->client_of) return gbl_nomem(err, (size_t)g->clients * sizeof *g->ring);
    for (int32_t i = 0; i < g->clients; i++) g->ring[i].client = i;
    g->n_ready = g->clients;
    return 0;
}

/* A mean rate cannot come from gaps that are all 0, or from none. */
static int check_gaps(const plan *p, gbl_err *err)
{
    if (!gbl_arrival_of_rows(&p->arrival) || p->rows.mean_gap_s > 0) return 0;
    gbl_node_fail(p->arrival_node, err, "the rows are all of one instant: they have no gaps");
    return gbl_expected(err, "another arrival process");
}

int gbl_generator_open(gbl_generator **out, const gbl_node *n, uint64_t seed, gbl_arena *a, gbl_err *err)
{
    gbl_generator *g = gbl_alloc(1, sizeof *g);
    if (!g) return gbl_nomem(err, sizeof *g);
    g->seed = seed;
    int rc = plan_bind(&g->p, n, a, err);
    if (!rc) rc = gbl_arrival_load(&g->p.arrival, g->p.arrival_node, a, err);
    if (!rc && gbl_arrival_in_bursts(&g->p.arrival)) rc = gbl_bursts_new(&g->bursts, &g->p.arrival, seed, err);
    if (!rc) rc = gbl_resample_load(&g->p.rows, g->p.rows_node, a, err);
    if (!rc) rc = check_gaps(&g->p, err);
    if (!rc) rc = gbl_length_load(&g->p.input, g->p.input_node, a, err);
    if (!rc) rc = gbl_length_load(&g->p.output, g->p.output_node, a, err);
    if (!rc) rc = gbl_heads_load(&g->p.heads, err);
    if (!rc) rc = gbl_heads_load(&g->p.documents.pool, err);
    if (!rc) rc = gbl_talk_load(&g->p.talk, a, err);
    if (!rc && gbl_generator_closed(g)) rc = closed_open(g, err);
    if (rc) gbl_generator_close(g);
    else *out = g;
    return rc;
}

void gbl_generator_close(gbl_generator *g)
{
    if (!g) return;
    gbl_bursts_free(g->bursts);
    gbl_resample_fini(&g->p.rows);
    gbl_arrival_fini(&g->p.arrival);
    gbl_length_fini(&g->p.input);
    gbl_length_fini(&g->p.output);
    gbl_heads_fini(&g->p.heads);
    gbl_heads_fini(&g->p.documents.pool);
    gbl_talk_fini(&g->p.talk);
    gbl_free(g->ids);
    gbl_free(g->ring);
    gbl_free(g->turn);
    gbl_map_free(g->client_of);
    gbl_free(g);
}

/* The row of request (entity, k): of the k-th turn of a client or session, or (k 0) of the entity-th request. */
static gbl_resample_row row_of(const gbl_generator *g, uint64_t entity, uint64_t k)
{
    uint64_t run = (uint64_t)g->p.rows.run;
    if (gbl_generator_closed(g) || g->p.talk.on) return gbl_resample_draw(&g->p.rows, g->seed, entity, k / run, k % run);
    return gbl_resample_draw(&g->p.rows, g->seed, entity / run, 0, entity % run);
}

static void draw_lengths(const gbl_generator *g, uint64_t entity, uint64_t k, gbl_record *out)
{
    double u_gap = g->p.copula.on ? gbl_draw(g->seed, GBL_STREAM_ARRIVAL, entity, k) : 0;
    double u_input = gbl_draw(g->seed, GBL_STREAM_INPUT, entity, k), u_output = gbl_draw(g->seed, GBL_STREAM_OUTPUT, entity, k);
    gbl_copula_apply(&g->p.copula, u_gap, &u_input, &u_output);
    out->input = gbl_length_draw(&g->p.input, u_input);
    out->output = gbl_length_draw(&g->p.output, u_output);
}

static void lengths(const gbl_generator *g, uint64_t entity, uint64_t k, gbl_record *out)
{
    if (g->p.rows.on) {
        gbl_resample_row r = row_of(g, entity, k);
        out->input = r.input;
        out->output = r.output;
    } else draw_lengths(g, entity, k, out);
    if (g->p.tenants > 1) out->tenant = (int32_t)(gbl_draw_u64(g->seed, GBL_STREAM_TENANT, entity, k) % (uint64_t)g->p.tenants);
    if (g->p.priorities > 1) out->priority = (int32_t)(gbl_draw_u64(g->seed, GBL_STREAM_PRIORITY, entity, k) % (uint64_t)g->p.priorities);
}

/* Only the documents have ids: nobody has the rest. */
static int documents(gbl_generator *g, uint64_t entity, uint64_t k, gbl_record *out, gbl_err *err)
{
    const gbl_documents *d = &g->p.documents;
    if (gbl_grow(&g->ids, &g->ids_room, (size_t)d->each, sizeof *g->ids)) return gbl_nomem(err, (size_t)d->each * sizeof *g->ids), -1;
    gbl_documents_draw(d, g->seed, entity, k, g->ids);
    out->ids = g->ids;
    out->n_ids = (int32_t)d->each;
    out->id_tokens = (int32_t)d->pool.tokens;
    out->input += d->each * d->pool.tokens;
    return 0;
}

/* A head that others have, and then what nobody has. */
static int head(gbl_generator *g, uint64_t entity, uint64_t k, gbl_record *out, gbl_err *err)
{
    const gbl_heads *h = &g->p.heads;
    if (g->p.documents.pool.on) return documents(g, entity, k, out, err);
    if (!h->on) return 0;
    int64_t shared = h->tokens / GBL_TURN_BLOCK, n = ((out->input += h->tokens) + GBL_TURN_BLOCK - 1) / GBL_TURN_BLOCK;
    uint64_t group = gbl_mix64(1, (uint64_t)gbl_heads_draw(h, gbl_draw(g->seed, GBL_STREAM_SHAPE, entity, k))), own = gbl_mix64(2, (uint64_t)g->issued);
    if (gbl_grow(&g->ids, &g->ids_room, (size_t)n, sizeof *g->ids)) return gbl_nomem(err, (size_t)n * sizeof *g->ids), -1;
    for (int64_t i = 0; i < n; i++) g->ids[i] = gbl_mix64(i < shared ? group : own, (uint64_t)i);
    out->ids = g->ids;
    out->n_ids = (int32_t)n;
    out->id_tokens = GBL_TURN_BLOCK;
    return 0;
}

static int closed_next(gbl_generator *g, gbl_record *out, gbl_err *err)
{
    if (!g->n_ready) return 2;
    ready r = g->ring[g->head];
    if (gbl_map_put(g->client_of, (uint64_t)g->issued, r.client)) return gbl_nomem(err, sizeof r), -1;
    g->head = (g->head + 1) % g->clients;
    g->n_ready--;
    out->arrival_ns = r.at_ns;
    uint64_t k = (uint64_t)g->turn[r.client]++;
    lengths(g, (uint64_t)r.client, k, out);
    if (head(g, (uint64_t)r.client, k, out, err)) return -1;
    g->issued++;
    return 1;
}

static double gap_of(const gbl_generator *g, int64_t k)
{
    const gbl_arrival *v = &g->p.arrival;
    if (!gbl_arrival_of_rows(v)) return gbl_arrival_gap(v, gbl_draw(g->seed, GBL_STREAM_ARRIVAL, (uint64_t)k, 0), (double)g->now_ns * 1e-9);
    double gap = row_of(g, (uint64_t)k, 0).gap_s;
    return isnan(v->rate_s) ? gap : gap / (g->p.rows.mean_gap_s * v->rate_s);
}

/* Moves on to arrival k. */
static int arrive(gbl_generator *g, int64_t k, gbl_err *err)
{
    int64_t at_ns = 0;
    if (g->bursts && gbl_bursts_next(g->bursts, &at_ns, err)) return -1;
    if (!g->bursts && !k && !gbl_arrival_first_waits(&g->p.arrival)) return 0;
    double gap_ns = g->bursts ? (double)(at_ns - g->now_ns) : gap_of(g, k) * 1e9;
    if (gap_ns + (double)g->now_ns > GBL_TRACE_MOST_NS) {
        gbl_fail(err, GBL_EINPUT, "generated arrival %lld lies more than 31 years after the first", (long long)k);
        gbl_expected(err, "a higher rate_s or fewer requests");
        return -1;
    }
    g->now_ns = g->bursts ? at_ns : g->now_ns + (int64_t)floor(gap_ns + 0.5);
    return 0;
}

static int open_next(gbl_generator *g, gbl_record *out, gbl_err *err)
{
    if (arrive(g, g->issued, err)) return -1;
    out->arrival_ns = g->now_ns;
    lengths(g, (uint64_t)g->issued, 0, out);
    if (head(g, (uint64_t)g->issued, 0, out, err)) return -1;
    g->issued++;
    return 1;
}

int gbl_generator_turn(void *state, gbl_turn *out, gbl_err *err)
{
    gbl_generator *g = state;
    gbl_talk *t = &g->p.talk;
    if (g->issued == g->p.requests) return 0;
    if (t->turn >= t->n_turns) {
        if (!gbl_generator_closed(g) && arrive(g, g->sessions, err)) return -1;
        gbl_talk_begin(t, g->seed, g->sessions++);
    }
    out->clock = t->turn || gbl_generator_closed(g) ? GBL_CLOCK_NONE : GBL_CLOCK_TRACE;
    out->r.arrival_ns = t->turn ? 0 : g->now_ns;
    lengths(g, (uint64_t)t->session, (uint64_t)t->turn, &out->r);
    gbl_talk_turn(t, &g->p.heads, g->seed, out);
    g->issued++;
    return 1;
}

int gbl_generator_sessions(const gbl_generator *g) { return g->p.talk.on; }
int64_t gbl_generator_concurrency(const gbl_generator *g) { return gbl_generator_closed(g) ? g->p.arrival.concurrency : 0; }

int gbl_generator_next(gbl_generator *g, gbl_record *out, gbl_err *err)
{
    if (g->issued == g->p.requests) return 0;
    return gbl_generator_closed(g) ? closed_next(g, out, err) : open_next(g, out, err);
}

void gbl_generator_done(gbl_generator *g, int64_t serial, int64_t now_ns)
{
    if (!g->client_of) return;
    int32_t client = gbl_map_get(g->client_of, (uint64_t)serial);
    if (client < 0) return; /* said twice: a client has one request at a time */
    gbl_map_remove(g->client_of, (uint64_t)serial);
    ready r = {now_ns + (int64_t)floor(g->p.arrival.think_s * 1e9 + 0.5), client};
    g->ring[(g->head + g->n_ready++) % g->clients] = r;
}

int gbl_generator_closed(const gbl_generator *g) { return gbl_arrival_closed(&g->p.arrival); }
int64_t gbl_generator_requests(const gbl_generator *g) { return g->p.requests; }
int gbl_generator_pauses(const gbl_generator *g) { return gbl_talk_pauses(&g->p.talk); }
const gbl_repairs *gbl_generator_repairs(const gbl_generator *g) { return &g->p.rows.repairs; }

void gbl_generator_schema(const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_str(j, "type", "object");
    gbl_json_str(j, "description", "Requests from distributions instead of a file.");
    gbl_json_obj(j, "properties");
    gbl_param_schema(count_params, j);
    gbl_arrival_schema("arrival", j);
    gbl_length_schema("input", j);
    gbl_length_schema("output", j);
    gbl_copula_schema("copula", j);
    gbl_resample_schema("rows", j);
    gbl_heads_schema("shared_prefix", j);
    gbl_documents_schema("documents", j);
    gbl_talk_schema("sessions", j);
    gbl_json_end(j);
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_end(j);
}

int gbl_generator_json(const gbl_node *n, const char *key, gbl_json *j, gbl_arena *a, gbl_err *err)
{
    plan p;
    if (plan_bind(&p, n, a, err)) return err->code;
    gbl_json_obj(j, key);
    gbl_param_json(count_params, &p, j);
    gbl_arrival_json(&p.arrival, "arrival", j);
    if (!p.rows.on) gbl_length_json(&p.input, "input", j);
    if (!p.rows.on) gbl_length_json(&p.output, "output", j);
    if (p.copula.on) gbl_copula_json(&p.copula, "copula", j);
    if (p.rows.on) gbl_resample_json(&p.rows, "rows", j);
    if (p.heads.on) gbl_heads_json(&p.heads, "shared_prefix", j);
    if (p.documents.pool.on) gbl_documents_json(&p.documents, "documents", j);
    if (p.talk.on) gbl_talk_json(&p.talk, "sessions", j);
    gbl_json_end(j);
    return 0;
}

void gbl_generator_help(FILE *to)
{
    gbl_param_help(count_params, "generate.", to);
    gbl_arrival_help(to);
    gbl_length_help(to);
    gbl_copula_help("generate.copula.", to);
    gbl_resample_help(to);
    gbl_talk_help(to);
    gbl_documents_help(to);
}
