/* source.c - the trace object made a stream: opens a file or a generator, and does what every format needs alike. */
#include <assert.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include "base/param.h"
#include "base/text.h"
#include "traces/generate.h"
#include "traces/once.h"
#include "traces/reader.h"
#include "traces/shape.h"

typedef struct conf {
    const char *file, *format;
    double rate_scale;
    int64_t limit;
    const gbl_node *generate, *copula_node;
    gbl_copula copula; /* of a format whose fields are drawn */
    /* of sessions */
    int32_t replay;
    double think_scale, session_rate_s;
    int64_t concurrency;
} conf;
enum { REPLAY_CLOSED, REPLAY_OPEN };

#define AT(FIELD) offsetof(conf, FIELD)
#define FORMAT_ROW {"format", GBL_P_STR, GBL_P_NULLABLE, AT(format), "null", 1, 0, NULL, NULL, "Format of the file; null: told from its content."}
#define RATE_ROW \
    {"rate_scale", GBL_P_REAL, 0, AT(rate_scale), "1.0", 1e-6, 1e6, NULL, NULL, "Requests come so many times as fast: arrival times are divided by it."}
#define LIMIT_ROW {"limit", GBL_P_INT, 0, AT(limit), "0", 0, 1e15, "requests", NULL, "Requests taken from the start; 0: all."}
#define TURN_ROWS \
    {"replay", GBL_P_CHOICE, GBL_P_NULLABLE, AT(replay), "null", 1, 0, NULL, "closed|open", "Of a trace of sessions: closed sends a turn when the one before is answered and its pause is over, open at the times recorded; null: what the format is for."}, \
    {"think_scale", GBL_P_REAL, 0, AT(think_scale), "1.0", 0, 1e6, NULL, NULL, "Closed replay: pauses between turns are multiplied by it."}, \
    {"concurrency", GBL_P_INT, 0, AT(concurrency), "0", 0, 1e7, "sessions", NULL, "Closed replay: most sessions at a time, a session's sub-agents with it; 0: no limit."}, \
    {"session_rate_s", GBL_P_REAL, 0, AT(session_rate_s), "0.0", 0, 1e6, "1/s", NULL, "Sessions begun a second (Poisson) where the trace does not say when; 0: all at once."}
static const char default_file[] = "traces/samples/chat.jsonl.gz";
static const gbl_param file_params[] = {
    {"file", GBL_P_STR, 0, AT(file), "\"traces/samples/chat.jsonl.gz\"", 1, 0, NULL, NULL, "Trace to replay, also .gz or .zst; - is standard input."},
    FORMAT_ROW, RATE_ROW, LIMIT_ROW, TURN_ROWS, {NULL}};
static const gbl_param generate_params[] = {RATE_ROW, LIMIT_ROW, {NULL}}, turn_params[] = {RATE_ROW, LIMIT_ROW, TURN_ROWS, {NULL}};
static const gbl_param all_params[] = {
    {"file", GBL_P_STR, GBL_P_NULLABLE, AT(file), "null", 1, 0, NULL, NULL, "Trace to replay."},
    FORMAT_ROW, RATE_ROW, LIMIT_ROW, TURN_ROWS,
    {"copula", GBL_P_NODE, GBL_P_NULLABLE, AT(copula_node), "null", 1, 0, NULL, NULL, "Of a servegen folder: what gap, input and output have to do with each other."},
    {"generate", GBL_P_NODE, GBL_P_NULLABLE, AT(generate), "null", 1, 0, NULL, NULL, "Requests from distributions instead of a file."},
    {NULL}};

struct gbl_source {
    gbl_arena *arena;
    const char *path;
    double rate_scale;
    int64_t limit, serial, first_ns, last_ns; /* last_ns: of the last row read, kept or dropped; -1 before it */
    gbl_repairs repairs;
    gbl_once once;
    uint64_t hash;
    /* a file ... */
    const gbl_format *format;
    void *state;
    gbl_rows rows;
    /* ... or a generator */
    gbl_generator *generator;
    /* of sessions: */
    gbl_turns *turns;
    gbl_replay how;
    gbl_shaper *shaper;
    int64_t row_ns; /* of the last row with a time of its own; -1 */
};

