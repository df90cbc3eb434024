/* mooncake.c - Mooncake JSON lines: {"timestamp": ms, "input_length": tokens, "output_length": tokens, "hash_ids": [...]}.
 *
 * timestamp is ms from any origin and may have a fraction (read exactly, to the ns); hash_ids are chained ids of
 * 512-token prefix blocks, the last one maybe partial, and may be left out. Other members are skipped. Format as of
 * github.com/kvcache-ai/Mooncake (FAST25-release/traces). */
#include "traces/jsonrow.h"

enum { BLOCK_TOKENS = 512 };
enum { TIMESTAMP, INPUT, OUTPUT, IDS, KEYS };
static const char *const key_names[KEYS] = {"timestamp", "input_length", "output_length", "hash_ids"};

static int mooncake_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    *state = gbl_alloc(1, sizeof(gbl_ids));
    return *state ? 0 : gbl_nomem(err, sizeof(gbl_ids));
}

static void mooncake_close(void *state)
{
    gbl_free(((gbl_ids *)state)->id);
    gbl_free(state);
}

static int value(gbl_ids *ids, gbl_jrow *c, int k, gbl_record *out)
{
    switch (k) {
    case TIMESTAMP: return gbl_jrow_time(c, "ms", &out->arrival_ns);
    case INPUT: return gbl_jrow_count(c, &out->input);
    case OUTPUT: return gbl_jrow_count(c, &out->output);
    default: return gbl_jrow_ids(c, ids, "ids of the prompt's 512-token blocks, 0 to 2^64-1");
    }
}

static int mooncake_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    (void)repairs;
    gbl_ids *ids = state;
    gbl_jrow c;
    unsigned seen = 0;
    int k, got = gbl_jrow_next(&c, rows, err);
    if (got <= 0) return got;
    ids->n = 0;
    while ((k = gbl_jrow_key(&c, key_names, KEYS, &seen)) >= 0)
        if (value(ids, &c, k, out)) return -1;
    if (k < -1 || gbl_jrow_done(&c)) return -1;
    for (k = 0; k < IDS; k++)
        if (!(seen >> k & 1))
            return gbl_jrow_missing(&c, c.s.begin, key_names, KEYS, k, "timestamp (ms), input_length, output_length (tokens), and hash_ids where known");
    out->ids = ids->id;
    out->n_ids = ids->n;
    out->id_tokens = out->n_ids ? BLOCK_TOKENS : 0;
    return 1;
}

const gbl_format gbl_mooncake_format = {
    .name = "mooncake", .help = "Mooncake JSON lines: timestamp ms, input_length, output_length, hash_ids of 512-token blocks",
    .signature = "timestamp|input_length|output_length|hash_ids", .open = mooncake_open, .next = mooncake_next, .close = mooncake_close};
