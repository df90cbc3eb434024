/* cost_parallel.c - several GPUs as one replica: what may be split, and how a step is cut. The model stands in cost.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/cost_parts.h"

/* ---- what may be split ---- */

static int divisors(gbl_err *err, int64_t n, int64_t most)
{
    char text[256] = "";
    size_t at = 0;
    for (int64_t d = 1; d <= n && d <= most && at + 24 < sizeof text; d++)
        if (n % d == 0)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld", at ? ", " : "", (long long)d);
    return gbl_expected(err, "one of %s", text);
}

static int check_split(const char *key, int32_t by, int64_t n, const char *what, int64_t most, gbl_err *err)
{
    if (n % by == 0)
        return 0;
    gbl_fail(err, GBL_EINPUT, "%s %d does not divide %lld %s", key, by, (long long)n, what);
    return divisors(err, n, most);
}

static int check_tp(const gbl_cost_spec *s, gbl_err *err)
{
    const gbl_llm *m = s->llm;
    int64_t most = m->heads;
    if (check_split("tp", s->tp, m->heads, "attention heads", most, err))
        return err->code;
    if (!m->kv_lora && m->kv_heads % s->tp && s->tp % m->kv_heads)
        return check_split("tp", s->tp, m->kv_heads, "KV heads", most, err);
    if (m->moe_layers < m->layers && check_split("tp", s->tp, m->ffn, "columns of the MLP", most, err))
        return err->code;
    return m->moe_layers ? check_split("tp", s->tp, m->shared_ffn, "columns of the shared experts", most, err) : 0;
}

static int check_experts(const gbl_cost_spec *s, gbl_err *err)
{
    const gbl_llm *m = s->llm;
    int64_t gpus = (int64_t)s->tp * s->dp;
    if (!m->moe_layers && s->dp > 1) {
        gbl_fail(err, GBL_EINPUT, "dp %d of a model without experts shares nothing", s->dp);
        return gbl_expected(err, "1, and cluster.replicas %d", s->dp);
    }
    if (!m->moe_layers && s->ep > 1) {
        gbl_fail(err, GBL_EINPUT, "ep %d of a model without experts", s->ep);
        return gbl_expected(err, "1");
    }
    if (!m->moe_layers)
        return 0;
    if (check_split("ep", s->ep, gpus, "GPUs (tp x dp) that hold a layer's experts", gpus, err) ||
        check_split("ep", s->ep, m->experts, "experts", gpus, err))
        return err->code;
    if (m->moe_ffn % (gpus / s->ep) == 0)
        return 0;
    gbl_fail(err, GBL_EINPUT, "%s %d leaves an expert to %lld GPUs (tp x dp / ep), which do not divide its %lld columns", s->ep > 1 ? "ep" : "tp",
             s->ep > 1 ? s->ep : s->tp, (long long)(gpus / s->ep), (long long)m->moe_ffn);
    return gbl_expected(err, "a larger ep (it divides %lld GPUs and %lld experts), or a smaller tp", (long long)gpus, (long long)m->experts);
}

/* A stage lies in one node or fills whole ones. */
static int check_nodes(const gbl_cost_spec *s, gbl_err *err)
{
    int64_t node = s->hw->gpus_per_node > 0 ? s->hw->gpus_per_node : 1, stage = (int64_t)s->tp * s->dp;
    const char *key = s->tp > node ? "tp" : "dp";
    int32_t value = s->tp > node ? s->tp : s->dp;
    if (stage > node && stage % node) {
        gbl_fail(err, GBL_EINPUT, "%s %d makes stages of %lld GPUs, which are no whole nodes of %lld", key, value, (long long)stage, (long long)node);
        return gbl_expected(err, "tp x dp at most %lld, or a multiple of it", (long long)node);
    }
    if ((stage > node || stage * s->pp > node) && s->hw->network_bps <= 0) {
        gbl_fail(err, GBL_EINPUT, "%lld GPUs are more than a node of %s holds, and its card has no network", (long long)(stage * s->pp), s->hw->name);
        return gbl_expected(err, "network_GB_s on the card, or at most %lld GPUs", (long long)node);
    }
    return 0;
}

int gbl_cost_check_parallel(const gbl_cost_spec *s, gbl_err *err)
{
    const struct { const char *key; int32_t v; int64_t most; } rows[] = {
        {"tp", s->tp, 1024}, {"pp", s->pp, s->llm->layers}, {"dp", s->dp, 1024}, {"ep", s->ep, 1024}};
    for (int i = 0; i < 4; i++) {
        if (rows[i].v >= 1 && rows[i].v <= rows[i].most)
            continue;
        gbl_fail(err, GBL_EINPUT, "%s %d is out of range%s", rows[i].key, rows[i].v, i == 1 ? ": a stage holds at least one layer" : "");
        return gbl_expected(err, "1 .. %lld", (long long)rows[i].most);
    }
    if (check_tp(s, err) || check_experts(s, err))
        return err->code;
    if (s->compress && (s->pp > 1 || s->dp > 1)) {
        if (s->llm->ssm_inner) {
            gbl_fail(err, GBL_EINPUT, "pp %d and dp %d with %s: stages and ranks would hold unequal shares of its states", s->pp, s->dp, s->llm->name);
            return gbl_expected(err, "pp 1 and dp 1 of a model of state spaces");
        }
        gbl_fail(err, GBL_EINPUT, "KV compression with pp %d and dp %d: stages and ranks would hold unequal cells", s->pp, s->dp);
        return gbl_expected(err, "pp 1 and dp 1, or no compression");
    }
    return check_nodes(s, err);
}

