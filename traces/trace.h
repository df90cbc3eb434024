/* trace.h - the work: a stream of requests, from a file in any known format or from a generator. A source streams: its
 * memory does not grow with the trace. Equal arrival times keep file order. */
#ifndef GBL_TRACE_H
#define GBL_TRACE_H
#include <stdint.h>
#include "base/doc.h"
#include "base/json.h"
#include "base/mem.h"

typedef struct gbl_record {
    int64_t serial;        /* from 0, in order of yielding */
    int64_t arrival_ns;    /* from the first request's arrival = 0 in files; non-decreasing except in closed loops */
    int64_t input, output; /* tokens, >= 1 */
    int64_t session;       /* -1 when none */
    int32_t turn, tenant, priority;
    int32_t n_ids, id_tokens; /* chained prefix-block ids and the tokens a full one covers; 0 when unknown */
    /* Further ids right behind those of the prompt: the chain goes on into the output, so that a later turn whose prompt repeats
     * both is found to. goes_on: the block in which the prompt ends is full, of the output that follows; 0: what the output
     * is, is unknown. */
    int32_t n_output_ids, goes_on;
    const uint64_t *ids; /* n_ids + n_output_ids; valid until the next call */
    /* What is known of the session around this turn; for what holds KV between turns. */
    int64_t program;  /* root of the tree of sessions it belongs to (a sub-agent's main agent); -1 when session is */
    int64_t pause_ns; /* from its end to the session's next turn, before any scaling by load; -1 unknown */
    int32_t last;     /* 1: the session's last turn, 0: more follow, -1: unknown */
    int32_t tool;     /* 1: the pause is a tool call, 0: a person's, -1: unknown */
} gbl_record;
#define GBL_RECORD_NONE {.session = -1, .program = -1, .pause_ns = -1, .last = -1, .tool = -1}

/* Latest arrival after the first: 31.7 years, far from where sums of int64 ns overflow. */
#define GBL_TRACE_MOST_NS 1e18

/* What a reader mended or dropped, by kind; all zero for a clean file. Rows dropped for zero_input may lack the output, too;
 * the first row kept arrives at 0. */
#define GBL_REPAIRS(X)                                                                                        \
    X(zero_input, "rows without input dropped")                                                               \
    X(zero_output, "rows without output dropped")                                                             \
    X(ids_short, "chains shorter than their prompt kept")  /* they only share less */                         \
    X(ids_long, "chains longer than their prompt cut")                                                        \
    X(no_output, "outputs set to the default")                                                                \
    X(ids_twice, "chains cut before an id that they have already")                                            \
    X(no_parent, "turns start alone: their parent is not above them in the trace")                            \
    X(time_back, "turns set to the time of the turn before them, which they were said to precede")            \
    X(failed, "rows of failed requests dropped")                                                              \
    X(foreign, "rows that are no requests to a model dropped")                                                \
    X(no_time, "times taken as 0: not recorded")                                                              \
    X(batched, "batches of requests taken as one request")                                                    \
    X(images, "requests whose images are not read")
typedef struct gbl_repairs {
#define GBL_REPAIR(name, text) int64_t name;
    GBL_REPAIRS(GBL_REPAIR)
#undef GBL_REPAIR
} gbl_repairs;
/* The i-th kind: its key and what was done; 1, or 0 past the end. */
int gbl_repair_at(const gbl_repairs *r, int i, const char **key, const char **text, int64_t *n);

typedef struct gbl_source gbl_source;

/* Opens what the scenario's "trace" object says ({"file",...} or {"generate",...}); neither, or n NULL: the shipped default.
 * The source keeps nothing of n. Both generators and files take rate_scale (not closed loops) and limit. */
