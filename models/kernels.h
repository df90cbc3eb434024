/* kernels.h - the time of one kernel on one GPU, alone: pure functions of shape, data sheet and fitted parameters.
 *
 * Each result also carries the roofline seconds of each resource (work over data-sheet peak), never above the time.
 * On an ideal machine the time is the largest of them and nothing else. Forms and first parameter values: a study of
 * public measurements of A100 and H100 (aiconfigurator's kernel tables, vLLM kernels); see the hardware cards. */
#ifndef GBL_KERNELS_H
#define GBL_KERNELS_H
#include "models/calib.h"
#include "models/hardware.h"
#include "models/precision.h"

typedef struct gbl_machine {
    const gbl_hw *hw;
    const gbl_calib *cal;
    int ideal;  /* hard maximum of resources at data-sheet peaks */
    int engine; /* in an engine: real data at real power (phi), fused quantisation, padded rows */
    double attention_t0; /* share of the attention kernels' t0 that is left in the engine */
} gbl_machine;

typedef struct gbl_kernel {
    double time_s;                  /* 0 = no such kernel */
    double sm_s, hbm_s, link_s;     /* roofline seconds */
    double flops, hbm_bytes, link_bytes;
    double net_s;                   /* of the node's network, beside link_s inside it */
} gbl_kernel;
void gbl_kernel_add(gbl_kernel *to, const gbl_kernel *k, double times);

/* m x k x n. t = t0 + (t_c^p + t_m^p)^(1/p) + 0.8 us (split-K), the least over tiles bm x bn and splits s:
 *   c = ceil(m/bm) ceil(n/bn) s CTAs, w = c/S waves,
 *   t_c = ((1-q) max(w,1) + q ceil(w)) (max(2 bm bn (k/s) / (F/S e_c), (bm+bn)(k/s) b / (l2 clock)) + t_w)
 *   t_m = (weights + activations + output + 8 m n s if split) / (B e_m)
 * fp8 adds: quantisation of activations (not when fused), a tax on rows that are no multiple of 16 and a dispatch
 * penalty at 129..256 rows (both not in an engine, which pads). Tile and split minimum is what cuBLAS heuristics do. Kernels of another
 * library, whose tiles the calibration gives (tile_rows, tile_columns), are not split. */
typedef struct gbl_gemm_shape {
    double m, n, k;
    int compute;          /* enum gbl_format of the multiplication */
    double weight_bytes;  /* an element as stored */
    double act_bytes;     /* an element as multiplied */
    double out_bytes;
    double unfused_bytes; /* an element: weights widened by a kernel of their own (0: fused) */
    int quantise;         /* activations quantised by a kernel of their own */
    const gbl_precision *card; /* a published format: its peak, kernels and rebuilt weights (precision.h); NULL: none */
} gbl_gemm_shape;
void gbl_gemm(const gbl_machine *g, const gbl_gemm_shape *s, gbl_kernel *out);

/* One layer's attention on one GPU: h query heads over g KV heads. */
typedef struct gbl_attn_shape {
    double heads, kv_heads;
    double flops_pair;    /* FLOPs of a (query, key) pair and head in prefill: 2 (qk dim + v dim) */
    double decode_flops;  /* the same in decode (larger with absorbed latent attention) */
    double kv_bytes;      /* a token, this GPU: keys and values */
    double qo_bytes;      /* a token: query and output */
    double compute_flops; /* peak FLOP/s of the format */
    int narrow_kv;        /* KV in 8 bits, widened on the way */
} gbl_attn_shape;

/* Decode, b sequences with kv tokens in all:
 *   t = t0 + ((t_cta b g / S)^p + (bytes / (B e_m min(1, G ns b g / S)))^p)^(1/p) + comb + copy, at least FLOPs/(F e_c),
 *     or, with dense_p, their smooth maximum (a core that reads and multiplies by turns: 1)
 *   ns = clip(2S/(b g), 1, kv/(256 b)) split KV; no split where h = g on kernels that lack it.
 * Uneven lengths cost what their mean costs: with a skew of 4 : 1 kernels take 1 % more in the median, 3 % above 32 sequences
 * (325 shapes of RTX PRO 6000, LLMServingSim's profile), so no aggregate beyond the sum is kept.
 * What depends on b alone is prepared once: gbl_decode_terms. */
