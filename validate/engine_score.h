/* engine_score.h - a real engine's log replayed, and what the simulation says beside what was measured. */
#ifndef GBL_ENGINE_SCORE_H
#define GBL_ENGINE_SCORE_H
#include <stdio.h>
#include "base/json.h"
#include "validate/engine_log.h"

enum gbl_engine_quantity { GBL_EQ_TTFT, GBL_EQ_TPOT, GBL_EQ_ITL, GBL_EQ_E2E, GBL_EQ_N };
enum gbl_engine_stat { GBL_ES_MEAN, GBL_ES_P50, GBL_ES_P90, GBL_ES_P99, GBL_ES_N };

typedef struct gbl_engine_pair {
    double measured, simulated; /* NaN: not known */
} gbl_engine_pair;
/* (simulated - measured)/measured in percent; NaN where either is not known. */
double gbl_engine_error(const gbl_engine_pair *p);

/* One load point: a part of a replay, or a closed loop.
 *
 * Latencies in ms, statistics over its requests; percentiles by linear interpolation. The mean of ITL is that of all
 * single gaps, sum(e2e - ttft)/sum(output - 1); its percentiles need a column of gaps.
 * kv_token_s: tokens held, integrated from first to last token: sum (input + (output - 1)/2)(e2e - ttft).
 * output_tok_s: output tokens over the time from first arrival to last token.
 * rho = 1 - a/TPOT, a: one sequence's decode step alone at the mean context (simulated), TPOT: measured mean. In an open loop
 * TPOT = a/(1 - rho), so an error of x % in what a further sequence costs is one of x rho/(1 - rho) % in TPOT.
 * saturated: the queue grows, the mean TTFT of the second half of the arrivals is over twice that of the first. */
typedef struct gbl_engine_score {
    const char *log, *source, *label, *hardware, *model, *runtime;
    enum gbl_engine_kind kind;
    int64_t n, lost, tp, concurrency; /* lost: rejected or unfinished in the simulation, not scored */
    double rate_s, rho;
    int saturated;
    gbl_engine_pair q[GBL_EQ_N][GBL_ES_N];
    gbl_engine_pair output_tok_s, kv_token_s, hit_tokens;
    double request_tpot, request_ttft; /* median over requests of |error|, percent */
} gbl_engine_score;

typedef struct gbl_engine_scores {
    gbl_arena *arena; /* of every text in the rows */
    gbl_engine_score *row;
    size_t n, room;
    const char **skipped; /* lines: logs that are not there */
    size_t n_skipped, skipped_room;
    const volatile int *stop; /* as in gbl_run_options; or NULL */
} gbl_engine_scores;

int gbl_engine_scores_init(gbl_engine_scores *s, gbl_err *err);
void gbl_engine_scores_fini(gbl_engine_scores *s);
/* Replays one log and appends its load points. `name` as in gbl_engine_spec_open, or "all": every shipped log. A shipped
 * log whose file is not in `data` is skipped with a line. */
int gbl_engine_validate(gbl_engine_scores *s, const char *name, const char *data, gbl_err *err);

/* ---- what the goal is, over all load points ---- */
typedef struct gbl_engine_reach {
    const char *what;
    int64_t n;
    double median, worst, most_median, most_worst; /* |error| in percent; limits NaN: none */
} gbl_engine_reach;
enum { GBL_ENGINE_REACH_MOST = 16 };
int gbl_engine_reaches(const gbl_engine_scores *s, gbl_engine_reach *out);

/* engine_print.c */
int gbl_engine_print(const gbl_engine_scores *s, FILE *to); /* 0, or -1 without memory */
void gbl_engine_json(const gbl_engine_scores *s, gbl_json *j); /* members into the open object */
const char *gbl_engine_quantity_name(enum gbl_engine_quantity q); /* "ttft_ms" */
const char *gbl_engine_stat_name(enum gbl_engine_stat s);         /* "p50" */
/* Every pair of every load point into table `measurement` of a store. *n: rows written. */
int gbl_engine_keep(const gbl_engine_scores *s, const char *db, int64_t *n, gbl_err *err);

#endif