/* ---- the trace object ---- */

static int conf_bind(conf *c, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    if (n && gbl_node_kind(n) != GBL_OBJECT) {
        gbl_node_fail(n, err, "trace is not an object");
        return gbl_expected(err, "{\"file\": path} or {\"generate\": {...}}");
    }
    if (gbl_param_defaults(all_params, c, a, err) || gbl_param_bind(all_params, c, n, NULL, a, err)) return err->code;
    if (c->generate && gbl_node_kind(c->generate) == GBL_NULL) c->generate = NULL;
    if (c->generate && (c->file || c->format)) {
        gbl_node_fail(gbl_node_get(n, c->file ? "file" : "format"), err, "trace has both %s and generate", c->file ? "file" : "format");
        return gbl_expected(err, "either a file or a generator");
    }
    if (c->generate && c->copula_node) {
        gbl_node_fail(c->copula_node, err, "the copula of a generator stands in generate");
        return gbl_expected(err, "trace.generate.copula");
    }
    if (!c->generate && !c->file) c->file = default_file;
    return gbl_copula_bind(&c->copula, c->copula_node && gbl_node_kind(c->copula_node) != GBL_NULL ? c->copula_node : NULL, a, err);
}

static int check_format(const gbl_node *n, const char *format, gbl_err *err)
{
    const gbl_format *f;
    if (!format || !gbl_format_find(&f, format, err)) return 0;
    gbl_err why = *err;
    gbl_node_fail(gbl_node_get(n, "format"), err, "%s", why.what);
    gbl_expected(err, "%s", why.expected);
    return gbl_nearest(err, why.nearest[0] ? why.nearest : NULL);
}

static int check_scale(const gbl_node *n, const conf *c, const gbl_node *arrival, gbl_err *err)
{
    const gbl_node *use = arrival && gbl_node_kind(arrival) == GBL_OBJECT ? gbl_node_get(arrival, "use") : arrival;
    if (c->rate_scale == 1 || !use || gbl_node_kind(use) != GBL_STRING || strcmp(gbl_node_text(use), "closed_loop")) return 0;
    gbl_node_fail(gbl_node_get(n, "rate_scale"), err, "a closed loop has no arrival times to scale");
    return gbl_expected(err, "rate_scale 1, and another concurrency");
}

static int conf_check(conf *c, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    int rc = conf_bind(c, n, a, err);
    if (!rc) rc = check_format(n, c->format, err);
    if (rc || !c->generate) return rc;
    rc = gbl_generator_check(c->generate, a, err);
    return rc ? rc : check_scale(n, c, gbl_node_get(c->generate, "arrival"), err);
}

int gbl_trace_check(const gbl_node *n, gbl_err *err)
{
    conf c = {.rate_scale = 1, .replay = -1, .think_scale = 1};
    gbl_arena *a = gbl_arena_new();
    int rc = a ? conf_check(&c, n, a, err) : gbl_nomem(err, sizeof c);
    gbl_arena_free(a);
    return rc;
}

void gbl_trace_schema(gbl_json *j)
{
    gbl_param_schema(file_params, j);
    gbl_copula_schema("copula", j);
    gbl_generator_schema("generate", j);
}

int gbl_trace_json(const gbl_node *n, const char *key, gbl_json *j, gbl_err *err)
{
    conf c = {.rate_scale = 1, .replay = -1, .think_scale = 1};
    gbl_arena *a = gbl_arena_new();
    int rc = a ? conf_check(&c, n, a, err) : gbl_nomem(err, sizeof c);
    if (!rc) {
        gbl_json_obj(j, key);
        gbl_param_json(!c.generate ? file_params : gbl_node_get(c.generate, "sessions") ? turn_params : generate_params, &c, j);
        if (c.generate) rc = gbl_generator_json(c.generate, "generate", j, a, err);
        if (c.copula.on) gbl_copula_json(&c.copula, "copula", j);
        gbl_json_end(j);
    }
    gbl_arena_free(a);
    return rc;
}

