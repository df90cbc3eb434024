/* engine_replay.c - a log becomes a trace file and a scenario document, and the scenario is run as any other.
 *
 * The trace is written as Mooncake JSON lines, whose ids stand for 512 tokens. Requests that share a prompt get the chain
 * of that prompt. Logs of kind hits have ids of t tokens: their lengths are written times 512/t and blocks are 512 tokens, so
 * that a block stays a block; such a replay counts blocks and its times mean nothing. */
#include "validate/engine_replay.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/spool.h"
#include "base/text.h"

enum { ID_TOKENS = 512 };

static void write_ids(const gbl_engine_spec *s, const gbl_engine_row *w, FILE *f)
{
    int64_t n = s->kind == GBL_ENGINE_HITS ? w->n_ids : (w->input + ID_TOKENS - 1) / ID_TOKENS;
    fputs(", \"hash_ids\": [", f);
    for (int64_t k = 0; k < n; k++)
        fprintf(f, "%s%" PRIu64, k ? ", " : "", w->ids ? w->ids[k] : gbl_mix64(w->prompt, (uint64_t)k));
    fputc(']', f);
}

static int write_trace(const gbl_engine_spec *s, const gbl_engine_row *row, size_t n, FILE *f, gbl_err *err)
{
    int64_t times = s->kind == GBL_ENGINE_HITS ? ID_TOKENS / s->id_tokens : 1;
    for (size_t i = 0; i < n; i++) {
        const gbl_engine_row *w = &row[i];
        int64_t at = w->arrival_ns - row[0].arrival_ns;
        fprintf(f, "{\"timestamp\": %" PRId64 ".%06" PRId64 ", \"input_length\": %" PRId64 ", \"output_length\": %" PRId64,
                at / 1000000, at % 1000000, w->input * times, w->output * times);
        if (s->col[GBL_EC_PROMPT].name || s->kind == GBL_ENGINE_HITS) write_ids(s, w, f);
        fputs("}\n", f);
    }
    if (!ferror(f)) return 0;
    return gbl_fail(err, GBL_EINPUT, "cannot write a temporary file: %s", strerror(errno));
}

/* The description's scenario as a document of its own. */
static int scenario_doc(gbl_doc **out, const gbl_engine_spec *s, gbl_err *err)
{
    char *text = gbl_node_canonical(s->scenario);
    if (!text) return gbl_nomem(err, 64);
    int code = gbl_doc_parse(out, gbl_arena_printf(s->arena, "%s (scenario)", gbl_doc_name(s->doc)), text, strlen(text), err);
    gbl_free(text);
    return code;
}

static int set(gbl_doc *d, gbl_err *err, const char *path, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static int set(gbl_doc *d, gbl_err *err, const char *path, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return gbl_doc_set(d, path, text, err);
}

static int on_request(void *to, const gbl_life *life, gbl_err *err)
{
    gbl_engine_replay *r = to;
    size_t i = (size_t)life->serial;
    if (i >= r->n) {
        if (gbl_grow(&r->life, &r->room, i + 1, sizeof *r->life)) return gbl_nomem(err, i * sizeof *r->life);
        for (; r->n <= i; r->n++) r->life[r->n] = (gbl_engine_life){NAN, NAN, NAN, 0, 0};
    }
    gbl_engine_life *l = &r->life[i];
    *l = (gbl_engine_life){(double)life->arrival_ns * 1e-9, NAN, NAN, life->input, life->output};
    if (life->status != 0) return 0;
    l->ttft_s = (double)(life->first_ns - life->arrival_ns) * 1e-9;
    l->e2e_s = (double)(life->finish_ns - life->arrival_ns) * 1e-9;
    return 0;
}

/* Takes the document over. */
static int run(gbl_engine_replay *r, gbl_doc *d, const volatile int *stop, gbl_err *err)
{
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .on_request = on_request, .to = r, .stop = stop};
    int code = gbl_scenario_bind(&r->scenario, d, err);
    return code ? code : gbl_run(&r->result, r->scenario, &opt, err);
}

int gbl_engine_replay_rows(gbl_engine_replay *out, const gbl_engine_spec *s, const gbl_engine_row *row, size_t n,
                           const volatile int *stop, gbl_err *err)
{
    char path[1024];
    gbl_doc *d = NULL;
    *out = (gbl_engine_replay){0};
    FILE *f = gbl_spool_named(path, sizeof path, "", err);
    if (!f) return err->code;
    int code = write_trace(s, row, n, f, err);
    if (fclose(f) && !code) code = gbl_fail(err, GBL_EINPUT, "cannot write a temporary file: %s", strerror(errno));
    if (!code) code = scenario_doc(&d, s, err);
    if (!code) code = set(d, err, "trace.file", "\"%s\"", path);
    if (!code) code = set(d, err, "trace.format", "\"mooncake\"");
    if (!code && s->kind == GBL_ENGINE_HITS) code = set(d, err, "engine.block_size", "%d", ID_TOKENS);
    if (!code) {
        code = run(out, d, stop, err);
        d = NULL;
    }
    if (d) gbl_doc_free(d);
    unlink(path);
    if (code) gbl_engine_replay_fini(out);
    return code;
}

static int64_t share(double part, int64_t whole)
{
    int64_t v = (int64_t)floor(part * (double)whole + 0.5);
    return v > 1 ? v : 1;
}

int gbl_engine_replay_point(gbl_engine_replay *out, const gbl_engine_spec *s, const gbl_engine_row *w,
                            const volatile int *stop, gbl_err *err)
{
    gbl_doc *d = NULL;
    *out = (gbl_engine_replay){0};
    int code = scenario_doc(&d, s, err);
    if (!code && s->col[GBL_EC_TP].name) code = set(d, err, "cluster.tp", "%" PRId64, w->tp);
    if (!code)
        code = set(d, err, "trace.generate",
                   "{\"requests\": %" PRId64 ", \"arrival\": {\"use\": \"closed_loop\", \"concurrency\": %" PRId64 "}, "
                   "\"input\": {\"use\": \"uniform\", \"low\": %" PRId64 ", \"high\": %" PRId64 "}, "
                   "\"output\": {\"use\": \"uniform\", \"low\": %" PRId64 ", \"high\": %" PRId64 "}}",
                   w->concurrency * s->requests_per_client, w->concurrency, share(s->low, w->input), share(s->high, w->input),
                   share(s->low, w->output), share(s->high, w->output));
    if (!code) {
        code = run(out, d, stop, err);
        d = NULL;
    }
    if (d) gbl_doc_free(d);
    if (code) gbl_engine_replay_fini(out);
    return code;
}

void gbl_engine_replay_fini(gbl_engine_replay *r)
{
    if (r->result) gbl_result_free(r->result);
    if (r->scenario) gbl_scenario_free(r->scenario);
    gbl_free(r->life);
    *r = (gbl_engine_replay){0};
}

int gbl_engine_alone_s(const gbl_engine_replay *r, int64_t context, double *out, gbl_err *err)
{
    gbl_cost *c;
    gbl_batch b = {0};
    gbl_step_cost cost;
    int code = gbl_scenario_cost(r->scenario, 0, &c, err);
    if (code) return code;
    gbl_batch_decode(c, &b, context > 0 ? context : 1);
    gbl_cost_step(c, &b, &cost);
    *out = (double)cost.demand.alone_ns * 1e-9;
    gbl_cost_free(c);
    return 0;
}
