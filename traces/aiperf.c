/* aiperf.c - Mooncake rows with AIPerf's extensions: turns of conversations.
 *
 * session_id names the conversation; its turns stand in order and accumulate history: input_length counts what a turn adds to
 * everything before it, answers included. delay: ms from the answer before to the turn, in place of timestamp (ms). hash_ids,
 * where given, are those of the whole prompt in 512-token blocks. A row without output_length gets one token, counted.
 * text_input, messages or payload in place of a length is raw text, which only a tokenizer could count. Format as of
 * github.com/ai-dynamo/aiperf (aiperf/dataset/loader/models.py, docs/benchmark-modes/trace-replay.md). */
#include "base/text.h"
#include "traces/jsonrow.h"

enum { SESSION, DELAY, TIMESTAMP, INPUT, OUTPUT, IDS, PRIORITY, TEXT, MESSAGES, PAYLOAD, KEYS };
enum { BLOCK_TOKENS = 512 };
static const char *const key_names[KEYS] = {"session_id", "delay", "timestamp", "input_length", "output_length", "hash_ids", "priority", "text_input", "messages", "payload"};

typedef struct aiperf {
    gbl_ids ids;
    gbl_id_runs runs;
    uint64_t rows;
} aiperf;

static int aiperf_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    *state = gbl_alloc(1, sizeof(aiperf));
    return *state ? 0 : gbl_nomem(err, sizeof(aiperf));
}

static void aiperf_close(void *state)
{
    aiperf *a = state;
    gbl_free(a->ids.id);
    gbl_free(a->runs.run);
    gbl_free(a);
}

static int value(aiperf *a, gbl_jrow *c, int k, gbl_turn *out)
{
    int64_t priority;
    switch (k) {
    case SESSION: return gbl_jrow_name(c, &out->session);
    case DELAY: return gbl_jrow_time(c, "ms", &out->wait_ns);
    case TIMESTAMP: return gbl_jrow_time(c, "ms", &out->r.arrival_ns);
    case INPUT: return gbl_jrow_count(c, &out->r.input);
    case OUTPUT: return gbl_jrow_count(c, &out->r.output);
    case IDS: return gbl_jrow_ids(c, &a->ids, "ids of the prompt's 512-token blocks, 0 to 2^64-1");
    case PRIORITY:
        if (gbl_jrow_whole(c, &priority)) return -1;
        out->r.priority = (int32_t)(priority > INT32_MAX ? INT32_MAX : priority < INT32_MIN ? INT32_MIN : priority);
        return 0;
    default: return gbl_jrow_skip(c);
    }
}

static int is_text(gbl_jrow *c, unsigned seen)
{
    int k = seen >> TEXT & 1 ? TEXT : seen >> MESSAGES & 1 ? MESSAGES : PAYLOAD;
    gbl_jrow_fail(c, NULL, "the row has %s but no input_length: text cannot be counted in tokens without the model's tokenizer", key_names[k]);
    gbl_expected(c->err, "input_length and output_length, counted beforehand with that tokenizer");
    return -1;
}

static int aiperf_turn(void *state, gbl_rows *rows, gbl_turn *out, gbl_repairs *repairs, gbl_err *err)
{
    aiperf *a = state;
    gbl_jrow c;
    unsigned seen = 0;
    int k, got = gbl_jrow_next(&c, rows, err);
    if (got <= 0) return got;
    a->ids.n = 0;
    a->runs.n = 0;
    out->session = gbl_mix64(1, a->rows++);
    while ((k = gbl_jrow_key(&c, key_names, KEYS, &seen)) >= 0)
        if (value(a, &c, k, out)) return -1;
    if (k < -1 || gbl_jrow_done(&c)) return -1;
    if (!(seen >> INPUT & 1) && seen >> TEXT) return is_text(&c, seen);
    if (!(seen >> INPUT & 1)) return gbl_jrow_missing(&c, c.s.begin, key_names, KEYS, INPUT, "input_length (tokens), and where known output_length, session_id, delay or timestamp (ms), hash_ids");
    if (!(seen >> OUTPUT & 1)) {
        out->r.output = 1;
        repairs->no_output++;
    }
    out->tree = out->session;
    out->follows = seen & 1u << SESSION ? 1 : 0;
    out->clock = seen >> TIMESTAMP & 1 && !(seen >> DELAY & 1) ? GBL_CLOCK_TRACE : GBL_CLOCK_NONE;
    out->grows = GBL_GROWS_DELTA;
    out->r.tool = -1;
    if (!a->ids.n) return 1;
    out->grows = GBL_GROWS_IDS;
    for (int32_t i = 0; i < a->ids.n; i++)
        if (gbl_id_runs_add(&a->runs, 0, a->ids.id[i], 1)) return gbl_nomem(err, sizeof *a->runs.run), -1;
    out->ids = &a->runs;
    out->r.n_ids = a->ids.n;
    out->r.id_tokens = BLOCK_TOKENS;
    return 1;
}

const gbl_format gbl_aiperf_format = {
    .name = "aiperf", .help = "AIPerf conversations: Mooncake rows with session_id and delay; lengths add to the history",
    .signature = "session_id,input_length|session_id,text_input|session_id,messages|delay", .open = aiperf_open, .close = aiperf_close, .turn = aiperf_turn};
