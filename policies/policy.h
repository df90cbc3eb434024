/* policy.h - the contract between the engine and a policy.
 *
 * The lowest header of the house: it includes only the C library, every folder may include it, and a policy
 * includes nothing else, so a built-in policy is exactly what a user's plug-in is.
 *
 * A policy proposes, the engine disposes. A hook reads views that the engine owns and acts only through the host
 * table; every action is checked against the engine's accounts. All memory belongs to the engine: a policy states
 * how many bytes of state it wants (once per instance, and per KV block for eviction) and gets them zeroed, with
 * its parameters already written into the state at the offsets of its parameter rows. No statics: two instances
 * live side by side in one process.
 *
 * Units: time in int64 nanoseconds of simulated time, tokens and KV blocks as counts, bytes as bytes.
 * Ids (requests, replicas, blocks) are dense integers that the engine reuses; `serial` never repeats.
 */
#ifndef GBL_POLICY_H
#define GBL_POLICY_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------- resources and demand ---- */

/* The standard rows of a machine's capacity vector. */
enum gbl_resource {
    GBL_R_SM,       /* tensor and vector cores, FLOP */
    GBL_R_HBM,      /* device memory, bytes */
    GBL_R_PCIE_H2D, /* host to device, bytes */
    GBL_R_PCIE_D2H, /* device to host, bytes */
    GBL_R_NVLINK,   /* GPU to GPU inside a node, bytes */
    GBL_R_DRAM,     /* host memory, bytes */
    GBL_R_SSD,      /* bytes */
    GBL_R_NETWORK,  /* between nodes, bytes */
    GBL_R_HOST,     /* host thread of the engine, seconds */
    GBL_R_N
};

/* One operation as the fluid resources see it: alone it takes `alone_ns`; while it runs alone it keeps resource r
 * busy for busy_ns[r] <= alone_ns of that time. Beside others, speeds are max-min fair with sum of rates <= 1. What takes
 * longer than can be counted takes GBL_DEMAND_MOST_NS; a run that waits for its end is refused. */
#define GBL_DEMAND_MOST_NS 4e18
typedef struct gbl_demand {
    int64_t alone_ns;
    double busy_ns[GBL_R_N];
} gbl_demand;

/* ---------------------------------------------------------------- parameters ---- */

enum gbl_param_type {
    GBL_P_BOOL,   /* int32_t  0 or 1 */
    GBL_P_INT,    /* int64_t */
    GBL_P_REAL,   /* double */
    GBL_P_STR,    /* const char *, owned by the engine */
    GBL_P_CHOICE, /* int32_t, index into `choices` */
    GBL_P_NODE    /* const struct gbl_node *: a sub-document, bound by its own reader; not for policies */
};
enum { GBL_P_NULLABLE = 1 }; /* JSON null allowed: INT64_MIN, NaN or NULL is stored */
#define GBL_NULL_INT INT64_MIN

/* One row feeds JSON, flags, --help, the man page, JSON Schema and the result store. A table ends with name NULL. */
typedef struct gbl_param {
    const char *name;    /* the key; last word is the unit where there is one (think_s, ttft_ms) */
    uint8_t type;        /* enum gbl_param_type */
    uint8_t flags;       /* GBL_P_NULLABLE */
    uint32_t offset;     /* where in the bound struct */
    const char *dflt;    /* default as JSON text: "0.01", "true", "\"chunk\"", "null" */
    double low, high;    /* inclusive range of INT and REAL; low > high means any finite value */
    const char *unit;    /* "tokens", "s", "share", ... or NULL */
    const char *choices; /* "chunk|prompt" for GBL_P_CHOICE, else NULL */
    const char *help;    /* one sentence */
    /* "by=cfo", "by!=cfo|blend", "accept=null": only read where another row, a choice or one that may be null, says so, and otherwise
     * refused unless at its default; or NULL. */
    const char *when;
} gbl_param;

/* ---------------------------------------------------------------- views ---- */

enum gbl_req_state {
    GBL_REQ_WAITING,  /* in the queue; holds no KV */
    GBL_REQ_RUNNING,  /* holds KV, may be scheduled */
    GBL_REQ_SWAPPED,  /* its KV lies below HBM */
    GBL_REQ_LOADING,  /* its KV is on the way to HBM: from a tier below, or from the replica that computed its prompt */
    GBL_REQ_DONE
};

/* What a policy may know of a request. `known - computed` tokens are left to compute before the next output token
 * can be sampled: the whole prompt at first, 1 in steady decode, prompt + generated after a recompute preemption. */
typedef struct gbl_req {
    int64_t serial;      /* order of injection from 0; the entity id of keyed draws */
    int64_t arrival_ns;  /* at the front end */
    int64_t queued_ns;   /* when the scheduler's queue got it (arrival + front-end time) */
    int64_t session;     /* -1 when none */
    int32_t input;       /* prompt tokens */
    int32_t output;      /* output tokens it will yield: an oracle; a policy that reads it says so */
    int32_t known;       /* prompt + generated tokens */
    int32_t computed;    /* tokens whose KV is resident or will be after the step in flight */
    int32_t generated;   /* output tokens so far */
    int32_t cached;      /* tokens found in the prefix cache at its last admission */
    int32_t blocks;      /* KV blocks it holds, shared ones included */
    int32_t scheduled;   /* tokens that the plan being made computes of it; 0 = not in the plan */
    int32_t preemptions;
    int32_t state;       /* enum gbl_req_state */
    int32_t replica;     /* -1 before routing */
    int32_t tenant, priority, turn;
    int32_t last;        /* 1: no turn of its session follows, 0: more follow, -1: unknown. Like output, an oracle */
    int32_t tool;        /* 1: it ends in a tool call, 0: a person answers next, -1: unknown */
    int64_t program;     /* root of its tree of sessions: an agent and its sub-agents have one; -1 when session is */
    int64_t program_ns;  /* arrival of the first request of its program; its own where it has none */
    int64_t pause_ns;    /* recorded from its end to the session's next turn, -1 unknown: an oracle, too */
} gbl_req;

