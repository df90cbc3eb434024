/* splitwise.c - splitwise-sim CSV: request_id, request_type, application_id, arrival_timestamp (s), batch_size, prompt_size,
 * token_size. request_type 2 is a request to an LLM, others are dropped; a row is one request, also where it says a batch of more,
 * which is counted; an application is a tenant. Format as of
 * github.com/Mutinifni/splitwise-sim (traces, simulator.py). */
#include "traces/csvrow.h"

enum { ARRIVAL, INPUT, OUTPUT, TYPE, APPLICATION, BATCH, COLUMNS };
static const char *const names[COLUMNS] = {"arrival_timestamp", "prompt_size", "token_size", "request_type", "application_id", "batch_size"};

typedef struct splitwise {
    gbl_crow row;
    gbl_counter *applications;
} splitwise;

static int splitwise_open(void **state, gbl_rows *rows, gbl_err *err)
{
    splitwise *s = *state = gbl_alloc(1, sizeof *s);
    if (!s || !(s->applications = gbl_counter_new())) return gbl_nomem(err, sizeof *s);
    return gbl_crow_header(&s->row, rows, names, COLUMNS, TYPE, "a header with arrival_timestamp, prompt_size, token_size, in any order", err) ? err->code : 0;
}

static void splitwise_close(void *state)
{
    gbl_counter_free(((splitwise *)state)->applications);
    gbl_free(state);
}

static int splitwise_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    splitwise *s = state;
    for (;;) {
        int got = gbl_crow_next(&s->row, rows, err);
        if (got <= 0) return got;
        if (!gbl_crow_has(&s->row, TYPE) || gbl_crow_is(&s->row, TYPE, "2")) break;
        repairs->foreign++;
    }
    repairs->batched += gbl_crow_has(&s->row, BATCH) && !gbl_crow_is(&s->row, BATCH, "1");
    if (gbl_crow_time(&s->row, ARRIVAL, "s", &out->arrival_ns) || gbl_crow_count(&s->row, INPUT, &out->input) || gbl_crow_count(&s->row, OUTPUT, &out->output)) return -1;
    if (gbl_crow_has(&s->row, APPLICATION) && (out->tenant = gbl_counter_number(s->applications, gbl_crow_name(&s->row, APPLICATION))) < 0) return gbl_nomem(err, 64), -1;
    return 1;
}

const gbl_format gbl_splitwise_format = {
    .name = "splitwise", .help = "splitwise-sim CSV: arrival_timestamp in s, prompt_size, token_size", .signature = "prompt_size,token_size",
    .open = splitwise_open, .next = splitwise_next, .close = splitwise_close};
