/* compress.h - KV compression as an algebra: what a composition of published methods keeps, stores, reads and computes.
 *
 * A sequence's KV is a list of cells. A cell is some layers x some KV heads x some of the tokens, kept at some bits; a method
 * is a few generators that split and change cells; bytes, reads and extra work follow from the cells. Ratios are never multiplied.
 * The methods are cards, policies/cards/compress/NAME.json (schema in compress_read.c): generators, parameters and quality, each
 * number with its source.
 *
 * With N tokens resident in a cell of L layers and H KV heads of dk, dv elements a token, of which RK (K) and RV (V) stay in full,
 *
 *   bytes = L H [ ((N-RK) wk bk dk + (N-RV) wv bv dv) / 8 / share + b0 (RK dk + RV dv) / 8 / share + N aux
 *                 + rk (N + dk) b0/8 + rv (N + dv) b0/8 + X (dk + dv) b0/8 + N index ]
 *
 * wk, wv: kept share of the channels; bk, bv: bits an element with its metadata; share: layers per stored copy; aux: bytes a token
 * and head; rk, rv: rank of a correction; X: tokens kept in full besides; b0: bits of the engine's KV format.
 * RK, RV: `mod` R (quantised when R have gathered): N < R ? N : N mod R; `window` R: min(R, N).
 *
 * N follows from the prompt p and the context n >= p (prompt and generated tokens): rules of gbl_kv_rule, all of which hold, so
 * the smallest counts. It is piecewise linear in n, and gbl_kv_until says how far the piece goes.
 *
 * Order: ARCH, HEADS, LAYERS, TOK, MERGE, CHAN, SHARE, TOKENS, BITS, LOWRANK, OUTLIER, PLACE, READ, STATE. A list of names is a
 * set and is sorted into it; an explicit order that contradicts it is refused unless the two commute. */
#ifndef GBL_COMPRESS_H
#define GBL_COMPRESS_H
#include "base/doc.h"
#include "base/json.h"
#include "base/mem.h"
#include "models/llm.h"
#include "policies/policy.h"

/* ---------------------------------------------------------------- what a card says ---- */

enum gbl_gen_kind { /* in canonical order */
    GBL_GEN_ARCH,    /* another model: see gbl_kv_arch */
    GBL_GEN_HEADS,   /* splits cells: shares of the KV heads, each with generators of its own */
    GBL_GEN_LAYERS,  /* the same by layers */
    GBL_GEN_TOK,     /* which tokens stay */
    GBL_GEN_MERGE,   /* tokens merged into fewer */
    GBL_GEN_CHAN,    /* which channels stay */
    GBL_GEN_SHARE,   /* one stored copy for several layers */
    GBL_GEN_TOKENS,  /* splits cells: shares of the kept tokens */
    GBL_GEN_BITS, GBL_GEN_LOWRANK, GBL_GEN_OUTLIER,
    GBL_GEN_PLACE,   /* which part lies below HBM, or is computed again */
    GBL_GEN_READ,    /* which part a decode step reads */
    GBL_GEN_STATE,   /* layers whose state does not grow */
    GBL_GEN_KINDS
};
enum gbl_kv_when { GBL_WHEN_PREFILL_LAYER_END, GBL_WHEN_PREFILL_CHUNK, GBL_WHEN_PREFILL_END, GBL_WHEN_STEP, GBL_WHEN_LOAD /* offline: in the weights */ };
enum gbl_kv_score { GBL_SCORE_NONE, GBL_SCORE_WINDOW /* the last queries' attention */, GBL_SCORE_CUMULATIVE /* all queries' */, GBL_SCORE_NORM /* of the keys alone */, GBL_SCORE_HEAD /* a trained head */ };
enum gbl_kv_sets { GBL_SETS_SHARED /* the same tokens everywhere */, GBL_SETS_LAYER, GBL_SETS_HEAD };
enum gbl_kv_merges { GBL_MERGES_NONE, GBL_MERGES_POSITION /* into the nearest */, GBL_MERGES_SIMILAR /* into the most similar: all are compared */ };
enum gbl_kv_frees { GBL_FREES_COMPACT /* kept tokens are gathered */, GBL_FREES_REUSE /* a new token takes the slot */, GBL_FREES_IN_PLACE /* holes */ };