void gbl_trace_help(FILE *to)
{
    gbl_param_help(file_params, "trace.", to);
    gbl_copula_help("trace.copula.", to);
    gbl_generator_help(to);
}

int gbl_trace_format_at(int i, const char **name, const char **help, int *readable)
{
    for (int k = 0; gbl_formats[k]; k++) {
        if (k != i) continue;
        *name = gbl_formats[k]->name;
        *help = gbl_formats[k]->help;
        *readable = gbl_format_reads(gbl_formats[k]);
        return 1;
    }
    return 0;
}

/* ---- opening ---- */

static gbl_source *source_new(gbl_err *err)
{
    gbl_source *s = gbl_alloc(1, sizeof *s);
    if (s && (s->arena = gbl_arena_new())) {
        s->rate_scale = 1;
        s->last_ns = -1;
        return s;
    }
    gbl_free(s);
    gbl_nomem(err, sizeof *s);
    return NULL;
}

static int open_rows(gbl_source *s, const char *format, gbl_err *err)
{
    struct stat file;
    if (format && gbl_format_find(&s->format, format, err)) return err->code;
    if (!stat(s->path, &file) && S_ISDIR(file.st_mode) && (!format || s->format == &gbl_servegen_format)) {
        s->format = &gbl_servegen_format;
        s->rows.folder = s->path;
        s->rows.seed = s->how.seed;
        return s->format->open(&s->state, &s->rows, err);
    }
    if (gbl_lines_open(&s->rows.lines, s->path, err)) return err->code;
    int got = gbl_rows_first(&s->rows, err);
    if (got < 0) return err->code;
    if (!got) {
        gbl_fail(err, GBL_EINPUT, "the trace is empty");
        gbl_where(err, "%s", gbl_lines_name(s->rows.lines));
        return gbl_expected(err, "at least one request");
    }
    if (!s->format && gbl_format_sniff(&s->format, &s->rows, err)) return err->code;
    assert(s->format);
    return s->format->open ? s->format->open(&s->state, &s->rows, err) : 0;
}

/* ---- sessions ---- */

static int late(gbl_source *s, int64_t by_ns, gbl_err *err)
{
    gbl_rows_fail(&s->rows, 0, err, "arrival times decrease by %.9g s", (double)by_ns * 1e-9);
    gbl_expected(err, "rows in order of arrival");
    return -1;
}

static int too_far(gbl_source *s, const char *what, gbl_err *err)
{
    gbl_rows_fail(&s->rows, 0, err, "%s lies more than 31 years ahead", what);
    return -1;
}

/* A turn of the file, its times counted from the first. */
static int file_turn(void *state, gbl_turn *x, gbl_err *err)
{
    gbl_source *s = state;
    int got = s->format->turn(s->state, &s->rows, x, &s->repairs, err);
    if (got != 1) return got;
    if (x->clock == GBL_CLOCK_TRACE) {
        if (s->row_ns < 0 && s->how.sessions_s > 0) {
            gbl_rows_fail(&s->rows, 0, err, "session_rate_s is not read: the trace says when sessions begin");
            gbl_expected(err, "trace.rate_scale, which brings them closer");
            return -1;
        }
        if (s->row_ns < 0) s->first_ns = x->r.arrival_ns;
        if (x->r.arrival_ns < s->row_ns) return late(s, s->row_ns - x->r.arrival_ns, err);
        s->row_ns = x->r.arrival_ns;
        x->r.arrival_ns -= s->first_ns;
    }
    if ((double)x->r.arrival_ns > GBL_TRACE_MOST_NS) return too_far(s, "the turn's arrival", err);
    if ((double)x->wait_ns > GBL_TRACE_MOST_NS || (double)x->served_ns > GBL_TRACE_MOST_NS) return too_far(s, "the end of the turn's pause", err);
    return 1;
}

