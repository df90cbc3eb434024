/* servegen.c - a ServeGen folder: chunk-i-trace.csv and chunk-i-dataset.json for each client i.
 *
 * trace: window_start_s,rate_rps,cv,pattern,shape,scale without a header; a window lasts 600 s, or to the next where that is sooner;
 * in one of w s a client sends rate x w requests whose
 * gaps are Gamma or Weibull of that shape (no pattern: exponential), stretched to fill the window, as ServeGen does. dataset:
 * {"start_s": {"input_tokens": "{45: 0.0097, ...}", "output_tokens": "{...}"}}, histograms that hold for six hours from start_s
 * on, or to the next, as text of Python dicts. Input and output are drawn independently, or with the copula of the trace object: the joint distribution is not in
 * the files. The trace is the
 * superposition of its clients, each a tenant; draws are keyed by (client, request). A request in a window without a histogram
 * takes that of the nearest window before, or after, which has one; it is counted as a default.
 * Format as of github.com/alibaba/ServeGen. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/heap.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/csvrow.h"

#define WINDOW_S 600.0
#define MIX_S 21600.0
#define WINDOW_MOST 1e8 /* requests of a client in one window */
enum { WINDOW, RATE, CV, PATTERN, SHAPE, SCALE, FIELDS };
typedef struct window {
    double start_s, rate, shape;
    int weibull;
} window;
typedef struct histogram {
    int64_t n, *value;
    double *below;
    size_t room, below_room;
} histogram;
typedef struct mix {
    double start_s;
    histogram input, output;
} mix;
typedef struct client {
    uint64_t number; /* in its files' names */
    window *window;
    size_t n, room;
    mix *mix;
    size_t n_mix, mix_room;
    /* where it is */
    size_t at;
    int64_t left, sent;
    double now_s, stretch;
} client;
typedef struct servegen {
    client *client;
    size_t n, room;
    gbl_heap *due;
    uint64_t seed;
} servegen;

typedef struct numbers_of {
    uint64_t *id;
    size_t n, room;
} numbers_of;

/* ---- reading ---- */

static int bad_row(gbl_lines *l, gbl_err *err, const char *what)
{
    gbl_fail(err, GBL_EINPUT, "%s", what);
    gbl_where(err, "%s:%lld", gbl_lines_name(l), (long long)gbl_lines_number(l));
    return gbl_expected(err, "window_start_s,rate_rps,cv,pattern,shape,scale");
}

static int add_window(client *c, gbl_lines *l, const char *line, size_t len, gbl_err *err)
{
    const char *at[FIELDS];
    size_t n[FIELDS];
    window w = {.shape = 1};
    if (gbl_row_split(line, len, at, n, FIELDS) != FIELDS) return bad_row(l, err, "the row has not six fields");
    if (gbl_text_real(at[WINDOW], n[WINDOW], &w.start_s) || gbl_text_real(at[RATE], n[RATE], &w.rate)) return bad_row(l, err, "window_start_s or rate_rps is not a number");
    if (!(w.start_s >= 0 && w.start_s < 1e9 && w.rate >= 0 && w.rate <= 1e9)) return bad_row(l, err, "window_start_s or rate_rps is out of range");
    if (c->n && w.start_s <= c->window[c->n - 1].start_s) return bad_row(l, err, "window_start_s does not grow");
    w.weibull = n[PATTERN] == 7 && !memcmp(at[PATTERN], "Weibull", 7);
    int gamma = n[PATTERN] == 5 && !memcmp(at[PATTERN], "Gamma", 5);
    if (n[PATTERN] && !gamma && !w.weibull) return bad_row(l, err, "the pattern is neither Gamma nor Weibull");
    if ((gamma || w.weibull) && (gbl_text_real(at[SHAPE], n[SHAPE], &w.shape) || !(w.shape > 0 && w.shape < 1e6))) return bad_row(l, err, "the shape is not above 0");
    if (gbl_grow(&c->window, &c->room, c->n + 1, sizeof w)) return gbl_nomem(err, sizeof w);
    c->window[c->n++] = w;
    return 0;
}

static double length_of(const client *c, size_t i)
{
    return i + 1 < c->n ? fmin(WINDOW_S, c->window[i + 1].start_s - c->window[i].start_s) : WINDOW_S;
}

/* A window's gaps are drawn twice, first for their sum: what would take hours is refused. */
static int check_windows(const client *c, const char *path, gbl_err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->window[i].rate * length_of(c, i) <= WINDOW_MOST) continue;
        gbl_fail(err, GBL_EINPUT, "the window at %g s sends more than %g requests", c->window[i].start_s, WINDOW_MOST);
        gbl_where(err, "%s", path);
        return gbl_expected(err, "rate_rps in requests a second");
    }
    return 0;
}

static int read_windows(client *c, const char *path, gbl_err *err)
{
    gbl_lines *l = NULL;
    char *line;
    size_t len;
    int got, code = gbl_lines_open(&l, path, err);
    while (!code && (got = gbl_lines_next(l, &line, &len, err)) != 0) code = got < 0 ? err->code : len ? add_window(c, l, line, len, err) : 0;
    gbl_lines_close(l);
    return code ? code : check_windows(c, path, err);
}