typedef struct gbl_gen_tok {
    double cap;        /* tokens kept, sinks and windows included; 0: none given */
    double share;      /* tokens kept as a share of the prompt (or context); 0: none given */
    int32_t of_context; /* `share` and `cap` follow the context; 0: the prompt */
    int32_t halves;    /* `share` is rounded down in two halves (heavy and recent) */
    int32_t generated; /* 1: generated tokens count under the cap; 0: they all stay besides */
    double sink, window; /* of the kept: first and last tokens; what remains is chosen by score */
    double every;      /* tokens dropped at once when the cap is passed; 1: one a step */
    double block;      /* tokens chosen together */
    int32_t score, when, sets, frees; /* enums above */
    double observe;    /* queries that score (window scores) */
    double pool;       /* width of the pooling over scores */
    int32_t per_query_head; /* sets by query head: a stored copy for each */
    int32_t rotates;   /* positions are counted inside the cache: keys are rotated at each read */
    double set_layers; /* neighbouring layers that share one choice: it is scored once for them */
    double score_flop; /* a score and step, where scores go on */
    int32_t merges;    /* what is dropped is merged into what stays, enum gbl_kv_merges */
} gbl_gen_tok;
typedef struct gbl_gen_bits {
    double k_bits, v_bits;    /* of a code */
    double group;             /* elements that share scale and zero; 0: metadata stated instead */
    double scale_bits;        /* of scale and zero together */
    double meta_bits;         /* further metadata bits an element */
    double residual_k, residual_v; /* tokens in full: R */
    int32_t k_mod, v_mod;     /* 1: `mod`, 0: `window` */
    int32_t k_channel;        /* K grouped along tokens, by channel */
    double encode_flop, decode_flop; /* an element */
    double codewords;         /* vectors of a codebook, one for each group of channels; kept once a model */
    int32_t fused;            /* written as codes by the kernel that writes the cache: no pass and no launch of its own */
} gbl_gen_bits;
typedef struct gbl_gen_chan { double k_share, v_share, recent, extra; int32_t expand, when, basis /* rotated by a square matrix a head, kept once a model */; } gbl_gen_chan;
typedef struct gbl_gen_share { double from, to, group, aux, overlap; int32_t reread, merges, differ /* set as it is applied: merged layers keep different tokens, so that overlap counts */; } gbl_gen_share;
typedef struct gbl_gen_merge { double share; int32_t when; } gbl_gen_merge;
typedef struct gbl_gen_lowrank { double k_rank, v_rank; } gbl_gen_lowrank;
typedef struct gbl_gen_outlier { double share, index_bits; } gbl_gen_outlier;
typedef struct gbl_gen_place { double share, recompute; int32_t tier /* 1 dram, 2 ssd */; } gbl_gen_place;
typedef struct gbl_gen_read { double budget, share, page, interval, selector_bytes, index_k /* kept, as a share of K in full */, selector_k /* of it read for a selection */; } gbl_gen_read;
typedef struct gbl_gen_state { double layers_share, bytes; } gbl_gen_state;
/* A model rewritten: compress_arch.c says what that leaves of its KV, cost_arch.c what a step then runs. Shares are of the model that it
 * replaces. It is rewritten in one way: streams, recursions, blocks, steps of several tokens, linear layers or a prompt's early exit. */