/* One replica as its scheduler sees it. Arrays are the engine's: re-read them after every action. */
typedef struct gbl_view {
    int64_t now_ns;
    const gbl_req *req;      /* indexed by request id */
    const int32_t *running;  /* ids, oldest admission first */
    const int32_t *waiting;  /* ids the scheduler may see now, head first; preempted ones stand in front */
    const int32_t *swapped;  /* ids, oldest first */
    int32_t n_running, n_waiting, n_swapped, n_loading;
    int64_t free_blocks;     /* blocks that can be had now: empty ones and evictable cached ones */
    int64_t total_blocks;
    int32_t block_size;      /* tokens */
    int32_t max_num_seqs;    /* limit of running + loading */
    int64_t max_num_batched_tokens;
    int64_t max_model_len;
    int64_t swapped_blocks;  /* blocks' worth of KV that lies below HBM for swapped requests */
    double block_bytes;      /* of one KV block, all TP ranks together */
    int32_t layers;          /* of the model */
    double kv_row_bytes;     /* of one token in one KV tensor (K or V of one layer) on one rank */
    double step_tokens;      /* output tokens that a step yields on average, by how the model was rewritten; 1: an ordinary one */
    int32_t recursions;      /* times that its shared layers run at most; 1: an ordinary one */
    int32_t heads, kv_heads, head_dim; /* of the model; head_dim: elements of a K */
    int64_t kv_tokens, dram_tokens; /* tokens that the whole pool, and host memory, have room for in the bits that policy.compress stores them in */
} gbl_view;

/* One replica as the router sees it. */
typedef struct gbl_replica_view {
    int32_t n_waiting, n_running, n_swapped;
    int64_t used_blocks, total_blocks;
    int32_t block_size;         /* tokens */
    int64_t queued_tokens;      /* prompt tokens that wait */
    int64_t outstanding_tokens; /* prompt tokens left to compute of all its requests */
} gbl_replica_view;

/* ---------------------------------------------------------------- plan ---- */

enum { GBL_NO_BLOCKS = -1, GBL_NO_SLOT = -2 };

/* The next step. Filled through host->schedule; these fields are the policy's own words about it. */
typedef struct gbl_plan {
    int32_t n;           /* sequences scheduled so far (read only) */
    int64_t tokens;      /* tokens scheduled so far (read only) */
    int32_t preempted;   /* requests preempted so far (read only) */
    /* The same plan (each decode again, one token on) would be answered at every following step until a request
     * becomes visible, finishes, returns from a tier, or fewer than hold_free_blocks blocks are free. Only plans of
     * decodes alone can be held; the engine then takes O(1) work a step, and conformance asks again to compare. */
    int32_t hold;
    int64_t hold_free_blocks;
    /* Slots that compute without being anybody's token (a static batch's finished members). */
    int32_t pad_seqs;
    int64_t pad_kv_tokens; /* KV tokens that each of them reads */
} gbl_plan;

/* ---------------------------------------------------------------- host table ---- */

/* What a policy is lent. Functions that do not belong to the caller's family are NULL. */
typedef struct gbl_host gbl_host;
struct gbl_host {
    uint32_t size;        /* of this table */
    void *engine;         /* the engine's; opaque */
    const gbl_view *view; /* per-replica families; NULL for route */

    /* Keyed draw in (0,1): the same (stream, entity, k) gives the same value whatever the call order. */
    double (*draw)(const gbl_host *h, uint32_t stream, uint64_t entity, uint64_t k);

    /* --- schedule --- */
    /* Compute `tokens` more tokens of request id in this step, after reserving blocks for max(tokens known after
     * it, reserve_tokens). A waiting request is admitted first (its cached prefix is matched and not recomputed, so
     * fewer tokens may be left than known: the call then takes at most what is left). Returns the tokens taken
     * (> 0), 0 (admitted, but part of its prefix lies below HBM and is being loaded: it runs later),
     * GBL_NO_BLOCKS (nothing changed) or GBL_NO_SLOT (max_num_seqs reached). A request is scheduled at most
     * once a step. */
    int32_t (*schedule)(const gbl_host *h, int32_t id, int64_t tokens, int64_t reserve_tokens);
    /* Tokens of a waiting request that its cached prefix would save now. */
    int32_t (*cached)(const gbl_host *h, int32_t id);
    /* Prompt tokens that two requests have in common from their start, as far as the trace's ids tell. */
    int32_t (*shared)(const gbl_host *h, int32_t a, int32_t b);
    /* Blocks that admitting or growing id to `tokens` known tokens would take from free_blocks. */
    int64_t (*blocks_needed)(const gbl_host *h, int32_t id, int64_t tokens);
    /* Ask the preempt policy for a victim on behalf of id and carry it out. Returns the victim's id (maybe id
     * itself), or -1 where nobody can be preempted. Not-yet-run work of this plan for the victim is undone. */
    int32_t (*make_room)(const gbl_host *h, int32_t id);
    /* Put this running request out, the way the preempt policy says; it must have no chunk in this plan. 0, or an error. */
    int (*preempt)(const gbl_host *h, int32_t id);
    /* Start to bring a swapped request back. 0, GBL_NO_BLOCKS or GBL_NO_SLOT; it runs when its transfer is done, or, where the
     * tiers have dropped part of its prefix meanwhile, waits in front of the queue to start over. */
    int32_t (*resume)(const gbl_host *h, int32_t id);
    /* Time that a step would take, ns: decodes at kv_tokens in all, and one prefill chunk behind `cached` tokens. */
    int64_t (*step_ns)(const gbl_host *h, int32_t decodes, int64_t kv_tokens, int64_t chunk, int64_t cached);

    /* --- preempt --- */
    int64_t (*transfer_ns)(const gbl_host *h, int64_t bytes); /* device to host, alone */

