/* engine.h - the engine's own state: requests, replicas, the event loop. Shared by the files of sim/ only.
 *
 * One request's walk: source -> arrive (routed to a replica) -> front end -> enqueue -> plan (a schedule policy admits it:
 * prefix matched, blocks taken) -> step -> step end (tokens sampled) -> ... -> finish -> leave (metrics, row, source).
 *
 * Where a pool computes prompts only, a request goes on from its first token to a replica that decodes (handoff.c).
 *
 * Order of events at one instant: transfers end, requests arrive, requests reach queues, steps end, idle replicas plan. */
#ifndef GBL_ENGINE_H
#define GBL_ENGINE_H
#include "base/heap.h"
#include "base/text.h"
#include "sim/fluid.h"
#include "sim/kvpool.h"
#include "sim/metrics.h"
#include "sim/order.h"
#include "sim/network.h"
#include "sim/run.h"
#include "sim/scale.h"
#include "sim/shared.h"
#include "sim/tier.h"

enum gbl_event_kind { GBL_EV_FLOW, GBL_EV_NETWORK, GBL_EV_LANDED, GBL_EV_ARRIVAL, GBL_EV_CLIENT, GBL_EV_ENQUEUE, GBL_EV_STEP, GBL_EV_DOOR, GBL_EV_UP, GBL_EV_SCALE, GBL_EV_PLAN };

typedef struct gbl_engine gbl_engine;
typedef struct gbl_replica gbl_replica;
typedef struct gbl_pieces gbl_pieces;

/* A replica's clocks: how its time was spent so far, by what bound its steps, and waiting. They add up to the time. */
enum { GBL_SPENT_SM, GBL_SPENT_HBM, GBL_SPENT_LINK, GBL_SPENT_HOST, GBL_SPENT_WAIT, GBL_SPENT };
enum gbl_phase { GBL_PHASE_PREFILL, GBL_PHASE_DECODE, GBL_PHASE_PREEMPTED, GBL_PHASE_MOVING, GBL_PHASE_LOADING };

enum gbl_leaving { GBL_STAY, GBL_LEAVE_CANCEL, GBL_LEAVE_TIMEOUT, GBL_LEAVE_RETRY };

/* A request between two replicas. It holds KV on both: what it holds where it does not stand now is kept here. */
typedef struct gbl_handoff {
    int32_t from, to;        /* replicas; to -1: not under way */
    int32_t landing;         /* blocks are reserved at `to` and bytes move */
    int32_t prompt_done;     /* its first token is out */
    int32_t sent;            /* all but the last layer's part has arrived */
    int32_t *chain, n_chain; /* as in gbl_priv */
    size_t chain_room;
    int64_t private_blocks;
    int32_t blocks;
    int64_t asked_ns, began_ns;
    double tail_bytes;       /* the last layer's part, which cannot start before the prompt is done */
} gbl_handoff;