typedef struct gbl_decode_terms {
    double b, cta_p;     /* (t_cta b g / S)^p */
    double share;        /* G b g / S: bandwidth share without split */
    double most_split;   /* 2S/(b g), at least 1 */
    double fixed;        /* t0 + copy */
    double qo;           /* bytes */
} gbl_decode_terms;
void gbl_decode_prepare(const gbl_machine *g, const gbl_attn_shape *s, double b, gbl_decode_terms *out);
void gbl_decode(const gbl_machine *g, const gbl_attn_shape *s, const gbl_decode_terms *t, double kv, gbl_kernel *out);

/* Prefill chunks, and mixed batches, by counting tiles of Br query rows:
 *   work = h f (sum of tile-rounded pairs + share Br x decode KV), w = h tiles / S (+ decode CTAs)
 *   W = (1-q) w + q ceil w,
 *   e_c: of a head of 128; the exponentials make it e_c (1+s)/(1 + s 128/d) elsewhere
 *   t = t0 + max(work/(F e_c) W/w + t_w max(0, W-1), f Br longest / (F/S e_c)) + bytes/(B e_m) + decode bytes/(B e_m of decode) */
typedef struct gbl_prefill_load {
    double tokens, kv;      /* new tokens; sum of cached + new */
    double tile_pairs, tiles, pairs, longest;
    double dec_n, dec_kv;   /* decodes in the same kernel */
} gbl_prefill_load;
void gbl_prefill(const gbl_machine *g, const gbl_attn_shape *s, const gbl_prefill_load *l, gbl_kernel *out);

/* Collectives over n GPUs, each over its own link (and, between nodes, its own network card). Up to gpus_per_node GPUs lie in
 * one node; beyond that they fill k whole nodes of G: the node's part is done inside it, the rest by each GPU with its k-1
 * peers: 1/G of the bytes over the network at 19 us + bytes / (0.72 network), which is what a pair of H100 in two nodes takes
 * (Vidur's send_recv table: median error 2 %). link_bytes: what one GPU sends.
 *
 * All-reduce of M bytes. NVLink: below 8 MB a0 + a1 log2 n + min(M (n-1)/(L e1), a2 + 2 (n-1)/n M/(L e2)), above it
 * a + rank (n-1) + s sqrt(M/MB) + 2 (n-1)/n M/(L e (n/8)^gain) (gain: reduction in the switch); PCIe:
 * a + rank (n-1) + 2 (n-1)/n M/(L e). Ideal: 2 (n-1)/n M/L. */
void gbl_all_reduce(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out);
/* NCCL, one way: a + r (n-1) + s sqrt(M/MB) + (n-1)/n M/(L e (n/8)^gain), fitted on nccl-tests of A100 and H100 (median errors
 * 5 and 6 % all-gather and reduce-scatter, 4 and 6 % all-to-all). M: bytes of the gathered (scattered) buffer; of what each
 * GPU holds before an all-to-all. */
void gbl_all_gather(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out);
void gbl_reduce_scatter(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out);
void gbl_all_to_all(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out);
/* One GPU to another: a + M/(L e); `across`: in another node. */
void gbl_send(const gbl_machine *g, double bytes, int across, gbl_kernel *out);

/* Routed experts of one layer on m tokens: distinct experts E (1-(1-k/E)^m) are read; tokens an expert are padded to
 * rows (64 above 64): t = 2 t0 + (t_c^p + t_m^p)^(1/p), the activations passed over several times. One GPU's share: ffn is the shard's. Without the routing time. */
typedef struct gbl_moe_shape {
    double experts, top_k, hidden, ffn, matrices;
    int compute;
    double weight_bytes, act_bytes;
    const gbl_precision *card; /* as gbl_gemm_shape's; its efficiency at the rows of one expert */
} gbl_moe_shape;
double gbl_moe_distinct(double experts, double top_k, double m);
void gbl_moe(const gbl_machine *g, const gbl_moe_shape *s, double m, gbl_kernel *out);

/* Bytes of norms, rope with cache write and activation of one layer, 16-bit elements: two norms with residual (4 hidden read or written each), `heads` of d elements turned or copied (read
 * and written), the activation of a gated FFN (both halves read, one written). */
static inline double gbl_small_bytes(double tokens, double hidden, double heads, double d, double ffn)
{
    return tokens * 2 * (8 * hidden + 2 * heads * d + 3 * ffn);
}
/* The time of that: n launches and their bytes; fused away on an ideal machine. */
void gbl_small_ops(const gbl_machine *g, double bytes, gbl_kernel *out);

#endif
