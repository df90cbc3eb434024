/* engine_replay.h - one replay of (a part of) a log through the simulator. */
#ifndef GBL_ENGINE_REPLAY_H
#define GBL_ENGINE_REPLAY_H
#include "sim/run.h"
#include "validate/engine_log.h"

typedef struct gbl_engine_life {
    double arrival_s, ttft_s, e2e_s; /* NaN: never */
    int64_t input, output;
} gbl_engine_life;

typedef struct gbl_engine_replay {
    gbl_scenario *scenario;
    gbl_result *result;
    gbl_engine_life *life; /* by serial */
    size_t n, room;
} gbl_engine_replay;

/* Rows first .. first + n - 1 of the log, all of one run, in order of arrival. */
int gbl_engine_replay_rows(gbl_engine_replay *out, const gbl_engine_spec *s, const gbl_engine_row *row, size_t n,
                           const volatile int *stop, gbl_err *err);
/* The closed loop of one row. */
int gbl_engine_replay_point(gbl_engine_replay *out, const gbl_engine_spec *s, const gbl_engine_row *row,
                            const volatile int *stop, gbl_err *err);
void gbl_engine_replay_fini(gbl_engine_replay *r);
/* Seconds of a decode step of one sequence that holds `context` tokens. */
int gbl_engine_alone_s(const gbl_engine_replay *r, int64_t context, double *out, gbl_err *err);

#endif