/* What the engine knows of a request besides its public view. */
typedef struct gbl_priv {
    /* what every step touches of everybody: one cache line */
    int64_t first_ns, last_ns; /* first token, latest token; -1 before */
    int64_t gap_sum, gap_n;
    int32_t chunk;       /* prompt tokens planned in this step (0: a decode) */
    int32_t phase;       /* enum gbl_phase: where its time goes now */
    int64_t private_blocks, swapped_blocks; /* in the pool's units (units.c) */
    uint64_t *ids;
    int32_t n_ids, id_tokens;
    int64_t told; /* leading tokens of prompt and output whose content the ids tell */
    size_t ids_room;
    int32_t *chain; /* cached blocks it uses, from the head of its prompt */
    size_t chain_room;
    int32_t n_chain;
    int32_t first_cached;
    int64_t kv_prompt, kv_to; /* under compression: its prompt as it was admitted; tokens that it has room for */
    int32_t shrunk, in_pieces; /* that prompt is done; it was cut at its admission */
    int64_t scheduled_ns; /* -1 before */
    gbl_handoff *move;   /* NULL until its id has moved between replicas */
    int32_t load;        /* slot + 1 of the load from a tier that is under way for it; 0: none */
    int32_t prefetched;  /* its prefetch question was asked */
    int32_t below_from, below_to; /* its own blocks that lie in room set aside in the first tier; both 0: none */
    int32_t from_tier[GBL_TIERS]; /* blocks loaded for it from each tier before its first schedule */
    int32_t from_store;  /* blocks fetched for it before its first schedule */
    int64_t let_in_ns;   /* when the admit policy let it in */
    int64_t cancel_ns;   /* when its user leaves; INT64_MAX: never */
    int32_t timer;       /* of its client; a heap handle, -1 */
    int32_t tries;       /* how often it was sent, where clients have timers */
    int32_t leaving;     /* enum gbl_leaving: it goes when the engine can let go of it */
    int32_t inside;      /* has come */
    int32_t admitted;    /* was scheduled at least once */
    int32_t copied;      /* tokens that its next step copies from cached blocks into its own */
    int32_t kept_chunks; /* its prompt's chunks were offered to the cache */
    int64_t since_ns;    /* start of its phase */
    int64_t spent[GBL_SPENT];   /* its replica's clocks then */
    int64_t part_ns[GBL_PARTS]; /* closed so far */
    /* of a request whose steps the execute policy describes (stride.c) */
    gbl_stride stride;  /* of the step being planned or under way ... */
    int32_t striding;   /* ... where that is one; 0: an ordinary step */
    int32_t again;      /* it was put out since its last stride: what it held is computed as a prompt first */
    int32_t silent;     /* of them, those since the last one that yielded */
    int32_t more;       /* KV tokens that the step adds beyond those scheduled; -1: none at all */
    int64_t strides;    /* taken so far */
    int64_t ready, fed; /* of its prompt, where that comes in pieces (feed.c): tokens that can be computed; pieces made */
    int32_t coming;     /* tokens of the piece under way */
} gbl_priv;

/* A queue of ids that also takes at the front. */
typedef struct gbl_deque {
    int32_t *a;
    size_t room, head, n;
} gbl_deque;
int gbl_deque_push(gbl_deque *d, int32_t id);
int gbl_deque_push_front(gbl_deque *d, int32_t id);
void gbl_deque_remove(gbl_deque *d, size_t i);

/* A load from the tiers below: of the whole at once, or of a first layer's share and then the rest. */
enum gbl_leg { GBL_LEG_ALL, GBL_LEG_FIRST, GBL_LEG_REST };
typedef struct gbl_load {
    int64_t serial; /* of its request: ids are used again */
    int32_t id, leg, legs; /* legs: flows in flight; 0: the slot is free */
    int32_t blocks[GBL_TIERS];
    double share; /* of their bytes that move: encoded KV */
} gbl_load;

typedef struct gbl_hold {
    int32_t on;
    int64_t k;         /* held steps begun */
    int64_t most;      /* held steps allowed before a slope change, a reservation's end, or the finish */
    int64_t finish;    /* the held step at whose end the first sequence finishes */
    int64_t measured;  /* of its decodes, those that count in the metrics */
    int64_t *ring;     /* block_size counters: units of the pool that are needed at step k = index + 1 modulo block_size */
    int64_t each;      /* and at every step, what is given back taken off */
    int64_t gross;     /* without that: the plan gives back in its own order, so room for this much must be free */
    int64_t slack;     /* gross - each: what is given back at most */
} gbl_hold;

enum gbl_replica_state { GBL_IDLE, GBL_STEPPING, GBL_FETCHING /* waits for transfers before its step */ };

