/* vidur.c - CSV of vidur and etalon: arrived_at (s), num_prefill_tokens, num_decode_tokens. Without arrived_at it is a list of
 * lengths, which needs a generator's arrivals. Format as of github.com/microsoft/vidur (data/processed_traces). */
#include "traces/csvrow.h"

enum { INPUT, OUTPUT, ARRIVED, COLUMNS };
static const char *const names[COLUMNS] = {"num_prefill_tokens", "num_decode_tokens", "arrived_at"};

static int vidur_open(void **state, gbl_rows *rows, gbl_err *err)
{
    gbl_crow *c = *state = gbl_alloc(1, sizeof *c);
    if (!c) return gbl_nomem(err, sizeof *c);
    if (gbl_crow_header(c, rows, names, COLUMNS, ARRIVED, "a header with arrived_at, num_prefill_tokens, num_decode_tokens, in any order", err)) return err->code;
    return gbl_crow_has(c, ARRIVED) ? 0 : (gbl_crow_no_times(c, -1, "no column arrived_at", names[INPUT], names[OUTPUT]), err->code);
}

static int vidur_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    gbl_crow *c = state;
    int got = gbl_crow_next(c, rows, err);
    (void)repairs;
    if (got <= 0) return got;
    return gbl_crow_time(c, ARRIVED, "s", &out->arrival_ns) || gbl_crow_count(c, INPUT, &out->input) || gbl_crow_count(c, OUTPUT, &out->output) ? -1 : 1;
}

const gbl_format gbl_vidur_format = {
    .name = "vidur", .help = "vidur and etalon CSV: arrived_at in s, num_prefill_tokens, num_decode_tokens", .signature = "num_prefill_tokens|num_decode_tokens",
    .open = vidur_open, .next = vidur_next, .close = gbl_free};
