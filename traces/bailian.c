/* bailian.c - Alibaba Bailian JSON lines: {"chat_id", "parent_chat_id", "timestamp": s, "input_length", "output_length", "type",
 * "turn", "hash_ids": [...]}.
 *
 * A row is a turn with its whole prompt; parent_chat_id names the turn before it, -1 none. hash_ids are salted prefix blocks of
 * 16 tokens, in later files of 64: the first row with as many ids as 64-token blocks tells. Closed, a turn waits for its
 * parent's answer and is not sent before its time: what the user's pause was is not recorded. What was seen of chats is kept,
 * 24 bytes a row. Format as of github.com/alibaba-edu/qwen-bailian-usagetraces-anon (README, docs/qa-context-growth-pattern.md). */
#include "base/map.h"
#include "base/text.h"
#include "traces/jsonrow.h"

enum { TIMESTAMP, INPUT, OUTPUT, CHAT, PARENT, IDS, KEYS };
static const char *const key_names[KEYS] = {"timestamp", "input_length", "output_length", "chat_id", "parent_chat_id", "hash_ids"};

typedef struct bailian {
    gbl_ids ids;
    gbl_id_runs runs;
    gbl_map *row_of;   /* chat id -> row */
    uint64_t *session; /* by row */
    size_t room;
    int64_t rows, after;
    int32_t id_tokens; /* 0: not told yet */
} bailian;

static int bailian_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    bailian *b = *state = gbl_alloc(1, sizeof *b);
    return b && (b->row_of = gbl_map_new(1024)) ? 0 : gbl_nomem(err, sizeof *b);
}

static void bailian_close(void *state)
{
    bailian *b = state;
    gbl_free(b->ids.id);
    gbl_free(b->runs.run);
    gbl_free(b->session);
    gbl_map_free(b->row_of);
    gbl_free(b);
}

/* Its place in the tree of chats: after its parent, in its session; or alone. */
static int place(bailian *b, gbl_jrow *c, int64_t chat, int64_t parent, gbl_turn *out, gbl_repairs *repairs)
{
    if (chat == parent) {
        gbl_jrow_fail(c, NULL, "chat_id %lld is its own parent", (long long)chat);
        return gbl_expected(c->err, "parent_chat_id of an earlier row, or -1"), -1;
    }
    if (gbl_map_get(b->row_of, (uint64_t)chat) >= 0) {
        gbl_jrow_fail(c, NULL, "chat_id %lld is there twice", (long long)chat);
        return gbl_expected(c->err, "one row a chat_id"), -1;
    }
    int32_t before = parent < 0 ? -1 : gbl_map_get(b->row_of, (uint64_t)parent);
    if (parent >= 0 && before < 0) repairs->no_parent++;
    out->session = before < 0 ? gbl_mix64((uint64_t)chat, 1) : b->session[before];
    if (before >= 0) {
        b->after = before;
        out->after = &b->after;
        out->n_after = 1;
    }
    if (b->rows == INT32_MAX || gbl_grow(&b->session, &b->room, (size_t)b->rows + 1, sizeof *b->session) || gbl_map_put(b->row_of, (uint64_t)chat, (int32_t)b->rows))
        return gbl_nomem(c->err, sizeof *b->session), -1;
    b->session[b->rows++] = out->tree = out->session;
    return 0;
}

static int share(bailian *b, gbl_turn *out)
{
    if (!b->id_tokens && b->ids.n) b->id_tokens = b->ids.n == (out->r.input + 63) / 64 && out->r.input > 16 ? 64 : 16;
    b->runs.n = 0;
    for (int32_t i = 0; i < b->ids.n; i++)
        if (gbl_id_runs_add(&b->runs, 0, b->ids.id[i], 1)) return -1;
    out->ids = &b->runs;
    out->r.n_ids = b->ids.n;
    out->r.id_tokens = b->id_tokens;
    return 0;
}

static int bailian_turn(void *state, gbl_rows *rows, gbl_turn *out, gbl_repairs *repairs, gbl_err *err)
{
    bailian *b = state;
    gbl_jrow c;
    int64_t chat = 0, parent = -1;
    unsigned seen = 0;
    int k, bad = 0, got = gbl_jrow_next(&c, rows, err);
    if (got <= 0) return got;
    b->ids.n = 0;
    while (!bad && (k = gbl_jrow_key(&c, key_names, KEYS, &seen)) >= 0)
        switch (k) {
        case TIMESTAMP: bad = gbl_jrow_time(&c, "s", &out->r.arrival_ns); break;
        case INPUT: bad = gbl_jrow_count(&c, &out->r.input); break;
        case OUTPUT: bad = gbl_jrow_count(&c, &out->r.output); break;
        case CHAT: bad = gbl_jrow_whole(&c, &chat); break;
        case PARENT: bad = gbl_jrow_whole(&c, &parent); break;
        default: bad = gbl_jrow_ids(&c, &b->ids, "ids of the prompt's blocks, 0 to 2^64-1");
        }
    if (bad || k < -1 || gbl_jrow_done(&c)) return -1;
    for (k = 0; k < PARENT; k++)
        if (!(seen >> k & 1))
            return gbl_jrow_missing(&c, c.s.begin, key_names, KEYS, k, "timestamp (s), input_length, output_length, chat_id, and parent_chat_id and hash_ids where known");
    if (place(b, &c, chat, parent, out, repairs)) return -1;
    out->clock = GBL_CLOCK_TRACE;
    return share(b, out) ? (gbl_nomem(err, 64), -1) : 1;
}

const gbl_format gbl_bailian_format = {
    .name = "bailian", .help = "Alibaba Bailian JSON lines: chats by parent_chat_id, times in s, ids of 16- or 64-token blocks", .signature = "chat_id",
    .open = bailian_open, .close = bailian_close, .turn = bailian_turn, .paced = 1};