struct gbl_replica {
    gbl_engine *e;
    int32_t index;
    const gbl_pool *kind;
    gbl_cost *price; /* its pool's cost model */
    int32_t plain;   /* gbl_cost_plain of it: one test for all that a decode need not be asked about */
    int32_t strides; /* the execute policy describes steps; then not plain */
    int32_t feeds;   /* and prompts that come in pieces */
    int32_t copies;  /* some request of the plan under way copies cached tokens */
    enum gbl_replica_state state;
    gbl_host host;
    gbl_view view;
    void *instance[GBL_FAMILIES];
    gbl_kvpool pool;
    gbl_pieces *pieces; /* of a compress policy in C; NULL: none */
    int64_t unit, capacity; /* the pool's units in a block; of the whole pool */
    gbl_order *order; /* of the uses of its blocks; NULL where none is recorded */
    gbl_fluid fluid;
    int32_t flow_event;  /* heap handle, -1 */
    int32_t plan_event;  /* heap handle, -1 */
    int32_t *running;
    size_t running_room;
    gbl_deque waiting;
    size_t visible;
    int32_t *swapped;
    size_t swapped_room;
    /* the plan under way */
    gbl_plan plan;
    int32_t *item;
    size_t item_room;
    int32_t planning;
    int32_t outs;       /* swap-out transfers that the step waits for */
    int32_t late;       /* loads beside the step under way that it cannot end before */
    int32_t step_over;  /* it has ended but for them */
    gbl_load *loads;
    size_t n_loads, loads_room;
    uint8_t writing[GBL_TIERS * GBL_DUES]; /* background writers at work */
    int32_t hands_off;  /* its requests are decoded elsewhere */
    int32_t n_parting;  /* requests whose KV lies here while it moves away */
    gbl_deque landing;  /* requests that wait for blocks here, to be moved in */
    gbl_deque joined;   /* moved in, and not scheduled yet */
    int32_t n_fetching; /* loads from the shared store under way */
    int32_t n_leaving;  /* running or on their way here, and to go */
    int32_t gave_back;  /* compression dropped more of a decode's KV than came, in the plan under way */
    int32_t disturbed;  /* somebody left the queue: plans are not held */
    gbl_batch batch;
    gbl_step_cost cost;
    gbl_hold hold;
    int64_t step_start_ns, seen_ns; /* seen_ns: requests queued later than this are not visible yet */
    /* accounts */
    int64_t live_tokens, peak_used;
    int64_t account_ns;
    int64_t queued_tokens, outstanding_tokens;
    int64_t state_ns[3], state_since_ns;
    int64_t spent[GBL_SPENT], spent_until_ns;
    gbl_replica_load load;
    double sampled_busy_ns[GBL_R_N]; /* of load, told to the time line so far */
    gbl_replica_view seen; /* as the router sees it */
    enum gbl_power power;
    int32_t on_the_way;    /* requests in its front end */
    int64_t power_since_ns, held_ns;
};

/* One question of the route policy: an instance, and the replicas that may be the answer. */
typedef struct gbl_gate {
    gbl_engine *e;
    gbl_host host;
    void *state;
    int32_t *replica; /* those it may pick, by the number that the policy knows them by */
} gbl_gate;
enum gbl_gate_kind { GBL_GATE_PROMPT, GBL_GATE_DECODE, GBL_GATES };