/* "{45: 0.0097, 46: 0.012}": token counts and their weights. */
static int read_dict(histogram *h, const gbl_node *n, gbl_err *err)
{
    const char *text = NULL;
    double sum = 0;
    if (!n || gbl_node_str(n, &text, err)) return n ? err->code : 0;
    for (const char *p = text + (*text == '{'); *p && *p != '}';) {
        char *after;
        double value = strtod(p, &after), weight = *after == ':' ? strtod(after + 1, &after) : -1;
        if (!(value >= 0 && value <= (double)GBL_ROW_TOKENS && weight >= 0 && weight <= 1e15) || after == p) {
            gbl_node_fail(n, err, "not a dict of token counts and probabilities at \"%.20s\"", p);
            return gbl_expected(err, "text like \"{45: 0.0097, 46: 0.0117}\"");
        }
        if (gbl_grow(&h->value, &h->room, (size_t)h->n + 1, sizeof *h->value) || gbl_grow(&h->below, &h->below_room, (size_t)h->n + 1, sizeof *h->below)) return gbl_nomem(err, 64);
        h->value[h->n] = value < 1 ? 1 : (int64_t)value;
        h->below[h->n++] = sum += weight;
        for (p = after; *p == ',' || *p == ' ';) p++;
    }
    if (h->n && !(sum > 0)) return gbl_node_fail(n, err, "every token count has probability 0"), gbl_expected(err, "text like \"{45: 0.0097, 46: 0.0117}\"");
    for (int64_t i = 0; i < h->n; i++) h->below[i] /= sum;
    return 0;
}

static int read_mixes(client *c, const char *path, gbl_err *err)
{
    gbl_doc *d = NULL;
    int code = gbl_doc_read(&d, path, err);
    for (const gbl_node *n = code ? NULL : gbl_node_first(gbl_doc_root(d)); n && !code; n = gbl_node_next(n)) {
        mix m = {.start_s = 0};
        if (gbl_text_real(gbl_node_key(n), strlen(gbl_node_key(n)), &m.start_s)) code = gbl_node_fail_key(n, err, "the window is not named by its start in s");
        else if (gbl_grow(&c->mix, &c->mix_room, c->n_mix + 1, sizeof m)) code = gbl_nomem(err, sizeof m);
        if (code) break;
        c->mix[c->n_mix++] = m;
        code = read_dict(&c->mix[c->n_mix - 1].input, gbl_node_get(n, "input_tokens"), err);
        if (!code) code = read_dict(&c->mix[c->n_mix - 1].output, gbl_node_get(n, "output_tokens"), err);
    }
    gbl_doc_free(d);
    return code;
}

static int read_client(servegen *g, gbl_rows *rows, uint64_t number, gbl_err *err)
{
    char path[4400];
    uint64_t hash = 0;
    gbl_err ignored;
    if (gbl_grow(&g->client, &g->room, g->n + 1, sizeof *g->client)) return gbl_nomem(err, sizeof *g->client);
    client *c = &g->client[g->n++];
    *c = (client){.number = number};
    snprintf(path, sizeof path, "%s/chunk-%llu-trace.csv", rows->folder, (unsigned long long)number);
    int code = read_windows(c, path, err);
    if (!gbl_file_hash(path, &hash, &ignored)) rows->hash = gbl_mix64(rows->hash, hash);
    snprintf(path, sizeof path, "%s/chunk-%llu-dataset.json", rows->folder, (unsigned long long)number);
    if (!code) code = read_mixes(c, path, err);
    if (!gbl_file_hash(path, &hash, &ignored)) rows->hash = gbl_mix64(rows->hash, hash);
    return code;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int clients_of(const char *folder, numbers_of *out, gbl_err *err)
{
    DIR *d = opendir(folder);
    if (!d) return gbl_fail(err, GBL_EINPUT, "cannot read the folder"), gbl_where(err, "%s", folder);
    int bad = 0;
    for (struct dirent *e; !bad && (e = readdir(d));) {
        unsigned long long number;
        int end = 0;
        if (sscanf(e->d_name, "chunk-%llu-trace.csv%n", &number, &end) != 1 || !end || e->d_name[end]) continue;
        bad = gbl_grow(&out->id, &out->room, out->n + 1, sizeof *out->id);
        if (!bad) out->id[out->n++] = number;
    }
    closedir(d);
    if (bad) return gbl_nomem(err, 64);
    if (out->n) {
        qsort(out->id, out->n, sizeof *out->id, by_number);
        return 0;
    }
    gbl_fail(err, GBL_EINPUT, "the folder holds no ServeGen clients");
    gbl_where(err, "%s", folder);
    return gbl_expected(err, "files chunk-0-trace.csv and chunk-0-dataset.json, ...");
}

/* ---- sending ---- */

static double gap(const servegen *g, const client *c, int64_t k)
{
    const window *w = &c->window[c->at];
    double u = gbl_draw(g->seed, GBL_STREAM_ARRIVAL, c->number, (uint64_t)k);
    return w->weibull ? gbl_q_weibull(u, w->shape, 1) : gbl_q_gamma(u, w->shape, 1);
}

/* Opens the next window in which it sends; 0 where there is none. */
static int next_window(const servegen *g, client *c, int first)
{
    for (c->at += !first; c->at < c->n; c->at++) {
        c->left = llround(c->window[c->at].rate * length_of(c, c->at));
        if (c->left < 1) continue;
        double sum = 0;
        for (int64_t k = 0; k < c->left; k++) sum += gap(g, c, c->sent + k);
        c->stretch = sum > 0 ? length_of(c, c->at) / sum : 0;
        c->now_s = c->window[c->at].start_s;
        return 1;
    }
    return 0;
}

/* Puts its next request into the order of all. */
static int schedule(servegen *g, size_t i, int first)
{
    client *c = &g->client[i];
    if ((first || !c->left) && !next_window(g, c, first)) return 0;
    c->now_s += gap(g, c, c->sent) * c->stretch;
    double end = c->window[c->at].start_s + length_of(c, c->at); /* rounding must not carry it over */
    double at = c->now_s < end ? c->now_s : end;
    return gbl_heap_push(g->due, (gbl_event){llround(at * 1e9), 0, 0, (int64_t)i}) < 0 ? -1 : 0;
}

static int64_t draw(const histogram *h, double u)
{
    int64_t low = 0, high = h->n - 1;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (h->below[mid] > u) high = mid;
        else low = mid + 1;
    }
    return h->value[low];
}

