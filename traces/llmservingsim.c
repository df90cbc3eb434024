/* llmservingsim.c - LLMServingSim JSON lines, flat and agentic mixed.
 *
 * flat     {"input_toks", "output_toks", "arrival_time_ns", ["input_tok_ids", "output_tok_ids"]}: token ids make block ids of
 *          GBL_TURN_BLOCK tokens, those of the output going on behind those of the prompt.
 * agentic  {"session_id", "arrival_time_ns", "sub_requests": [{"input_toks", "output_toks", "tool_duration_ns"}]}: each call is
 *          sent when the one before is answered and its tool is done; input_toks is the whole prompt.
 * Format as of github.com/casys-kaist/LLMServingSim (docs/docs/workloads/jsonl-format.md). */
#include "base/map.h"
#include "base/text.h"
#include "traces/jsonrow.h"

enum { INPUT, OUTPUT, ARRIVAL, INPUT_IDS, OUTPUT_IDS, SESSION, SUBS, KEYS };
static const char *const key_names[KEYS] = {"input_toks", "output_toks", "arrival_time_ns", "input_tok_ids", "output_tok_ids", "session_id", "sub_requests"};
enum { SUB_INPUT, SUB_OUTPUT, TOOL, SUB_KEYS };
static const char *const sub_names[SUB_KEYS] = {"input_toks", "output_toks", "tool_duration_ns"};

typedef struct call {
    int64_t input, output, tool_ns;
} call;
typedef struct sim {
    gbl_ids ids;
    gbl_id_runs runs;
    call *call; /* of the agentic line being handed out */
    size_t room;
    int32_t n, at;
    int64_t arrival_ns;
    uint64_t session, lines;
    gbl_map *sessions; /* seen */
} sim;

static int sim_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    sim *m = *state = gbl_alloc(1, sizeof(sim));
    return m && (m->sessions = gbl_map_new(16)) ? 0 : gbl_nomem(err, sizeof(sim));
}

static void sim_close(void *state)
{
    sim *m = state;
    gbl_free(m->ids.id);
    gbl_free(m->runs.run);
    gbl_free(m->call);
    gbl_map_free(m->sessions);
    gbl_free(m);
}

static int sub(sim *m, gbl_jrow *c)
{
    unsigned seen = 0;
    int k, bad = 0;
    if (gbl_grow(&m->call, &m->room, (size_t)m->n + 1, sizeof *m->call)) return gbl_nomem(c->err, sizeof *m->call), -1;
    call *x = &m->call[m->n++];
    *x = (call){0};
    const char *from = c->s.p;
    if (gbl_jrow_open(c, GBL_T_OBJ)) return -1;
    while (!bad && (k = gbl_jrow_key(c, sub_names, SUB_KEYS, &seen)) >= 0)
        bad = k == SUB_INPUT ? gbl_jrow_count(c, &x->input) : k == SUB_OUTPUT ? gbl_jrow_count(c, &x->output) : gbl_jrow_time(c, "ns", &x->tool_ns);
    if (bad || k < -1) return -1;
    for (k = 0; k < TOOL; k++)
        if (!(seen >> k & 1)) return gbl_jrow_missing(c, from, sub_names, SUB_KEYS, k, "input_toks, output_toks, tool_duration_ns");
    return 0;
}

static int subs(sim *m, gbl_jrow *c)
{
    int got;
    if (gbl_jrow_open(c, GBL_T_ARR)) return -1;
    while ((got = gbl_scan_item(&c->s, c->err)) == 1) {
        c->key = "sub_requests";
        if (sub(m, c)) return -1;
    }
    return got;
}

static int value(sim *m, gbl_jrow *c, int k, gbl_turn *out)
{
    switch (k) {
    case INPUT: return gbl_jrow_count(c, &out->r.input);
    case OUTPUT: return gbl_jrow_count(c, &out->r.output);
    case ARRIVAL: return gbl_jrow_time(c, "ns", &m->arrival_ns);
    case SESSION: return gbl_jrow_name(c, &m->session);
    case SUBS: return subs(m, c);
    default: return gbl_jrow_skip(c);
    }
}

/* Token ids as ids of blocks: the hash of each block's tokens. */
static int block_ids(sim *m, gbl_turn *out)
{
    int64_t told = m->ids.n, input = out->r.input;
    m->runs.n = 0;
    for (int64_t from = 0; from < told; from += GBL_TURN_BLOCK) {
        int64_t n = told - from < GBL_TURN_BLOCK ? told - from : GBL_TURN_BLOCK;
        if (gbl_id_runs_add(&m->runs, 0, gbl_hash64(m->ids.id + from, (size_t)n * sizeof *m->ids.id, 0), 1)) return -1;
    }
    int64_t all = (told + GBL_TURN_BLOCK - 1) / GBL_TURN_BLOCK, prompt = (input + GBL_TURN_BLOCK - 1) / GBL_TURN_BLOCK;
    out->ids = &m->runs;
    out->r.n_ids = (int32_t)(all < prompt ? all : prompt);
    out->r.n_output_ids = (int32_t)(all - out->r.n_ids);
    out->r.goes_on = told > input;
    out->r.id_tokens = GBL_TURN_BLOCK;
    return 0;
}

