/* burstgpt.c - BurstGPT CSV by column name, v1 to v3: Timestamp (s from 00:00 of day 1), Request tokens, Response tokens, Model,
 * and in v3 Session ID. A response of 0 tokens is a failed request: dropped, counted. Requests of API rows have no session; what a
 * turn shares with the one before it is not recorded, so turns carry no ids. Format as of github.com/HPMLL/BurstGPT (README). */
#include "traces/csvrow.h"

enum { TIMESTAMP, INPUT, OUTPUT, SESSION, COLUMNS };
static const char *const names[COLUMNS] = {"Timestamp", "Request tokens", "Response tokens", "Session ID"};

typedef struct burst {
    gbl_crow row;
    gbl_counter *turns;
} burst;

static int burst_open(void **state, gbl_rows *rows, gbl_err *err)
{
    burst *b = *state = gbl_alloc(1, sizeof *b);
    if (!b || !(b->turns = gbl_counter_new())) return gbl_nomem(err, sizeof *b);
    return gbl_crow_header(&b->row, rows, names, COLUMNS, SESSION, "a header with Timestamp, Request tokens, Response tokens, in any order", err) ? err->code : 0;
}

static void burst_close(void *state)
{
    gbl_counter_free(((burst *)state)->turns);
    gbl_free(state);
}

static int burst_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    burst *b = state;
    for (;;) {
        int got = gbl_crow_next(&b->row, rows, err);
        if (got <= 0) return got;
        if (gbl_crow_time(&b->row, TIMESTAMP, "s", &out->arrival_ns) || gbl_crow_count(&b->row, INPUT, &out->input) || gbl_crow_count(&b->row, OUTPUT, &out->output)) return -1;
        if (out->output > 0) break;
        repairs->failed++;
    }
    if (!gbl_crow_has(&b->row, SESSION)) return 1;
    uint64_t name = gbl_crow_name(&b->row, SESSION);
    out->session = (int64_t)(name >> 1);
    out->turn = gbl_counter_turn(b->turns, name);
    return out->turn < 0 ? (gbl_nomem(err, 64), -1) : 1;
}

const gbl_format gbl_burstgpt_format = {
    .name = "burstgpt", .help = "BurstGPT CSV v1 to v3, columns by name, times in s; failed requests dropped", .signature = "Request tokens|Response tokens",
    .open = burst_open, .next = burst_next, .close = burst_close};
