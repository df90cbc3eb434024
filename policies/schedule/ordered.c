/* ordered - chunked prefills under one token budget, as in chunked.c, but waiting requests are admitted in an order of their own:
 *   shortest  by the length that a predictor expects; the predictor's relative error is lognormal and drawn once a request
 *   deadline  by the time at which the first token is due, which leaves long prompts more time
 *   priority  by class, smaller first (vLLM); a class may take the place of running requests of a worse one
 *   fair      by tenant: who has been served least for its weight, prompt and output tokens weighted, too (the virtual token counter)
 * Ties go to who came first. Nobody overtakes the head: where it does not fit, nobody behind it is tried. */
#include "policies/policy.h"

enum kind { SHORTEST, DEADLINE, PRIORITY, FAIR };
enum { BY_OUTPUT, BY_PROMPT, BY_TOTAL };
enum { STREAM = 44, TENANTS = 1024 /* more share a counter */, WEIGHTS = 8 /* tenants beyond them weigh 1 */ };
typedef struct ordered {
    int32_t kind;
    int64_t token_budget;
    int32_t by;
    double error;
    double slack_ms_per_token;
    int32_t preempt;
    double input_weight, output_weight;
    double weight[WEIGHTS];
    double served[TENANTS];
    char queued[TENANTS];
} ordered;

#define BUDGET {"token_budget", GBL_P_INT, GBL_P_NULLABLE, offsetof(ordered, token_budget), "null", 1, 1e9, "tokens", NULL, \
                "Tokens computed in one step; null: engine.max_num_batched_tokens."}
static const gbl_param shortest_params[] = {
    BUDGET,
    {"by", GBL_P_CHOICE, 0, offsetof(ordered, by), "\"output\"", 0, 0, NULL, "output|prompt|total", "The length that orders: the predicted output, the prompt (known), or both."},
    {"error", GBL_P_REAL, 0, offsetof(ordered, error), "0", 0, 10, NULL, NULL, "Standard deviation of the logarithm of predicted over true output length; 0: an oracle.", "by!=prompt"},
    {0}};
static const gbl_param deadline_params[] = {
    BUDGET,
    {"slack_ms_per_token", GBL_P_REAL, 0, offsetof(ordered, slack_ms_per_token), "0.5", 0, 1e6, "ms", NULL, "The first token is due so long after arrival for each prompt token. What is granted to all alike changes no order."},
    {0}};
static const gbl_param priority_params[] = {
    BUDGET,
    {"preempt", GBL_P_BOOL, 0, offsetof(ordered, preempt), "true", 0, 0, NULL, NULL, "A waiting request without room puts out running ones of a worse class, the newest first."},
    {0}};
#define WEIGHT(N) {"weight_" #N, GBL_P_REAL, 0, offsetof(ordered, weight) + N * sizeof(double), "1", 0.001, 1000, NULL, NULL, "Weight of tenant " #N ": twice the weight is owed twice the service. Tenants from 8 on weigh 1."}
static const gbl_param fair_params[] = {
    BUDGET,
    {"input_weight", GBL_P_REAL, 0, offsetof(ordered, input_weight), "1", 0, 1000, NULL, NULL, "What a prompt token counts."},
    {"output_weight", GBL_P_REAL, 0, offsetof(ordered, output_weight), "2", 0.001, 1000, NULL, NULL, "What an output token counts; more than nothing, so that something always orders."},
    WEIGHT(0), WEIGHT(1), WEIGHT(2), WEIGHT(3), WEIGHT(4), WEIGHT(5), WEIGHT(6), WEIGHT(7),
    {0}};

static int32_t tenant_of(const gbl_req *r) { return (int32_t)((uint32_t)r->tenant % TENANTS); }

static double weight_of(const ordered *s, const gbl_req *r) { return r->tenant >= 0 && r->tenant < WEIGHTS ? s->weight[r->tenant] : 1; }

