/* engine_log.h - the rows of an engine's log, read by column name and checked against each other. */
#ifndef GBL_ENGINE_LOG_H
#define GBL_ENGINE_LOG_H
#include "validate/engine_spec.h"

typedef struct gbl_engine_row {
    int64_t line;             /* in its file, for messages */
    int64_t arrival_ns, input, output;
    double ttft_s, tpot_s, e2e_s; /* NaN: not known; tpot NaN also for one output token */
    int32_t run, part;        /* indices of gbl_engine_log.run, .part */
    uint64_t prompt;          /* hash of the prompt's name */
    int64_t concurrency, tp;  /* points */
    const char *key;          /* hits */
    uint64_t *ids;            /* hits: chained ids of its blocks */
    int32_t n_ids;
} gbl_engine_row;

typedef struct gbl_engine_names {
    const char **name;
    size_t n, room;
} gbl_engine_names;

typedef struct gbl_engine_gap {
    int32_t run;
    double s;
} gbl_engine_gap;

typedef struct gbl_engine_log {
    gbl_arena *arena;
    gbl_engine_row *row; /* by run, then arrival (points: tp, lengths, concurrency); equal ones in file order */
    size_t n, room;
    gbl_engine_names run, part; /* one empty name where there is no such column */
    gbl_engine_gap *gap;        /* of all requests, where the log has them */
    size_t n_gaps, gap_room;
    int64_t left_out;           /* rows that are not ok */
} gbl_engine_log;

/* Fails, with file and line, where a column is missing or twice there, a cell is no number or out of range, times
 * contradict each other (e2e below ttft, or tpot more than 1 % and 10 us off (e2e - ttft)/(output - 1)), a file has no rows,
 * or the ids' rows are not those of the log. */
int gbl_engine_log_read(gbl_engine_log *out, const gbl_engine_spec *s, const char *data, gbl_err *err);
/* Rows of vLLM's `bench serve` result (engine_bench.c), into a log that has none. */
int gbl_engine_bench_read(gbl_engine_log *l, const char *path, gbl_err *err);
void gbl_engine_log_fini(gbl_engine_log *l);

#endif
