/* The scenario's "policy": one choice a family, and which of them go together and with the tiers. compress: compress_spec.c. */
#include "sim/scenario_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/param.h"

/* Default of each family, and whether there are policies to choose from yet. */
static const char *const family_default[GBL_FAMILIES] = {
    [GBL_ROUTE] = "round_robin", [GBL_ADMIT] = "always",   [GBL_SCHEDULE] = "chunked", [GBL_PREEMPT] = "recompute",
    [GBL_KVMEM] = "paged",       [GBL_PREFIX] = "block",   [GBL_EVICT] = "lru_tail",   [GBL_COMPRESS] = "none",
    [GBL_SPECULATE] = "off",     [GBL_PREFETCH] = "off",   [GBL_EXECUTE] = "serial",   [GBL_SCALE] = "fixed"};

static int is_default_word(const gbl_node *n, enum gbl_family f) {
    return gbl_node_kind(n) == GBL_STRING && !strcmp(gbl_node_text(n), family_default[f]);
}

/* A sequence's states are its own: nothing is shared, cached or evicted. */
static int check_states(const gbl_scenario *s, gbl_err *err) {
    static const int unread[] = {GBL_PREFIX, GBL_EVICT};
    for (int i = 0; s->llm.ssm_inner && i < 2; i++) {
        const char *family = gbl_family_name((enum gbl_family)unread[i]);
        const gbl_policy *p = s->choice[unread[i]].policy;
        const gbl_node *n = gbl_node_get(s->policy_node, family);
        char why[160];
        if (!n || (unread[i] == GBL_PREFIX && p->flags & GBL_PREFIX_NO_INDEX)) continue;
        snprintf(why, sizeof why, "%.120s keeps no KV", s->llm.name);
        if (!strcmp(p->name, family_default[unread[i]])) {
            if (p->params && gbl_node_kind(n) == GBL_OBJECT && gbl_part_unread(p->params, n, why, err)) return err->code;
            continue;
        }
        gbl_node_fail(n, err, "%s, so policy.%s would be read by nothing", why, family);
        return gbl_expected(err, unread[i] == GBL_PREFIX ? "\"%s\" or \"off\"" : "\"%s\"", family_default[unread[i]]);
    }
    return 0;
}

int gbl_policy_spec_bind(gbl_scenario *s, gbl_err *err) {
    const char *known[GBL_FAMILIES + 1] = {0};
    for (int f = 0; f < GBL_FAMILIES; f++) known[f] = gbl_family_name((enum gbl_family)f);
    int code = gbl_part_object(s->policy_node, err);
    if (!code && s->policy_node) code = gbl_node_only(s->policy_node, known, err);
    for (int f = 0; f < GBL_FAMILIES && !code; f++) {
        const gbl_node *n = gbl_node_get(s->policy_node, known[f]);
        if (f == GBL_COMPRESS) continue; /* compress_spec.c */
        if (gbl_policy_at((enum gbl_family)f, 0)) code = gbl_choice_bind(&s->choice[f], (enum gbl_family)f, n, family_default[f], s->arena, err);
        else if (n && !is_default_word(n, (enum gbl_family)f)) {
            gbl_node_fail(n, err, "family %s has no policy to choose", known[f]);
            code = gbl_expected(err, "\"%s\"", family_default[f]);
        }
    }
    if (code || (code = check_states(s, err))) return code;
    const gbl_policy *mem = s->choice[GBL_KVMEM].policy, *prefix = s->choice[GBL_PREFIX].policy;
    if ((mem->flags & GBL_KVMEM_UNSHARED) && !(prefix->flags & GBL_PREFIX_NO_INDEX)) {
        gbl_node_fail(gbl_node_get(s->policy_node, "kvmem"), err, "with policy.kvmem \"%s\" requests share no blocks, and policy.prefix is \"%s\"", mem->name, prefix->name);
        return gbl_expected(err, "policy.prefix \"off\"");
    }
    const gbl_scale_policy *scale = (const void *)s->choice[GBL_SCALE].policy;
    if (scale->want && (s->networked || (s->tiers_node && gbl_node_size(s->tiers_node)))) {
        gbl_node_fail(gbl_node_get(s->policy_node, "scale"), err, "replicas that come and go have no %s yet", s->networked ? "roles" : "tiers below HBM");
        return gbl_expected(err, "\"fixed\", or %s", s->networked ? "pools of role \"both\"" : "no tiers");
    }
    const gbl_node *evict = gbl_node_get(s->policy_node, "evict");
    if (!(prefix->flags & GBL_PREFIX_NO_INDEX) || !evict || !strcmp(s->choice[GBL_EVICT].policy->name, family_default[GBL_EVICT])) return 0;
    gbl_node_fail(evict, err, "with policy.prefix \"%s\" nothing is cached, so policy.evict would be read by nothing", s->choice[GBL_PREFIX].policy->name);
    return gbl_expected(err, "\"%s\", or a prefix policy that caches", family_default[GBL_EVICT]);
}

static int check_layerwise(const gbl_scenario *s, gbl_err *err) {
    const gbl_prefetch_policy *p = (const void *)s->choice[GBL_PREFETCH].policy;
    for (int32_t i = 0; i < s->n_tiers && !p->queued && !p->admitted; i++) {
        if (!s->tier[i].layerwise) continue;
        gbl_node_fail(gbl_node_get(s->tier[i].at, "layerwise"), err, "policy.prefetch \"%s\" loads nothing, so 'layerwise' would be read by nothing", p->head.name);
        return gbl_expected(err, "false, or a prefetch policy that loads");
    }
    return 0;
}