static double predicted(const ordered *s, const gbl_host *h, const gbl_req *r) {
    double length = s->by == BY_PROMPT ? r->input : s->by == BY_OUTPUT ? r->output : (double)r->input + r->output;
    if (s->error <= 0 || s->by == BY_PROMPT) return length;
    double u = h->draw(h, STREAM, (uint64_t)r->serial, 0), v = h->draw(h, STREAM, (uint64_t)r->serial, 1);
    double off = exp(s->error * sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
    return s->by == BY_OUTPUT ? r->output * off : r->input + r->output * off;
}

static double key_of(const ordered *s, const gbl_host *h, const gbl_req *r) {
    switch ((enum kind)s->kind) {
    case SHORTEST: return predicted(s, h, r);
    case DEADLINE: return (double)r->arrival_ns * 1e-6 + s->slack_ms_per_token * r->input;
    case PRIORITY: return r->priority;
    case FAIR: return s->served[tenant_of(r)];
    }
    return 0;
}

static int32_t head_of(const ordered *s, const gbl_host *h) {
    const gbl_view *v = h->view;
    int32_t best = v->waiting[0];
    double least = key_of(s, h, &v->req[best]);
    for (int32_t i = 1; i < v->n_waiting; i++) {
        const gbl_req *r = &v->req[v->waiting[i]];
        double key = key_of(s, h, r);
        if (key > least || (key == least && r->serial > v->req[best].serial)) continue;
        best = v->waiting[i];
        least = key;
    }
    return best;
}

/* Of use to `fair` alone; the others have no weights. */
static void serve(ordered *s, const gbl_req *r, double tokens) {
    if (s->kind == FAIR) s->served[tenant_of(r)] += tokens / weight_of(s, r);
}

/* ---- running ones ---- */

static void run_on(ordered *s, const gbl_host *h, gbl_plan *plan, int64_t budget, int prompts) {
    const gbl_view *v = h->view;
    for (int32_t i = 0; i < v->n_running && plan->tokens < budget;) {
        int32_t id = v->running[i];
        const gbl_req *r = &v->req[id];
        int64_t left = r->known - r->computed;
        if (r->scheduled || (left > 1) != prompts) {
            i++;
            continue;
        }
        if (left > budget - plan->tokens) left = budget - plan->tokens;
        if (!gbl_make_fit(h, id, left)) return;
        if (!prompts) serve(s, r, s->output_weight);
        if (i < v->n_running && v->running[i] == id) i++;
    }
}

/* The newest running request of the worst class, if that is worse than the given one; or -1. */
static int32_t worse_than(const gbl_view *v, int32_t priority) {
    int32_t worst = -1;
    for (int32_t i = 0; i < v->n_running; i++) {
        const gbl_req *r = &v->req[v->running[i]];
        if (r->priority > priority && (worst < 0 || r->priority >= v->req[worst].priority)) worst = v->running[i];
    }
    return worst;
}

static void take_places(const ordered *s, const gbl_host *h, int64_t budget) {
    const gbl_view *v = h->view;
    while (v->n_waiting) {
        int32_t head = head_of(s, h), worst = worse_than(v, v->req[head].priority);
        int64_t ahead = h->cached(h, head) + budget;
        if (ahead > v->req[head].known) ahead = v->req[head].known;
        int fits = v->n_running + v->n_loading < v->max_num_seqs && h->blocks_needed(h, head, ahead) <= v->free_blocks;
        if (fits || worst < 0 || h->preempt(h, worst)) return;
    }
}

/* Whoever took a place, or would, does so before the one it was taken from comes back. */
static int goes_first(const ordered *s, const gbl_host *h) {
    const gbl_view *v = h->view;
    return s->preempt && v->n_waiting && v->n_swapped && v->req[head_of(s, h)].priority < v->req[v->swapped[0]].priority;
}

/* ---- the virtual token counter: a tenant that comes back is not owed what it did not ask for ---- */

static void lift(ordered *s, const gbl_view *v) {
    double least = INFINITY;
    char now[TENANTS] = {0};
    for (int32_t i = 0; i < v->n_waiting; i++) {
        int32_t t = tenant_of(&v->req[v->waiting[i]]);
        now[t] = 1;
        if (s->queued[t] && s->served[t] < least) least = s->served[t];
    }
    for (int32_t t = 0; t < TENANTS; t++) {
        if (now[t] && !s->queued[t] && least < INFINITY && s->served[t] < least) s->served[t] = least;
        s->queued[t] = now[t];
    }
}

static void plan(void *state, const gbl_host *h, gbl_plan *p) {
    ordered *s = state;
    const gbl_view *v = h->view;
    int64_t budget = s->token_budget != GBL_NULL_INT ? s->token_budget : v->max_num_batched_tokens;
    if (s->kind == FAIR) lift(s, v);
    if (s->preempt) take_places(s, h, budget);
    int32_t placed = p->preempted;
    run_on(s, h, p, budget, 0);
    run_on(s, h, p, budget, 1);
    int pressed = p->preempted > placed, first = placed || goes_first(s, h);
    while (!pressed && !first && v->n_swapped && h->resume(h, v->swapped[0]) == 0) {}
    int32_t head = -1;
    while (!pressed && (first || !v->n_swapped) && v->n_waiting && p->tokens < budget) {
        head = head_of(s, h);
        int32_t taken = h->schedule(h, head, budget - p->tokens, 0);
        if (taken < 0) break; /* 0: its prefix is being loaded */
        serve(s, &v->req[head], s->input_weight * taken);
        head = -1;
    }
    /* Counters move with every step, and so does who stands first; places may be taken as soon as blocks run short; a head with a
     * cached prefix would need fewer blocks, were its prefix evicted meanwhile. */
    int may_fit = v->n_waiting && p->tokens < budget && v->n_running + v->n_loading < v->max_num_seqs;
    if (may_fit && head < 0) head = head_of(s, h);
    p->hold = s->kind != FAIR && !(s->preempt && v->n_waiting) && !(may_fit && h->cached(h, head) > 0);
}

static int64_t most_tokens(void *state, const gbl_host *h, int32_t id) {
    (void)state;
    const gbl_req *r = &h->view->req[id];
    return (int64_t)r->input + r->output - 1;
}

static void init_shortest(void *state, const gbl_host *h) { (void)h, ((ordered *)state)->kind = SHORTEST; }
static void init_deadline(void *state, const gbl_host *h) { (void)h, ((ordered *)state)->kind = DEADLINE; }
static void init_priority(void *state, const gbl_host *h) { (void)h, ((ordered *)state)->kind = PRIORITY; }
static void init_fair(void *state, const gbl_host *h) { (void)h, ((ordered *)state)->kind = FAIR; }

#define POLICY(NAME, HELP, SOURCE) \
    static const gbl_schedule_policy NAME##_policy = {{sizeof(gbl_schedule_policy), GBL_SCHEDULE, GBL_ABI, #NAME, HELP, SOURCE, NAME##_params, sizeof(ordered), 0, 0}, \
                                                      init_##NAME, plan, most_tokens}
POLICY(shortest, "Chunked prefills; the shortest request by a length predictor of stated error first.", "Shortest job first with predicted lengths (arXiv 2305.13144, arXiv 2408.15792)");
POLICY(deadline, "Chunked prefills; the earliest deadline of a first token first.", "Earliest deadline first (Liu, Layland, JACM 20(1), 1973)");
POLICY(priority, "Chunked prefills; the best class first, which may put out running requests of a worse one.", "vLLM v1 --scheduling-policy priority; smaller is better");
POLICY(fair, "Chunked prefills; the tenant that was served least first.", "Virtual token counter (Sheng et al., OSDI 2024, arXiv 2401.00588)");
GBL_EXPORT(&shortest_policy.head, &deadline_policy.head, &priority_policy.head, &fair_policy.head);