static int open_turns(gbl_source *s, gbl_err *err)
{
    const gbl_feed feed = s->generator ? (gbl_feed){s->generator, gbl_generator_turn} : (gbl_feed){s, file_turn};
    s->row_ns = -1;
    if (s->how.closed) s->how.rate_scale = s->rate_scale;
    return gbl_turns_new(&s->turns, &feed, &s->how, &s->repairs, err);
}

static int has_turns(const gbl_source *s) { return s->generator ? gbl_generator_sessions(s->generator) : s->format->turn != NULL; }

static int is_closed(const gbl_source *s, const conf *c)
{
    return c->replay == REPLAY_CLOSED || (c->replay < 0 && (s->generator || !s->format->paced));
}

/* Keys that only sessions read, and only some ways of replaying them. */
static int check_replay(const gbl_source *s, const conf *c, const gbl_node *n, gbl_err *err)
{
    if (c->copula.on && s->format != &gbl_servegen_format) {
        gbl_node_fail(c->copula_node, err, "copula is not read: the trace says what each request is");
        return gbl_expected(err, "a servegen folder, whose lengths are drawn");
    }
    if (s->generator && has_turns(s) && c->think_scale != 1 && !gbl_generator_pauses(s->generator)) {
        gbl_node_fail(gbl_node_get(n, "think_scale"), err, "think_scale is not read: every pause of the sessions is 0");
        return gbl_expected(err, "1, or another trace.generate.sessions.think");
    }
    int turns = has_turns(s), closed = turns && is_closed(s, c);
    const char *key = c->replay >= 0 && !turns ? "replay" : c->session_rate_s > 0 && !turns ? "session_rate_s" : NULL;
    if (s->generator && turns && c->session_rate_s > 0 && !gbl_generator_closed(s->generator)) {
        gbl_node_fail(gbl_node_get(n, "session_rate_s"), err, "session_rate_s is not read: trace.generate.arrival says when sessions begin");
        return gbl_expected(err, "another rate_s of the arrival");
    }
    if (!key && !closed) key = c->think_scale != 1 ? "think_scale" : c->concurrency ? "concurrency" : NULL;
    if (!key) return 0;
    gbl_node_fail(gbl_node_get(n, key), err, turns ? "%s is not read: recorded times are replayed as they are" : "%s is not read: the requests are not turns of sessions", key);
    return gbl_expected(err, turns ? "\"replay\": \"closed\" beside it" : "a trace of sessions: aiperf, bailian, llmservingsim, otel, weka or a generator with sessions");
}

int gbl_source_open_file(gbl_source **out, const char *path, const char *format, gbl_err *err)
{
    gbl_source *s = source_new(err);
    if (!s) return err->code;
    s->path = gbl_arena_text(s->arena, path);
    int rc = s->path ? open_rows(s, format, err) : gbl_nomem(err, strlen(path));
    s->how = (gbl_replay){.think_scale = 1, .rate_scale = 1};
    if (!rc && s->format->turn) rc = open_turns(s, err);
    if (rc) gbl_source_close(s);
    else *out = s;
    return rc;
}

static int open_generator(gbl_source *s, const conf *c, uint64_t seed, gbl_err *err)
{
    char *canonical = gbl_node_canonical(c->generate);
    if (!canonical) return gbl_nomem(err, 0);
    s->hash = gbl_hash64(canonical, strlen(canonical), seed);
    gbl_free(canonical);
    int rc = gbl_generator_open(&s->generator, c->generate, seed, s->arena, err);
    if (!rc) s->repairs = *gbl_generator_repairs(s->generator);
    return rc;
}

static const char *locate(gbl_source *s, const gbl_node *n, const char *file)
{
    if (!strcmp(file, "-")) return file;
    return gbl_find_path(s->arena, n ? gbl_doc_folder(gbl_node_doc(n)) : "", file);
}