    /* --- prefix --- */
    /* Leading full blocks of the request's prompt that are resident. */
    int32_t (*prefix_run)(const gbl_host *h, int32_t id);
    /* Tokens of the request's next block, behind its first `blocks`, that stand at the start of a resident block. Only where
     * the policy says GBL_PREFIX_TAILS. */
    int32_t (*prefix_tail)(const gbl_host *h, int32_t id, int32_t blocks);
    /* Of the i-th chunk of the prompt (one id of the trace), the leading tokens that are resident wherever in a prompt they were
     * computed; -1 past the last chunk. Only where the policy says GBL_PREFIX_CHUNKS. */
    int32_t (*chunk)(const gbl_host *h, int32_t id, int32_t i);

    /* --- prefetch --- */
    int32_t n_tiers; /* below HBM, fastest first */
    /* Of the blocks below HBM that continue the resident run of a waiting request's prompt, those that lie in this tier. */
    int32_t (*below)(const gbl_host *h, int32_t id, int32_t tier);
    int64_t (*load_ns)(const gbl_host *h, int32_t id, int32_t blocks); /* time to load the first of them, alone */

    /* --- compress --- */
    void *(*own)(const gbl_host *h, int32_t id); /* the state of a sequence that has begun here; NULL: it has not */

    /* --- route --- */
    int32_t n_replicas;
    const gbl_replica_view *(*replica)(const gbl_host *h, int32_t i);
    const gbl_req *(*request)(const gbl_host *h, int32_t id);
    int64_t (*cached_at)(const gbl_host *h, int32_t i, int32_t id); /* prompt tokens resident on replica i */
    int64_t (*now_ns)(const gbl_host *h);

    /* --- evict --- */
    void *pool;       /* the lender's; opaque */
    int64_t accesses; /* accesses that the recorded order has; 0 where none is recorded */
    /* In init only: zeroed memory, aligned for any type, that lives as long as the instance. NULL where there is none left:
     * init then returns without using it, and the run ends with that message. */
    void *(*memory)(const gbl_host *h, size_t bytes);
    void (*forget)(const gbl_host *h, int32_t block); /* this ghost's id may be given to other content */
};

/* ---------------------------------------------------------------- families ---- */

enum gbl_family {
    GBL_ROUTE, GBL_ADMIT, GBL_SCHEDULE, GBL_PREEMPT, GBL_KVMEM, GBL_PREFIX, GBL_EVICT,
    GBL_COMPRESS, GBL_SPECULATE, GBL_PREFETCH, GBL_EXECUTE, GBL_SCALE, GBL_FAMILIES
};
#define GBL_POLICY_MAGIC 0x31304c42u
#define GBL_ABI 0 /* of every family: 0 = may still change */

/* The head of every policy. */
typedef struct gbl_policy {
    uint32_t size;           /* of the family's struct */
    uint16_t family, abi;
    const char *name;        /* on the command line and in JSON */
    const char *help;        /* one sentence */
    const char *source;      /* paper, system or documentation it follows */
    const gbl_param *params; /* or NULL; offsets into the state */
    uint32_t state_size;     /* bytes of state an instance wants */
    uint32_t block_size;     /* bytes a KV block (eviction policies) */
    uint32_t flags;
} gbl_policy;

/* schedule: which sequences compute how many tokens in the next step of one replica. */
enum { GBL_SCHEDULE_WHOLE = 1 /* a prompt is computed in one piece, whatever the token budget of a step */ };
typedef struct gbl_schedule_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h); /* may be NULL, everywhere below too */
    void (*plan)(void *state, const gbl_host *h, gbl_plan *plan);
    /* Largest number of KV tokens that it reserves for one request: decides what can never fit. NULL: the
     * tokens that the request really needs. */
    int64_t (*most_tokens)(void *state, const gbl_host *h, int32_t id);
    /* KV tokens to reserve for a request that comes with the KV of its prompt, to decode here. NULL: prompt and next token. */
    int64_t (*land_tokens)(void *state, const gbl_host *h, int32_t id);
} gbl_schedule_policy;

/* preempt: who gives way, and how. */
enum { GBL_BY_RECOMPUTE, GBL_BY_SWAP };
typedef struct gbl_preempt_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    int32_t (*victim)(void *state, const gbl_host *h, int32_t for_id); /* a running id; maybe for_id */
    int (*how)(void *state, const gbl_host *h, int32_t id);            /* GBL_BY_* */
} gbl_preempt_policy;
/* A victim: the newest running request that has not been given work yet, or only the next token of its answer; a chunk already
 * planned stays. */
static inline int32_t gbl_newest_running(void *state, const gbl_host *h, int32_t for_id) {
    (void)state;
    const gbl_view *v = h->view;
    for (int32_t i = v->n_running - 1; i >= 0; i--) {
        int32_t id = v->running[i];
        const gbl_req *r = &v->req[id];
        int decodes = r->scheduled == 1 && r->generated > 0 && r->computed == r->known;
        if (id == for_id || !r->scheduled || decodes) return id;
    }
    return for_id;
}

/* Schedules `tokens` of a running request, preempting until they fit. 0 where it had to give way itself. */
static inline int gbl_make_fit(const gbl_host *h, int32_t id, int64_t tokens) {
    while (h->schedule(h, id, tokens, 0) == GBL_NO_BLOCKS) {
        int32_t victim = h->make_room(h, id);
        if (victim == id || victim < 0) return 0;
    }
    return 1;
}
/* One pass over the running requests under a token budget: decodes, or unfinished prompts. A preempted request leaves the list. */
static inline void gbl_run_on(const gbl_host *h, const gbl_plan *plan, int64_t budget, int prompts) {
    const gbl_view *v = h->view;
    for (int32_t i = 0; i < v->n_running && plan->tokens < budget;) {
        int32_t id = v->running[i];
        const gbl_req *r = &v->req[id];
        int64_t left = r->known - r->computed;
        if (r->scheduled || (left > 1) != prompts) {
            i++;
            continue;
        }
        if (left > budget - plan->tokens) left = budget - plan->tokens;
        if (!gbl_make_fit(h, id, left)) return;
        if (i < v->n_running && v->running[i] == id) i++;
    }
}

