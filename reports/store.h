/* store.h - results in SQLite: STRICT tables, user_version, one transaction a run, WAL. A store killed at any instant
 * opens clean and holds every committed run. A store of an older layout
 * is read, and refused where it would be written.
 *
 * Every function returns 0 or a GBL_E code with err filled: GBL_EINPUT where the file, its folder, its disk or another
 * program is in the way, GBL_EFAULT for faults of our own. Text arguments are borrowed for the call only. A store is
 * used by one thread at a time. Calls out of order (a row outside of begin and commit) are bugs and assert. */
#ifndef GBL_STORE_H
#define GBL_STORE_H
#include <stdint.h>
#include <stdio.h>
#include "base/err.h"
#include "sim/run.h"

/* For a program, before anything else of this room: SQLite takes its memory through base/mem.h from now on. A library leaves
 * SQLite, which others in the process may use, as it is. */
void gbl_store_memory(void);

typedef struct gbl_store gbl_store;
/* A missing file is made with the first commit: a store whose first run fails is not left behind, and two programs may
 * start one store together. A program that holds a run open makes others wait up to ten seconds, then they fail at
 * begin, before their simulation has cost anything. GBL_STORE_WRITE alone is WAL. */
enum { GBL_STORE_WRITE = 1, GBL_STORE_SHARD = 2 /* rollback journal, for network file systems */ };
int gbl_store_open(gbl_store **out, const char *path, int flags, gbl_err *err);
/* A store that writes its calls down in `to` (borrowed) instead of doing them, for a worker process that must not touch the
 * file; only a process forked from the same program can play them. */
int gbl_store_record(gbl_store **out, FILE *to, gbl_err *err);
/* Begins a run and does what the record says, up to its commit, which is left to the caller. run_id 0: the next free one. */
int gbl_store_play(gbl_store *s, FILE *from, int64_t run_id, gbl_err *err);
void gbl_store_close(gbl_store *s); /* NULL allowed; rolls an open run back */

/* One run is one transaction: begin, rows, commit. An error or gbl_store_rollback leaves nothing of it. */
typedef struct gbl_run_row {
    const char *name, *scenario_json, *version, *calibration, *runtime, *started_utc, *host;
    uint64_t scenario_hash;
    int64_t seed;
    const char *cards_json;  /* {"hardware:h100-sxm": "hash", ...} */
    const char *result_json;  /* the whole object of `gable run --json`; NULL: gbl_store_result gives it later */
    const char *plugins_json; /* {"./x.so": "hash", ...}; NULL: none */
    int64_t id;               /* 0: the first number above all runs and all that sweeps have reserved */
} gbl_run_row;
/* Opens the transaction ahead of begin, for rows that belong together with the run's. Commit ends it, with a run or without. */
int gbl_store_enter(gbl_store *s, gbl_err *err);
int gbl_store_begin(gbl_store *s, const gbl_run_row *run, int64_t *run_id, gbl_err *err);
int gbl_store_result(gbl_store *s, const char *result_json, gbl_err *err); /* for rows that stream in before it is known */
int gbl_store_param(gbl_store *s, const char *key, const char *json_value, gbl_err *err);          /* run_param */
int gbl_store_metric(gbl_store *s, const char *name, const char *stat, double value, gbl_err *err); /* NaN -> NULL */
typedef struct gbl_request_row {
    int64_t serial, session;
    int32_t turn, tenant, replica, preemptions;
    int64_t input, output, cached;
    int64_t arrival_ns, scheduled_ns, first_token_ns, finish_ns; /* -1 = never */
    const char *status; /* "completed", "rejected", "unfinished" */
    const int64_t *part_ns; /* GBL_PARTS of them (sim/run.h), or NULL where the request did not complete */
} gbl_request_row;
int gbl_store_request(gbl_store *s, const gbl_request_row *r, gbl_err *err);
/* A second sample of a replica at the same instant replaces the first: what holds is the state after the instant. */
int gbl_store_timeline(gbl_store *s, const gbl_sample *sample, gbl_err *err);
/* A typical step and its operators, for a roofline (reports/steps.h). */
typedef struct gbl_step_row {
    const char *phase;            /* "prefill", "decode" */
    int64_t sequences, tokens;    /* in the batch; of each: its prompt, or what it attends to */
    double time_us;
    double flop_s, hbm_byte_s;    /* peaks of one GPU */
    const char *operators_json;   /* array of the objects of `gable model --json` */
} gbl_step_row;
int gbl_store_step(gbl_store *s, const gbl_step_row *step, gbl_err *err);
int gbl_store_note(gbl_store *s, const char *text, gbl_err *err);
int gbl_store_commit(gbl_store *s, gbl_err *err);
void gbl_store_rollback(gbl_store *s);

/* `gable sql`: prints the rows of one statement as an aligned table, a JSON array of objects, CSV, or one JSON object a
 * line. Reads only: whatever would write, attach or change a setting is refused. Besides SQLite's functions there are the
 * aggregates percentile(x, p), p in 0..100, with linear interpolation (numpy's default), and median(x). In JSON a column
 * name that comes twice gets _2, a blob is hex text, an infinity null. */
enum gbl_sql_format { GBL_SQL_TABLE, GBL_SQL_JSON, GBL_SQL_CSV, GBL_SQL_JSONL };
typedef struct gbl_reader gbl_reader; /* a store open for reading; used by one thread at a time */
int gbl_reader_open(gbl_reader **out, const char *path, gbl_err *err);
int gbl_reader_sql(gbl_reader *r, const char *query, enum gbl_sql_format f, FILE *to, gbl_err *err);
void gbl_reader_close(gbl_reader *r); /* NULL allowed */
int gbl_store_sql(const char *path, const char *query, enum gbl_sql_format f, FILE *to, gbl_err *err);

#endif