struct gbl_engine {
    const gbl_scenario *s;
    const gbl_run_options *opt;
    gbl_cost **cost; /* one a pool */
    gbl_err *err;
    int failed;         /* err is set: unwind */
    gbl_heap *heap;
    gbl_source *source;
    int closed_loop;    /* completions bring arrivals */
    int dry;            /* the source has nothing more, whatever completes */
    int64_t now_ns, stop_ns;
    gbl_req *req;
    gbl_priv *priv;
    size_t req_room;
    int32_t n_ids, *unused;
    size_t unused_room;
    int32_t n_unused;
    gbl_replica *replica;
    int32_t n_replicas;
    gbl_gate gate[GBL_GATES];
    gbl_scaler scaler;
    void *admit_state;
    gbl_deque door;    /* whoever waits to be let in */
    int32_t door_event; /* heap handle, -1 */
    int64_t door_event_ns;
    gbl_network net;
    gbl_shared *store; /* that all replicas share; NULL: none */
    int32_t net_event; /* heap handle, -1 */
    gbl_metrics m;
    gbl_map *program;    /* number of a program; its first arrival is program_ns[number] */
    int64_t *program_ns;
    size_t program_room;
    gbl_prefix_rules rules;
    gbl_map *would_share; /* keys of prompts that compression keeps from being shared */
    int64_t lost_tokens;
    char *own; /* by request: state of the compress policy (pieces.c) */
    size_t own_room, own_size;
    uint64_t root; /* of every chain: what KV must have in common besides its tokens */
    int32_t block_size;
    int64_t max_model_len;
    int64_t in_system;
    int64_t sample_ns, sample_every_ns;
    gbl_progress *progress;
    gbl_sample *sample; /* the time line: about a thousand points, thinned as the run grows */
    size_t n_sample, sample_room;
    uint64_t steps, steps_fast, events, ticks;
};

/* engine.c */
int gbl_engine_fail(gbl_engine *e, int code); /* marks failed; returns code */
void gbl_request_leave(gbl_engine *e, int32_t id, int status);
/* A policy broke its contract: names policy, time and rule; the run ends with exit 1. */
void gbl_policy_fault(gbl_replica *r, enum gbl_family f, const char *rule);
/* Before anything at time t happens: time line, progress, interruption. 1: the run must stop. */
int gbl_engine_tick(gbl_engine *e, int64_t t);
void gbl_event_at(gbl_engine *e, int64_t t, enum gbl_event_kind k, int64_t arg);

/* Flows of a replica: a swap-in bears its request id, background writes count down from GBL_TAG_WRITE, loads from GBL_TAG_LOAD. */
enum { GBL_TAG_OUT = -1, GBL_TAG_STEP = -2, GBL_TAG_WRITE = -3, GBL_TAG_LOAD = -100, GBL_TAG_FEED = -(1 << 30) /* and below it, by request */ };
/* host.c: the host table and the actions behind it */
void gbl_host_bind(gbl_replica *r);
void gbl_replica_refresh(gbl_replica *r); /* view <- state */
void gbl_replica_release(gbl_replica *r, int32_t id); /* gives back all KV of a request */
void gbl_replica_expire(gbl_replica *r); /* cached blocks whose time is up, by the eviction policy */
void gbl_replica_account(gbl_replica *r, int64_t now_ns); /* integrates tokens and blocks up to now */
void gbl_replica_arm_flows(gbl_replica *r);

/* host.c, for those who move a request between replicas: a request without KV takes blocks of r for tokens; leading blocks that
 * r's prefix cache has are shared where `reuse`. Returns the blocks found there, GBL_NO_BLOCKS or GBL_NO_SLOT. */
int32_t gbl_replica_reserve(gbl_replica *r, int32_t id, int64_t tokens, int reuse);
void gbl_replica_index_prompt(gbl_replica *r, int32_t id); /* what is computed of its prompt can be found from now on */
void gbl_replica_index_to(gbl_replica *r, int32_t id, int32_t full); /* its first blocks, up to so many */
struct gbl_match;
int gbl_replica_occupy(gbl_replica *r, int32_t id, const struct gbl_match *m, int64_t tokens); /* the caller has seen that they are free */
void gbl_replica_loaded(gbl_replica *r, int32_t id); /* a transfer up has ended: the request runs, or its blocks are cached */
int64_t gbl_replica_resident_tokens(const gbl_replica *r, int32_t id); /* reuse.c: leading prompt tokens in its prefix cache */
int gbl_replica_run(gbl_replica *r, int32_t id); /* onto the list of the running */

