/* bench_serve.c - the result of vLLM's `bench serve --save-result --save-detailed`: one JSON object whose arrays hold a number a request.
 * input_lens and output_lens are tokens, start_times seconds of the client's clock, in the order in which the requests were made up; what
 * failed has an output of 0 and is dropped, counted. Other members (ttfts, itls, generated_texts, the means) are passed over: they are
 * measurements, not work. Without --save-detailed there are no arrays; older versions say no start_times. */
#include <stdlib.h>
#include "traces/jsonrow.h"

enum { INPUT, OUTPUT, START, KEYS };
static const char *const key_names[KEYS] = {"input_lens", "output_lens", "start_times"};

typedef struct request {
    int64_t start_ns, serial, input, output;
} request;
typedef struct bench {
    request *request;
    size_t room;
    int64_t n, at, count[KEYS]; /* requests; handed out; values that each array had */
    int read;
} bench;

static int bench_open(void **state, gbl_rows *rows, gbl_err *err)
{
    (void)rows;
    return (*state = gbl_alloc(1, sizeof(bench))) ? 0 : gbl_nomem(err, sizeof(bench));
}

static void bench_close(void *state)
{
    gbl_free(((bench *)state)->request);
    gbl_free(state);
}

/* Values of the i-th array, each into its request. */
static int column(bench *b, gbl_jrow *c, int i)
{
    int got;
    if (gbl_jrow_open(c, GBL_T_ARR)) return -1;
    while ((got = gbl_scan_item(&c->s, c->err)) == 1) {
        int64_t k = b->count[i]++;
        if (k == INT32_MAX || gbl_grow(&b->request, &b->room, (size_t)k + 1, sizeof *b->request)) return gbl_nomem(c->err, sizeof *b->request), -1;
        if (k == b->n) b->request[b->n++] = (request){.serial = k};
        request *r = &b->request[k];
        if (i == START ? gbl_jrow_time(c, "s", &r->start_ns) : gbl_jrow_count(c, i == INPUT ? &r->input : &r->output)) return -1;
    }
    return got;
}

static int lacks(const bench *b, const gbl_rows *rows, gbl_err *err)
{
    for (int i = 0; i < KEYS; i++) {
        if (b->count[i] == b->n && b->n) continue;
        if (b->count[i]) gbl_rows_fail(rows, 0, err, "%s has %lld values, and there are %lld requests", key_names[i], (long long)b->count[i], (long long)b->n);
        else gbl_rows_fail(rows, 0, err, "the result of a benchmark has no %s", key_names[i]);
        gbl_expected(err, i == START ? "a result of `vllm bench serve --save-result --save-detailed` that says when each request was sent"
                                     : "a result saved with --save-detailed: a value a request");
        return -1;
    }
    return 0;
}

static int by_start(const void *a, const void *b)
{
    const request *x = a, *y = b;
    if (x->start_ns != y->start_ns) return x->start_ns < y->start_ns ? -1 : 1;
    return (x->serial > y->serial) - (x->serial < y->serial);
}

static int read_all(bench *b, gbl_rows *rows, gbl_err *err)
{
    gbl_jrow c;
    unsigned seen = 0;
    int k, got = gbl_jrow_next(&c, rows, err);
    if (got != 1) return got;
    while ((k = gbl_jrow_key(&c, key_names, KEYS, &seen)) >= 0)
        if (column(b, &c, k)) return -1;
    if (k < -1 || gbl_jrow_done(&c) || lacks(b, rows, err)) return -1;
    qsort(b->request, (size_t)b->n, sizeof *b->request, by_start);
    return 0;
}

static int bench_next(void *state, gbl_rows *rows, gbl_record *out, gbl_repairs *repairs, gbl_err *err)
{
    bench *b = state;
    (void)repairs;
    if (!b->read && read_all(b, rows, err)) return -1;
    b->read = 1;
    if (b->at == b->n) return 0;
    const request *r = &b->request[b->at++];
    out->arrival_ns = r->start_ns;
    out->input = r->input;
    out->output = r->output;
    return 1;
}

const gbl_format gbl_bench_serve_format = {
    .name = "bench_serve", .help = "vLLM bench serve's result JSON, saved with --save-detailed", .signature = "request_throughput|input_lens,output_lens", .open = bench_open,
    .next = bench_next, .close = bench_close};