/* kvmem: how KV tokens become blocks. */
enum { GBL_KVMEM_UNSHARED = 1 /* a request's KV is one piece of memory: nothing is shared between requests */ };
typedef struct gbl_kvmem_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    /* Tokens to have room for when a request needs `tokens`: at its admission, and whenever it outgrows its blocks. */
    int64_t (*reserve)(void *state, const gbl_host *h, int32_t id, int64_t tokens);
} gbl_kvmem_policy;

/* prefix: how much of a prompt is taken from the cache. */
enum {
    GBL_PREFIX_NO_INDEX = 1, /* nothing is ever indexed */
    GBL_PREFIX_TAILS = 2,    /* blocks are found by what they begin with, and the last block of a finished request is kept
                              * though it is not full: what matches is copied into a block of the request's own */
    GBL_PREFIX_CHUNKS = 4    /* an id of the trace is content without a place: found wherever it stood, copied, not shared */
};
/* Who shares what with whom; asked once. */
typedef struct gbl_prefix_rules {
    int32_t by_tenant;     /* requests of different tenants share nothing (a salt in the hash) */
    int32_t when_computed; /* a block is found from the end of the step that computes it; 0: from the plan of that step on */
} gbl_prefix_rules;
/* What a prompt takes from resident blocks by copying, besides the blocks that it shares. */
typedef struct gbl_reuse {
    int32_t copied;     /* tokens, at most what prefix_tail or the chunks have */
    int32_t recomputed; /* of these, tokens that are computed all the same */
} gbl_reuse;
typedef struct gbl_prefix_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    int32_t (*match)(void *state, const gbl_host *h, int32_t id); /* leading blocks to take */
    void (*reuse)(void *state, const gbl_host *h, int32_t id, int32_t blocks, gbl_reuse *out); /* may be NULL: nothing */
    void (*rules)(const void *state, gbl_prefix_rules *out);                                   /* may be NULL: all zero */
} gbl_prefix_policy;

/* prefetch: what of a prompt's KV that lies below HBM is loaded, and when; the rest is computed again. `found`: blocks below
 * HBM that continue the resident run. The same question may be asked several times: no answer may change the state. */
typedef struct gbl_prefetch_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    int32_t (*admitted)(void *state, const gbl_host *h, int32_t id, int32_t found); /* leading blocks to load as it is admitted */
    int32_t (*queued)(void *state, const gbl_host *h, int32_t id, int32_t found);   /* as it joins the queue; NULL: none */
    /* Bytes that loading these leading blocks moves, as a share of their KV's: it lies there encoded, too. NULL: 1. */
    double (*encoded)(void *state, const gbl_host *h, int32_t id, int32_t blocks);
} gbl_prefetch_policy;

/* execute: what one step of a request computes, and what it yields. An ordinary request decodes: one token through all layers,
 * attending all before it, yields the next one. Here a step may compute many tokens (masked positions, the grid of an image), let
 * the KV grow by many or by none, and yield several or none.
 *
 * Strides are numbered from 0. Stride 0 is the step in which the prompt ends: what it says comes besides the prompt's tokens, and it
 * yields at least one. An answer depends on the request, on k and on what is filled in alone (draws are keyed), for it may be asked
 * again; some of 1,024 strides that follow each other yields. Whoever is not of this kind is declined at its stride 0, and then for good.
 * A stride is never cut: its queries count in a plan's tokens, and may pass a budget that was not reached yet. After a
 * preemption by recomputing the request computes all tokens that it held as a prompt, and then the stride that it had come to. */
typedef struct gbl_stride {
    int32_t generated; /* filled in: output tokens that are out before it */
    int32_t silent;    /* filled in: strides since the last one that yielded */
    int32_t recursion; /* 0: through all layers; r: a model whose layers are shared runs them for the r-th time on this token, and nothing else */
    int32_t queries; /* tokens that go through the layers and the LM head; 0 at stride 0: those of the prompt alone */
    int32_t keys;    /* KV tokens that each of them attends, themselves included */
    int32_t grows;   /* KV tokens that the request holds more from this step on */
    int32_t yields;  /* output tokens that are out at its end; what is more than the request's output is not */
} gbl_stride;
/* A piece of a prompt that the host makes before its tokens can be computed, as it decodes a video. The pieces of one prompt are made one
 * after another, beside the GPU's steps; the prompt joins the queue with its first piece and rests between two of them. */
typedef struct gbl_input_piece {
    int64_t tokens;    /* of the prompt that it makes ready */
    gbl_demand demand;
} gbl_input_piece;
enum {
    GBL_EXECUTE_UNSHARED = 1,   /* KV differs with what else the request holds: no other finds it in the prefix cache */
    GBL_EXECUTE_STEP_TOKENS = 2, /* its steps yield view->step_tokens on average: for models rewritten so, and for no others */
    GBL_EXECUTE_RECURSIONS = 4,  /* its strides are recursions of models rewritten so, and of no others */
    /* Attention goes both ways: no prompt is cut, whatever the budget, and stride 0's queries are all that its step computes, the prompt's tokens
     * among them. After a preemption the stride that it had come to computes all that it attends. */
    GBL_EXECUTE_BOTH_WAYS = 8
};
typedef struct gbl_execute_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    /* 0: this request decodes; NULL: all do. */
    int (*stride)(void *state, const gbl_host *h, int32_t id, int64_t k, gbl_stride *out);
    /* The k-th piece of its prompt. 0: there is none further, what is left of the prompt is there; NULL: prompts come whole. */
    int (*feed)(void *state, const gbl_host *h, int32_t id, int64_t k, gbl_input_piece *out);
} gbl_execute_policy;

/* compress: what stays of a sequence's KV, where it lies, and what each step reads, moves and computes of it. The policy counts tokens; the engine
 * turns them into bytes (in the bits and channels of the cards beneath it in policy.compress), memory, PCIe transfers and time.
 *
 * One question: pieces(), "what of this sequence while its KV goes from `from` to `to` tokens?" It may be asked at any time, in any
 * order, also about steps that never come (may this request be admitted?), so it changes nothing; what changes is changed in step().
 * Host memory is what a tier of kind "dram" says there is, else without end; what a sequence has there at its prompt's end is set aside as it is
 * admitted. Pieces cover every layer and KV head exactly once. Counts are of one layer and head. */
