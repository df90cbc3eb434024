/* api_run.c - gable_run: one simulation, observed, kept, and handed over whole. */
#include <stdlib.h>
#include <string.h>

#include "lib/api.h"
#include "reports/keep.h"
#include "sim/run.h"

struct gable_result {
    gbl_result *result;
    gbl_json *json;
    int64_t run;
    gable_request *request;
    gable_sample *sample;
    size_t n_requests, request_room, n_samples, sample_room;
};

/* Hears the run for the result and for the store. */
typedef struct ear {
    gable_result *r;
    int requests, timeline;
    gbl_run_options keep; /* the store's callbacks; NULL where there is none */
} ear;

_Static_assert((int)GABLE_RESOURCES == (int)GBL_R_N, "the resources are those of policies/policy.h");
_Static_assert((int)GABLE_PARTS == (int)GBL_PARTS, "the parts of a request are those of sim/run.h");

static int on_request(void *to, const gbl_life *l, gbl_err *err)
{
    ear *e = to;
    gable_result *r = e->r;
    if (e->requests) {
        if (gbl_grow(&r->request, &r->request_room, r->n_requests + 1, sizeof *r->request)) return gbl_nomem(err, sizeof *r->request);
        gable_request *q = &r->request[r->n_requests++];
        *q = (gable_request){.serial = l->serial,
                             .session = l->session,
                             .input = l->input,
                             .output = l->output,
                             .cached = l->cached,
                             .arrival_ns = l->arrival_ns,
                             .scheduled_ns = l->scheduled_ns,
                             .first_token_ns = l->first_ns,
                             .finish_ns = l->finish_ns,
                             .turn = l->turn,
                             .tenant = l->tenant,
                             .replica = l->replica,
                             .preemptions = l->preemptions,
                             .status = l->status};
        if (l->status == GABLE_COMPLETED) memcpy(q->part_ns, l->part_ns, sizeof q->part_ns);
    }
    return e->keep.on_request ? e->keep.on_request(e->keep.to, l, err) : GBL_OK;
}

static int on_sample(void *to, const gbl_sample *s, gbl_err *err)
{
    ear *e = to;
    gable_result *r = e->r;
    if (e->timeline) {
        if (gbl_grow(&r->sample, &r->sample_room, r->n_samples + 1, sizeof *r->sample)) return gbl_nomem(err, sizeof *r->sample);
        gable_sample *q = &r->sample[r->n_samples++];
        *q = (gable_sample){.t_ns = s->t_ns, .running = s->running, .waiting = s->waiting, .used_blocks = s->used_blocks, .replica = s->replica};
        for (int i = 0; i < GABLE_RESOURCES; i++) q->busy_us[i] = (double)s->busy_us[i];
    }
    return e->keep.on_sample ? e->keep.on_sample(e->keep.to, s, err) : GBL_OK;
}

static int by_serial(const void *a, const void *b)
{
    int64_t x = ((const gable_request *)a)->serial, y = ((const gable_request *)b)->serial;
    return (x > y) - (x < y);
}

static enum gbl_keep_requests kept(const gable_options *o)
{
    return o->keep == GABLE_KEEP_NONE ? GBL_KEEP_NONE : o->keep == GABLE_KEEP_ALL ? GBL_KEEP_ALL : GBL_KEEP_SAMPLE;
}

static int simulate(gable_result *r, const gbl_scenario *s, const gable_options *o, gbl_keep *keep, gbl_err *err)
{
    ear e = {.r = r, .requests = o->requests, .timeline = o->timeline, .keep = {.stop = o->cancel}};
    if (keep) gbl_keep_listen(keep, &e.keep);
    gbl_run_options opt = {.exact = o->exact,
                           .itl_per_request = o->itl_per_request,
                           .progress = GBL_PROGRESS_OFF,
                           .stop = o->cancel,
                           .on_request = o->requests || e.keep.on_request ? on_request : NULL,
                           .on_sample = o->timeline || e.keep.on_sample ? on_sample : NULL,
                           .to = &e};
    int code = gbl_run(&r->result, s, &opt, err);
    if (!code && keep) code = gbl_keep_commit(keep, s, r->result, &r->run, err);
    return code;
}

static int whole(gable_result *r, const gable_document *scenario, const gable_options *o, gbl_err *err)
{
    gbl_doc *doc = NULL;
    gbl_scenario *s = NULL;
    gbl_keep *keep = NULL;
    int code = gbl_api_document(&doc, scenario, o, 1, err);
    if (!code) code = gbl_scenario_bind(&s, doc, err);
    if (!code && o->db) code = gbl_keep_open(&keep, o->db, kept(o), s->seed, err);
    if (!code) code = simulate(r, s, o, keep, err);
    if (!code && (r->json = gbl_json_new(2))) gbl_result_json(r->result, r->json);
    if (!code && (!r->json || !gbl_json_text(r->json))) code = gbl_nomem(err, 0);
    if (r->n_requests) qsort(r->request, r->n_requests, sizeof *r->request, by_serial);
    gbl_keep_close(keep);
    gbl_scenario_free(s);
    return code;
}

int gable_run(gable_result **out, const gable_document *scenario, const gable_options *options, gable_error *err)
{
    gable_options o = gbl_api_options(options);
    gbl_err e = {0};
    gable_result *r = *out = gbl_alloc(1, sizeof *r);
    int code = r ? whole(r, scenario, &o, &e) : gbl_nomem(&e, sizeof *r);
    if (!code) return GABLE_OK;
    gable_result_free(r);
    *out = NULL;
    return gbl_api_fail(err, &e);
}

void gable_result_free(gable_result *r)
{
    if (!r) return;
    if (r->result) gbl_result_free(r->result);
    gbl_json_free(r->json);
    gbl_free(r->request);
    gbl_free(r->sample);
    gbl_free(r);
}

const char *gable_result_json(const gable_result *r)
{
    return gbl_json_text(r->json);
}

double gable_result_number(const gable_result *r, const char *name)
{
    return gbl_result_get(r->result, name);
}

int64_t gable_result_run(const gable_result *r)
{
    return r->run;
}

const gable_request *gable_result_requests(const gable_result *r, size_t *n)
{
    *n = r->n_requests;
    return r->request;
}

const gable_sample *gable_result_timeline(const gable_result *r, size_t *n)
{
    *n = r->n_samples;
    return r->sample;
}

const char *gable_part_name(int part)
{
    return part >= 0 && part < GABLE_PARTS ? gbl_part_name((enum gbl_part)part) : NULL;
}