int gbl_source_open(gbl_source **out, const gbl_node *n, uint64_t seed, gbl_err *err)
{
    conf c = {.rate_scale = 1, .replay = -1, .think_scale = 1};
    gbl_source *s = source_new(err);
    if (!s) return err->code;
    int rc = conf_check(&c, n, s->arena, err);
    if (!rc) {
        s->rate_scale = c.rate_scale;
        s->limit = c.limit;
        s->how.seed = seed;
        s->rows.copula = c.copula;
        if (c.generate) rc = open_generator(s, &c, seed, err);
        else rc = (s->path = locate(s, n, c.file)) ? open_rows(s, c.format, err) : gbl_nomem(err, strlen(c.file));
        if (!rc) rc = check_replay(s, &c, n, err);
        if (!rc && has_turns(s)) {
            int64_t most = c.concurrency || !s->generator ? c.concurrency : gbl_generator_concurrency(s->generator);
            s->how = (gbl_replay){is_closed(s, &c), c.think_scale, 1, most, c.session_rate_s, seed};
            rc = open_turns(s, err);
        }
    }
    if (rc) gbl_source_close(s);
    else *out = s;
    return rc;
}

void gbl_source_close(gbl_source *s)
{
    if (!s) return;
    gbl_shaper_free(s->shaper);
    gbl_turns_free(s->turns);
    if (s->state) s->format->close(s->state);
    gbl_rows_close(&s->rows);
    gbl_generator_close(s->generator);
    gbl_once_fini(&s->once);
    gbl_arena_free(s->arena);
    gbl_free(s);
}

/* ---- reading ---- */

/* Cuts a chain that is longer than the prompt, or holds an id twice; a shorter one only ends its sharing earlier. */
static int mend_ids(gbl_source *s, gbl_record *r)
{
    if (!r->n_ids) return 0;
    int64_t want = (r->input + r->id_tokens - 1) / r->id_tokens;
    if (r->n_ids < want) s->repairs.ids_short++;
    if (r->n_ids > want) {
        s->repairs.ids_long++;
        r->n_ids = (int32_t)want;
    }
    int32_t once = gbl_once_run(&s->once, r->ids, r->n_ids);
    if (once == r->n_ids || once < 0) return once < 0;
    s->repairs.ids_twice++;
    r->n_ids = once;
    return 0;
}

/* 1: keep it; 0: a request without work is dropped, counted once. */
static int keep(gbl_source *s, const gbl_record *r)
{
    if (r->input < 1) s->repairs.zero_input++;
    else if (r->output < 1) s->repairs.zero_output++;
    return r->input >= 1 && r->output >= 1;
}

static int in_order(gbl_source *s, const gbl_record *r, gbl_err *err)
{
    if (r->arrival_ns < s->last_ns) return late(s, s->last_ns - r->arrival_ns, err);
    s->last_ns = r->arrival_ns;
    return 0;
}

static int no_request(gbl_source *s, gbl_err *err)
{
    gbl_fail(err, GBL_EINPUT, "the trace has no request");
    gbl_where(err, "%s", gbl_rows_name(&s->rows));
    gbl_expected(err, "at least one row with an input and an output of one token or more");
    return -1;
}

static int file_next(gbl_source *s, gbl_record *r, gbl_err *err)
{
    for (;;) {
        *r = (gbl_record)GBL_RECORD_NONE;
        int got = s->format->next(s->state, &s->rows, r, &s->repairs, err);
        if (got < 0) return -1;
        if (!got && s->serial) return 0;
        if (!got) return no_request(s, err);
        if (in_order(s, r, err)) return -1;
        if (keep(s, r)) break;
    }
    if (mend_ids(s, r)) return gbl_nomem(err, (size_t)r->n_ids * sizeof *r->ids), -1;
    if (!s->serial) s->first_ns = r->arrival_ns;
    r->arrival_ns -= s->first_ns;
    return 1;
}

