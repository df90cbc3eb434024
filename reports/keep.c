#include "reports/keep.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "base/spool.h"
#include "base/text.h"
#include "reports/identity.h"
#include "reports/steps.h"

/* A stream of its own, so that which requests are kept hangs on nothing that the simulation draws. */
enum { STREAM_KEEP = GBL_STREAM_POLICY - 1 };

const char *const gbl_keep_word[] = {"none", "sample", "all"};

typedef struct sampled {
    uint64_t key;
    gbl_life life;
} sampled;

struct gbl_keep {
    gbl_store *store;
    enum gbl_keep_requests requests;
    uint64_t seed;
    const volatile int *stop;
    FILE *lives, *samples; /* spools of gbl_life and gbl_sample */
    sampled *heap;         /* the largest key on top */
    size_t n_heap;
    char started_utc[32];
};

/* ---------------------------------------------------------------- while it runs ---- */

static void sift_down(sampled *h, size_t n, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) return;
        if (child + 1 < n && h[child + 1].key > h[child].key) child++;
        if (h[child].key <= h[i].key) return;
        sampled t = h[i];
        h[i] = h[child];
        h[child] = t;
        i = child;
    }
}

/* Keeps the SAMPLE_SIZE smallest keys: the same set whatever order the requests leave in. */
static void sample_add(gbl_keep *k, const gbl_life *life)
{
    uint64_t key = gbl_draw_u64(k->seed, STREAM_KEEP, (uint64_t)life->serial, 0);
    if (k->n_heap < GBL_KEEP_SAMPLE_SIZE) {
        k->heap[k->n_heap++] = (sampled){key, *life};
        if (k->n_heap == GBL_KEEP_SAMPLE_SIZE)
            for (size_t i = k->n_heap / 2; i-- > 0;) sift_down(k->heap, k->n_heap, i);
    } else if (key < k->heap[0].key) {
        k->heap[0] = (sampled){key, *life};
        sift_down(k->heap, k->n_heap, 0);
    }
}

static int spool_add(FILE *f, const void *row, size_t size, gbl_err *err)
{
    if (fwrite(row, size, 1, f) == 1) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "cannot write to a temporary file: %s", strerror(errno));
    return gbl_expected(err, "room in $TMPDIR or /tmp for the rows of the run");
}

static int on_request(void *to, const gbl_life *life, gbl_err *err)
{
    gbl_keep *k = to;
    if (k->requests == GBL_KEEP_ALL) return spool_add(k->lives, life, sizeof *life, err);
    sample_add(k, life);
    return GBL_OK;
}

static int on_sample(void *to, const gbl_sample *sample, gbl_err *err)
{
    gbl_keep *k = to;
    return spool_add(k->samples, sample, sizeof *sample, err);
}

/* Takes the write lock and gives it back: a store that is read-only, locked or on a full disk says so now. */
static int probe(gbl_store *store, gbl_err *err)
{
    int64_t run_id;
    gbl_run_row row = {.name = "",
                       .scenario_json = "{}",
                       .version = GBL_VERSION,
                       .calibration = "",
                       .runtime = "",
                       .started_utc = "",
                       .host = "",
                       .cards_json = "{}"};
    int code = gbl_store_begin(store, &row, &run_id, err);
    if (!code) gbl_store_rollback(store);
    return code;
}

/* db NULL: a record into `to` instead of a store. */
static int open_keep(gbl_keep **out, const char *db, FILE *to, enum gbl_keep_requests requests, int64_t seed,
                     gbl_err *err)
{
    gbl_keep *k = gbl_alloc(1, sizeof *k);
    *out = k;
    if (!k) return gbl_nomem(err, sizeof *k);
    k->requests = requests;
    k->seed = (uint64_t)seed;
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(k->started_utc, sizeof k->started_utc, "%Y-%m-%dT%H:%M:%SZ", &utc);
    int code = db ? gbl_store_open(&k->store, db, GBL_STORE_WRITE, err) : gbl_store_record(&k->store, to, err);
    if (!code && db) code = probe(k->store, err);
    if (!code && requests == GBL_KEEP_SAMPLE && !(k->heap = gbl_alloc(GBL_KEEP_SAMPLE_SIZE, sizeof *k->heap)))
        code = gbl_nomem(err, 0);
    if (!code && requests == GBL_KEEP_ALL && !(k->lives = gbl_spool_new(err))) code = err->code;
    if (!code && !(k->samples = gbl_spool_new(err))) code = err->code;
    if (!code) return GBL_OK;
    gbl_keep_close(k);
    *out = NULL;
    return code;
}

