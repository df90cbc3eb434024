/* turns.h - requests that wait for others: the turns of chats and agents.
 *
 * A session is one growing context (a chat, an agent, a sub-agent); a tree is a session with the sub-agents that it began.
 * A feed - a reader or a generator - hands over turns in file order, each saying whom it follows; replaying them is done
 * here, alike for all: closed (a turn is sent when those before it are answered and its pause is over) or open (at the
 * times recorded, or, where none are, as if an answer took what was recorded or else no time).
 *
 * Ids: a feed knows them (local to a session or global), or only knows how the context grows; then they are made up here, in
 * blocks of GBL_TURN_BLOCK tokens, so that a turn shares with the turns before it, outputs included, what it repeats. */
#ifndef GBL_TURNS_H
#define GBL_TURNS_H
#include "traces/trace.h"

enum { GBL_TURN_BLOCK = 16 };

/* n ids in a row: start, start + 1 ... as they are, or mixed with a key. */
typedef struct gbl_run_ids {
    uint64_t key, start; /* key 0: the ids are global */
    int64_t n;
} gbl_run_ids;
typedef struct gbl_id_runs {
    gbl_run_ids *run;
    size_t n, room;
} gbl_id_runs;
int gbl_id_runs_add(gbl_id_runs *r, uint64_t key, uint64_t start, int64_t n); /* joins what goes on; 0, or -1 without memory */

enum gbl_clock {
    GBL_CLOCK_NONE,  /* not recorded: follows from whom it waits for, or starts with its tree */
    GBL_CLOCK_TREE,  /* record.arrival_ns counts from the start of its tree */
    GBL_CLOCK_TRACE  /* record.arrival_ns counts from any one origin; such rows come in order */
};
enum gbl_grows {
    GBL_GROWS_IDS,   /* its ids say what it shares (or nobody knows) */
    GBL_GROWS_WHOLE, /* input is the whole prompt. At least the turn before with its output: it repeats both. Less, but at least its
                      * prompt: repeats that. Less still: the context was compacted, `kept` tokens of it stay */
    GBL_GROWS_DELTA  /* input counts new tokens only: the prompt is all that was before, and these */
};

typedef struct gbl_turn {
    gbl_record r;          /* session, turn and program are filled in here; n_ids etc. too, from `ids` or `grows` */
    uint64_t session;      /* names its session */
    uint64_t tree;         /* names the tree it belongs to */
    enum gbl_clock clock;
    enum gbl_grows grows;
    int64_t kept;          /* tokens */
    uint64_t shared;       /* of GROWS: the first shared_tokens of every session that names this are the same */
    int64_t shared_tokens;
    const gbl_id_runs *ids; /* prompt and r.n_output_ids of the output; or NULL. Borrowed until the next call */
    int32_t follows;       /* 1: the turn before in its session, too, besides `after` */
    const int64_t *after;  /* rows (numbers of turns handed over, from 0) that must have been answered; borrowed */
    int32_t n_after;
    int64_t wait_ns;       /* from the last of those answers to it; scaled by think_scale */
    int64_t served_ns;     /* what its answer took when it was recorded, or 0 */
} gbl_turn;

typedef struct gbl_feed {
    void *state;
    int (*next)(void *state, gbl_turn *out, gbl_err *err); /* 1, 0: none left, -1: error. *out comes zeroed, r with defaults */
} gbl_feed;

typedef struct gbl_replay {
    int32_t closed;
    double think_scale;  /* closed: waits are multiplied by it */
    double rate_scale;   /* closed: starts of trees come so many times as fast */
    int64_t concurrency; /* closed: trees at a time; 0: no limit. One is over when all its turns handed over so far are */
    double sessions_s;   /* trees a second (Poisson) where no start is recorded; 0: all start at once */
    uint64_t seed;
} gbl_replay;

typedef struct gbl_turns gbl_turns;
int gbl_turns_new(gbl_turns **out, const gbl_feed *feed, const gbl_replay *replay, gbl_repairs *repairs, gbl_err *err);
void gbl_turns_free(gbl_turns *t); /* NULL allowed; the feed is the caller's */
/* As gbl_source_next and gbl_source_done. Open: arrivals do not decrease. */
int gbl_turns_next(gbl_turns *t, gbl_record *out, gbl_err *err);
void gbl_turns_done(gbl_turns *t, int64_t serial, int64_t now_ns);
void gbl_turns_reached(gbl_turns *t, int64_t now_ns); /* simulated time has come to now_ns */

/* ---- how contexts grow (context.c) ---- */

/* Which content a session's blocks hold: from block `from` on, that of `key`. */
typedef struct gbl_fork {
    int64_t from;
    uint64_t key;
} gbl_fork;
typedef struct gbl_context {
    gbl_fork *fork;
    size_t n, room;
    int64_t input, total; /* of its last turn: prompt, and prompt with output */
    uint64_t epoch;
} gbl_context;
void gbl_context_fini(gbl_context *c);
/* Fills t->r.input (of a delta), n_ids, n_output_ids, id_tokens and `out` for the next turn of a session. 0, or -1: memory. */
int gbl_context_turn(gbl_context *c, gbl_turn *t, gbl_id_runs *out);

#endif
