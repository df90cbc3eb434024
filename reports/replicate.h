/* replicate.h - many simulations of a few scenarios, over seeds, on all cores; and what they say together.
 *
 * A job is a scenario and a seed. Jobs run in threads (a simulation has no state outside itself); what comes out, and the
 * order in which `end` is called, is that of the jobs whatever the number of threads, so the bytes are the same for any -j.
 * Draws are keyed by seed, so two scenarios under one seed see the same arrivals and lengths (common random numbers). */
#ifndef GBL_REPLICATE_H
#define GBL_REPLICATE_H
#include "reports/stats.h"
#include "sim/run.h"

/* What a scenario is opened from, as often as needed. Borrows its texts. */
typedef struct gbl_origin {
    const char *path; /* of a document; NULL: `text`, or without it the shipped default */
    const char *text; /* the document itself, */
    const char *name; /* and what messages call it */
    size_t len;
    const char *const *sets; /* "a.b=v", applied in this order */
    size_t n_sets;
} gbl_origin;
int gbl_origin_open(gbl_scenario **out, const gbl_origin *o, gbl_err *err);

typedef struct gbl_job {
    const gbl_origin *origin;
    int64_t seed;
    double warmup_s; /* instead of the scenario's; NaN: the scenario's */
    int requests;    /* keep the latencies of each request */
} gbl_job;

/* Latencies by request, in order of arrival (of yielding, in a closed loop); NaN where it did not complete. */
enum gbl_latency { GBL_BY_TTFT, GBL_BY_TPOT, GBL_BY_E2EL, GBL_BY_QUEUE, GBL_LATENCIES };
extern const char *const gbl_latency_name[GBL_LATENCIES]; /* "ttft_ms", ... */
typedef struct gbl_requests {
    double *ms[GBL_LATENCIES];
    double *arrival_s;
    size_t n;
} gbl_requests;

typedef struct gbl_outcome {
    gbl_result *result;
    double level[GBL_GROWTH_CELLS + 1]; /* mean requests in the system, by stretch of the second half of the arrivals' span */
    double arrivals;                    /* in that half */
    gbl_requests requests;              /* n 0 unless asked for */
} gbl_outcome;
void gbl_outcomes_fini(gbl_outcome *o, size_t n);

typedef struct gbl_replicate_options {
    int64_t threads; /* 0: one a core */
    enum gbl_progress_mode progress;
    const char *what; /* for the progress line */
    int exact, itl_per_request;
    const volatile int *stop;
    /* For whoever keeps rows; NULL: nobody. Never two calls at once: `begin` before a job's simulation, in any order,
     * sets the callbacks it wants; `end` after it, in the order of the jobs. */
    int (*begin)(void *to, size_t job, const gbl_scenario *s, gbl_run_options *run, gbl_err *err);
    int (*end)(void *to, size_t job, const gbl_scenario *s, const gbl_result *r, gbl_err *err);
    void *to;
} gbl_replicate_options;

/* Runs all jobs; out[i] belongs to jobs[i]. On an error (that of the first job that failed) out holds nothing. */
int gbl_replicate(gbl_outcome *out, const gbl_job *jobs, size_t n, const gbl_replicate_options *o, gbl_err *err);

/* The runs' numbers side by side: a row a metric ("ttft_ms.p99", "mfu"), without those of `sim`. */
typedef struct gbl_measures {
    size_t n, runs, room;
    char (*name)[64];
    double *value; /* [metric * runs + run]; NaN: no samples */
    int same;      /* all runs are equal: the seed changes nothing */
} gbl_measures;
int gbl_measures_init(gbl_measures *m, const gbl_outcome *o, size_t runs, gbl_err *err);
void gbl_measures_fini(gbl_measures *m);
const double *gbl_measures_of(const gbl_measures *m, const char *name); /* its row, or NULL */
/* Over replications: Student's interval of means, rates and counts, a bootstrap's of percentiles, maxima and shares. Where there is one
 * run, or all are equal: that of the first run's requests (gbl_stat_series) for the mean of a latency, .n then being how many
 * independent ones they are worth; no interval for others. */
gbl_interval gbl_measure_interval(const gbl_measures *m, size_t metric, const gbl_outcome *o, double confidence);
gbl_growth gbl_outcomes_growth(const gbl_outcome *o, size_t n);
/* Simulated seconds to leave out, by MSER-5 on the end-to-end latency in order of arrival, averaged over the runs (kept
 * with requests): the beginning's drift is common to all, the noise is not. *settled as gbl_stat_mser5. */
int gbl_warmup_find(const gbl_outcome *o, size_t n, double *cut_s, int *settled, gbl_err *err);

/* The table of `gable run --replications`, and its JSON object {"replications": {...}} as text with two blanks a level. */
typedef struct gbl_replication_report {
    const gbl_outcome *outcome;
    const gbl_job *job;
    size_t n;
    double warmup_s; /* found by MSER-5; NaN: none was looked for */
    int settled;
    double confidence;
} gbl_replication_report;
int gbl_replications_print(const gbl_replication_report *r, FILE *to, gbl_err *err);
/* Members into the open object. */
int gbl_replications_json(const gbl_replication_report *r, gbl_json *j, gbl_err *err);

#endif
