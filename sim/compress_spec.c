/* The scenario's policy.compress: cards that compose (models/compress.h), one entry of which may be a policy in C (sim/pieces.c). */
#include "sim/scenario_parts.h"

#include <string.h>

#include "base/text.h"

static int is_none(const gbl_node *n) {
    if (gbl_node_kind(n) == GBL_ARRAY) return !gbl_node_size(n);
    return gbl_node_kind(n) == GBL_STRING && !strcmp(gbl_node_text(n), "none");
}

static int whole_codes(const gbl_kv_plan *plan) {
    for (int32_t i = 0; i < plan->n_cells; i++)
        if (plan->cell[i].res_k > 0 || plan->cell[i].res_v > 0 || plan->cell[i].extra > 0 || plan->cell[i].tier) return 0;
    return plan->shareable && plan->const_bytes == 0;
}

/* A model rewritten to yield several tokens a step, and the policy that says how many. */
static int step_tokens(gbl_scenario *s, const gbl_node *n, gbl_err *err) {
    if (s->compress->arch.tokens_step <= 1) return 0;
    if (!(s->choice[GBL_EXECUTE].policy->flags & GBL_EXECUTE_STEP_TOKENS)) {
        gbl_node_fail(n, err, "its steps yield %g tokens, and policy.execute \"%s\" gives each decode one", s->compress->arch.tokens_step, s->choice[GBL_EXECUTE].policy->name);
        return gbl_expected(err, "policy.execute \"hamburger\" beside it");
    }
    for (int32_t i = 0; i < s->compress->n_cells; i++) s->compress->cell[i].generated = 1; /* the engine counts KV tokens, one a step */
    return 0;
}

static int is_policy(const gbl_node *entry) {
    const gbl_node *use = gbl_node_kind(entry) == GBL_OBJECT ? gbl_node_get(entry, "use") : entry;
    if (gbl_node_kind(entry) == GBL_OBJECT && gbl_node_get(entry, "plugin")) return 1;
    return use && gbl_node_kind(use) == GBL_STRING && gbl_policy_find(GBL_COMPRESS, gbl_node_text(use));
}

/* A name that a policy in C bears is that policy, whether a card bears it or not. */
static int choose(gbl_scenario *s, gbl_err *err) {
    const gbl_node *list = s->compress_list && gbl_node_kind(s->compress_list) == GBL_OBJECT ? gbl_node_get(s->compress_list, "ordered") : s->compress_list;
    for (const gbl_node *n = list && gbl_node_kind(list) == GBL_ARRAY ? gbl_node_first(list) : NULL; n; n = gbl_node_next(n)) {
        if (!is_policy(n)) continue;
        if (s->compress_policy) {
            gbl_node_fail(n, err, "two policies say which tokens of a sequence stay");
            return gbl_expected(err, "one policy in C, and cards of bits and channels beneath it");
        }
        int code = gbl_choice_bind(&s->choice[GBL_COMPRESS], GBL_COMPRESS, n, NULL, s->arena, err);
        if (code) return code;
        const gbl_compress_policy *p = (const void *)s->choice[GBL_COMPRESS].policy;
        const char *rule = p->check ? p->check(s->choice[GBL_COMPRESS].config) : NULL;
        if (rule) {
            gbl_node_fail(n, err, "the parameters of policy '%s' do not agree", p->head.name);
            return gbl_expected(err, "%.200s", rule);
        }
        s->compress_policy = n;
    }
    if (!s->compress_policy) return 0;
    const gbl_execute_policy *execute = (const void *)s->choice[GBL_EXECUTE].policy;
    if (execute->stride) {
        gbl_node_fail(s->compress_policy, err, "policy '%s' counts the tokens of steps that decode one, and those of policy.execute \"%s\" are others", s->choice[GBL_COMPRESS].policy->name, execute->head.name);
        return gbl_expected(err, "policy.execute left out, or a card that says what stays of the KV");
    }
    if (!s->networked) return 0;
    gbl_node_fail(s->compress_policy, err, "the state of policy '%s' does not move with a request from a prefill to a decode pool", s->choice[GBL_COMPRESS].policy->name);
    return gbl_expected(err, "pools of role \"both\"");
}

/* Methods of KV compression are cards, composed in models/compress.h; one of them may be a policy in C (sim/pieces.c). */
static int compose(gbl_scenario *s, const gbl_node *n, gbl_err *err) {
    gbl_doc *text = NULL;
    double bytes = gbl_format_bytes((enum gbl_format)s->kv);
    int code = 0, is_text = n && gbl_node_kind(n) == GBL_STRING;
    if (is_text) code = gbl_kv_list_text(&text, gbl_node_text(n), s->arena, err);
    s->compress_list = text ? gbl_doc_root(text) : n;
    if (!code) code = choose(s, err);
    if (!code) code = gbl_kv_plan_beneath(&s->compress, s->compress_list, s->compress_policy, &s->llm, bytes, gbl_doc_folder(s->doc), s->arena, err);
    if (code && is_text) gbl_node_where(n, err);
    if (code) gbl_doc_free(text);
    else s->compress->text = text;
    return code;
}

