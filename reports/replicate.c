#include "reports/replicate.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "reports/work.h"

const char *const gbl_latency_name[GBL_LATENCIES] = {"ttft_ms", "tpot_ms", "e2el_ms", "queue_ms"};

/* ---------------------------------------------------------------- origins ---- */

static int apply_sets(gbl_doc *doc, const gbl_origin *o, gbl_err *err)
{
    for (size_t i = 0; i < o->n_sets; i++) {
        const char *eq = strchr(o->sets[i], '=');
        char key[256];
        if (!eq || eq == o->sets[i] || (size_t)(eq - o->sets[i]) >= sizeof key) {
            gbl_fail(err, GBL_EINPUT, "--set takes a key and a value, not '%.80s'", o->sets[i]);
            return gbl_expected(err, "--set a.b=value");
        }
        memcpy(key, o->sets[i], (size_t)(eq - o->sets[i]));
        key[eq - o->sets[i]] = 0;
        int code = gbl_doc_set(doc, key, eq + 1, err);
        if (code) return code;
    }
    return GBL_OK;
}

int gbl_origin_open(gbl_scenario **out, const gbl_origin *o, gbl_err *err)
{
    gbl_doc *doc = NULL;
    *out = NULL;
    if (!o->text) return gbl_scenario_open(out, o->path, o->sets, o->n_sets, err);
    int code = gbl_doc_parse(&doc, o->name, o->text, o->len, err);
    if (!code) code = apply_sets(doc, o, err);
    if (!code) return gbl_scenario_bind(out, doc, err);
    gbl_doc_free(doc);
    return code;
}

/* ---------------------------------------------------------------- one run, observed ---- */

/* How many arrived by when, without keeping each: when the last bucket is reached, neighbours join. */
enum { BUCKETS = 512 };
typedef struct arrivals {
    int64_t width_ns, n[BUCKETS], first_ns, last_ns;
} arrivals;

static void arrivals_add(arrivals *a, int64_t t_ns)
{
    if (t_ns < a->first_ns) a->first_ns = t_ns;
    if (t_ns > a->last_ns) a->last_ns = t_ns;
    while (t_ns / a->width_ns >= BUCKETS) {
        for (int i = 0; i < BUCKETS; i++) a->n[i] = i < BUCKETS / 2 ? a->n[2 * i] + a->n[2 * i + 1] : 0;
        a->width_ns *= 2;
    }
    a->n[t_ns / a->width_ns]++;
}

static double arrivals_from(const arrivals *a, int64_t t_ns)
{
    double sum = 0;
    for (int64_t i = t_ns / a->width_ns; i < BUCKETS; i++) sum += (double)a->n[i];
    return sum;
}

typedef struct observer {
    gbl_outcome *out;
    gbl_run_options inner; /* whoever else listens */
    arrivals came;
    double sum[GBL_GROWTH_CELLS + 1], instants[GBL_GROWTH_CELLS + 1];
    int requests;
    size_t room[GBL_LATENCIES + 1];
    size_t n;
} observer;

static int observe_latencies(observer *w, const gbl_life *l, gbl_err *err)
{
    gbl_requests *q = &w->out->requests;
    size_t i = (size_t)l->serial;
    double latency[GBL_LATENCIES] = {NAN, NAN, NAN, NAN};
    if (l->status == 0) {
        double e2el = (double)(l->finish_ns - l->arrival_ns), ttft = (double)(l->first_ns - l->arrival_ns);
        latency[GBL_BY_TTFT] = ttft * 1e-6;
        latency[GBL_BY_TPOT] = l->output > 1 ? (e2el - ttft) / (double)(l->output - 1) * 1e-6 : NAN;
        latency[GBL_BY_E2EL] = e2el * 1e-6;
        latency[GBL_BY_QUEUE] = (double)(l->scheduled_ns - l->arrival_ns) * 1e-6;
    }
    for (int k = 0; k <= GBL_LATENCIES; k++) {
        double **row = k < GBL_LATENCIES ? &q->ms[k] : &q->arrival_s;
        if (gbl_grow(row, &w->room[k], i + 1, sizeof **row)) return gbl_nomem(err, (i + 1) * sizeof **row);
        for (size_t gap = q->n; gap < i; gap++) (*row)[gap] = NAN; /* they leave later, or never */
        (*row)[i] = k < GBL_LATENCIES ? latency[k] : (double)l->arrival_ns * 1e-9;
    }
    if (i >= q->n) q->n = i + 1;
    return GBL_OK;
}

static int on_request(void *to, const gbl_life *life, gbl_err *err)
{
    observer *w = to;
    if (life->status != 1) arrivals_add(&w->came, life->arrival_ns);
    int code = w->requests ? observe_latencies(w, life, err) : GBL_OK;
    if (!code && w->inner.on_request) code = w->inner.on_request(w->inner.to, life, err);
    return code;
}

/* The time line comes when all requests have left, so the span of the arrivals is known. */
static int on_sample(void *to, const gbl_sample *s, gbl_err *err)
{
    observer *w = to;
    int64_t half = w->came.first_ns + (w->came.last_ns - w->came.first_ns) / 2;
    if (s->t_ns >= half && s->t_ns < w->came.last_ns) {
        int cell = (int)((double)(s->t_ns - half) / (double)(w->came.last_ns - half) * (GBL_GROWTH_CELLS + 1));
        if (cell > GBL_GROWTH_CELLS) cell = GBL_GROWTH_CELLS;
        w->sum[cell] += (double)(s->running + s->waiting);
        w->instants[cell] += s->replica == 0;
    }
    return w->inner.on_sample ? w->inner.on_sample(w->inner.to, s, err) : GBL_OK;
}