typedef struct gbl_kv_at {
    int32_t id;
    int32_t settled;   /* 1: what stays when the step to `to` is over (work is not read); 0: what is held while it runs, and its work */
    int64_t prompt;    /* tokens of its prompt, as it was admitted */
    int64_t from, to;  /* to <= prompt: a chunk of the prompt, from = 0 and to = prompt all of it; to > prompt: the decode of token `to` */
} gbl_kv_at;
typedef struct gbl_kv_piece {
    int32_t layers, heads;
    int64_t hbm, dram;  /* tokens kept: in device memory, what was fetched into it included; in host memory. Others are gone. Where layers fetch one
                         * after another, a piece of one layer has what that layer attends, and the others have what stays */
    int64_t read;       /* a decode: tokens that it attends; a chunk: tokens before it that each of its queries attends */
    int64_t within;     /* a chunk: the last tokens of the chunk itself that each of its queries attends; 0: all */
    int64_t up, down;   /* tokens that the step fetches from host memory, that it puts there */
    int64_t again;      /* tokens that are gone, attended, and so computed again in the step, through all layers */
    /* Work of choosing, beside attention: */
    int64_t index;      /* vectors as long as a K kept in device memory to choose by */
    int64_t keys, queries; /* keys (or such vectors) compared with so many queries of each query head */
    int64_t ranked;     /* scores searched for the largest */
    int64_t gathered;   /* tokens copied to their new place */
    int64_t products, flops; /* FLOPs of further matrix products, and of anything else */
} gbl_kv_piece;
enum { GBL_COMPRESS_DRAM = 1 /* it may put KV into host memory */ };
typedef struct gbl_compress_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    uint32_t request_size; /* bytes of state that a sequence has from its admission; zeroed before begin() */
    void (*begin)(const void *state, void *own, const gbl_host *h, int32_t id); /* may be NULL; asked of whoever waits, too */
    /* Fills at most `most` >= 2 x layers pieces and returns how many. */
    int32_t (*pieces)(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most);
    /* At a decode: for how many of the steps behind it every count of pieces() grows by the same from each to the next, >= 1. NULL: 1. */
    int64_t (*until)(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at);
    /* Before each plan: the place to decide over all sequences (h->view, h->own). They then hold what pieces() says; more only where it is free.
     * Returns for how many steps, this one included, it would change nothing as long as nobody comes or goes, >= 1. NULL: for ever. */
    int64_t (*step)(void *state, const gbl_host *h);
    /* Once, as a scenario is read: what its parameters must keep to among each other and do not, as in "sink + recent of at most cap";
     * NULL: they agree. */
    const char *(*check)(const void *state);
} gbl_compress_policy;

/* evict: which cached block goes. A block is a dense id below `ids`; it is evictable or held (referenced, pinned, or with a
 * resident child), and only evictable ones may be proposed. A held block keeps its place in the policy's order when a hand
 * or a queue passes it. Hooks other than victims may be NULL. In an engine room is made before a block is inserted, and of
 * a chain only the last block can go; a flat set (`gable trace hits`) holds nothing and evicts after each insertion.
 *
 * Ghosts: a policy with GBL_EVICT_GHOSTS remembers up to `capacity` blocks that went. The id of a block that went stays
 * bound to its content until the policy calls host->forget; content that returns before comes back under the same id, which
 * miss() sees as info->ghost. The memory of an id is the policy's own: what it left there is there at the next insertion. */
enum {
    GBL_EVICT_TAIL_FIRST = 1,    /* the engine touches a chain from its tail; evicts after the whole request */
    GBL_EVICT_BEFORE_INSERT = 2, /* a flat set makes room before the insertion, not after it */
    GBL_EVICT_NEEDS_ORACLE = 4,  /* reads info.next_use: only where the access order is recorded */
    GBL_EVICT_GHOSTS = 8,
    GBL_EVICT_NEEDS_COST = 16,   /* reads info.recompute_s or reload_s */
    GBL_EVICT_NEEDS_ADVICE = 32, /* reads info.discard or phase: only where the access order is recorded */
    GBL_EVICT_BLIND = 64         /* no miss(), reads nothing of info (it may be all zero), and hears held() before insert() too */
};
enum gbl_gone { GBL_GONE_EVICTED, GBL_GONE_RESET, GBL_GONE_EXPIRED };
typedef struct gbl_block_info {
    uint64_t key;       /* of the chain up to and with this block */
    int32_t parent;     /* resident block before it in the chain, or -1 */
    int32_t depth;      /* blocks before it in the chain */
    int32_t tokens;
    int32_t ghost;      /* for miss(): the id it had when it went, if that was not forgotten; else -1 */
    int64_t now_ns;
    int64_t session;    /* of the request that uses it; -1 when none */
    int64_t request;    /* serial of that request */
    int64_t arrival_ns; /* of that request */
    int32_t last;       /* 1: no turn of its session follows, 0: more do, -1: unknown */
    double bytes;
    double recompute_s; /* seconds to compute it again behind its prefix; 1 in a flat set, where no machine is known */
    double reload_s;    /* seconds to load it from the tier below; 0 where there is none */
    int32_t class_id;   /* the request's tenant */
    int32_t discard;    /* advice: 1 where the optimum evicts it before its next use */
    int32_t phase;      /* advice: 1 where it is used again in the next phase (`capacity` distinct blocks make a phase) */
    int64_t access;     /* number of this access from 0, where the access order is recorded */
    int64_t next_use;   /* access number of its next use, INT64_MAX for none or unknown */
} gbl_block_info;
typedef struct gbl_evict_policy {
    gbl_policy head;
    /* `capacity`: blocks the pool holds (INT64_MAX: unbounded); `blocks`: `ids` x head.block_size zeroed bytes. */
    void (*init)(void *state, const gbl_host *h, int64_t capacity, int32_t ids, void *blocks);
    void (*miss)(void *state, const gbl_block_info *info);                  /* before an insertion: for ghosts */
    void (*insert)(void *state, int32_t block, const gbl_block_info *info); /* now resident, evictable */
    void (*touch)(void *state, int32_t block, const gbl_block_info *info);  /* a request found it */
    void (*released)(void *state, int32_t block, int64_t now_ns);           /* its last user just let go: end of a use */
    void (*held)(void *state, int32_t block, int held);                     /* 1: from now on held, 0: evictable */
    int32_t (*victims)(void *state, int32_t need, int32_t *out);            /* proposes up to `need`; returns count */
    void (*gone)(void *state, int32_t block, enum gbl_gone reason);
    void (*resize)(void *state, int64_t capacity); /* running requests leave the cache this many blocks from now on */
    /* Proposes up to `most` evictable blocks that must go though there is room; asked as requests come and go. */
    int32_t (*expired)(void *state, int64_t now_ns, int32_t most, int32_t *out);
} gbl_evict_policy;