static int scale(gbl_source *s, gbl_record *r, gbl_err *err)
{
    if (s->rate_scale != 1) {
        double ns = floor((double)r->arrival_ns / s->rate_scale + 0.5);
        r->arrival_ns = ns <= GBL_TRACE_MOST_NS ? (int64_t)ns : INT64_MAX;
    }
    if ((double)r->arrival_ns <= GBL_TRACE_MOST_NS) return 0;
    gbl_fail(err, GBL_EINPUT, "request %lld arrives more than 31 years after the first", (long long)r->serial);
    if (s->rows.lines) gbl_where(err, "%s:%lld", gbl_lines_name(s->rows.lines), (long long)gbl_lines_number(s->rows.lines));
    return -1;
}

int gbl_source_shape(gbl_source *s, const gbl_shape *how, gbl_source *other, gbl_err *err)
{
    return gbl_shaper_new(&s->shaper, how, s, other, err);
}

int gbl_source_next(gbl_source *s, gbl_record *out, gbl_err *err)
{
    return s->shaper ? gbl_shaper_next(s->shaper, out, err) : gbl_source_raw(s, out, err);
}

int gbl_source_raw(gbl_source *s, gbl_record *out, gbl_err *err)
{
    if (s->limit && s->serial == s->limit) return 0;
    *out = (gbl_record)GBL_RECORD_NONE;
    int got = s->turns ? gbl_turns_next(s->turns, out, err) : s->generator ? gbl_generator_next(s->generator, out, err) : file_next(s, out, err);
    if (s->turns && !s->generator && !got && !s->serial) return no_request(s, err);
    if (got != 1) return got;
    out->serial = s->serial;
    if (!gbl_source_closed(s) && scale(s, out, err)) return -1;
    s->serial++;
    return 1;
}

int gbl_source_closed(const gbl_source *s) { return s->turns ? s->how.closed : s->generator && gbl_generator_closed(s->generator); }

void gbl_source_reached(gbl_source *s, int64_t now_ns)
{
    if (s->turns) gbl_turns_reached(s->turns, now_ns);
}

void gbl_source_done(gbl_source *s, int64_t serial, int64_t now_ns)
{
    if (s->turns) gbl_turns_done(s->turns, serial, now_ns);
    else if (s->generator) gbl_generator_done(s->generator, serial, now_ns);
}

/* ---- what is known of it ---- */

const gbl_repairs *gbl_source_repairs(const gbl_source *s) { return &s->repairs; }
const char *gbl_source_format(const gbl_source *s) { return s->generator ? "generate" : s->format->name; }

double gbl_source_progress(const gbl_source *s)
{
    int64_t all = s->generator ? gbl_generator_requests(s->generator) : s->limit;
    if (s->limit && s->limit < all) all = s->limit;
    double counted = all ? (double)s->serial / (double)all : -1;
    /* One document is read whole before its first request. */
    int by_row = s->rows.lines && !s->rows.joined && gbl_lines_number(s->rows.lines) > 1;
    return by_row ? fmax(counted, gbl_lines_share(s->rows.lines)) : counted;
}

int gbl_repair_at(const gbl_repairs *r, int i, const char **key, const char **text, int64_t *n)
{
    const struct { const char *key, *text; int64_t n; } kinds[] = {
#define GBL_REPAIR(name, what) {#name, what, r->name},
        GBL_REPAIRS(GBL_REPAIR)
#undef GBL_REPAIR
    };
    if (i < 0 || (size_t)i >= sizeof kinds / sizeof *kinds) return 0;
    *key = kinds[i].key;
    *text = kinds[i].text;
    *n = kinds[i].n;
    return 1;
}

uint64_t gbl_source_hash(const gbl_source *s)
{
    gbl_err ignored;
    uint64_t h = 0;
    if (s->generator) return s->hash;
    if (s->rows.folder) return gbl_mix64(s->rows.hash, s->rows.seed);
    return !strcmp(s->path, "-") || gbl_file_hash(s->path, &h, &ignored) ? 0 : h;
}
