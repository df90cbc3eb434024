/* cost_parts.h - the inside of a gbl_cost, shared by cost*.c alone. */
#ifndef GBL_COST_PARTS_H
#define GBL_COST_PARTS_H
#include "models/cost.h"
#include "models/kernels.h"

/* Kernels that depend on one integer (tokens of the step, or rows sampled), summed. */
typedef struct gbl_cost_row {
    double time_s, sm_s, hbm_s, link_s, net_s;
    double by_bound[3]; /* of time_s: sm, hbm, link */
    double weights;     /* bytes of weights read, all ranks and replicas of them */
    int set;
} gbl_cost_row;

/* One line of the operator list. */
typedef struct gbl_cost_line {
    const char *name, *part; /* part: of the layers; NULL: all */
    double count;   /* times a step */
    double weights; /* bytes of weights it reads, one rank, once */
    gbl_kernel k;
} gbl_cost_line;

struct gbl_cost {
    gbl_cost_spec spec;                /* llm: as rewritten */
    gbl_cost_spec asked;               /* as given */
    const gbl_kv_arch *arch;           /* how it was rewritten; NULL: not at all */
    gbl_llm llm;
    double stored_share, joint_parameters; /* layers stored, over layers run; parameters beside them */
    double decode_calls;               /* attention kernels of a decode step */
    double token_writes;               /* layers of KV that a token leaves */
    double decode_share;               /* of the layers, those that a decode step runs */
    double pass_share;                 /* and those that a step of single recursions runs */
    gbl_machine g;
    int32_t compute;                   /* format of the multiplications */
    double weight_bytes, act_bytes;    /* an element of the layers' matrices; of what multiplies them */
    double wide_bytes;                 /* an element of embeddings, LM head, norms, routers */
    int32_t wide;                      /* their format */
    double unfused_bytes;              /* gbl_gemm_shape */
    double heads, kv_heads, ffn, moe_ffn, shared_ffn, vocab; /* of one rank */
    double experts, top_k;             /* held by a GPU; of a token's choices, those expected there (the busiest GPU: x skew) */
    double host_step_s;                /* of a step, without its sequences */
    double launches_s;                 /* host time to launch all layers' kernels, outside graphs */
    double launches_most_s;            /* of a step that runs more than its layers */
    double kv_floor_s, kv_widen_s;     /* seconds a KV token and layer: at the runtime's bandwidth; to widen it beforehand */
    double dense_layers, moe_layers, full_layers, window_layers;
    double kv_token_layer;             /* bytes a token, layer and rank */
    double kv_plan_layer;              /* the same before kv_scale, as a compression plan counts them */
    double kv_heads_all;               /* of the model (1: latents) */
    double kv_code_widen_s;            /* seconds a KV token and layer that a runtime without fused kernels widens from codes */
    double flops_token, flops_row;     /* model FLOPs a token through the layers; a row through the LM head */
    double pair_flops;                 /* a (query, key) pair, all heads, one layer */
    int64_t blocks;
    int64_t rows_tile;                 /* query rows of a prefill tile */
    gbl_attn_shape attn;
    /* tables, filled on first use */
    int64_t n_tokens, n_sampled, n_decodes, n_routed;
    gbl_cost_row *tokens, *sampled;
    gbl_cost_row *routed;              /* dp > 1: the experts' part, by tokens of all dp ranks */
    gbl_decode_terms *decodes;
    int32_t *padded;                   /* rows computed for a decode batch of each captured size; n_padded of them */
    int64_t n_padded;
};