/* units.c: what KV takes of the pool */
int gbl_units_init(gbl_replica *r, int64_t blocks, gbl_err *err);      /* `blocks`: uncompressed ones that fit */
int64_t gbl_units(const gbl_replica *r, int32_t id, int64_t tokens);   /* of a request that has, or is to have, so many tokens */
int64_t gbl_units_most(const gbl_replica *r, int32_t id, int64_t tokens); /* on the way there, however it is scheduled */
static inline int64_t gbl_units_held(const gbl_replica *r, int32_t id) { return r->e->priv[id].private_blocks + r->e->priv[id].n_chain * r->unit; }
void gbl_units_set(gbl_replica *r, int32_t id, int64_t units, int64_t tokens); /* it holds so many, room for `tokens` */
void gbl_units_admit(gbl_replica *r, int32_t id);    /* what is known of it now is its prompt */
void gbl_units_computed(gbl_replica *r, int32_t id); /* a chunk is done: what compression drops is given back */
void gbl_units_settle(gbl_replica *r, int32_t id);
void gbl_units_forget(gbl_priv *p);
void gbl_units_lost(gbl_replica *r, int32_t id);     /* counts sharing that compression prevents */
double gbl_units_bytes(const gbl_replica *r, int64_t units);
/* Adds how a decode's KV grows under compression; returns the steps that holds for. */
int64_t gbl_units_hold(gbl_replica *r, int32_t id, int64_t *each, int64_t *ring);

/* stride.c: steps that are no single token */
/* Before id computes all up to `to` tokens: what its step is besides; returns the KV tokens that it then has. */
int64_t gbl_stride_ask(gbl_replica *r, int32_t id, int64_t to);
int gbl_stride_whole(gbl_replica *r, int32_t id);   /* its prompt is not cut (GBL_EXECUTE_BOTH_WAYS) */
void gbl_stride_plan(gbl_replica *r, int32_t id);   /* it was scheduled */
void gbl_stride_unplan(gbl_replica *r, int32_t id); /* it is taken back */
void gbl_stride_batch(gbl_replica *r, int32_t id);  /* into r->batch */
int32_t gbl_stride_end(gbl_replica *r, int32_t id); /* its step is over, and its known tokens are computed; returns what it yields */
int gbl_stride_any(const gbl_replica *r);           /* some of the plan is no ordinary step */
void gbl_stride_restart(gbl_priv *p, gbl_req *q);   /* it has lost its KV and starts over */
int64_t gbl_stride_most(gbl_replica *r, int32_t id); /* KV tokens that it comes to hold */
/* pieces.c: the same where a policy in C counts it; only with r->pieces */
typedef struct gbl_pieces_load { double up_bytes, down_bytes, dram_peak_bytes; } gbl_pieces_load; /* over PCIe; in host memory */
int gbl_pieces_new(gbl_replica *r, gbl_err *err);   /* after gbl_units_init; r->pieces stays NULL without such a policy */
void gbl_pieces_init(gbl_replica *r);               /* the policy's init */
void gbl_pieces_free(gbl_pieces *x);
int64_t gbl_pieces_units(const gbl_replica *r, int32_t id, int64_t tokens);
int64_t gbl_pieces_units_most(const gbl_replica *r, int32_t id, int64_t tokens);
int gbl_pieces_fit(const gbl_replica *r, int32_t id); /* into host memory beside the others; by itself */
int gbl_pieces_fit_alone(const gbl_replica *r, int32_t id, int64_t tokens);
void gbl_pieces_begin(gbl_replica *r, int32_t id);  /* as it is admitted */
void gbl_pieces_leave(gbl_replica *r, int32_t id);
void gbl_pieces_decide(gbl_replica *r);             /* before a plan; running requests come to hold what was decided */
int32_t gbl_pieces_batch(gbl_replica *r);           /* the plan's sequences into r->batch; returns how many */
void gbl_pieces_count(gbl_replica *r);              /* a step of r->batch begins */
int64_t gbl_pieces_hold(gbl_replica *r);            /* the same decodes again: for how many steps; their growth into r->hold and r->batch */
void gbl_pieces_held(gbl_replica *r, int32_t id);   /* held steps are over */
gbl_pieces_load gbl_pieces_load_of(const gbl_replica *r);

