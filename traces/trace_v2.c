/* trace_v2.c - BLIS trace v2: a CSV of measured or simulated requests, times in us, with its YAML header (trace_version,
 * time_unit, ...) in front or in a file of its own. Columns by name: arrival_time_us, input_tokens, output_tokens, and where they
 * are there status, tenant_id, session_id, round_index, vllm_priority. Rows whose status is not ok are dropped. think_time_us
 * is not read: its 0 means both none and unknown. Format as of github.com/inference-sim/inference-sim (docs, trace v2). */
#include <string.h>
#include "base/text.h"
#include "traces/csvrow.h"

enum { ARRIVAL, INPUT, OUTPUT, STATUS, TENANT, SESSION, ROUND, PRIORITY, COLUMNS };
static const char *const names[COLUMNS] = {"arrival_time_us", "input_tokens", "output_tokens", "status", "tenant_id", "session_id", "round_index", "vllm_priority"};

typedef struct blis {
    gbl_crow row;
    gbl_counter *tenants, *turns;
} blis;

/* Passes the YAML header; the row after it is handed out next. 0 or -1. */
static int skip_header(gbl_rows *rows, gbl_err *err)
{
    char *line;
    size_t len;
    int got;
    while ((got = gbl_rows_next(rows, &line, &len, err)) == 1) {
        if (strstr(line, "time_unit") && !strstr(line, "micro") && !strstr(line, "us"))
            return gbl_rows_fail(rows, 0, err, "time_unit of the trace is not microseconds"), gbl_expected(err, "time_unit: microseconds"), -1;
        if (!strstr(line, names[ARRIVAL])) continue;
        rows->first = line;
        rows->first_len = len;
        return 0;
    }
    if (got < 0) return -1;
    gbl_rows_fail(rows, 0, err, "the header has no rows behind it");
    gbl_expected(err, "the trace's CSV file, with or without its header in front");
    return -1;
}

static int blis_open(void **state, gbl_rows *rows, gbl_err *err)
{
    blis *b = *state = gbl_alloc(1, sizeof *b);
    if (!b || !(b->tenants = gbl_counter_new()) || !(b->turns = gbl_counter_new())) return gbl_nomem(err, sizeof *b);
    if (skip_header(rows, err)) return err->code;
    return gbl_crow_header(&b->row, rows, names, COLUMNS, STATUS, "a header with arrival_time_us, input_tokens, output_tokens, in any order", err) ? err->code : 0;
}

static void blis_close(void *state)
{
    blis *b = state;
    gbl_counter_free(b->tenants);
    gbl_counter_free(b->turns);
    gbl_free(b);
}

static int went_well(const gbl_crow *c)
{
    return !gbl_crow_has(c, STATUS) || gbl_crow_is(c, STATUS, "ok") || gbl_crow_is(c, STATUS, "success") || gbl_crow_is(c, STATUS, "completed");
}

static int who(blis *b, gbl_record *out)
{
    gbl_crow *c = &b->row;
    int64_t n;
    if (gbl_crow_has(c, TENANT) && (out->tenant = gbl_counter_number(b->tenants, gbl_crow_name(c, TENANT))) < 0) return -1;
    if (gbl_crow_has(c, SESSION)) {
        uint64_t name = gbl_crow_name(c, SESSION);
        out->session = (int64_t)(name >> 1);
        if ((out->turn = gbl_counter_turn(b->turns, name)) < 0) return -1;
    }
    if (gbl_crow_has(c, ROUND) && !gbl_row_count(c->at[c->where[ROUND]], c->len[c->where[ROUND]], &n)) out->turn = (int32_t)n;
    return 0;
}

/* A blank one is 0. */
static int priority(gbl_crow *c, gbl_record *out)
{
    int i = gbl_crow_has(c, PRIORITY) ? c->where[PRIORITY] : -1;
    int64_t v = 0;
    if (i >= 0 && c->len[i] && (gbl_text_whole(c->at[i], c->len[i], &v) || v < INT32_MIN || v > INT32_MAX)) {
        gbl_crow_fail(c, PRIORITY, "vllm_priority is not a whole number of 32 bits: %.*s", (int)(c->len[i] < 40 ? c->len[i] : 40), c->at[i]);
        return -1;
    }
    out->priority = (int32_t)v;
    return 0;
}

static int blis_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    blis *b = state;
    for (;;) {
        int got = gbl_crow_next(&b->row, rows, err);
        if (got <= 0) return got;
        if (went_well(&b->row)) break;
        repairs->failed++;
    }
    if (gbl_crow_time(&b->row, ARRIVAL, "us", &out->arrival_ns) || gbl_crow_count(&b->row, INPUT, &out->input) || gbl_crow_count(&b->row, OUTPUT, &out->output) || priority(&b->row, out)) return -1;
    return who(b, out) ? (gbl_nomem(err, 64), -1) : 1;
}

const gbl_format gbl_trace_v2_format = {
    .name = "trace_v2", .help = "BLIS trace v2: CSV of measured or simulated requests, times in us", .signature = "trace_version|arrival_time_us",
    .open = blis_open, .next = blis_next, .close = blis_close};