/* A stretch without a single instant: the run is too short to tell anything. */
static void observed(observer *w)
{
    w->out->arrivals = arrivals_from(&w->came, w->came.first_ns + (w->came.last_ns - w->came.first_ns) / 2);
    for (int c = 0; c <= GBL_GROWTH_CELLS; c++) {
        if (w->instants[c] == 0) w->out->arrivals = 0;
        w->out->level[c] = w->instants[c] > 0 ? w->sum[c] / w->instants[c] : 0;
    }
}

/* ---------------------------------------------------------------- threads ---- */

typedef struct crew {
    gbl_outcome *out;
    const gbl_job *job;
    size_t n, next, turn, failed_job; /* failed_job n: none */
    const gbl_replicate_options *o;
    gbl_err err;
    gbl_progress *progress;
    pthread_mutex_t lock;
    pthread_cond_t moved;
} crew;

static void fail_job(crew *c, size_t i, const gbl_err *err)
{
    if (i >= c->failed_job) return;
    c->failed_job = i;
    c->err = *err;
    pthread_cond_broadcast(&c->moved);
}

/* Called and returning with the lock held: opening a document is not worth doing in parallel, and cJSON's and the
 * environment's few globals are then never shared. */
static int prepare(crew *c, size_t i, gbl_scenario **s, observer *w, gbl_run_options *run, gbl_err *err)
{
    const gbl_job *job = &c->job[i];
    int code = gbl_origin_open(s, job->origin, err);
    if (code) return code;
    (*s)->seed = job->seed;
    if (!isnan(job->warmup_s)) (*s)->warmup_s = job->warmup_s;
    *run = (gbl_run_options){.exact = c->o->exact, .itl_per_request = c->o->itl_per_request, .progress = GBL_PROGRESS_OFF, .stop = c->o->stop};
    if (c->o->begin && (code = c->o->begin(c->o->to, i, *s, run, err))) return code;
    w->out = &c->out[i];
    w->inner = *run;
    w->requests = job->requests;
    w->came.width_ns = 1000000;
    w->came.first_ns = INT64_MAX;
    run->on_request = on_request;
    run->on_sample = on_sample;
    run->to = w;
    return GBL_OK;
}

/* In the order of the jobs; those after a failed one are not heard of. */
static int finish(crew *c, size_t i, gbl_scenario *s, gbl_err *err)
{
    while (c->turn < i && c->failed_job > i) pthread_cond_wait(&c->moved, &c->lock);
    if (c->failed_job < i) return GBL_OK;
    int code = c->o->end ? c->o->end(c->o->to, i, s, c->out[i].result, err) : GBL_OK;
    c->turn = i + 1;
    gbl_progress_tick(c->progress, (double)c->turn, (double)c->n, "");
    pthread_cond_broadcast(&c->moved);
    return code;
}

static void run_job(crew *c, size_t i, observer *w)
{
    gbl_scenario *s = NULL;
    gbl_run_options run;
    gbl_err err = {0};
    *w = (observer){0};
    int code = prepare(c, i, &s, w, &run, &err);
    pthread_mutex_unlock(&c->lock);
    if (!code) code = gbl_run(&c->out[i].result, s, &run, &err);
    if (!code) observed(w);
    pthread_mutex_lock(&c->lock);
    if (!code) code = finish(c, i, s, &err);
    if (code) fail_job(c, i, &err);
    if (s) gbl_scenario_free(s);
}

static void *work(void *to)
{
    crew *c = to;
    observer *w = gbl_alloc(1, sizeof *w);
    pthread_mutex_lock(&c->lock);
    if (!w) {
        gbl_err err;
        gbl_nomem(&err, sizeof *w);
        fail_job(c, 0, &err);
    }
    while (w && c->next < c->n && c->failed_job == c->n) run_job(c, c->next++, w);
    pthread_mutex_unlock(&c->lock);
    gbl_free(w);
    return NULL;
}

static size_t threads_for(const gbl_replicate_options *o, size_t jobs)
{
    enum { MOST = 256 };
    size_t n = o->threads > 0 ? (size_t)o->threads : (size_t)gbl_work_cores();
    n = n < MOST ? n : MOST;
    return n < jobs ? n : jobs;
}

int gbl_replicate(gbl_outcome *out, const gbl_job *jobs, size_t n, const gbl_replicate_options *o, gbl_err *err)
{
    crew c = {.out = out, .job = jobs, .n = n, .failed_job = n, .o = o, .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    size_t more = threads_for(o, n), made = 0;
    pthread_t thread[256];
    for (size_t i = 0; i < n; i++) out[i] = (gbl_outcome){0};
    c.progress = gbl_progress_new(o->what ? o->what : "replications", o->progress);
    /* This thread works, too; one that cannot be made leaves its share to the others. */
    while (made + 1 < more && pthread_create(&thread[made], NULL, work, &c) == 0) made++;
    work(&c);
    for (size_t i = 0; i < made; i++) pthread_join(thread[i], NULL);
    if (c.progress) gbl_progress_end(c.progress);
    pthread_cond_destroy(&c.moved);
    pthread_mutex_destroy(&c.lock);
    if (c.failed_job == n) return GBL_OK;
    gbl_outcomes_fini(out, n);
    *err = c.err;
    return err->code;
}

void gbl_outcomes_fini(gbl_outcome *o, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (o[i].result) gbl_result_free(o[i].result);
        for (int k = 0; k < GBL_LATENCIES; k++) gbl_free(o[i].requests.ms[k]);
        gbl_free(o[i].requests.arrival_s);
        o[i] = (gbl_outcome){0};
    }
}