/* cost_ops.c: the operator list, the one place where a step's kernels are named. Return the number of lines. */
int gbl_cost_token_lines(const gbl_cost *c, double tokens, gbl_cost_line *out);
int gbl_cost_sampled_lines(const gbl_cost *c, double rows, gbl_cost_line *out);
int gbl_cost_attention_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out);
/* dp > 1: dispatch, experts and combination of the tokens of all dp ranks; with dp 1 they are among the token lines. */
int gbl_cost_routed_lines(const gbl_cost *c, double tokens, gbl_cost_line *out);
/* cost_compress.c: the same of a compressed KV cache, and the work beside attention. */
int gbl_cost_compressed_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out);
void gbl_batch_add_work(gbl_batch *b, const gbl_kv_work w[GBL_KV_PARTS]); /* sequences share launches */
void gbl_batch_advance_toll(gbl_kv_toll toll[2]);
/* Host memory's part of a step's link time belongs to PCIe, by direction, whatever links the GPUs. */
void gbl_cost_fetch_rows(const gbl_cost *c, const gbl_batch *b, gbl_demand *d);
void gbl_cost_prefill_line(const gbl_cost *c, const gbl_batch *b, int windowed, const char *name, double count, gbl_cost_line *out, int *n);
void gbl_cost_expand_line(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n);
void gbl_cost_product(const gbl_cost *c, gbl_cost_line *out, int *n, const char *name, double count, double m, double cols, double k);
/* cost_arch.c: a rewritten model. */
enum { GBL_PASSES = 8 };
typedef struct gbl_pass { const char *part; double layers /* share of them */, tokens; } gbl_pass;
typedef struct gbl_arch_prompt { const char *part; double layers; gbl_batch b; } gbl_arch_prompt;
void gbl_arch_init(gbl_cost *c);
void gbl_arch_shape(gbl_cost *c);
int gbl_arch_passes(const gbl_cost *c, const gbl_batch *b, gbl_pass out[GBL_PASSES]);
double gbl_arch_decode_calls(const gbl_cost *c, const gbl_batch *b); /* attention kernels of its decodes */
double gbl_arch_sampled_times(const gbl_cost *c, const gbl_batch *b);
int gbl_arch_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out); /* beside the passes */
int gbl_arch_prompts(const gbl_cost *c, const gbl_batch *b, gbl_arch_prompt out[GBL_PASSES]);
void gbl_arch_prompt_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n);
void gbl_arch_linear_line(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n); /* a model's own linear layers, too */
double gbl_arch_flops(const gbl_cost *c, const gbl_batch *b);
double gbl_arch_kv_bytes(const gbl_cost *c, const gbl_batch *b);
double gbl_cost_vector_peak(const gbl_cost *c); /* FLOP/s outside the tensor cores */
double gbl_cost_linear_flops(const gbl_cost *c, const gbl_batch *b);
double gbl_cost_linear_bytes(const gbl_cost *c, const gbl_batch *b);
/* The runtime's own KV bandwidth and widening. */
static inline void gbl_cost_kv_runtime(const gbl_cost *c, double kv, gbl_kernel *k)
{
    double slow = kv * c->kv_floor_s;
    if (slow > k->time_s)
        k->time_s = slow;
    k->time_s += kv * c->kv_widen_s;
}
int64_t gbl_cost_padded(const gbl_cost *c, const gbl_batch *b); /* tokens that the layers compute */
int gbl_cost_bound(const gbl_kernel *k);                        /* 0 sm, 1 hbm, 2 link */
/* What the host does for a step, and what of it (and of launches outside graphs) a step waits for beyond its device time, of
 * which `attention` is a part; the form stands in runtime.h. Here for speed: they are called for every step. */
static inline double gbl_cost_host_alone_s(const gbl_cost *c, const gbl_batch *b)
{
    return c->host_step_s + c->spec.runtime->host_seq_s * (double)(b->dec_n - b->pad + b->pre_n);
}
static inline int gbl_cost_in_graphs(const gbl_cost *c, const gbl_batch *b)
{
    const gbl_runtime *r = c->spec.runtime;
    return r->graphs && (b->pre_tokens == 0 || r->graph_prefill) && b->dec_n + b->pre_tokens <= r->graph_max;
}
static inline double gbl_cost_host_s(const gbl_cost *c, const gbl_batch *b, double device, double attention)
{
    const gbl_runtime *r = c->spec.runtime;
    double host = gbl_cost_host_alone_s(c, b), serial = (1 - r->host_hidden) * host, more = r->kv_share > 0 ? attention : 0;
    if (c->launches_most_s + more > device && !gbl_cost_in_graphs(c, b)) { /* dp ranks and pipeline stages launch side by side */
        double launches = c->launches_s * (b->pre_tokens ? 1 : b->pass_n ? c->pass_share : c->decode_share) + more;
        serial += launches > device ? launches - device : 0;
    }
    return device + serial < host ? host - device : serial;
}
/* cost_parallel.c */
int gbl_cost_check_parallel(const gbl_cost_spec *s, gbl_err *err);
int64_t gbl_cost_stage_layers(const gbl_cost *c); /* of the longest stage */
/* How a step is cut: `parts` micro-batches in flight, `heavy` of them with prompts (the rest decodes alone). */
typedef struct gbl_cost_cut { int64_t parts, heavy; } gbl_cost_cut;
gbl_cost_cut gbl_cost_cut_of(const gbl_cost *c, const gbl_batch *b);
void gbl_cost_micro_batch(const gbl_batch *b, gbl_cost_cut cut, int heavy, gbl_batch *out);
void gbl_cost_rank_batch(const gbl_cost *c, const gbl_batch *b, gbl_batch *out); /* the busiest dp rank's share */
/* Hidden states and residual from one stage to the next, all ranks at once; `across`: to another node. */
void gbl_cost_hop(const gbl_cost *c, double tokens, int across, gbl_kernel *out);
int gbl_cost_hops_across(const gbl_cost *c); /* of the pp - 1 hops, those between nodes */
/* What the stages spend on one micro-batch: through all layers, and through the LM head on the last. */
typedef struct gbl_cost_flow { double body, head, hop, hops, gap, host; } gbl_cost_flow; /* gap: of `host`, what the device waits for */
/* Seconds of a round; *gap: of them, the host's. */
double gbl_cost_pipeline_s(const gbl_cost *c, gbl_cost_cut cut, const gbl_cost_flow *heavy, const gbl_cost_flow *light, double *gap);
/* cost_step.c */
const gbl_decode_terms *gbl_cost_decode_terms(const gbl_cost *c, int64_t b, gbl_decode_terms *room);
/* cost_memory.c */
int gbl_cost_fit_memory(gbl_cost *c, gbl_err *err);

#endif
