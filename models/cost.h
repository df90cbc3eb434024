/* cost.h - what a step of the engine costs: one LLM on one replica (tp GPUs) under one runtime.
 *
 * The cost sees a batch only through integer aggregates, so that a held step needs O(1) work and the same integers give
 * the same nanoseconds whichever way they were summed. Evaluation is a pure function; parts that depend on one small
 * integer (tokens of the step, rows sampled) are tabulated on first use inside the gbl_cost (same bits either way).
 *
 * A replica is dp x pp x tp GPUs, the tp x dp GPUs of a stage side by side, in as few nodes as hold them.
 *
 * tp: Megatron-LM's split of every layer (cost_ops.c); beyond a node its collectives cross the network.
 *
 * pp: layers in stages of floor or ceil(layers/pp), the LM head on the last (a short one where they differ). The step that
 * the engine sees is a round: every scheduled sequence gets its token. Its sequences go through the stages as M = min(pp,
 * sequences) micro-batches of equal shares; prompts lie in at most M of them. With s(m) the time of micro-batch m in the
 * slowest stage, hop the copy of hidden states and residual to the next stage, and h the host's gap, a round takes
 *   max( sum over m of (s(m) + hop), all stages + all hops + h of the largest micro-batch, the host's work on all of them )
 * which is the steady state of a full pipeline (first term), one micro-batch's latency where there are too few to fill it
 * (second: the bubble), or a host that cannot keep up. A prompt's tokens wait for the round, not for their micro-batch alone:
 * TTFT at low load is right (M = 1: the latency), between the two it is late by less than a round.
 *
 * dp (mixture of experts alone): attention, dense layers and KV in dp ranks that share nothing, in lock-step; a step takes
 * the busiest rank: ceil(1/dp) of the decodes and of the prompts, none of which is shared by ranks: a lone prompt is one
 * rank's work. Each rank has its own KV pool and its own token budget a step; the replica's are their sums.
 * ep: experts lie whole on ep of the tp x dp GPUs of a stage, each split over the tp x dp / ep others; a GPU computes the
 * tokens of its experts, the busiest a little more than the mean. With dp > 1 the tokens travel: all-to-all (ep > 1) or
 * all-gather and reduce-scatter (ep 1); with dp 1 every rank has them all, and the all-reduce adds up. */
#ifndef GBL_COST_H
#define GBL_COST_H
#include <stdint.h>
#include "models/compress.h"
#include "models/hardware.h"
#include "models/llm.h"
#include "models/precision.h"
#include "models/runtime.h"
#include "policies/policy.h"

typedef struct gbl_cost_spec {
    const gbl_hw *hw;
    const gbl_llm *llm;
    const gbl_runtime *runtime;
    int32_t tp, pp, dp, ep;
    /* enum gbl_format. activations -1 = auto: 8-bit and fp4 weights are multiplied in their own format where the GPU
     * can, everything else (int4 always) is widened to 16 bits first. */
    int32_t weights, activations, kv;
    const gbl_precision *precision;    /* weights and activations by a published card, which stands above both; borrowed; NULL: none */
    int32_t block_size;                /* tokens of a KV block */
    double memory_utilization;
    int64_t max_num_seqs;              /* of the replica */
    int64_t max_num_batched_tokens;    /* of a step, on each dp rank */
    int64_t kv_blocks;                 /* given capacity, or -1: from memory */
    const gbl_kv_plan *compress;       /* KV compression; borrowed; NULL: none. Not with pp or dp */
    double kv_scale;                   /* bytes of a KV token as a multiple of what the format says: kept, read, copied; 0: 1 */
} gbl_cost_spec;

typedef struct gbl_cost gbl_cost;
/* Refuses what cannot run: tp that does not divide heads, ep that does not divide the experts, a format the GPU lacks,
 * weights that do not fit. hw, llm and
 * runtime are borrowed for its life. One gbl_cost belongs to one thread (it fills its tables as it goes). */
int gbl_cost_new(gbl_cost **out, const gbl_cost_spec *spec, gbl_err *err);
void gbl_cost_free(gbl_cost *c);