int gbl_compress_spec_bind(gbl_scenario *s, gbl_err *err) {
    const gbl_node *n = gbl_node_get(s->policy_node, "compress");
    if (n && is_none(n)) n = NULL;
    if (!n && !s->llm.linear_layers) return 0; /* states that do not grow are counted as a composition of no method */
    int code = compose(s, n, err);
    if (code) {
        err->misfit = code == GBL_EINPUT && strstr(err->what, "does not fit");
        return code;
    }
    if ((code = step_tokens(s, n, err))) return code;
    if (s->choice[GBL_KVMEM].policy->flags & GBL_KVMEM_UNSHARED) {
        gbl_node_fail(gbl_node_get(s->policy_node, "kvmem"), err, "compressed KV lies in pages, and policy.kvmem is \"%s\"", s->choice[GBL_KVMEM].policy->name);
        return gbl_expected(err, "\"paged\"");
    }
    return 0;
}

/* A policy that puts KV into host memory may be told how much there is: by one tier, of which it reads the size. */
static int host_memory(const gbl_scenario *s, gbl_err *err) {
    static const char *const read[] = {"name", "kind", "bytes", NULL};
    const gbl_policy *p = s->choice[GBL_COMPRESS].policy;
    const gbl_tier_spec *t = &s->tier[0];
    const gbl_node *second = s->n_tiers > 1 ? s->tier[1].at : s->store.bytes > 0 ? s->store.at : NULL, *key = second ? NULL : gbl_tier_unread(t, read);
    if (!(p->flags & GBL_COMPRESS_DRAM) || t->kind != GBL_TIER_DRAM || second) {
        gbl_node_fail(second ? second : t->at, err, "policy '%s' keeps KV %s, and prefixes are not shared, so this tier would be read by nothing", p->name, p->flags & GBL_COMPRESS_DRAM ? "in device and in host memory" : "in device memory alone");
        return gbl_expected(err, p->flags & GBL_COMPRESS_DRAM ? "one tier of kind \"dram\", or none" : "no tiers");
    }
    if (!key) return 0;
    gbl_node_fail(key, err, "'%s' says something of cached blocks, and policy '%s' reads the size of a tier alone", gbl_node_key(key), p->name);
    return gbl_expected(err, "the key left out");
}

int gbl_compress_spec_tiers(const gbl_scenario *s, gbl_err *err) {
    const gbl_node *n = gbl_node_get(s->policy_node, "compress");
    if (s->llm.ssm_inner && (s->n_tiers || s->store.bytes > 0)) {
        gbl_node_fail(s->n_tiers ? s->tier[0].at : s->store.at, err, "%s keeps no KV, so there are no blocks for tiers below HBM", s->llm.name);
        return gbl_expected(err, "no tiers");
    }
    if (!s->compress || !(s->n_tiers || (s->compress_policy && s->store.bytes > 0))) return 0;
    if (s->compress_policy && s->n_tiers) return host_memory(s, err);
    if (whole_codes(s->compress)) return 0;
    gbl_node_fail(n ? n : gbl_doc_root(s->doc), err, "tiers below HBM keep whole blocks that any request may share, and this compression leaves none (a residue in full, or a choice of tokens)");
    return gbl_expected(err, "no tiers, or a method that keeps every token in codes, such as fp8_kv");
}

void gbl_compress_spec_json(const gbl_scenario *s, const char *key, gbl_json *j) {
    const gbl_node *list = s->compress ? s->compress_list : NULL, *ordered = list && gbl_node_kind(list) == GBL_OBJECT ? gbl_node_get(list, "ordered") : NULL;
    if (ordered) gbl_json_obj(j, key);
    gbl_json_arr(j, ordered ? "ordered" : key);
    for (const gbl_node *n = list ? gbl_node_first(ordered ? ordered : list) : NULL; n; n = gbl_node_next(n)) {
        if (n == s->compress_policy) {
            gbl_choice_json(&s->choice[GBL_COMPRESS], NULL, j);
            continue;
        }
        char *text = gbl_node_canonical(n);
        gbl_json_raw(j, NULL, text);
        gbl_free(text);
    }
    gbl_json_end(j);
    if (ordered) gbl_json_end(j);
}
