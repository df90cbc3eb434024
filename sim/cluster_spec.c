/* The scenario's "cluster": one kind of machines or several pools, their roles, and the network that KV moves over. */
#include "sim/scenario_parts.h"

#include <math.h>
#include <string.h>

#include "base/param.h"

#define AT(field) offsetof(gbl_scenario, field)
#define IN_POOL(field) offsetof(gbl_pool, field)

static const gbl_param cluster_rows[] = {
    {"hardware", GBL_P_STR, 0, AT(flat.hardware), "\"h100-sxm\"", 0, 0, NULL, NULL, "A hardware card's name or path."},
    {"replicas", GBL_P_INT, 0, AT(flat.replicas), "1", 1, 4096, NULL, NULL, "Copies of the model behind the router."},
    {"tp", GBL_P_INT, 0, AT(flat.tp), "1", 1, 1024, "GPUs", NULL, "Tensor parallelism: GPUs that share every layer."},
    {"pp", GBL_P_INT, 0, AT(flat.pp), "1", 1, 1024, "stages", NULL, "Pipeline parallelism: groups of layers."},
    {"dp", GBL_P_INT, 0, AT(flat.dp), "1", 1, 1024, NULL, NULL, "Data parallelism inside a replica."},
    {"ep", GBL_P_INT, 0, AT(flat.ep), "1", 1, 1024, "GPUs", NULL, "Expert parallelism: GPUs that share a layer's experts."},
    {"pools", GBL_P_NODE, 0, AT(pools_node), "null", 0, 0, NULL, NULL, "Several kinds of machines, instead of the keys above."},
    {0}};
/* Keys of "cluster" that only matter where KV moves between replicas. */
static const gbl_param network_rows[] = {
    {"kv_transfer", GBL_P_CHOICE, 0, AT(kv_transfer), "\"after\"", 0, 0, NULL, "after|layerwise", "When KV leaves a prefill replica: after the prompt, or layer by layer during its last step."},
    {"kv_transfer_reuse", GBL_P_BOOL, 0, AT(kv_transfer_reuse), "true", 0, 0, NULL, NULL, "Blocks that the decode replica's prefix cache has are not sent."},
    {"network_GB_s", GBL_P_REAL, GBL_P_NULLABLE, AT(network_gb_s), "null", 0.001, 1e5, "GB/s", NULL, "Network of a GPU in each direction; null: the hardware card's."},
    {"network_share", GBL_P_REAL, 0, AT(network_share), "0.87", 0.01, 1, "share", NULL, "What KV transfers reach of it (Mooncake's transfer engine: 87 of 100 GB/s on 4 x 200 Gb/s RoCE)."},
    {"network_latency_us", GBL_P_REAL, 0, AT(network_latency_us), "19", 0, 1e6, "us", NULL, "Added to each transfer (as a network step of a collective)."},
    {0}};
static const gbl_param pool_rows[] = {
    {"name", GBL_P_STR, 0, IN_POOL(name), "\"pool\"", 0, 0, NULL, NULL, "The pool's name."},
    {"hardware", GBL_P_STR, 0, IN_POOL(hardware), "\"h100-sxm\"", 0, 0, NULL, NULL, "A hardware card's name or path."},
    {"replicas", GBL_P_INT, 0, IN_POOL(replicas), "1", 1, 4096, NULL, NULL, "Copies of the model in this pool."},
    {"tp", GBL_P_INT, 0, IN_POOL(tp), "1", 1, 1024, "GPUs", NULL, "Tensor parallelism."},
    {"pp", GBL_P_INT, 0, IN_POOL(pp), "1", 1, 1024, "stages", NULL, "Pipeline parallelism."},
    {"dp", GBL_P_INT, 0, IN_POOL(dp), "1", 1, 1024, NULL, NULL, "Data parallelism inside a replica."},
    {"ep", GBL_P_INT, 0, IN_POOL(ep), "1", 1, 1024, "GPUs", NULL, "Expert parallelism."},
    {"role", GBL_P_CHOICE, 0, IN_POOL(role), "\"both\"", 0, 0, NULL, "both|prefill|decode", "Which phase its replicas serve."},
    {0}};

