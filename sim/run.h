/* run.h - one simulation. */
#ifndef GBL_RUN_H
#define GBL_RUN_H
#include "base/json.h"
#include "base/quantile.h"
#include "base/term.h"
#include "sim/scenario.h"

/* Where a request's time went; the parts add up to its end-to-end latency to the nanosecond. Prefill and decode are split by
 * what bound the steps that the request lived through (its neighbours' prompts included); transfer: waiting for copies,
 * and from a first token elsewhere to the first decode step; preempt: from losing its place to its next token, recomputation included. */
enum gbl_part {
    GBL_PART_FRONT, GBL_PART_QUEUE, GBL_PART_PREFILL_SM, GBL_PART_PREFILL_HBM, GBL_PART_PREFILL_LINK, GBL_PART_PREFILL_HOST,
    GBL_PART_DECODE_SM, GBL_PART_DECODE_HBM, GBL_PART_DECODE_LINK, GBL_PART_DECODE_HOST, GBL_PART_TRANSFER, GBL_PART_PREEMPT, GBL_PARTS
};
const char *gbl_part_name(enum gbl_part p); /* "frontend", "queue", "prefill_sm", ... */

/* One request's life, for whoever keeps rows. Times in ns, -1 = never. */
typedef struct gbl_life {
    int64_t serial, session, input, output, cached;
    int32_t turn, tenant, priority, replica, preemptions;
    int64_t arrival_ns, scheduled_ns, first_ns, finish_ns;
    int64_t part_ns[GBL_PARTS]; /* of a completed request */
    int32_t status; /* 0 completed, 1 rejected, 2 unfinished */
} gbl_life;

/* One point of a replica's time line. busy_us: how long each resource was busy since the replica's previous point. */
typedef struct gbl_sample {
    int64_t t_ns;
    int32_t replica, running, waiting;
    float busy_us[GBL_R_N];
    int64_t used_blocks, capacity_blocks; /* of this replica */
} gbl_sample;

typedef struct gbl_run_options {
    int exact;                           /* recompute every aggregate at every step */
    enum gbl_progress_mode progress;
    int itl_per_request;                 /* --itl-def=aiperf */
    const volatile int *stop;            /* set by a signal handler: the run ends with GBL_EINTERRUPT; or NULL */
    int (*on_request)(void *to, const gbl_life *life, gbl_err *err);  /* each request as it leaves; or NULL */
    /* The time line, when the run is over: about a thousand instants evenly spaced, a row a replica; or NULL. */
    int (*on_sample)(void *to, const gbl_sample *sample, gbl_err *err);
    void *to;
} gbl_run_options;

typedef struct gbl_result gbl_result;
int gbl_run(gbl_result **out, const gbl_scenario *s, const gbl_run_options *opt, gbl_err *err);
void gbl_result_free(gbl_result *r);
void gbl_result_json(const gbl_result *r, gbl_json *j);    /* the whole object of contract.md */
void gbl_result_print(const gbl_result *r, FILE *to);      /* the table people read */
/* Every number of the result as (name, stat, value), for the store: "ttft_ms","p99",12.3. Returns how many; fn may be called with NaN. */
int gbl_result_each(const gbl_result *r, int (*fn)(void *to, const char *name, const char *stat, double v), void *to);
/* A number by name as in JSON ("ttft_ms.p99", "throughput.request_s", "kv.by_tier.dram.hit_tokens"); NaN when unknown. */
double gbl_result_get(const gbl_result *r, const char *name);

#endif