/* Integer aggregates of one step. Zero it, add sequences, evaluate. */
typedef struct gbl_batch {
    int64_t dec_n;       /* decodes: sequences that compute one token */
    int64_t dec_kv;      /* sum over decodes of KV tokens attended, the new one included */
    int64_t dec_kv_win;  /* the same with each clipped to the model's window */
    int64_t dec_below;   /* decodes whose KV is still below the window: they advance dec_kv_win */
    int64_t pre_n;       /* prefill chunks */
    int64_t pre_tokens;  /* sum of chunk lengths c */
    int64_t pre_kv;      /* sum of (cached x + c): KV read */
    int64_t pre_pairs;   /* sum of c*x + c(c+1)/2: (query, key) pairs */
    int64_t pre_pairs_win;
    int64_t pre_tiles;   /* sum of ceil(c/Br) */
    int64_t pre_work;    /* sum of ceil(c/Br) * Br * (x + (c+Br)/2), tile-rounded pairs (Br even) */
    int64_t pre_longest; /* max of (x + c): critical path of one tile */
    int64_t sampled;     /* rows through the LM head */
    int64_t yields;      /* output tokens of the decodes, where steps of a rewritten model yield several; 0: as many as it does on average */
    int64_t pass_n, pass_ends; /* of the decodes, those that run the shared layers once; and of these, those whose token ends with that */
    int64_t pad;         /* decode slots computed for nobody; they count in dec_* and not in the results */
    struct {             /* of a compressed KV cache; sums over sequences of what compress.h counts for each */
        gbl_kv_read read, grow;        /* of the step; what each further held step adds */
        int64_t last_n, last_kv;       /* prompts that end in the step, and their tokens (early exit) */
        int64_t tensor_flops, vector_flops, bytes, launches; /* work beside attention; sequences share launches */
        gbl_kv_toll *toll;             /* of a policy in C: of the step, and what each further held step adds; borrowed, NULL: none */
    } kv;
} gbl_batch;

void gbl_batch_decode(const gbl_cost *c, gbl_batch *b, int64_t kv);                /* kv: tokens attended, >= 1 */
void gbl_batch_chunk(const gbl_cost *c, gbl_batch *b, int64_t chunk, int64_t cached, int sampled);
/* Attention neither compressed nor windowed: decodes differ by their KV alone, and only its sum counts. Then gbl_batch_decode_of is
 * gbl_batch_decodes of one, and the slope never changes. */
int gbl_cost_plain(const gbl_cost *c);
static inline void gbl_batch_decodes(gbl_batch *b, int64_t n, int64_t kv) {
    b->dec_n += n;
    b->dec_kv += kv;
    b->sampled += n;
}
/* The same where the KV may be compressed: a decode whose prompt had `prompt` tokens; the last chunk of a prompt. */
void gbl_batch_decode_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv);
void gbl_batch_chunk_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t chunk, int64_t cached, int sampled);
/* `queries` tokens of one sequence that all attend the same `keys` tokens, themselves included, and go through the LM head. */
void gbl_batch_span_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t queries, int64_t keys);
/* A decode's token runs the shared layers once more: its share of what a token reads on average; the layers of its own where it ends. */
void gbl_batch_recursion_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv, int ends);
int64_t gbl_batch_slope_of(const gbl_cost *c, int64_t prompt, int64_t kv);
/* Before a hold over a compressed cache: the step just made may have flushed what the coming ones do not. Forget its events and add
 * those of each decode's next step, at kv tokens now. */
void gbl_batch_forget_events(gbl_batch *b);
void gbl_batch_next_event(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv);
/* The same where a policy in C says what the KV is (cost_pieces.c); b->kv.toll is set. */
void gbl_batch_decode_pieces(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv, const gbl_kv_piece *p, int32_t n);
void gbl_batch_chunk_pieces(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t chunk, int sampled, const gbl_kv_piece *p, int32_t n);
/* Before a hold: forget reads and work; then of each decode the pieces of its next step, in which it has kv tokens, and of the one after (NULL:
 * the hold is of one step). */