/* ---- stages ---- */

int64_t gbl_cost_stage_layers(const gbl_cost *c)
{
    return (c->spec.llm->layers + c->spec.pp - 1) / c->spec.pp;
}

int gbl_cost_hops_across(const gbl_cost *c)
{
    int node = c->g.hw->gpus_per_node > 0 ? c->g.hw->gpus_per_node : 1, stage = c->spec.tp * c->spec.dp;
    int in_node = stage < node ? node / stage : 1; /* stages of a node */
    return (c->spec.pp + in_node - 1) / in_node - 1;
}

/* Each tp rank sends its share, and the next stage gathers it. */
void gbl_cost_hop(const gbl_cost *c, double tokens, int across, gbl_kernel *out)
{
    double bytes = tokens * (double)c->spec.llm->hidden * 2 * 2;
    gbl_kernel gather;
    gbl_send(&c->g, bytes / c->spec.tp, across, out);
    gbl_all_gather(&c->g, bytes, c->spec.tp, &gather);
    gbl_kernel_add(out, &gather, 1);
}

/* ---- cutting a step ---- */

gbl_cost_cut gbl_cost_cut_of(const gbl_cost *c, const gbl_batch *b)
{
    int64_t n = b->dec_n + b->pre_n, parts = n < c->spec.pp ? n : c->spec.pp;
    if (parts < 1)
        parts = 1;
    return (gbl_cost_cut){parts, b->pre_n < parts ? b->pre_n : parts};
}

static int64_t share(int64_t x, int64_t parts)
{
    return (x + parts - 1) / parts;
}

static void share_decodes(const gbl_batch *b, int64_t parts, gbl_batch *out)
{
    out->dec_n = share(b->dec_n, parts);
    out->dec_kv = share(b->dec_kv, parts);
    out->dec_kv_win = share(b->dec_kv_win, parts);
    out->dec_below = share(b->dec_below, parts);
    out->pad = share(b->pad, parts);
    out->sampled = out->dec_n;
}

static void share_prompts(const gbl_batch *b, int64_t parts, gbl_batch *out)
{
    out->pre_n = share(b->pre_n, parts);
    out->pre_tokens = share(b->pre_tokens, parts);
    out->pre_kv = share(b->pre_kv, parts);
    out->pre_pairs = share(b->pre_pairs, parts);
    out->pre_pairs_win = share(b->pre_pairs_win, parts);
    out->pre_tiles = share(b->pre_tiles, parts);
    out->pre_work = share(b->pre_work, parts);
    out->pre_longest = b->pre_longest;
    out->sampled += share(b->sampled - b->dec_n, parts);
}

void gbl_cost_micro_batch(const gbl_batch *b, gbl_cost_cut cut, int heavy, gbl_batch *out)
{
    if (cut.parts == 1) {
        *out = *b;
        return;
    }
    memset(out, 0, sizeof *out);
    share_decodes(b, cut.parts, out);
    if (heavy && cut.heavy > 0)
        share_prompts(b, cut.heavy, out);
}

/* A prompt is never shared by ranks: two prompts on eight ranks lie on two of them, whole. */
void gbl_cost_rank_batch(const gbl_cost *c, const gbl_batch *b, gbl_batch *out)
{
    int64_t dp = c->spec.dp;
    if (dp == 1) {
        *out = *b;
        return;
    }
    memset(out, 0, sizeof *out);
    share_decodes(b, dp, out);
    if (b->pre_n > 0)
        share_prompts(b, b->pre_n < dp ? b->pre_n : dp, out);
}

static double slowest(const gbl_cost *c, const gbl_cost_flow *f)
{
    double layers = (double)c->spec.llm->layers, pp = c->spec.pp;
    double full = f->body * ceil(layers / pp) / layers, last = f->body * floor(layers / pp) / layers + f->head;
    return fmax(full, last);
}

double gbl_cost_pipeline_s(const gbl_cost *c, gbl_cost_cut cut, const gbl_cost_flow *heavy, const gbl_cost_flow *light, double *gap)
{
    const gbl_cost_flow *big = cut.heavy > 0 ? heavy : light;
    double n_heavy = (double)cut.heavy, n_light = (double)(cut.parts - cut.heavy);
    double through = n_heavy * (slowest(c, heavy) + heavy->hop) + n_light * (slowest(c, light) + light->hop);
    double latency = big->body + big->head + big->hops, host = n_heavy * heavy->host + n_light * light->host;
    double round = fmax(through, latency + big->gap);
    *gap = round > through ? big->gap : 0;
    if (host > round) {
        *gap += host - round;
        round = host;
    }
    return round;
}