static const mix *mix_at(const client *c, double at_s, gbl_repairs *repairs)
{
    const mix *now = NULL, *any = NULL;
    for (size_t i = 0; i < c->n_mix; i++) {
        const mix *m = &c->mix[i];
        int full = m->input.n && m->output.n, past = m->start_s <= at_s;
        if (past) now = at_s <= m->start_s + MIX_S ? m : NULL;
        if (full && (past || !any)) any = m;
    }
    if (any && any != now) repairs->no_output++;
    return any;
}

static int servegen_open(void **state, gbl_rows *rows, gbl_err *err)
{
    servegen *g = *state = gbl_alloc(1, sizeof *g);
    numbers_of numbers = {.id = NULL};
    if (!g || !(g->due = gbl_heap_new())) return gbl_nomem(err, sizeof *g);
    if (!rows->folder) {
        gbl_fail(err, GBL_EINPUT, "a ServeGen trace is a folder, not a file");
        gbl_where(err, "%s", gbl_rows_name(rows));
        return gbl_expected(err, "the folder of its chunk-*-trace.csv and chunk-*-dataset.json");
    }
    g->seed = rows->seed;
    int code = clients_of(rows->folder, &numbers, err);
    for (size_t i = 0; i < numbers.n && !code; i++) code = read_client(g, rows, numbers.id[i], err);
    for (size_t i = 0; i < g->n && !code; i++)
        if (schedule(g, i, 1)) code = gbl_nomem(err, 64);
    gbl_free(numbers.id);
    return code;
}

static void servegen_close(void *state)
{
    servegen *g = state;
    for (size_t i = 0; i < g->n; i++) {
        client *c = &g->client[i];
        for (size_t k = 0; k < c->n_mix; k++) {
            gbl_free(c->mix[k].input.value);
            gbl_free(c->mix[k].input.below);
            gbl_free(c->mix[k].output.value);
            gbl_free(c->mix[k].output.below);
        }
        gbl_free(c->mix);
        gbl_free(c->window);
    }
    gbl_free(g->client);
    gbl_heap_free(g->due);
    gbl_free(g);
}

static int servegen_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    servegen *g = state;
    gbl_event ev;
    if (!gbl_heap_pop(g->due, &ev)) return 0;
    client *c = &g->client[ev.arg];
    const mix *m = mix_at(c, (double)ev.time_ns * 1e-9, repairs);
    out->arrival_ns = ev.time_ns;
    out->tenant = (int32_t)ev.arg;
    if (m) {
        uint64_t k = (uint64_t)c->sent;
        double u_gap = gbl_draw(g->seed, GBL_STREAM_ARRIVAL, c->number, k);
        double u_input = gbl_draw(g->seed, GBL_STREAM_INPUT, c->number, k), u_output = gbl_draw(g->seed, GBL_STREAM_OUTPUT, c->number, k);
        gbl_copula_apply(&rows->copula, u_gap, &u_input, &u_output);
        out->input = draw(&m->input, u_input);
        out->output = draw(&m->output, u_output);
    }
    c->sent++;
    c->left--;
    return schedule(g, (size_t)ev.arg, 0) ? (gbl_nomem(err, 64), -1) : 1;
}

const gbl_format gbl_servegen_format = {
    .name = "servegen", .help = "ServeGen folder: clients with rates and burstiness by window, lengths by histogram", .signature = NULL,
    .open = servegen_open, .next = servegen_next, .close = servegen_close};
