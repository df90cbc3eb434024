/* compress_arch.c - the KV that a rewritten model keeps (gbl_kv_arch): a model's cells before any method acts on them.
 *
 *   KV heads         floor(share x heads + 1/2) of them, at least 1
 *   streams          each its own KV, of the sequence and of the tokens that the stream begins with: P (n + s)
 *   recursions R     own layers in full; of the shared ones a token at recursion r is one of n (R-r+1)/R, and a sequence's new token
 *                    runs, and reads, that recursion with the same chance; kv_once: the first recursion's copy serves all R
 *   steps of tokens  n = prompt + generated x (KV tokens a step) / (tokens a step)
 *   blocks of b      global layers keep n/b and are read once in b tokens; local ones keep their window
 *   linear layers    query heads x d x d elements each, whatever n is: read whole, and no prefix of them is kept to be shared
 * Sources: the papers and codes that the cards name. */
#include <math.h>

#include "models/compress_parts.h"

static int64_t part_of(int64_t layers, double share) { return (int64_t)floor((double)layers * share + 0.5); }

static int too_many(const gbl_generator *g, gbl_err *err) { return gbl_node_fail(g->at, err, "the composition has more than %d cells", GBL_KV_CELLS); }

static int recursions(gbl_kv_plan *plan, const gbl_generator *g, gbl_kv_cell *c, gbl_err *err) {
    const gbl_kv_arch *r = &plan->arch;
    int64_t own = (int64_t)fmin(r->own_layers, (double)c->layers), shared = c->layers - own, times = (int64_t)r->recursions, from = 0;
    gbl_kv_cell all = *c;
    c->layers = own;
    if (r->kv_once > 0) {
        gbl_kv_cell *once = gbl_kv_split_off(plan, &all);
        if (!once) return too_many(g, err);
        once->layers = shared;
        once->share = once->group = r->recursions;
        once->reread = 1;
        once->read_share = (r->recursions + 1) / (2 * r->recursions);
        return 0;
    }
    for (int64_t k = 1; k <= times; k++) {
        gbl_kv_cell *at = gbl_kv_split_off(plan, &all);
        if (!at) return too_many(g, err);
        int64_t to = part_of(shared, (double)k / r->recursions);
        at->layers = to - from;
        at->merge = at->read_share = (r->recursions - (double)k + 1) / r->recursions;
        from = to;
    }
    return 0;
}

static int blocks(gbl_kv_plan *plan, const gbl_generator *g, gbl_kv_cell *c, gbl_err *err) {
    const gbl_kv_arch *r = &plan->arch;
    gbl_kv_cell *local = gbl_kv_split_off(plan, c);
    if (!local) return too_many(g, err);
    local->layers = part_of(c->layers, r->local_layers);
    local->rule[local->n_rules++] = (gbl_kv_rule){.cap = r->local_window, .of_context = 1, .generated = 1};
    c->layers -= local->layers;
    c->merge = c->read_share = 1 / r->block;
    plan->shareable = 0;
    return 0;
}

static void linear(gbl_kv_plan *plan, gbl_kv_cell *c) {
    const gbl_kv_shape *s = &plan->shape;
    int64_t layers = part_of(c->layers, plan->arch.linear_layers);
    c->layers -= layers;
    plan->const_bytes += (double)(layers * s->heads) * s->dk * s->dv * plan->arch.linear_state;
    plan->shareable = 0;
}

/* A model is rewritten in one way, and each way is given whole. */
static int check(const gbl_kv_plan *plan, const gbl_generator *g, gbl_err *err) {
    const gbl_kv_arch *r = &plan->arch;
    int ways = (r->prefill_layers < 1) + (r->streams > 1) + (r->recursions > 1) + (r->tokens_step > 1) + (r->block > 1) + (r->linear_layers > 0);
    int64_t heads = (int64_t)fmax(1, floor((double)plan->shape.kv_heads * r->kv_heads + 0.5));
    if (ways > 1) return gbl_node_fail(g->at, err, "a model is rewritten in one way, and this card has %d of them", ways);
    if (r->block > 1 && !(r->local_layers > 0 && r->local_layers < 1 && r->local_window >= 1))
        return gbl_node_fail(g->at, err, "blocks need local_layer_share, above 0 and below 1, and local_window_tokens");
    if (floor(r->recursions) != r->recursions) return gbl_node_fail(g->at, err, "%g recursions are not a whole number", r->recursions);
    if (floor(r->streams) != r->streams) return gbl_node_fail(g->at, err, "%g streams are not a whole number", r->streams);
    if (r->recursions > 1 && (double)plan->shape.layers - r->own_layers < r->recursions)
        return gbl_node_fail(g->at, err, "%lld layers, %g of them not shared, leave fewer than one a recursion", (long long)plan->shape.layers, r->own_layers);
    if (r->kv_tokens_step > r->tokens_step) return gbl_node_fail(g->at, err, "a step leaves more KV tokens (%g) than it yields (%g)", r->kv_tokens_step, r->tokens_step);
    if (r->linear_layers > 0 && (r->linear_layers >= 1 || plan->shape.state_bytes > 0))
        return gbl_node_fail(g->at, err, r->linear_layers < 1 ? "the model has linear layers of its own" : "one layer at least keeps softmax attention");
    if (r->kv_heads < 1 && plan->shape.heads % heads)
        return gbl_node_fail(g->at, err, "%lld KV heads do not divide the model's %lld heads", (long long)heads, (long long)plan->shape.heads);
    return 0;
}

static void note(gbl_kv_plan *plan, gbl_arena *a) {
    const gbl_kv_arch *r = &plan->arch;
    if (r->recursions > 1) gbl_kv_note(plan, a, "a token's recursions are taken in expectation: %g of %g on average", (r->recursions + 1) / 2, r->recursions);
    if (r->tokens_step > 1) gbl_kv_note(plan, a, "a step yields %g tokens: decode time is of a step", r->tokens_step);
    if (r->block > 1) gbl_kv_note(plan, a, "a decode step is the mean of %g, one of which runs the global layers; prefixes are not shared", r->block);
    if (r->linear_layers > 0) gbl_kv_note(plan, a, "states of linear layers are not kept for other requests: prefixes are not shared");
}

int gbl_kv_apply_arch(gbl_kv_plan *plan, const gbl_generator *g, gbl_arena *a, gbl_err *err) {
    const gbl_kv_arch *r = &plan->arch;
    plan->arch = g->u.arch;
    if (check(plan, g, err)) return err->code;
    note(plan, a);
    for (int32_t i = 0, before = plan->n_cells; i < before; i++) {
        gbl_kv_cell *c = &plan->cell[i];
        c->heads = (int64_t)fmax(1, floor((double)c->heads * r->kv_heads + 0.5)) * (int64_t)r->streams;
        c->prefix = r->stream_tokens;
        c->generated = r->kv_tokens_step / r->tokens_step;
        if (r->recursions > 1 && recursions(plan, g, c, err)) return err->code;
        if (r->block > 1 && blocks(plan, g, c, err)) return err->code;
        if (r->linear_layers > 0) linear(plan, c);
    }
    return 0;
}