typedef struct gbl_kv_arch {
    double prefill_layers;   /* share of the layers that a prompt's tokens run; the others only project K and V (SwiftKV) */
    double kv_heads;         /* share of the KV heads, projections and all */
    double streams;          /* copies of the input that run side by side (ParScale) */
    double stream_tokens;    /* tokens that each copy begins with */
    double recursions;       /* times that the shared layers run, the r-th time on 1 - (r-1)/recursions of the tokens (MoR) */
    double own_layers;       /* layers that are not shared */
    double kv_once;          /* 1: the first recursion's K and V serve all */
    double tokens_step;      /* output tokens that a step yields (HAMburger) */
    double kv_tokens_step;   /* KV tokens that such a step leaves */
    double micro_layers;     /* layers, a share of the model's and besides them, that each of these tokens runs */
    double block;            /* tokens of a block, for which the global layers run once (Block Transformer) */
    double local_window;     /* tokens of KV that the local layers see */
    double local_layers;     /* share of the layers that are local: they run for each token, and not for prompts */
    double linear_layers;    /* share of the layers with linear attention (MiniMax-M1) */
    double linear_state;     /* bytes of an element of their states */
    double prefill_sparse;   /* share of the attention pairs that a prefill computes */
} gbl_kv_arch;

/* ---------------------------------------------------------------- what a composition is ---- */

enum { GBL_KV_METHODS = 8, GBL_KV_CELLS = 64, GBL_KV_GENS = 48, GBL_KV_RULES = 4, GBL_KV_NOTES = 32 };

typedef struct gbl_generator {
    enum gbl_gen_kind kind;
    const gbl_node *at;
    int32_t method;             /* of the composition */
    int32_t split, part;        /* applies where the method's split'th partition put a cell into this part; -1: everywhere */
    double cover;               /* share of layers x heads it came to apply to */
    union {
        gbl_gen_tok tok;
        gbl_gen_bits bits;
        gbl_gen_chan chan;
        gbl_gen_share share;
        gbl_gen_merge merge;
        gbl_gen_lowrank lowrank;
        gbl_gen_outlier outlier;
        gbl_gen_place place;
        gbl_gen_read read;
        gbl_gen_state state;
        gbl_kv_arch arch;
        struct { int32_t id, n; double part[8]; int32_t counted[8]; } split_of; /* HEADS, LAYERS, TOKENS: shares of the parts, or how many layers, heads */
    } u;
} gbl_generator;

/* The model's KV as the algebra sees it. */
typedef struct gbl_kv_shape {
    int64_t layers, kv_heads, heads, hidden;
    double dk, dv;              /* elements a token of one KV head */
    int32_t latent;             /* MLA: one head of latents, no V */
    int64_t window, window_layers;
    double bits;                /* of the engine's KV format */
    double state_bytes;         /* of the model's own linear layers; `layers` are the others */
} gbl_kv_shape;
gbl_kv_shape gbl_kv_shape_of(const gbl_llm *m, double bytes_per_element);

typedef struct gbl_kv_rule {
    double cap, share, every;
    int32_t of_context, halves, generated;
} gbl_kv_rule;

typedef struct gbl_kv_cell {
    int64_t layers, heads;
    double copies;              /* per-query-head sets store this many */
    int8_t part[GBL_KV_METHODS][2]; /* by method and partition: the part it fell into, or -1 */
    gbl_kv_rule rule[GBL_KV_RULES];
    int32_t n_rules;
    int32_t sets;               /* how far the rules' choice differs */
    double set_layers;          /* neighbouring layers that share it */
    int32_t holes;              /* heads whose choice must agree before a page is free; 0: no holes */
    double merge;               /* tokens left of the kept ones */
    double prefix;              /* tokens that stand before every sequence */
    double generated;           /* KV tokens that a generated token leaves */
    double class_share, class_from; /* of the kept tokens: this share, behind the shares before it */
    double overlap, group;      /* SHARE: sets of `group` layers overlap; stored tokens of a copy are S (group - (group-1) overlap) + rest */
    double wk, wv, bk, bv, share, aux, rk, rv, extra;
    double res_k, res_v;
    int32_t k_mod, v_mod;
    int32_t reread;             /* a shared copy is read once for each layer */
    int32_t tier;               /* 0 hbm, 1 dram, 2 ssd, 3 computed again */
    double read_budget, read_share, read_interval, selector_bytes, index; /* budget 0, share 1: all; index: bytes a token and head kept to select by */
} gbl_kv_cell;