/* route: which replica serves a request. Where pools compute prompts only, each request is asked about twice: who computes its
 * prompt, and, with its first token out, who decodes it. Each question has an instance of its own and sees only the replicas
 * that can take the request, numbered from 0; cached_at then tells what would not have to be computed, or moved. */
typedef struct gbl_route_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    int32_t (*pick)(void *state, const gbl_host *h, int32_t id);
} gbl_route_policy;

/* admit: who is let in at the front door; lent what the router is. */
enum {
    GBL_ADMIT_NOW,
    GBL_ADMIT_LATER,  /* it waits; those behind it are asked about */
    GBL_ADMIT_CLOSED, /* it waits, and so does everybody behind it */
    GBL_ADMIT_NEVER   /* rejected */
};
typedef struct gbl_admit_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    /* NULL: everybody, at once. Asked as a request comes; one that waits is asked about again when a request leaves, when others
     * come, and at *again_ns where that was set. Somebody must be let in where nothing runs. */
    int (*ask)(void *state, const gbl_host *h, int32_t id, int64_t *again_ns);
} gbl_admit_policy;

/* scale: how many replicas the cluster has now. */
typedef struct gbl_scale_view {
    int64_t now_ns;
    int32_t first;                   /* before anything runs: how many to start with */
    int32_t most;                    /* replicas there can be */
    int32_t up, starting, draining;
    int64_t waiting, running;        /* requests of those that are up */
    double used_share;               /* of their KV blocks */
} gbl_scale_view;
typedef struct gbl_scale_policy {
    gbl_policy head;
    void (*init)(void *state, const gbl_host *h);
    /* Up and starting ones together, 1 .. most; NULL: all of them, always. */
    int32_t (*want)(void *state, const gbl_host *h, const gbl_scale_view *v);
    int64_t (*interval_ns)(void *state); /* between two looks */
    int64_t (*delay_ns)(void *state);    /* from asking for one to its first request */
} gbl_scale_policy;

/* ---------------------------------------------------------------- tools ---- */

/* A ranking of blocks, smallest (key, tie) first: a binary heap inside the policy's own per-block memory, for any
 * policy whose victim is a minimum (age, frequency, value, next use). Put a gbl_rank first in the block's struct. */
typedef struct gbl_rank {
    int64_t key, tie;
    int32_t at;   /* place in the heap + 1; 0 = not ranked */
    int32_t slot; /* of the heap array: which block stands at this index */
} gbl_rank;
typedef struct gbl_ranking {
    char *blocks;
    uint32_t stride, n;
} gbl_ranking;

static inline gbl_rank *gbl_rank_of(const gbl_ranking *r, int32_t block) {
    return (gbl_rank *)(void *)(r->blocks + (size_t)block * r->stride);
}
static inline int gbl_rank_less(const gbl_rank *a, const gbl_rank *b) {
    return a->key != b->key ? a->key < b->key : a->tie < b->tie;
}
static inline void gbl_rank_put(gbl_ranking *r, uint32_t at, int32_t block) {
    gbl_rank_of(r, (int32_t)at)->slot = block;
    gbl_rank_of(r, block)->at = (int32_t)at + 1;
}
static inline void gbl_rank_settle(gbl_ranking *r, uint32_t at, int32_t block) { /* sift up, then down */
    const gbl_rank *me = gbl_rank_of(r, block);
    while (at > 0) {
        int32_t up = gbl_rank_of(r, (int32_t)((at - 1) / 2))->slot;
        if (!gbl_rank_less(me, gbl_rank_of(r, up))) break;
        gbl_rank_put(r, at, up);
        at = (at - 1) / 2;
    }
    for (uint32_t kid = 2 * at + 1; kid < r->n; kid = 2 * at + 1) {
        int32_t k = gbl_rank_of(r, (int32_t)kid)->slot;
        if (kid + 1 < r->n && gbl_rank_less(gbl_rank_of(r, gbl_rank_of(r, (int32_t)kid + 1)->slot), gbl_rank_of(r, k)))
            k = gbl_rank_of(r, (int32_t)++kid)->slot;
        if (!gbl_rank_less(gbl_rank_of(r, k), me)) break;
        gbl_rank_put(r, at, k);
        at = kid;
    }
    gbl_rank_put(r, at, block);
}
/* Ranks a block, or ranks it anew after its key changed. */
static inline void gbl_rank_set(gbl_ranking *r, int32_t block) {
    int32_t at = gbl_rank_of(r, block)->at;
    gbl_rank_settle(r, at ? (uint32_t)at - 1 : r->n++, block);
}
static inline void gbl_rank_drop(gbl_ranking *r, int32_t block) {
    int32_t at = gbl_rank_of(r, block)->at;
    if (!at) return;
    gbl_rank_of(r, block)->at = 0;
    int32_t last = gbl_rank_of(r, (int32_t)--r->n)->slot;
    if (last != block) gbl_rank_settle(r, (uint32_t)at - 1, last);
}
static inline int32_t gbl_rank_min(const gbl_ranking *r) { return r->n ? gbl_rank_of(r, 0)->slot : -1; }

