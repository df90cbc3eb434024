/* tracelab.c - TraceLab JSON lines: a round of a coding agent a line, with its whole prompt.
 *
 * {"session_id", "input_tokens_total", "output_tokens", "timing_events": [{"event_type", "timestamp"}, ...]}. A round is sent at the
 * last of the events that it answers (user_message, tool_result) and its answer is there at the last event of all; the pause is
 * what lies between the round before and that. Sessions are months apart and in no order, so only the
 * time inside each is kept: session_rate_s or concurrency spaces them. Without events a round follows the one before at once, counted. Format as of the TraceLab data set (README). */
#include <string.h>
#include "base/map.h"
#include "base/text.h"
#include "traces/jsonrow.h"

enum { SESSION, INPUT, OUTPUT, EVENTS, KEYS };
static const char *const key_names[KEYS] = {"session_id", "input_tokens_total", "output_tokens", "timing_events"};
enum { TYPE, TIME, EVENT_KEYS };
static const char *const event_names[EVENT_KEYS] = {"event_type", "timestamp"};

typedef struct lab {
    gbl_map *session; /* name -> place in `end` */
    int64_t *end_ns;  /* of the latest answer; -1 */
    size_t room;
} lab;
typedef struct span {
    int64_t sent_ns, end_ns; /* -1 */
    int tool;
} span;

static int lab_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    lab *l = *state = gbl_alloc(1, sizeof *l);
    return l && (l->session = gbl_map_new(16)) ? 0 : gbl_nomem(err, sizeof *l);
}

static void lab_close(void *state)
{
    lab *l = state;
    gbl_map_free(l->session);
    gbl_free(l->end_ns);
    gbl_free(l);
}

static int event(gbl_jrow *c, span *s)
{
    const char *at, *type = "";
    size_t len, type_len = 0;
    char text[64];
    unsigned seen = 0;
    int64_t ns = -1;
    int k;
    if (gbl_jrow_open(c, GBL_T_OBJ)) return -1;
    while ((k = gbl_jrow_key(c, event_names, EVENT_KEYS, &seen)) >= 0) {
        if (gbl_jrow_null(c)) continue;
        if (gbl_jrow_text(c, &at, &len)) return -1;
        if (k == TYPE) {
            type = at;
            type_len = len;
            continue;
        }
        snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1), at);
        if (!gbl_wall_clock(text, &ns)) continue;
        gbl_jrow_fail(c, at, "timestamp is not a time: %s", text);
        return gbl_expected(c->err, "a time like 2026-06-01T05:40:20.151Z"), -1;
    }
    if (k < -1) return -1;
    int asks = (type_len == 12 && !memcmp(type, "user_message", 12)) || (type_len == 11 && !memcmp(type, "tool_result", 11));
    if (asks && ns > s->sent_ns) s->sent_ns = ns;
    if (ns > s->end_ns) s->end_ns = ns;
    s->tool = type_len == 9 && !memcmp(type, "tool_call", 9); /* of the last one */
    return 0;
}

static int events(gbl_jrow *c, span *s)
{
    int got;
    if (gbl_jrow_open(c, GBL_T_ARR)) return -1;
    while ((got = gbl_scan_item(&c->s, c->err)) == 1) {
        c->key = "an element of timing_events";
        if (event(c, s)) return -1;
    }
    return got;
}

/* Where it stands in its session. */
static int place(lab *l, const span *s, gbl_turn *out, gbl_repairs *repairs)
{
    int32_t i = gbl_map_get(l->session, out->session);
    int64_t before = i < 0 ? -1 : l->end_ns[i];
    if (i < 0) {
        i = (int32_t)gbl_map_size(l->session);
        if (gbl_grow(&l->end_ns, &l->room, (size_t)i + 1, sizeof *l->end_ns) || gbl_map_put(l->session, out->session, i)) return -1;
    }
    l->end_ns[i] = s->end_ns;
    out->clock = GBL_CLOCK_NONE;
    if (s->sent_ns < 0) repairs->no_time++;
    else {
        out->served_ns = s->end_ns - s->sent_ns;
        if (before >= 0 && s->sent_ns > before) out->wait_ns = s->sent_ns - before;
        else if (before > s->sent_ns) repairs->time_back++;
    }
    out->r.tool = s->tool;
    return 0;
}

static int lab_turn(void *state, gbl_rows *rows, gbl_turn *out, gbl_repairs *repairs, gbl_err *err)
{
    gbl_jrow c;
    span s = {-1, -1, 0};
    unsigned seen = 0;
    int k, bad = 0, got = gbl_jrow_next(&c, rows, err);
    if (got <= 0) return got;
    while (!bad && (k = gbl_jrow_key(&c, key_names, KEYS, &seen)) >= 0)
        bad = k == SESSION ? gbl_jrow_name(&c, &out->session) : k == INPUT ? gbl_jrow_count(&c, &out->r.input) : k == OUTPUT ? gbl_jrow_count(&c, &out->r.output) : events(&c, &s);
    if (bad || k < -1 || gbl_jrow_done(&c)) return -1;
    for (k = 0; k < EVENTS; k++)
        if (!(seen >> k & 1)) return gbl_jrow_missing(&c, c.s.begin, key_names, KEYS, k, "session_id, input_tokens_total, output_tokens and timing_events");
    out->tree = out->session;
    out->follows = 1;
    out->grows = GBL_GROWS_WHOLE;
    return place(state, &s, out, repairs) ? (gbl_nomem(err, 64), -1) : 1;
}

const gbl_format gbl_tracelab_format = {
    .name = "tracelab", .help = "TraceLab JSON lines: rounds of coding agents with their event times", .signature = "input_tokens_total,timing_events", .open = lab_open,
    .close = lab_close, .turn = lab_turn};
