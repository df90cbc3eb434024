/* scenario.h - a scenario document made ready to run: every key read, every name resolved, every default filled in. */
#ifndef GBL_SCENARIO_H
#define GBL_SCENARIO_H
#include "models/cost.h"
#include "sim/shared.h"
#include "sim/tier.h"
#include "traces/trace.h"

typedef struct gbl_slo {
    const char *preset; /* or NULL */
    double ttft_ms, tpot_ms, itl_ms, e2el_ms; /* NaN: no bound */
    double attain;
} gbl_slo;

typedef struct gbl_slo_class { /* an element of a list of SLOs */
    gbl_slo slo;
    int64_t priority, tenant; /* of the requests that it is for; GBL_NULL_INT: any */
} gbl_slo_class;

typedef struct gbl_pool { /* replicas of one kind; the flat form of "cluster" is one pool */
    const char *name, *hardware;
    int64_t replicas, tp, pp, dp, ep;
    int32_t role; /* enum gbl_role */
    const gbl_node *at; /* where it was said, or NULL */
    gbl_hw hw;
} gbl_pool;
enum gbl_role { GBL_ROLE_BOTH, GBL_ROLE_PREFILL, GBL_ROLE_DECODE };
enum gbl_transfer { GBL_TRANSFER_AFTER, GBL_TRANSFER_LAYERWISE };

enum gbl_until { GBL_UNTIL_END, GBL_UNTIL_FIRST };

typedef struct gbl_scenario {
    gbl_doc *doc;
    gbl_arena *arena;
    const char *name, *version; /* document version "scenario/1" */
    const gbl_node *trace;
    const char *model, *runtime_name;
    gbl_llm llm;
    gbl_runtime runtime;
    /* cluster */
    gbl_pool *pool;
    size_t n_pools;
    int64_t replicas; /* of all pools */
    int32_t networked; /* KV moves between replicas; otherwise nothing reads the five below */
    int32_t kv_transfer, kv_transfer_reuse; /* enum gbl_transfer; 0 or 1 */
    double network_gb_s, network_share, network_latency_us; /* per GPU and direction, NaN: the card's; usable share; of a transfer */
    /* engine */
    const char *weights_name, *kv_name, *activations_name;
    int32_t weights, kv, activations; /* enum gbl_format */
    gbl_precision precision; /* of weights_name where that is a card; name NULL: none */
    int64_t max_num_seqs, max_num_batched_tokens, max_model_len /* GBL_NULL_INT: the model's */, block_size, kv_blocks /* GBL_NULL_INT */;
    double kv_scale; /* gbl_cost_spec; 0 unless somebody varies it: no key of the document */
    double memory_utilization;
    /* policy */
    gbl_choice choice[GBL_FAMILIES];
    gbl_kv_plan *compress; /* NULL: none; beneath choice[GBL_COMPRESS], where a policy in C is among its entries */
    const gbl_node *compress_list, *compress_policy; /* the entries; of them the one that a policy in C carries out, or NULL */
    gbl_tier_spec tier[GBL_TIERS]; /* below HBM, fastest first */
    int32_t n_tiers;
    gbl_shared_spec store; /* shared by all replicas; bytes 0: none */
    gbl_slo slo;                   /* of everybody; with a list, its first element that is for anybody, or no bound */
    const gbl_slo_class *slo_class; /* a list; the first that fits a request counts */
    size_t n_slo_classes;
    /* clients */
    const gbl_node *client_node;
    int32_t impatient; /* some leave or time out */
    double timeout_s, backoff_s, backoff_jitter, cancel_share, cancel_s; /* timeout_s NaN: never */
    int32_t timeout_until; /* enum gbl_until */
    int64_t retries;
    /* run */
    int64_t seed;
    double warmup_s, stop_s; /* stop_s NaN: none */
    int32_t belady, long_context;
    /* sub-documents as given, NULL when left out */
    const gbl_node *cluster_node, *engine_node, *policy_node, *tiers_node, *slo_node, *run_node, *pools_node;
    const char *document;
    gbl_pool flat; /* the flat form's values */
} gbl_scenario;

/* path NULL: the shipped default. `sets` are "a.b=v" texts. Everything lives until gbl_scenario_free. */
int gbl_scenario_open(gbl_scenario **out, const char *path, const char *const *sets, size_t n_sets, gbl_err *err);
/* From a document already read; takes ownership of it, also on failure. */
int gbl_scenario_bind(gbl_scenario **out, gbl_doc *doc, gbl_err *err);
void gbl_scenario_free(gbl_scenario *s);
int gbl_scenario_shares(const gbl_scenario *s); /* prefixes are indexed: the prefix policy caches, and compression leaves them alike */
/* The plug-ins in use as a JSON object, path: hash of the file (arena-owned); NULL without memory. */
const char *gbl_scenario_plugins(const gbl_scenario *s);
/* The whole scenario with every default, as canonical JSON text (arena-owned). */
const char *gbl_scenario_json(const gbl_scenario *s, int indent);
/* The cost of a step of one replica of pool i. Messages name the key to change. */
int gbl_scenario_cost(const gbl_scenario *s, size_t pool, gbl_cost **out, gbl_err *err);
/* The element of the list of SLOs that a request is judged by, or -1: none fits, and it has no bound. */
int gbl_scenario_slo_class(const gbl_scenario *s, int64_t priority, int64_t tenant);
void gbl_scenario_schema(gbl_json *j); /* JSON Schema of "scenario/1" as one object */

#endif
