/* otel.c - OpenTelemetry spans of LLM calls: one document {"spans": [...]}, or a span a line.
 *
 * A span counts where it states gen_ai.usage.prompt_tokens (or input_tokens) and completion_tokens (output_tokens): as vLLM's
 * llm_request spans and those of agent frameworks do; others are dropped, counted. It arrives at start_time and was served until
 * end_time, wall-clock text or ns. A trace_id is a session. Closed, a span waits for the span of its trace that had ended last
 * when it began: whose output it used, the spans do not say (parent_span_id is nesting, not order). What prompts share is not
 * stated; their text is not read. Attribute names: OpenTelemetry semantic conventions for generative AI. */
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "traces/jsonrow.h"

enum { SPANS, TRACE_ID, START, END, ATTRIBUTES, KEYS };
static const char *const key_names[KEYS] = {"spans", "trace_id", "start_time", "end_time", "attributes"};
enum { PROMPT, INPUT, COMPLETION, OUTPUT, MESSAGES, USES };
static const char *const use_names[USES] = {"gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens", "gen_ai.input.messages"};

typedef struct span {
    uint64_t trace;
    int64_t start_ns, end_ns, input, output, before; /* before: the one of its trace that began before it, -1 */
} span;
typedef struct otel {
    span *span;
    size_t room;
    int64_t n, at, after;
    int text_only; /* calls that state no counts */
} otel;

static int otel_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    return (*state = gbl_alloc(1, sizeof(otel))) ? 0 : gbl_nomem(err, sizeof(otel));
}

static void otel_close(void *state)
{
    gbl_free(((otel *)state)->span);
    gbl_free(state);
}

static int instant(gbl_jrow *c, int64_t *out)
{
    const char *at, *p = c->s.p;
    char text[64];
    size_t len;
    while (p < c->s.end && strchr(" \t\n", *p)) p++;
    if (*p != '"') return gbl_jrow_time(c, "ns", out);
    if (gbl_jrow_text(c, &at, &len)) return -1;
    snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1), at);
    if (!gbl_wall_clock(text, out)) return 0;
    gbl_jrow_fail(c, at, "%s is not a time: %s", c->key, text);
    return gbl_expected(c->err, "a time like 2026-02-26T10:00:00.000000+00:00, or ns"), -1;
}

static int attributes(otel *o, gbl_jrow *c, span *s)
{
    unsigned seen = 0;
    int k, bad = 0;
    if (gbl_jrow_open(c, GBL_T_OBJ)) return -1;
    while (!bad && (k = gbl_jrow_key(c, use_names, USES, &seen)) >= 0)
        bad = k == MESSAGES ? gbl_jrow_skip(c) : gbl_jrow_count(c, k <= INPUT ? &s->input : &s->output);
    if (seen == 1u << MESSAGES) o->text_only++;
    return bad || k < -1 ? -1 : 0;
}

static int list(otel *o, gbl_jrow *c, gbl_repairs *repairs);

/* The members of a span, or of the document around them. */
static int members(otel *o, gbl_jrow *c, gbl_repairs *repairs)
{
    span s = {.start_ns = -1, .end_ns = -1, .input = -1, .output = -1};
    unsigned seen = 0;
    int k, bad = 0;
    while (!bad && (k = gbl_jrow_key(c, key_names, KEYS, &seen)) >= 0)
        bad = k == SPANS ? list(o, c, repairs) : k == TRACE_ID ? gbl_jrow_name(c, &s.trace) : k == START ? instant(c, &s.start_ns) : k == END ? instant(c, &s.end_ns) : attributes(o, c, &s);
    if (bad || k < -1) return -1;
    if (seen >> SPANS & 1) return 0;
    if (s.input < 0 || s.output < 0 || s.start_ns < 0) return repairs->foreign++, 0;
    if (s.end_ns < s.start_ns) {
        repairs->time_back += s.end_ns >= 0;
        s.end_ns = s.start_ns;
    }
    if (o->n == INT32_MAX || gbl_grow(&o->span, &o->room, (size_t)o->n + 1, sizeof s)) return gbl_nomem(c->err, sizeof s), -1;
    o->span[o->n++] = s;
    return 0;
}

static int list(otel *o, gbl_jrow *c, gbl_repairs *repairs)
{
    int got;
    if (gbl_jrow_open(c, GBL_T_ARR)) return -1;
    while ((got = gbl_scan_item(&c->s, c->err)) == 1)
        if (gbl_jrow_open(c, GBL_T_OBJ) || members(o, c, repairs)) return -1;
    return got;
}

static int by_start(const void *a, const void *b)
{
    const span *x = a, *y = b;
    if (x->start_ns != y->start_ns) return x->start_ns < y->start_ns ? -1 : 1;
    return (x->end_ns > y->end_ns) - (x->end_ns < y->end_ns);
}

static int link_up(otel *o)
{
    gbl_map *last = gbl_map_new(16);
    int bad = !last;
    qsort(o->span, (size_t)o->n, sizeof *o->span, by_start);
    for (int64_t i = 0; i < o->n && !bad; i++) {
        o->span[i].before = gbl_map_get(last, o->span[i].trace);
        bad = gbl_map_put(last, o->span[i].trace, (int32_t)i);
    }
    gbl_map_free(last);
    return bad;
}

/* Spans come in the order of their ends, or in none: all are read before the first is handed out. */
static int read_all(otel *o, gbl_rows *rows, gbl_repairs *repairs, gbl_err *err)
{
    gbl_jrow c;
    int got;
    while ((got = gbl_jrow_next(&c, rows, err)) == 1)
        if (members(o, &c, repairs) || gbl_jrow_done(&c)) return -1;
    if (got < 0) return -1;
    if (o->n) return link_up(o) ? (gbl_nomem(err, 64), -1) : 0;
    if (!o->text_only) return 0;
    gbl_rows_fail(rows, 0, err, "the spans carry the text of their messages but no token counts: text cannot be counted without the model's tokenizer");
    gbl_expected(err, "gen_ai.usage.prompt_tokens and gen_ai.usage.completion_tokens in their attributes");
    return -1;
}

static int otel_turn(void *state, gbl_rows *rows, gbl_turn *out, gbl_repairs *repairs, gbl_err *err)
{
    otel *o = state;
    if (!o->at && read_all(o, rows, repairs, err)) return -1;
    if (o->at == o->n) return 0;
    const span *s = &o->span[o->at];
    out->r.arrival_ns = s->start_ns;
    out->r.input = s->input;
    out->r.output = s->output;
    out->served_ns = s->end_ns - s->start_ns;
    out->session = out->tree = s->trace;
    out->clock = GBL_CLOCK_TRACE;
    int64_t before = -1;
    for (int64_t k = s->before; k >= 0; k = o->span[k].before)
        if (o->span[k].end_ns <= s->start_ns && (before < 0 || o->span[k].end_ns > o->span[before].end_ns)) before = k;
    if (before >= 0) {
        o->after = before;
        out->after = &o->after;
        out->n_after = 1;
        out->wait_ns = s->start_ns - o->span[before].end_ns;
    }
    o->at++;
    return 1;
}

const gbl_format gbl_otel_format = {
    .name = "otel", .help = "OpenTelemetry spans of LLM calls with gen_ai.usage token counts (vLLM, agents)", .signature = "span_id|spans", .open = otel_open,
    .close = otel_close, .turn = otel_turn, .paced = 1};