/* A set of numbers below n as a tree of 64-bit words: every word above the lowest row says which words below may have
 * members. A removal touches the lowest row alone: whoever comes by later and finds a word empty says so above, so that what
 * comes and goes at one place costs nothing above it. Insertion and "the next member from here" take a word a row or less,
 * spread over the removals before them; rows = log64(n). */
enum { GBL_BITS_ROWS = 6 };
typedef struct gbl_bits {
    uint64_t *row[GBL_BITS_ROWS];
    int64_t n;
    int32_t rows;
} gbl_bits;
static inline size_t gbl_bits_bytes(int64_t n) {
    size_t words = 0;
    do words += (size_t)(n = (n + 63) / 64); while (n > 1);
    return words * sizeof(uint64_t);
}
static inline void gbl_bits_init(gbl_bits *b, int64_t n, void *zeroed) {
    char *at = (char *)zeroed;
    *b = (gbl_bits){.n = n};
    if (!at) return;
    do {
        n = (n + 63) / 64;
        b->row[b->rows++] = (uint64_t *)(void *)at;
        at += (size_t)n * sizeof(uint64_t);
    } while (n > 1);
}
static inline void gbl_bits_set(gbl_bits *b, int64_t i) {
    uint64_t *w = &b->row[0][i >> 6], was = *w, bit = 1ull << (i & 63);
    *w = was | bit;
    for (int32_t r = 1; !was && r < b->rows; r++) {
        i >>= 6;
        w = &b->row[r][i >> 6];
        was = *w;
        *w = was | 1ull << (i & 63);
    }
}
static inline void gbl_bits_clear(gbl_bits *b, int64_t i) { b->row[0][i >> 6] &= ~(1ull << (i & 63)); }
static inline int gbl_bits_has(const gbl_bits *b, int64_t i) { return (int)(b->row[0][i >> 6] >> (i & 63) & 1); }
static inline int64_t gbl_bits_next(const gbl_bits *b, int64_t from) { /* the smallest member >= from, or -1 */
    int32_t r = 0;
    while (r < b->rows && from <= (b->n - 1) >> 6 * r) {
        uint64_t w = b->row[r][from >> 6] >> (from & 63);
        if (!w) {
            from = (from >> 6) + 1;
            r++;
            continue;
        }
        from += __builtin_ctzll(w);
        if (!r) return from;
        if (!b->row[r - 1][from]) b->row[r][from >> 6] &= ~(1ull << (from & 63));
        else {
            from *= 64;
            r--;
        }
    }
    return -1;
}
static inline int64_t gbl_bits_last(const gbl_bits *b) { /* the largest member, or -1 */
    int64_t at = 0;
    for (int32_t r = b->rows - 1; r < b->rows;) {
        uint64_t w = b->row[r][at];
        if (w) {
            at = at * 64 + 63 - __builtin_clzll(w);
            if (!r--) return at;
            continue;
        }
        if (++r < b->rows) b->row[r][at >> 6] &= ~(1ull << (at & 63));
        at >>= 6;
    }
    return -1;
}

/* A queue of blocks in which held ones keep their place without being in the way: places are a ring of numbers, a table says
 * who sits there, a bit set says whose place may be vacated. Everything is O(1) but for the bit rows; when the ring is full
 * the queue is packed, which at least as many pushes have paid for as there are seats. A block sits in one queue at a time.
 * Put a gbl_seat first in the block's struct; `count` and `mark` are free for the policy. */
typedef struct gbl_seat {
    int32_t place; /* in the ring */
    uint8_t queue; /* 0: in none */
    uint8_t held;  /* reasons, one bit each; the engine's is GBL_HELD */
    uint8_t count, mark;
} gbl_seat;
enum { GBL_HELD = 1 };
typedef struct gbl_queue {
    char *blocks;
    uint32_t stride;
    uint8_t id;
    int32_t *at;           /* by place in the ring: the block that was seated there */
    int64_t mask;          /* places of the ring - 1 */
    int64_t base, top, n;  /* numbers of the oldest place in use and of the next to give; blocks seated (held ones too) */
    int64_t low;           /* no block that may go sits before this number */
    int64_t hand;          /* a number that packing keeps between the same neighbours */
    gbl_bits may_go;
} gbl_queue;