void gbl_batch_forget_pieces(gbl_batch *b);
void gbl_batch_next_pieces(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv, const gbl_kv_piece *next, const gbl_kv_piece *then, int32_t n);
void gbl_batch_advance(gbl_batch *b);                                              /* every decode one token on */
/* Tokens until a decode at kv crosses the window (then dec_below changes and a hold ends); INT64_MAX for none. */
int64_t gbl_batch_slope(const gbl_cost *c, int64_t kv);

typedef struct gbl_step_cost {
    gbl_demand demand;  /* alone_ns: device time and the serial host gap, rounded up; busy_ns[]: at that speed */
    double flops;       /* model FLOPs: 2 x active parameters x tokens (LM head: x rows sampled) + attention; for mfu */
    double bytes;       /* necessary bytes: weights once, KV read and written; for mbu */
    int32_t bound;      /* 0 sm, 1 hbm, 2 link, 3 host: what most of the time was spent on */
    int64_t part_ns[4]; /* alone_ns split by what bound each operator: sm, hbm, link, host; adds up to alone_ns */
} gbl_step_cost;
void gbl_cost_step(const gbl_cost *c, const gbl_batch *b, gbl_step_cost *out);

/* One row of the operator sheet. */
typedef struct gbl_op {
    const char *name, *phase; /* "qkv", "prefill" | "decode" */
    const char *part;         /* of a rewritten model's layers: "early", "block"...; NULL: all */
    double count;             /* times a step */
    double flops, hbm_bytes, link_bytes; /* of one */
    double time_us;           /* of one */
    const char *bound;        /* "sm", "hbm", "link", "host" */
    double efficiency;        /* roofline time / time */
} gbl_op;
/* Fills up to `most` rows for the step; returns the number. The sum of count x time_us is the step's time. */
enum { GBL_OPS_MOST = 64 };
int gbl_cost_operators(const gbl_cost *c, const gbl_batch *b, const char *phase, gbl_op *out, int most);

/* Memory. */
double gbl_cost_parameters(const gbl_cost *c, double *active); /* stored ones, of the model as rewritten; those that a token uses */
double gbl_cost_weight_bytes(const gbl_cost *c);     /* of the model, one copy */
double gbl_cost_kv_bytes_per_token(const gbl_cost *c); /* over all TP ranks; heads fewer than tp are replicated */
int64_t gbl_cost_kv_blocks(const gbl_cost *c);       /* capacity of a replica */
int64_t gbl_cost_context(const gbl_cost *c);
int32_t gbl_cost_gpus(const gbl_cost *c);            /* of a replica */
const gbl_cost_spec *gbl_cost_spec_of(const gbl_cost *c);
double gbl_cost_peak_flops(const gbl_cost *c);       /* of the replica in the format it computes in */
double gbl_cost_peak_hbm(const gbl_cost *c);

/* KV copy between device and host: `bytes` over all ranks in `pieces` pieces. dir: GBL_R_PCIE_H2D or _D2H. */
void gbl_cost_transfer(const gbl_cost *c, double bytes, int64_t pieces, enum gbl_resource dir, gbl_demand *out);
/* The same with a tier below HBM: host memory, or a drive that is reached through host memory (pipelined, so the slowest part
 * bounds it): latency + max(PCIe as above, bytes / SSD, pieces / IOPS, bytes through DRAM / DRAM). dir GBL_R_N: between host
 * memory and the drive. NaN: the hardware card's figure; latency 80 us of a drive (assumed), pieces as given. */
typedef struct gbl_below {
    int ssd;
    double bps, latency_s, piece_bytes, iops;
} gbl_below;
void gbl_cost_tier(const gbl_cost *c, const gbl_below *t, double bytes, int64_t pieces, enum gbl_resource dir, gbl_demand *out);
/* Seconds to write one sequence's KV of `tokens` tokens to host memory and to read it back, alone. */
double gbl_cost_context_switch_s(const gbl_cost *c, int64_t tokens);
int64_t gbl_cost_frontend_ns(const gbl_cost *c, int64_t input, int64_t running); /* running: sequences of the replica then */

#endif