/* feed.c: prompts that the host makes in pieces */
int gbl_feed_waits(gbl_replica *r, int32_t id);  /* it is about to join the queue: 1 where its first piece is under way and brings it there */
void gbl_feed_end(gbl_replica *r, int32_t id);   /* a piece is made */
void gbl_feed_rest(gbl_replica *r);              /* a step is over: who has computed all that is there waits for more */
double gbl_feed_ahead(const gbl_replica *r, int64_t t, int resource); /* busy time of pieces under way that lies behind t */
static inline int64_t gbl_feed_most(const gbl_replica *r, int32_t id, int64_t tokens) { /* that a step can compute of it */
    const gbl_priv *p = &r->e->priv[id];
    int64_t there = p->ready - r->e->req[id].computed;
    return p->ready < r->e->req[id].input && there < tokens ? there : tokens;
}

/* route.c: who serves a request */
int gbl_gates_init(gbl_engine *e, gbl_err *err);
void gbl_gates_fini(gbl_engine *e);
gbl_replica *gbl_route(gbl_engine *e, enum gbl_gate_kind k, int32_t id); /* NULL: nobody can take it, or the policy failed */
int gbl_can_ever_run(gbl_replica *r, int32_t id);

/* door.c: who is let in */
void gbl_door_come(gbl_engine *e, int32_t id);
void gbl_door_event(gbl_engine *e);
void gbl_door_left(gbl_engine *e);               /* somebody left: those who wait are asked about again */
void gbl_door_forget(gbl_engine *e, int32_t id); /* does not wait there any more */

/* client.c: cancellations, time-outs, retries */
void gbl_client_start(gbl_engine *e, int32_t id);
void gbl_client_stop(gbl_engine *e, int32_t id);
void gbl_client_event(gbl_engine *e, int32_t id);
void gbl_client_gone(gbl_engine *e, int32_t id);
void gbl_client_sweep(gbl_replica *r);

/* handoff.c: flows between replicas and with the store; tags of those between replicas are request ids. */
void gbl_network_send(gbl_engine *e, double bytes, const int32_t *lines, int32_t n, double limit_bps, int64_t tag);

/* handoff.c: from a replica that computes prompts to one that decodes */
int gbl_handoff_init(gbl_engine *e, gbl_err *err);
void gbl_handoff_early(gbl_replica *r);             /* a step began: layer by layer, KV leaves as it is made */
void gbl_handoff_begin(gbl_replica *r, int32_t id); /* its first token is out and it has left the running */
void gbl_handoff_land(gbl_replica *r);              /* whoever waits for blocks here and now has them */
void gbl_handoff_joined(gbl_replica *r);            /* a plan was made: ends the waiting of those it schedules */
void gbl_handoff_network(gbl_engine *e);            /* a flow ends */
void gbl_handoff_landed(gbl_engine *e, int32_t id);
int gbl_handoff_forget(gbl_replica *to, int32_t id); /* it waited for blocks here and goes: 1; 0: its bytes are moving */
void gbl_replica_wake(gbl_replica *r);              /* plans, where idle, after all else that happens at this instant */

/* reuse.c: how much of a prompt the cache has, by the prefix policy */
enum gbl_where { GBL_IN_HBM, GBL_IN_USE /* there, and with a user */, GBL_ANYWHERE };
typedef struct gbl_match {
    int32_t blocks;   /* leading blocks to share */
    gbl_reuse reuse;  /* and what is copied */
    int32_t idle;     /* blocks without a user that the copies read from */
    int32_t load;     /* blocks behind the shared ones that come from below HBM */
    int32_t coming;   /* they are on their way already, into blocks that the request holds */
    double share;     /* of the bytes of `load` that move */
} gbl_match;
int gbl_reuse_init(gbl_engine *e, gbl_err *err);
uint64_t gbl_reuse_root(const gbl_engine *e, const gbl_record *rec); /* where its chain of keys starts */
/* Of the chain up to and with a token: an id stands for all before it, so an id and the place inside it do. A request's tokens
 * fit 32 bits, which divide faster. */
