/* gen_sessions.c - what generated requests share: heads of prompts drawn from groups, and sessions whose context grows turn by
 * turn. Draws are keyed by (session, turn), or by (request, 0) where there are no sessions. */
#include <math.h>
#include "base/param.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/generate.h"

/* ---- shared heads ---- */

#define AT(FIELD) offsetof(gbl_heads, FIELD)
const gbl_param gbl_heads_params[] = {
    {"groups", GBL_P_INT, 0, AT(groups), "1", 1, 1e7, "groups", NULL, "How many different heads there are."},
    {"tokens", GBL_P_INT, 0, AT(tokens), "1024", 0, 1e8, "tokens", NULL, "Tokens of a head: a system prompt, a document; input comes on top."},
    {"zipf", GBL_P_REAL, 0, AT(zipf), "0.0", 0, 10, NULL, NULL, "Popularity of the k-th group is proportional to 1 / k^zipf; 0: all alike."},
    {NULL}};
#undef AT

int gbl_heads_bind(gbl_heads *h, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    *h = (gbl_heads){.on = n != NULL};
    if (gbl_param_defaults(gbl_heads_params, h, a, err)) return err->code;
    if (n && gbl_param_bind(gbl_heads_params, h, n, NULL, a, err)) return err->code;
    const char *idle = h->groups != 1 ? "groups" : h->zipf != 0 ? "zipf" : NULL;
    if (n && !h->tokens && idle) {
        gbl_node_fail(gbl_node_get(n, idle), err, "the heads have no tokens, so '%s' would be read by nothing", idle);
        return gbl_expected(err, "tokens above 0, or neither groups nor zipf");
    }
    if (!n || h->groups > 1 || h->zipf == 0) return 0;
    gbl_node_fail(gbl_node_get(n, "zipf"), err, "there is one group, so 'zipf' would be read by nothing");
    return gbl_expected(err, "0, or several groups");
}

int gbl_heads_load(gbl_heads *h, gbl_err *err)
{
    if (!h->on) return 0;
    h->below = gbl_alloc((size_t)h->groups, sizeof *h->below);
    if (!h->below) return gbl_nomem(err, (size_t)h->groups * sizeof *h->below);
    double sum = 0;
    for (int64_t k = 0; k < h->groups; k++) h->below[k] = sum += pow((double)(k + 1), -h->zipf);
    for (int64_t k = 0; k < h->groups; k++) h->below[k] /= sum;
    return 0;
}

void gbl_heads_fini(gbl_heads *h)
{
    gbl_free(h->below);
    h->below = NULL;
}

int64_t gbl_heads_draw(const gbl_heads *h, double u)
{
    int64_t low = 0, high = h->groups - 1;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (h->below[mid] > u) high = mid;
        else low = mid + 1;
    }
    return low;
}

void gbl_heads_schema(const char *key, gbl_json *j)
{
    gbl_parameters_schema(gbl_heads_params, key, "Prompts begin with one of so many shared heads.", j);
}
void gbl_heads_json(const gbl_heads *h, const char *key, gbl_json *j)
{
    gbl_param_json_part(key, gbl_heads_params, h, j);
}

/* ---- pauses ---- */

enum { FIXED, EXPONENTIAL, LOGNORMAL };
#define AT(FIELD) offsetof(gbl_pause, FIELD)
static const gbl_param fixed_params[] = {{"s", GBL_P_REAL, 0, AT(s), "1.0", 0, 1e6, "s", NULL, "Every pause."}, {NULL}};
static const gbl_param exponential_params[] = {{"mean_s", GBL_P_REAL, 0, AT(mean_s), "10.0", 0, 1e6, "s", NULL, "Mean pause."}, {NULL}};
/* Defaults: think times above 0 of the WEKA coding-agent sessions, ln s. */
static const gbl_param lognormal_params[] = {
    {"mu", GBL_P_REAL, 0, AT(mu), "2.84", -20, 15, "ln s", NULL, "Mean of the logarithm of the pause."},
    {"sigma", GBL_P_REAL, 0, AT(sigma), "1.57", 0, 10, "ln s", NULL, "Standard deviation of the logarithm."},
    {"high_s", GBL_P_REAL, 0, AT(high_s), "3600.0", 0, 1e6, "s", NULL, "Longer draws become this."},
    {NULL}};
#undef AT
const gbl_use gbl_pause_kinds[] = {
    [FIXED] = {"fixed", "always the same", fixed_params},
    [EXPONENTIAL] = {"exponential", "memoryless", exponential_params},
    [LOGNORMAL] = {"lognormal", "log-normal, clipped: many short ones, some very long", lognormal_params},
    {NULL}};

static int64_t pause_ns(const gbl_pause *p, double u)
{
    double s = p->kind == FIXED ? p->s : p->kind == EXPONENTIAL ? (p->mean_s > 0 ? gbl_q_exponential(u, p->mean_s) : 0) : fmin(gbl_q_lognormal(u, p->mu, p->sigma), p->high_s);
    return llround(s * 1e9);
}

int gbl_talk_pauses(const gbl_talk *t)
{
    const gbl_pause *p = &t->think;
    return (p->kind == FIXED ? p->s : p->kind == EXPONENTIAL ? p->mean_s : p->high_s) > 0;
}

/* ---- sessions ---- */

#define AT(FIELD) offsetof(gbl_talk, FIELD)
#define COMPACT_ROWS \
    {"compact_at", GBL_P_INT, 0, AT(compact_at), "0", 0, 1e9, "tokens", NULL, "A prompt that would be longer is compacted; 0: never."}, \
    {"compact_to", GBL_P_INT, 0, AT(compact_to), "0", 0, 1e9, "tokens", NULL, "Then so many tokens take the place of all but the shared head."}