static void call_out(sim *m, gbl_turn *out)
{
    const call *x = &m->call[m->at];
    out->r.input = x->input;
    out->r.output = x->output;
    out->r.arrival_ns = m->arrival_ns;
    out->session = out->tree = m->session;
    out->clock = m->at ? GBL_CLOCK_NONE : GBL_CLOCK_TRACE;
    out->grows = GBL_GROWS_WHOLE;
    out->follows = m->at > 0;
    out->wait_ns = m->at ? m->call[m->at - 1].tool_ns : 0;
    out->r.last = m->at + 1 == m->n;
    out->r.pause_ns = out->r.last ? -1 : x->tool_ns;
    out->r.tool = !out->r.last;
    m->at++;
}

static int flat(sim *m, gbl_turn *out)
{
    out->r.arrival_ns = m->arrival_ns;
    out->session = out->tree = gbl_mix64(1, m->lines);
    out->clock = GBL_CLOCK_TRACE;
    out->r.last = 1;
    return m->ids.n && block_ids(m, out);
}

static int again(sim *m, gbl_jrow *c)
{
    if (gbl_map_get(m->sessions, m->session) >= 0) {
        gbl_jrow_fail(c, NULL, "the session is there twice");
        gbl_expected(c->err, "one line a session_id, with all its sub_requests");
        return -1;
    }
    return gbl_map_put(m->sessions, m->session, 1) ? (gbl_nomem(c->err, 64), -1) : 0;
}

static int agentic(sim *m, gbl_jrow *c, unsigned seen, gbl_turn *out)
{
    if (seen >> SESSION & 1 ? again(m, c) : (m->session = gbl_mix64(1, m->lines), 0)) return -1;
    if (m->n) return call_out(m, out), 1;
    gbl_jrow_fail(c, NULL, "sub_requests is empty");
    gbl_expected(c->err, "at least one call");
    return -1;
}

/* Ids of prompt and output in one list, whatever order the keys stand in: the prompt's are read first. */
static int both_ids(sim *m, gbl_jrow *c)
{
    for (int want = INPUT_IDS; want <= OUTPUT_IDS; want++) {
        gbl_jrow again = *c;
        unsigned seen = 0;
        int k;
        again.s.p = again.s.begin;
        if (gbl_jrow_open(&again, GBL_T_OBJ)) return -1;
        while ((k = gbl_jrow_key(&again, key_names, KEYS, &seen)) >= 0)
            if (k == want ? gbl_jrow_ids(&again, &m->ids, "token ids") : gbl_jrow_skip(&again)) return -1;
    }
    return 0;
}

static int sim_turn(void *state, gbl_rows *rows, gbl_turn *out, gbl_repairs *repairs, gbl_err *err)
{
    sim *m = state;
    gbl_jrow c;
    unsigned seen = 0;
    (void)repairs;
    if (m->at < m->n) return call_out(m, out), 1;
    int k, got = gbl_jrow_next(&c, rows, err);
    if (got <= 0) return got;
    m->n = m->at = m->ids.n = 0;
    m->lines++;
    while ((k = gbl_jrow_key(&c, key_names, KEYS, &seen)) >= 0)
        if (value(m, &c, k, out)) return -1;
    if (k < -1 || gbl_jrow_done(&c)) return -1;
    for (k = 0; k <= ARRIVAL; k++)
        if (!(seen >> k & 1) && (k == ARRIVAL || !(seen >> SUBS & 1)))
            return gbl_jrow_missing(&c, c.s.begin, key_names, KEYS, k, "input_toks, output_toks, arrival_time_ns, or session_id, arrival_time_ns, sub_requests");
    if (seen >> SUBS & 1) return agentic(m, &c, seen, out);
    if (seen >> INPUT_IDS & 1 && both_ids(m, &c)) return -1;
    return flat(m, out) ? (gbl_nomem(err, 64), -1) : 1;
}

const gbl_format gbl_llmservingsim_format = {
    .name = "llmservingsim", .help = "LLMServingSim JSON lines, flat (token ids) and agentic (calls with tool times)", .signature = "input_toks|sub_requests",
    .open = sim_open, .close = sim_close, .turn = sim_turn};