typedef struct gbl_kv_method {
    const char *name;           /* as asked for: "kivi-2bit" */
    const char *card, *title;   /* "kivi" */
    const gbl_node *root;       /* of its card */
    const struct gbl_kv_value *value; /* settings in force */
    int32_t n_values;
} gbl_kv_method;
typedef struct gbl_kv_value {
    const char *name;
    double value;
    int32_t given;              /* by the user or the setting */
} gbl_kv_value;

typedef struct gbl_kv_plan {
    gbl_kv_shape shape;
    gbl_kv_method method[GBL_KV_METHODS];
    int32_t n_methods;
    gbl_doc *doc[GBL_KV_METHODS], *text; /* the cards, and a command line's list, open as long as the plan */
    gbl_generator gen[GBL_KV_GENS];
    int32_t n_gens;
    gbl_kv_cell cell[GBL_KV_CELLS];
    int32_t n_cells;
    gbl_kv_arch arch;
    double const_bytes;         /* a sequence: states that do not grow */
    double model_bytes;         /* once: codebooks, factors */
    int32_t shareable;          /* prefixes may be shared between requests: no choice depends on the request */
    int32_t full_scores;        /* needs the n x n scores of a prompt: no fused attention there */
    int32_t peak_when;          /* enum gbl_kv_when: when a prompt's KV shrinks; -1: it never is larger than at its end */
    const char *note[GBL_KV_NOTES]; /* assumptions and warnings, one sentence each */
    int32_t n_notes;
    uint64_t hash;              /* of the composition: part of a prefix-cache key */
} gbl_kv_plan;

/* `what`: an array of names and {"use": name, parameter: value...} objects, or {"ordered": [...]}; NULL or empty: no method.
 * Strings live in `a`. GBL_EINPUT: an unknown method or parameter, a pair that cannot be composed (with the
 * reason), a method on a model it does not fit. */
int gbl_kv_plan_new(gbl_kv_plan **out, const gbl_node *what, const gbl_llm *m, double bytes_per_element, const char *folder, gbl_arena *a, gbl_err *err);
/* The same of all entries but `policy`, an entry that a policy in C carries out: the plan is what lies beneath it, with its card, where it has
 * one, for quality and identity alone. GBL_EINPUT besides: another method that says which tokens stay, or that counts them. */
int gbl_kv_plan_beneath(gbl_kv_plan **out, const gbl_node *what, const gbl_node *policy, const gbl_llm *m, double bytes_per_element, const char *folder, gbl_arena *a, gbl_err *err);
void gbl_kv_plan_free(gbl_kv_plan *plan); /* NULL allowed */
/* From the command line's form: "snapkv{cap=1024},kivi-2bit". */
int gbl_kv_list_text(gbl_doc **out, const char *text, gbl_arena *a, gbl_err *err); /* the array that it stands for */
int gbl_kv_plan_text(gbl_kv_plan **out, const char *text, const gbl_llm *m, double bytes_per_element, gbl_arena *a, gbl_err *err);

/* ---------------------------------------------------------------- figures of one sequence ---- */

/* p: prompt tokens; n >= p: tokens of context. */
double gbl_kv_tokens(const gbl_kv_cell *c, int64_t p, int64_t n);            /* resident in the cell (in one stored copy) */
double gbl_kv_cell_bytes(const gbl_kv_plan *plan, const gbl_kv_cell *c, int64_t p, int64_t n);
double gbl_kv_resident_bytes(const gbl_kv_plan *plan, int64_t p, int64_t n); /* exact, in HBM */
double gbl_kv_below_bytes(const gbl_kv_plan *plan, int64_t p, int64_t n, int tier);
double gbl_kv_full_bytes(const gbl_kv_plan *plan, int64_t n);                /* of no compression */
/* Whole pages of `page` tokens, each cell rounded up, holes priced: what an engine allocates. Whole bytes. */
int64_t gbl_kv_paged_bytes(const gbl_kv_plan *plan, int64_t p, int64_t n, int64_t page);
/* The same in 1/256 byte, a whole number of them a cell, so that sums over sequences and over steps are exact. */
int64_t gbl_kv_paged_q8(const gbl_kv_plan *plan, int64_t p, int64_t n, int64_t page);
/* Of one page's worth of tokens that are all in codes, as a cached block that requests share holds them. */
int64_t gbl_kv_block_q8(const gbl_kv_plan *plan, int64_t page);
/* How gbl_kv_paged_q8 grows with n until gbl_kv_until says otherwise: every step by what is returned, and the k-th coming step (from 0)
 * by ring[k mod page] besides, which is added to. Not with holes. */