static const gbl_param talk_params[] = {COMPACT_ROWS, {NULL}};
const gbl_param gbl_talk_params[] = {
    {"turns", GBL_P_NODE, GBL_P_NULLABLE, AT(turns_node), "null", 1, 0, NULL, NULL, "Turns of a session; left out: geometric."},
    {"think", GBL_P_NODE, GBL_P_NULLABLE, AT(think_node), "null", 1, 0, NULL, NULL, "Pause between turns; left out: lognormal."},
    COMPACT_ROWS, {NULL}};
#undef AT

static const gbl_node *given(const gbl_node *n) { return n && gbl_node_kind(n) != GBL_NULL ? n : NULL; }

int gbl_talk_bind(gbl_talk *t, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    *t = (gbl_talk){.on = n != NULL};
    if (!n) return 0;
    if (gbl_param_defaults(gbl_talk_params, t, a, err) || gbl_param_bind(gbl_talk_params, t, n, NULL, a, err)) return err->code;
    t->turns_node = given(t->turns_node);
    t->think_node = given(t->think_node);
    if (gbl_length_bind(&t->turns, t->turns_node, "geometric", a, err)) return err->code;
    if (!t->turns_node) t->turns.mean = 4; /* chat of the inference-perf catalogue */
    t->think.kind = gbl_use_bind(gbl_pause_kinds, &t->think, "pause", t->think_node, "lognormal", a, err);
    if (t->think.kind < 0) return err->code;
    if (!t->compact_at && t->compact_to) {
        gbl_node_fail(gbl_node_get(n, "compact_to"), err, "without compact_at nothing is compacted, so 'compact_to' would be read by nothing");
        return gbl_expected(err, "0, or compact_at");
    }
    if (!t->compact_at || t->compact_to < t->compact_at) return 0;
    gbl_node_fail(gbl_node_get(n, "compact_to"), err, "compact_to %lld is not below compact_at %lld", (long long)t->compact_to, (long long)t->compact_at);
    return gbl_expected(err, "a summary that is shorter than what it stands for");
}

int gbl_talk_load(gbl_talk *t, gbl_arena *a, gbl_err *err) { return t->on && t->turns_node ? gbl_length_load(&t->turns, t->turns_node, a, err) : 0; }
void gbl_talk_fini(gbl_talk *t) { gbl_length_fini(&t->turns); }

void gbl_talk_begin(gbl_talk *t, uint64_t seed, int64_t session)
{
    t->session = session;
    t->turn = 0;
    t->total = 0;
    t->n_turns = gbl_length_draw(&t->turns, gbl_draw(seed, GBL_STREAM_SHAPE, (uint64_t)session, 1));
}

/* The prompt: all that was before, and this turn's own; or, where that is too long, head and summary and this turn's own. */
static void grow(gbl_talk *t, const gbl_heads *h, gbl_turn *x)
{
    int64_t head = h->on ? h->tokens : 0, own = x->r.input;
    x->grows = GBL_GROWS_DELTA;
    if (!t->turn) x->r.input += head;
    else if (t->compact_at && t->total + own > t->compact_at && head + t->compact_to + own < t->total) {
        x->grows = GBL_GROWS_WHOLE;
        x->r.input = head + t->compact_to + own;
        x->kept = head;
        t->total = 0;
    }
    t->total += x->r.input + x->r.output;
}

void gbl_talk_turn(gbl_talk *t, const gbl_heads *h, uint64_t seed, gbl_turn *x)
{
    uint64_t s = (uint64_t)t->session, k = (uint64_t)t->turn;
    x->session = x->tree = gbl_mix64(s, 0x67656e65);
    if (h->on) {
        x->shared = (uint64_t)gbl_heads_draw(h, gbl_draw(seed, GBL_STREAM_SHAPE, s, 0));
        x->shared_tokens = h->tokens;
    }
    grow(t, h, x);
    x->follows = t->turn > 0;
    x->wait_ns = t->turn ? pause_ns(&t->think, gbl_draw(seed, GBL_STREAM_THINK, s, k - 1)) : 0;
    x->r.last = ++t->turn >= t->n_turns;
    x->r.pause_ns = x->r.last ? -1 : pause_ns(&t->think, gbl_draw(seed, GBL_STREAM_THINK, s, k));
}

void gbl_talk_schema(const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_str(j, "type", "object");
    gbl_json_str(j, "description", "Requests are turns: arrival is of sessions, input what a turn adds to all before it.");
    gbl_json_obj(j, "properties");
    gbl_length_schema("turns", j);
    gbl_use_schema(gbl_pause_kinds, "think", "from an answer to the session's next turn", j);
    gbl_param_schema(talk_params, j);
    gbl_json_end(j);
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_end(j);
}

void gbl_talk_json(const gbl_talk *t, const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_length_json(&t->turns, "turns", j);
    gbl_json_obj(j, "think");
    gbl_json_str(j, "use", gbl_pause_kinds[t->think.kind].name);
    gbl_param_json(gbl_pause_kinds[t->think.kind].params, &t->think, j);
    gbl_json_end(j);
    gbl_param_json(talk_params, t, j);
    gbl_json_end(j);
}

void gbl_talk_help(FILE *to)
{
    gbl_param_help(gbl_heads_params, "generate.shared_prefix.", to);
    gbl_param_help(talk_params, "generate.sessions.", to);
    gbl_use_help(gbl_pause_kinds, "think", to);
}