int gbl_keep_open(gbl_keep **out, const char *db, enum gbl_keep_requests requests, int64_t seed, gbl_err *err)
{
    return open_keep(out, db, NULL, requests, seed, err);
}

int gbl_keep_record(gbl_keep **out, FILE *to, enum gbl_keep_requests requests, int64_t seed, gbl_err *err)
{
    return open_keep(out, NULL, to, requests, seed, err);
}

void gbl_keep_listen(gbl_keep *k, gbl_run_options *opt)
{
    k->stop = opt->stop;
    opt->on_request = k->requests == GBL_KEEP_NONE ? NULL : on_request;
    opt->on_sample = on_sample;
    opt->to = k;
}

void gbl_keep_close(gbl_keep *k)
{
    if (!k) return;
    if (k->lives) fclose(k->lives);
    if (k->samples) fclose(k->samples);
    gbl_free(k->heap);
    if (k->store) gbl_store_close(k->store);
    gbl_free(k);
}

/* ---------------------------------------------------------------- the transaction ---- */

static int stopped(const gbl_keep *k, gbl_err *err)
{
    if (!k->stop || !*k->stop) return GBL_OK;
    int term = *k->stop == SIGTERM;
    return gbl_fail(err, term ? GBL_ETERM : GBL_EINTERRUPT, "%s: nothing was stored", term ? "terminated" : "interrupted");
}

static int store_life(gbl_keep *k, const gbl_life *l, gbl_err *err)
{
    static const char *const status[] = {"completed", "rejected", "unfinished"};
    gbl_request_row row = {.serial = l->serial,
                           .session = l->session,
                           .turn = l->turn,
                           .tenant = l->tenant,
                           .replica = l->replica,
                           .preemptions = l->preemptions,
                           .input = l->input,
                           .output = l->output,
                           .cached = l->cached,
                           .arrival_ns = l->arrival_ns,
                           .scheduled_ns = l->scheduled_ns,
                           .first_token_ns = l->first_ns,
                           .finish_ns = l->finish_ns,
                           .status = status[l->status],
                           .part_ns = l->status == 0 ? l->part_ns : NULL};
    if (stopped(k, err)) return err->code;
    return gbl_store_request(k->store, &row, err);
}

static int by_serial(const void *a, const void *b)
{
    int64_t x = ((const sampled *)a)->life.serial, y = ((const sampled *)b)->life.serial;
    return (x > y) - (x < y);
}

static int spool_rewind(FILE *f, gbl_err *err)
{
    if (fflush(f) != 0) return gbl_fail(err, GBL_EINPUT, "cannot write to a temporary file: %s", strerror(errno));
    rewind(f);
    return GBL_OK;
}

static int store_requests(gbl_keep *k, gbl_err *err)
{
    int code = GBL_OK;
    if (k->requests == GBL_KEEP_SAMPLE) {
        qsort(k->heap, k->n_heap, sizeof *k->heap, by_serial);
        for (size_t i = 0; i < k->n_heap && !code; i++) code = store_life(k, &k->heap[i].life, err);
    } else if (k->requests == GBL_KEEP_ALL) {
        gbl_life life;
        code = spool_rewind(k->lives, err);
        while (!code && fread(&life, sizeof life, 1, k->lives) == 1) code = store_life(k, &life, err);
        if (!code && ferror(k->lives))
            code = gbl_fail(err, GBL_EFAULT, "cannot read back a temporary file: %s", strerror(errno));
    }
    return code;
}

static int store_timeline(gbl_keep *k, gbl_err *err)
{
    gbl_sample row;
    int code = spool_rewind(k->samples, err);
    while (!code && fread(&row, sizeof row, 1, k->samples) == 1) {
        if (stopped(k, err)) return err->code;
        code = gbl_store_timeline(k->store, &row, err);
    }
    if (!code && ferror(k->samples))
        code = gbl_fail(err, GBL_EFAULT, "cannot read back a temporary file: %s", strerror(errno));
    return code;
}