int gbl_policy_spec_tiers(const gbl_scenario *s, gbl_err *err) {
    int code = check_layerwise(s, err);
    if (code) return code;
    if (s->store.bytes > 0 && s->choice[GBL_PREFIX].policy->flags & (GBL_PREFIX_NO_INDEX | GBL_PREFIX_CHUNKS)) {
        gbl_node_fail(s->store.at, err, "policy.prefix \"%s\" looks up no prefixes, so the shared store would be read by nothing", s->choice[GBL_PREFIX].policy->name);
        return gbl_expected(err, "\"bytes\": 0, or policy.prefix \"block\" or \"radix\"");
    }
    if (s->n_tiers && s->compress_policy) return 0; /* the policy's: gbl_compress_spec_tiers */
    if (s->n_tiers && s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX) {
        gbl_node_fail(s->tier[0].at, err, "with policy.prefix \"%s\" nothing is cached, so a tier would be read by nothing", s->choice[GBL_PREFIX].policy->name);
        return gbl_expected(err, "\"bytes\": 0, or a prefix policy that caches");
    }
    if (s->n_tiers && s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_CHUNKS) {
        gbl_node_fail(s->tier[0].at, err, "policy.prefix \"%s\" looks for chunks in HBM alone, so a tier would be read by nothing", s->choice[GBL_PREFIX].policy->name);
        return gbl_expected(err, "\"bytes\": 0, or policy.prefix \"block\" or \"radix\"");
    }
    const gbl_node *prefetch = gbl_node_get(s->policy_node, "prefetch");
    if (s->n_tiers || !prefetch || !strcmp(s->choice[GBL_PREFETCH].policy->name, family_default[GBL_PREFETCH])) return 0;
    gbl_node_fail(prefetch, err, "without tiers there is nothing to load, so policy.prefetch would be read by nothing");
    return gbl_expected(err, "\"%s\", or tiers with bytes", family_default[GBL_PREFETCH]);
}

/* Steps that are no single token stay on the replica, and in HBM. */
int gbl_policy_spec_execute(const gbl_scenario *s, gbl_err *err) {
    const gbl_execute_policy *p = (const void *)s->choice[GBL_EXECUTE].policy;
    const gbl_node *n = gbl_node_get(s->policy_node, "execute"), *prefix = gbl_node_get(s->policy_node, "prefix");
    if (!p->stride && !p->feed) return 0;
    if (p->feed && s->impatient) {
        gbl_node_fail(s->client_node, err, "policy.execute \"%s\" makes prompts in pieces, and nobody can leave meanwhile yet", p->head.name);
        return gbl_expected(err, "no timeout_s and no cancel_share, or policy.execute \"serial\"");
    }
    if (p->head.flags & GBL_EXECUTE_STEP_TOKENS && (!s->compress || s->compress->arch.tokens_step <= 1)) {
        gbl_node_fail(n, err, "policy.execute \"%s\" is for models whose steps yield several tokens, and no method of policy.compress makes this one such", p->head.name);
        return gbl_expected(err, "\"serial\", or policy.compress \"hamburger\" beside it");
    }
    if (p->head.flags & GBL_EXECUTE_RECURSIONS && (!s->compress || s->compress->arch.recursions <= 1)) {
        gbl_node_fail(n, err, "policy.execute \"%s\" is for models that run shared layers several times, and no method of policy.compress makes this one such", p->head.name);
        return gbl_expected(err, "\"serial\", or policy.compress \"mor\" beside it");
    }
    if (s->networked || s->n_tiers) {
        gbl_node_fail(n, err, "policy.execute \"%s\" makes requests that %s", p->head.name, s->networked ? "no pool hands to another" : "tiers below HBM do not keep");
        return gbl_expected(err, "\"serial\", or %s", s->networked ? "pools of role \"both\" and no shared store" : "no tiers");
    }
    if (!(p->head.flags & GBL_EXECUTE_UNSHARED) || !prefix || !strcmp(s->choice[GBL_PREFIX].policy->name, family_default[GBL_PREFIX]) || s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX) return 0;
    gbl_node_fail(prefix, err, "under policy.execute \"%s\" requests share no KV, so policy.prefix would be read by nothing", p->head.name);
    return gbl_expected(err, "\"%s\" or \"off\"", family_default[GBL_PREFIX]);
}

int gbl_scenario_shares(const gbl_scenario *s) {
    return !(s->choice[GBL_EXECUTE].policy->flags & GBL_EXECUTE_UNSHARED) && !(s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX) && (!s->compress || s->compress->shareable);
}

void gbl_policy_spec_json(const gbl_scenario *s, gbl_json *j) {
    gbl_json_obj(j, "policy");
    for (int f = 0; f < GBL_FAMILIES; f++) {
        const char *key = gbl_family_name((enum gbl_family)f);
        if (f == GBL_COMPRESS) gbl_compress_spec_json(s, key, j);
        else if (s->choice[f].policy) gbl_choice_json(&s->choice[f], key, j);
        else gbl_json_str(j, key, family_default[f]);
    }
    gbl_json_end(j);
}

void gbl_policy_spec_schema(gbl_json *j) {
    gbl_param_schema_open("policy", j);
    for (int f = 0; f < GBL_FAMILIES; f++) {
        gbl_json_obj(j, gbl_family_name((enum gbl_family)f));
        if (f == GBL_COMPRESS) gbl_json_raw(j, "default", "[]");
        else gbl_json_str(j, "default", family_default[f]);
        const gbl_policy *p;
        gbl_json_arr(j, "examples");
        for (int i = 0; (p = gbl_policy_at((enum gbl_family)f, i)); i++) gbl_json_str(j, NULL, p->name);
        gbl_json_end(j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}