static inline gbl_seat *gbl_seat_of(const gbl_queue *q, int32_t block) {
    return (gbl_seat *)(void *)(q->blocks + (size_t)block * q->stride);
}
static inline void gbl_queue_init(gbl_queue *q, const gbl_host *h, uint8_t id, int32_t ids, void *blocks, uint32_t stride) {
    int64_t room = 64;
    while (room < 2 * (int64_t)ids) room *= 2;
    *q = (gbl_queue){.blocks = (char *)blocks, .stride = stride, .id = id, .mask = room - 1};
    q->at = (int32_t *)h->memory(h, (size_t)room * sizeof *q->at);
    gbl_bits_init(&q->may_go, room, h->memory(h, gbl_bits_bytes(room)));
}
/* The number of a block's place. */
static inline int64_t gbl_queue_place(const gbl_queue *q, int32_t block) {
    return q->base + ((gbl_seat_of(q, block)->place - q->base) & q->mask);
}
static inline int gbl_queue_taken(const gbl_queue *q, int64_t number) {
    const gbl_seat *s = gbl_seat_of(q, q->at[number & q->mask]);
    return s->queue == q->id && s->place == (int32_t)(number & q->mask);
}
static inline void gbl_queue_pack(gbl_queue *q) { /* moves everybody to the oldest places, in order */
    int64_t to = q->base, hand = -1;
    for (int64_t from = q->base; from < q->top; from++) {
        int32_t block = q->at[from & q->mask];
        if (!gbl_queue_taken(q, from)) continue;
        if (hand < 0 && from >= q->hand) hand = to;
        if (from != to) {
            gbl_seat *s = gbl_seat_of(q, block);
            q->at[to & q->mask] = block;
            s->place = (int32_t)(to & q->mask);
            if (!s->held) {
                gbl_bits_clear(&q->may_go, from & q->mask);
                gbl_bits_set(&q->may_go, to & q->mask);
            }
        }
        to++;
    }
    q->hand = hand < 0 ? to : hand;
    q->low = q->base;
    q->top = to;
}
#if defined(__GNUC__)
__attribute__((cold, noinline, unused)) /* or every push would save the registers that packing wants */
#endif
static void gbl_queue_make_place(gbl_queue *q) {
    while (q->base < q->top && !gbl_queue_taken(q, q->base)) q->base++;
    if (q->top - q->base > q->mask / 8 * 7) gbl_queue_pack(q);
}
static inline void gbl_queue_push(gbl_queue *q, int32_t block) { /* at the young end; it must sit in no queue */
    if (q->top - q->base > q->mask) gbl_queue_make_place(q);
    gbl_seat *s = gbl_seat_of(q, block);
    int64_t place = q->top++ & q->mask;
    s->place = (int32_t)place;
    s->queue = q->id;
    q->at[place] = block;
    if (!s->held) gbl_bits_set(&q->may_go, place);
    q->n++;
}
static inline void gbl_queue_drop(gbl_queue *q, int32_t block) {
    gbl_seat *s = gbl_seat_of(q, block);
    if (s->queue != q->id) return;
    gbl_bits_clear(&q->may_go, s->place);
    s->queue = 0;
    q->n--;
}
static inline void gbl_queue_again(gbl_queue *q, int32_t block) { /* to the young end */
    gbl_queue_drop(q, block);
    gbl_queue_push(q, block);
}
static inline void gbl_queue_hold(gbl_queue *q, int32_t block, uint8_t reason, int on) {
    gbl_seat *s = gbl_seat_of(q, block);
    s->held = (uint8_t)(on ? s->held | reason : s->held & ~reason);
    if (s->queue != q->id) return;
    if (s->held) {
        gbl_bits_clear(&q->may_go, s->place);
        return;
    }
    gbl_bits_set(&q->may_go, s->place);
    int64_t number = gbl_queue_place(q, block);
    if (number < q->low) q->low = number;
}
/* The number of the first place from `number` on whose block may go, or -1. */
static inline int64_t gbl_queue_next(const gbl_queue *q, int64_t number) {
    if (number < q->base) number = q->base;
    int64_t from = number & q->mask, at = gbl_bits_next(&q->may_go, from);
    if (at < 0 && from) at = gbl_bits_next(&q->may_go, 0);
    number += (at - from) & q->mask;
    return at < 0 || number >= q->top ? -1 : number;
}
/* The oldest block from a number on that may go, or -1. */
static inline int32_t gbl_queue_from(const gbl_queue *q, int64_t number) {
    number = gbl_queue_next(q, number);
    return number < 0 ? -1 : q->at[number & q->mask];
}
static inline int32_t gbl_queue_first(gbl_queue *q) {
    int64_t from = q->low & q->mask; /* mostly it is near the last answer */
    uint64_t near = q->low >= q->base ? q->may_go.row[0][from >> 6] >> (from & 63) : 0;
    int64_t number = near ? q->low + __builtin_ctzll(near) : gbl_queue_next(q, q->low);
    q->low = number < 0 ? q->top : number;
    return number < 0 ? -1 : q->at[number & q->mask];
}
static inline int32_t gbl_queue_firsts(gbl_queue *q, int32_t need, int32_t *out) {
    int32_t n = 0;
    if (need > 0 && (out[0] = gbl_queue_first(q)) >= 0) n = 1;
    for (int64_t at = q->low; n && n < need && (at = gbl_queue_next(q, at + 1)) >= 0;) out[n++] = q->at[at & q->mask];
    return n;
}

/* A bag of blocks to draw from: put, remove and pick are O(1). */
typedef struct gbl_bag {
    int32_t *block, *where; /* where: place in `block` + 1, by block; 0 = not in the bag */
    int32_t n;
} gbl_bag;
static inline void gbl_bag_init(gbl_bag *b, const gbl_host *h, int32_t ids) {
    *b = (gbl_bag){(int32_t *)h->memory(h, (size_t)ids * sizeof(int32_t)), (int32_t *)h->memory(h, (size_t)ids * sizeof(int32_t)), 0};
}
static inline void gbl_bag_put(gbl_bag *b, int32_t block) {
    if (b->where[block]) return;
    b->block[b->n++] = block;
    b->where[block] = b->n;
}
static inline void gbl_bag_drop(gbl_bag *b, int32_t block) {
    int32_t at = b->where[block], last = b->block[b->n ? b->n - 1 : 0];
    if (!at) return;
    b->block[at - 1] = last;
    b->where[last] = at;
    b->where[block] = 0;
    b->n--;
}
static inline int32_t gbl_bag_pick(const gbl_bag *b, double u) { /* u in (0,1) */
    int32_t at = (int32_t)(u * b->n);
    return b->n ? b->block[at < b->n ? at : b->n - 1] : -1;
}

/* ---------------------------------------------------------------- export ---- */

/* A file ends with GBL_EXPORT(&one.head, &two.head). Built into gable it gets a symbol of its own (the Makefile
 * passes GBL_POLICY_SYMBOL); as a plug-in the symbol is `gable_policies`. */
typedef struct gbl_export {
    uint32_t magic, abi;
    const gbl_policy *const *list; /* NULL-terminated */
} gbl_export;

#ifndef GBL_POLICY_SYMBOL
#define GBL_POLICY_SYMBOL gable_policies
#endif
#define GBL_EXPORT(...)                                                     \
    static const gbl_policy *const gbl_exported[] = {__VA_ARGS__, NULL};    \
    extern const gbl_export GBL_POLICY_SYMBOL;                              \
    const gbl_export GBL_POLICY_SYMBOL = {GBL_POLICY_MAGIC, GBL_ABI, gbl_exported}

#endif