int gbl_source_open(gbl_source **out, const gbl_node *n, uint64_t seed, gbl_err *err);
/* A file as it is; "-" = standard input; format NULL = told from content. */
int gbl_source_open_file(gbl_source **out, const char *path, const char *format, gbl_err *err);
void gbl_source_close(gbl_source *s);
/* 1: *out is the next request; 0: none left; 2: none until a completion is reported (closed loop); -1: error. */
int gbl_source_next(gbl_source *s, gbl_record *out, gbl_err *err);
/* A request left the system (completed or rejected) at now_ns: a closed loop answers with the next. */
void gbl_source_done(gbl_source *s, int64_t serial, int64_t now_ns);
/* A closed loop is told how far time has come whenever a request arrives; it then may have more to say. */
void gbl_source_reached(gbl_source *s, int64_t now_ns);
int gbl_source_closed(const gbl_source *s); /* a closed loop: arrivals follow from completions */
const gbl_repairs *gbl_source_repairs(const gbl_source *s);
const char *gbl_source_format(const gbl_source *s);     /* "mooncake", "azure", "generate" */
double gbl_source_progress(const gbl_source *s);        /* share of the requests yielded, or of the file read, 0..1; -1: not known */
/* Of the file's bytes (reads the file; 0 for standard input or where it is gone), or of the generator's canonical JSON
 * and the seed. */
uint64_t gbl_source_hash(const gbl_source *s);
/* Checks a "trace" object without opening anything: keys, ranges. */
int gbl_trace_check(const gbl_node *n, gbl_err *err);
/* JSON Schema "properties" of the trace object, and its defaults, for `gable schema`. */
void gbl_trace_schema(gbl_json *j);
/* The trace object (n NULL: {}) as a member `key`, with every default filled in. */
int gbl_trace_json(const gbl_node *n, const char *key, gbl_json *j, gbl_err *err);
/* Every key of the trace object and of the generators. */
void gbl_trace_help(FILE *to);
/* The i-th known format, for `gable list formats`: 1, or 0 past the end. Not every known one can be read. */
int gbl_trace_format_at(int i, const char **name, const char **help, int *readable);

/* `gable trace info`: reads a source to its end.
 *  rate_s           (rows - 1) / span_s, the inverse of the mean gap
 *  interarrival_cv  population deviation of the gaps over their mean
 *  dispersion.W     population variance over mean of the arrivals in whole windows of W s, laid from the first arrival on
 *                   (the window of the last arrival is not whole); null for fewer than two
 *  prefix           an unbounded cache in file order: a request's hit is its leading run of ids seen before it, worth
 *                   min(run * id_tokens, input) tokens; ideal_hit_ratio over all input tokens, null without ids */
typedef struct gbl_trace_info gbl_trace_info;
int gbl_trace_info_new(gbl_trace_info **out, gbl_source *s, gbl_err *err);
/* The same without the prefix statistics, whose memory grows with the unique blocks: their members are null. */
int gbl_trace_info_short(gbl_trace_info **out, gbl_source *s, gbl_err *err);
void gbl_trace_info_free(gbl_trace_info *i);
void gbl_trace_info_json(const gbl_trace_info *i, gbl_json *j); /* members of contract.md's object, into the open object */
void gbl_trace_info_print(const gbl_trace_info *i, FILE *to);
/* Writes a source as "mooncake" JSONL (with ids, in 512-token blocks), "azure", "vidur" or "burstgpt" CSV, or "llmservingsim" JSONL
 * (without) to `to`; returns rows or -1. */
typedef struct gbl_trace_lost {
    int64_t turns;      /* later turns of sessions: which turn they follow, and the pause before them, is not written */
    int64_t ids;        /* requests whose prefix ids are not written */
    int64_t coarse_ids; /* requests whose prefix ids were finer than the 512 tokens that are written */
} gbl_trace_lost;
/* lost: what the format has no place for; NULL allowed. */
int64_t gbl_trace_write(gbl_source *s, const char *format, FILE *to, gbl_trace_lost *lost, gbl_err *err);

#endif