int64_t gbl_kv_growth(const gbl_kv_plan *plan, int64_t p, int64_t n, int64_t page, int64_t *ring);
/* Most bytes that a sequence holds while its prompt is computed, in chunks of `chunk` tokens (0: whole). */
double gbl_kv_peak_bytes(const gbl_kv_plan *plan, int64_t p, int64_t chunk);
/* Bytes of the eager n x n scores of one layer, 16 bits each; 0 where none are needed. */
double gbl_kv_score_bytes(const gbl_kv_plan *plan, int64_t p);

/* What one decode step at context n reads of the sequence's KV, and what it attends. Integers, so that sums over a batch do not
 * depend on their order: bytes in 1/256, tokens over layers x heads. */
typedef struct gbl_kv_read {
    int64_t bytes_q8;       /* from HBM, x 256 */
    int64_t link_q8;        /* from below HBM, x 256 */
    int64_t attended;       /* sum over layers and KV heads of tokens attended */
    int64_t quantised;      /* of them, elements (K and V) that are widened first, in units of one head's token */
} gbl_kv_read;
gbl_kv_read gbl_kv_read_at(const gbl_kv_plan *plan, int64_t p, int64_t n);
/* The least m > 0 such that the step from n + m - 1 to n + m need not grow reads and tokens as the steps before it did; INT64_MAX
 * for never. Within, each step adds gbl_kv_read_at(n + 1) - gbl_kv_read_at(n). */
int64_t gbl_kv_until(const gbl_kv_plan *plan, int64_t p, int64_t n);

/* ---------------------------------------------------------------- extra work ---- */

enum gbl_kv_part { GBL_KV_SCORE, GBL_KV_SELECT, GBL_KV_GATHER, GBL_KV_QUANTISE, GBL_KV_DEQUANTISE, GBL_KV_MERGE, GBL_KV_RECONSTRUCT, GBL_KV_FETCH, GBL_KV_PARTS };
extern const char *const gbl_kv_part_names[GBL_KV_PARTS];
typedef struct gbl_kv_work {
    double flops, hbm_bytes, link_bytes, launches;
} gbl_kv_work;
/* Of a whole prompt of p tokens, and of the decode step that takes the context from n - 1 to n, by part; what attention itself reads
 * and computes is not in it. Launches are of one sequence: a batch shares them. */
void gbl_kv_prefill_work(const gbl_kv_plan *plan, int64_t p, gbl_kv_work out[GBL_KV_PARTS]);
/* Of a step, what does not grow with what it reads; the same until gbl_kv_until says otherwise. */
void gbl_kv_event_work(const gbl_kv_plan *plan, int64_t p, int64_t n, gbl_kv_work out[GBL_KV_PARTS]);
/* What does: vector FLOPs a unit of gbl_kv_read.quantised, tensor FLOPs a unit of attended; and bytes of matrices that a step reads once,
 * however many sequences it has. */
typedef struct gbl_kv_rates { double dequantise, reconstruct, weight_bytes; } gbl_kv_rates;
gbl_kv_rates gbl_kv_rates_of(const gbl_kv_plan *plan);
void gbl_kv_step_work(const gbl_kv_plan *plan, int64_t p, int64_t n, gbl_kv_work out[GBL_KV_PARTS]);

/* Expected share of pages of `page` tokens that are wholly free when each token is kept with chance `keep`, in runs of `run`
 * dropped tokens, and `heads` independent choices share the page: (1-keep)^(heads (page + run - 1) / run). */
double gbl_kv_free_pages(double keep, double page, double run, double heads);

/* ---------------------------------------------------------------- pieces ---- */