/* Every leaf of the canonical scenario as a row: "cluster.tp" -> 1. */
static int store_params(gbl_keep *k, const gbl_node *n, gbl_err *err)
{
    int inner = gbl_node_kind(n) == GBL_OBJECT || gbl_node_kind(n) == GBL_ARRAY;
    if (inner && gbl_node_first(n)) {
        for (const gbl_node *c = gbl_node_first(n); c; c = gbl_node_next(c)) {
            int code = store_params(k, c, err);
            if (code) return code;
        }
        return GBL_OK;
    }
    char path[1024];
    gbl_node_path(n, path, sizeof path);
    char *value = gbl_node_canonical(n);
    int code = value ? gbl_store_param(k->store, path, value, err) : gbl_nomem(err, 0);
    gbl_free(value);
    return code;
}

typedef struct metric_sink {
    gbl_store *store;
    gbl_err *err;
} metric_sink;

static int store_metric(void *to, const char *name, const char *stat, double v)
{
    metric_sink *m = to;
    return gbl_store_metric(m->store, name, stat ? stat : "", v, m->err);
}

/* A run is as well calibrated as its worst pool. */
static const char *calibration_of(const gbl_scenario *s)
{
    static const char *const worst_first[] = {"datasheet", "transferred"};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < s->n_pools; i++)
            if (strcmp(s->pool[i].hw.calibration, worst_first[k]) == 0) return worst_first[k];
    return "fitted";
}

static int begin(gbl_keep *k, const gbl_scenario *s, const gbl_result *r, const char *canonical, int64_t *run_id,
                 gbl_err *err)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    gbl_json *result = gbl_json_new(0), *cards = gbl_json_new(0);
    int code = result && cards ? gbl_identity_cards(cards, s, NULL, err) : gbl_nomem(err, 0);
    if (!code) gbl_result_json(r, result);
    const char *result_text = code ? NULL : gbl_json_text(result), *cards_text = code ? NULL : gbl_json_text(cards);
    if (!code && (!result_text || !cards_text)) code = gbl_nomem(err, 0);
    gbl_run_row row = {.name = s->name,
                       .scenario_json = canonical,
                       .version = GBL_VERSION,
                       .calibration = calibration_of(s),
                       .runtime = s->runtime.name,
                       .started_utc = k->started_utc,
                       .host = host,
                       .scenario_hash = gbl_identity_hash(canonical),
                       .seed = s->seed,
                       .cards_json = cards_text,
                       .plugins_json = gbl_scenario_plugins(s),
                       .result_json = result_text};
    if (!code) code = gbl_store_begin(k->store, &row, run_id, err);
    gbl_json_free(result);
    gbl_json_free(cards);
    return code;
}

static int store_rows(gbl_keep *k, const gbl_scenario *s, const gbl_result *r, const gbl_node *scenario,
                      const char *canonical, int64_t *run_id, gbl_err *err)
{
    metric_sink sink = {k->store, err};
    int code = begin(k, s, r, canonical, run_id, err);
    if (code) return code;
    err->code = GBL_OK;
    code = store_params(k, scenario, err);
    if (!code) {
        gbl_result_each(r, store_metric, &sink);
        code = err->code;
    }
    if (!code) code = store_requests(k, err);
    if (!code) code = store_timeline(k, err);
    if (!code) code = gbl_steps_keep(k->store, s, r, err);
    if (!code) code = gbl_store_commit(k->store, err);
    if (code) gbl_store_rollback(k->store);
    return code;
}

int gbl_keep_commit(gbl_keep *k, const gbl_scenario *s, const gbl_result *r, int64_t *run_id, gbl_err *err)
{
    gbl_doc *doc = NULL;
    char *canonical = gbl_identity_scenario(s, err);
    int code = canonical ? gbl_doc_parse(&doc, "scenario", canonical, strlen(canonical), err) : err->code;
    if (!code) code = store_rows(k, s, r, gbl_doc_root(doc), canonical, run_id, err);
    gbl_free(canonical);
    gbl_doc_free(doc);
    return code;
}