static int check_pool(const gbl_scenario *s, gbl_pool *p, const gbl_node *n, gbl_err *err) {
    const gbl_node *at = gbl_node_get(n, "hardware");
    p->at = n;
    int code = gbl_hw_load(&p->hw, p->hardware, gbl_doc_folder(s->doc), s->arena, err);
    if (code && at && !*err->where) gbl_node_where(at, err);
    return code;
}

/* Prompts must go on to somebody, decodes must come from somebody, and bytes need a network. */
static int check_roles(gbl_scenario *s, gbl_err *err) {
    size_t n[3] = {0};
    const gbl_node *role = NULL;
    for (size_t i = 0; i < s->n_pools; i++) {
        n[s->pool[i].role]++;
        if (s->pool[i].role != GBL_ROLE_BOTH && !role) role = gbl_node_get(s->pool[i].at, "role");
    }
    if (!role) return 0;
    s->networked = 1;
    if (!n[GBL_ROLE_PREFILL]) {
        gbl_node_fail(role, err, "no pool hands requests to the decode pools");
        return gbl_expected(err, "a pool with role \"prefill\" beside it");
    }
    if (!n[GBL_ROLE_DECODE] && !n[GBL_ROLE_BOTH]) {
        gbl_node_fail(role, err, "no pool decodes what the prefill pools compute");
        return gbl_expected(err, "a pool with role \"decode\" or \"both\" beside it");
    }
    return 0;
}

static int check_pool_name(const gbl_scenario *s, const gbl_pool *p, gbl_err *err) {
    for (const gbl_pool *o = s->pool; o < p; o++) {
        if (strcmp(o->name, p->name)) continue;
        gbl_node_fail(p->at, err, "two pools are called '%s'", p->name);
        return gbl_expected(err, "a \"name\" of its own for each");
    }
    return 0;
}

static int bind_pools(gbl_scenario *s, gbl_err *err) {
    const gbl_node *list = s->pools_node;
    if (gbl_node_kind(list) != GBL_ARRAY || !gbl_node_size(list)) {
        gbl_node_fail(list, err, "'pools' must be a non-empty array");
        return gbl_expected(err, "[{\"name\": ..., \"hardware\": ..., \"replicas\": 2}]");
    }
    for (size_t i = 0; cluster_rows[i].type != GBL_P_NODE; i++) {
        const gbl_node *flat = gbl_node_get(s->cluster_node, cluster_rows[i].name);
        if (!flat) continue;
        gbl_node_fail(flat, err, "'%s' beside 'pools' would be read by nothing", cluster_rows[i].name);
        return gbl_expected(err, "the key inside each pool");
    }
    s->pool = gbl_arena_take(s->arena, gbl_node_size(list) * sizeof *s->pool);
    if (!s->pool) return gbl_nomem(err, gbl_node_size(list) * sizeof *s->pool);
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n)) {
        gbl_pool *p = &s->pool[s->n_pools++];
        int code = gbl_part_object(n, err);
        if (!code) code = gbl_param_defaults(pool_rows, p, s->arena, err);
        if (!code) code = gbl_param_bind(pool_rows, p, n, NULL, s->arena, err);
        if (!code) code = check_pool(s, p, n, err);
        if (!code) code = check_pool_name(s, p, err);
        if (code) return code;
    }
    return 0;
}