/* Of a policy in C, over a plan of one cell without residues (gbl_kv_plan_beneath): compress_pieces.c. */
typedef struct gbl_kv_toll { /* of a step, beside what gbl_kv_read says */
    int64_t down_q8;        /* to host memory, x 256 */
    int64_t bytes_q8;       /* of HBM, beside attention, x 256 */
    int64_t tensor_flops, vector_flops;
    int64_t dram_q8;        /* that lies in host memory, x 256 */
} gbl_kv_toll;
int64_t gbl_kv_pieces_tokens_in(const gbl_kv_plan *plan, int64_t bytes_q8);  /* of all layers and heads */
int64_t gbl_kv_pieces_q8(const gbl_kv_plan *plan, const gbl_kv_piece *p, int32_t n, int64_t page); /* in HBM, whole pages, x 256 */
gbl_kv_read gbl_kv_pieces_read(const gbl_kv_plan *plan, const gbl_kv_piece *p, int32_t n);
gbl_kv_toll gbl_kv_pieces_toll(const gbl_kv_plan *plan, const gbl_kv_piece *p, int32_t n);
int64_t gbl_kv_pieces_launches(const gbl_kv_piece *p, int32_t n);
int64_t gbl_kv_pieces_again(const gbl_kv_piece *p, int32_t n); /* tokens computed again, the mean over layers and heads, rounded down */
/* Tokens before a chunk that its queries would attend if they attended it whole, for the pairs that they have in the mean; less than 0 where
 * windows leave fewer than the chunk's own. */
int64_t gbl_kv_pieces_before(const gbl_kv_piece *p, int32_t n, int64_t chunk);
/* Adds how gbl_kv_pieces_q8 grows from a step's pieces at[0] over those of the next two, as gbl_kv_growth does. 0: for one step only. */
int gbl_kv_pieces_growth(const gbl_kv_plan *plan, const gbl_kv_piece *const at[3], int32_t n, int64_t page, int64_t *each, int64_t *ring);

/* ---------------------------------------------------------------- cards ---- */

/* One published quality row of a card. */
typedef struct gbl_kv_quality {
    const char *task, *model, *setting, *source;
    double value, baseline;     /* NaN where none was published */
    double budget;              /* numeric budget of the row in the card's own unit; NaN */
    int32_t interpolated;
    int32_t lower;              /* is better: perplexity, losses */
} gbl_kv_quality;
/* Rows of method i of the plan that fit its settings: exact ones, else between the nearest two budgets (marked). Returns how many. */
int gbl_kv_quality_of(const gbl_kv_plan *plan, int32_t i, gbl_kv_quality *out, int most);
/* The rows of all methods as an array: {method, task, model, value, baseline, source, interpolated, combined}. */
void gbl_kv_quality_json(const gbl_kv_plan *plan, const char *key, gbl_json *j);
/* Checks the rows of a card: keys, settings that are the card's parameters, tasks that are known. */
int gbl_kv_quality_check(const gbl_node *root, gbl_err *err);
/* GBL_EINPUT: no benchmark or quantity is called so, whole or by its beginning ("LongBench"). */
int gbl_kv_quality_task(const char *task, gbl_err *err);

/* What a composition loses of a task by what was published (compress_loss.c): of each method the row that loses most, over all models
 * it was measured on; methods add up, which holds at best: errors of several were not measured together. */
typedef struct gbl_kv_loss {
    double share;               /* of the baseline, at least 0; NaN: a method without a row of that task */
    int32_t interpolated, combined;
    char says[256];             /* one sentence: which rows, or whose are missing */
} gbl_kv_loss;
/* plan NULL: nothing is lost. task NULL: whatever was measured. */
gbl_kv_loss gbl_kv_loss_of(const gbl_kv_plan *plan, const char *task);
/* Opens the card of a method or of one of its settings ("kivi-2bit" lies in kivi.json). */
int gbl_compress_open(gbl_doc **out, const char *name, const char *folder, const char **setting, gbl_arena *a, gbl_err *err);
/* Reads and checks a card alone: keys, units, ranges, sources. */
int gbl_compress_check(const gbl_node *root, gbl_err *err);

#endif