static inline uint64_t gbl_reuse_key_at(const gbl_priv *p, int64_t token) {
    uint32_t at = (uint32_t)token, each = (uint32_t)p->id_tokens;
    return gbl_mix64(p->ids[at / each], at % each);
}
static inline uint64_t gbl_reuse_key(const gbl_replica *r, int32_t id, int32_t block) { /* of the chain up to and with a block */
    return gbl_reuse_key_at(&r->e->priv[id], (int64_t)(block + 1) * r->e->block_size - 1);
}
int32_t gbl_reuse_known_blocks(const gbl_replica *r, int32_t id); /* full blocks of prompt and output whose content the trace's ids tell */
int32_t gbl_reuse_run(const gbl_replica *r, int32_t id, int32_t most, enum gbl_where w);
int32_t gbl_reuse_prompt_run(const gbl_replica *r, int32_t id, enum gbl_where w); /* leading blocks of what is known, its last token left out */
void gbl_reuse_match(gbl_replica *r, int32_t id, gbl_match *out);
int64_t gbl_reuse_tokens(const gbl_replica *r, const gbl_match *m); /* that need not be computed */
/* The blocks that are copied from stay until `unlock`: nodes in out[], at most `most`; returns how many. */
int gbl_reuse_hold(gbl_replica *r, int32_t id, const gbl_match *m, int hold);
int gbl_reuse_describe(gbl_replica *r, int32_t id, int32_t node, int32_t block, int32_t tokens); /* what a block begins with */
uint64_t gbl_reuse_output_key(const gbl_replica *r, int32_t id, int32_t block); /* of a full block, or of the last one of a finished request */
/* Uses of blocks into the recorded order: of a prompt at its admission, of an output when it is kept. */
void gbl_reuse_record(gbl_replica *r, int32_t id, int counted);
void gbl_reuse_record_output(gbl_replica *r, int32_t id, int32_t from, int32_t to);
int gbl_reuse_keeps(const gbl_replica *r, uint32_t flag);
void gbl_reuse_bind(gbl_replica *r); /* its functions into the host table */

/* replica.c: the step loop */
int gbl_replica_init(gbl_replica *r, gbl_engine *e, int32_t index, size_t pool, gbl_err *err);
void gbl_replica_fini(gbl_replica *r);
void gbl_replica_enqueue(gbl_replica *r, int32_t id);
void gbl_replica_plan(gbl_replica *r);        /* idle and something may run: make a plan and start a step */
void gbl_replica_step_end(gbl_replica *r);
void gbl_replica_flow_end(gbl_replica *r); /* host.c */
void gbl_replica_go(gbl_replica *r);       /* its transfers are done: the planned step starts */
void gbl_replica_state(gbl_replica *r, enum gbl_replica_state s);

/* clocks.c: where time went */
void gbl_clock_wait(gbl_replica *r);     /* time up to now that was no step */
void gbl_clock_step(gbl_replica *r);     /* the step that ends now */
void gbl_clock_phase(gbl_replica *r, int32_t id, enum gbl_phase next); /* closes the phase a request was in */

/* hold.c: steps that repeat a plan in O(1) */
int gbl_hold_begin(gbl_replica *r);
/* Runs held steps from now; 1: a held step is under way (its end is an event), 0: the hold is over, sequences are up to date. */
int gbl_hold_run(gbl_replica *r);
void gbl_hold_end(gbl_replica *r, int cut);
void gbl_hold_step_end(gbl_replica *r, int64_t now_ns);
void gbl_step_begin(gbl_replica *r, int64_t now_ns);  /* cost of r->batch; counters of a step */

#endif