int gbl_cluster_spec_bind(gbl_scenario *s, gbl_err *err) {
    static const char *const network_keys[] = {"kv_transfer", "kv_transfer_reuse", "network_GB_s", "network_share", "network_latency_us", NULL};
    const char *cluster_keys[sizeof cluster_rows / sizeof *cluster_rows] = {0};
    for (size_t i = 0; cluster_rows[i].name; i++) cluster_keys[i] = cluster_rows[i].name;
    int code = gbl_part_object(s->cluster_node, err);
    if (!code) code = gbl_param_defaults(cluster_rows, s, s->arena, err);
    if (!code) code = gbl_param_defaults(network_rows, s, s->arena, err);
    if (!code) code = gbl_param_bind(cluster_rows, s, s->cluster_node, network_keys, s->arena, err);
    if (!code) code = gbl_param_bind(network_rows, s, s->cluster_node, cluster_keys, s->arena, err);
    if (code) return code;
    if (s->pools_node) code = bind_pools(s, err);
    else {
        s->pool = &s->flat;
        s->n_pools = 1;
        s->flat.name = "all";
        code = check_pool(s, s->pool, s->cluster_node, err);
    }
    for (size_t i = 0; i < s->n_pools; i++) s->replicas += s->pool[i].replicas;
    if (!code) code = check_roles(s, err);
    if (code || s->replicas <= 65536) return code;
    gbl_fail(err, GBL_EINPUT, "%lld replicas are more than can be simulated", (long long)s->replicas);
    gbl_where(err, "cluster.pools");
    return gbl_expected(err, "at most 65536 in all pools");
}

/* Bytes that move need a network; where none do, its keys may only say their defaults. */
int gbl_cluster_spec_network(gbl_scenario *s, gbl_err *err) {
    gbl_param handoff[] = {network_rows[0], network_rows[1], {0}};
    int split = s->networked;
    s->networked |= s->store.bytes > 0;
    if (!s->networked) return gbl_part_unread(network_rows, s->cluster_node, "no KV moves between replicas", err);
    for (size_t i = 0; i < s->n_pools; i++) {
        if (!isnan(s->network_gb_s) || s->pool[i].hw.network_bps > 0) continue;
        gbl_node_fail(s->pool[i].at ? s->pool[i].at : s->store.at, err, "KV moves over the network, and the card of %s has none", s->pool[i].hw.name);
        return gbl_expected(err, "network_GB_s on the card, or cluster.network_GB_s");
    }
    return split ? 0 : gbl_part_unread(handoff, s->cluster_node, "no pool hands requests to another", err);
}

void gbl_cluster_spec_json(const gbl_scenario *s, gbl_json *j) {
    gbl_json_obj(j, "cluster");
    if (!s->pools_node) {
        gbl_param rows[sizeof cluster_rows / sizeof *cluster_rows] = {{0}};
        for (size_t i = 0; cluster_rows[i].type != GBL_P_NODE; i++) rows[i] = cluster_rows[i];
        gbl_param_json(rows, s, j);
        if (s->networked) gbl_param_json(network_rows, s, j);
        gbl_json_end(j);
        return;
    }
    gbl_json_arr(j, "pools");
    for (size_t i = 0; i < s->n_pools; i++) gbl_param_json_part(NULL, pool_rows, &s->pool[i], j);
    gbl_json_end(j);
    if (s->networked) gbl_param_json(network_rows, s, j);
    gbl_json_end(j);
}

void gbl_cluster_spec_schema(gbl_json *j) {
    gbl_param_schema_open("cluster", j);
    gbl_param flat[sizeof cluster_rows / sizeof *cluster_rows] = {{0}};
    for (size_t i = 0; cluster_rows[i].type != GBL_P_NODE; i++) flat[i] = cluster_rows[i];
    gbl_param_schema(flat, j);
    gbl_param_schema(network_rows, j);
    gbl_json_obj(j, "pools");
    gbl_json_str(j, "description", "Several kinds of machines, instead of the keys above.");
    gbl_json_raw(j, "type", "[\"array\",\"null\"]");
    gbl_json_int(j, "minItems", 1);
    gbl_json_null(j, "default");
    gbl_param_schema_part("items", pool_rows, NULL, j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}
