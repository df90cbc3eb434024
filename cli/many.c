#include "cli/many.h"

#include <string.h>

#include "base/lines.h"
#include "lib/catalogue.h"
#include "cli/output.h"

static int read_stdin(gbl_origin *out, gbl_arena *a, gbl_err *err)
{
    enum { MOST = 64 << 20 }; /* of a document (base/doc.h) */
    char *text = NULL;
    int code = gbl_slurp("-", &text, &out->len, MOST, err);
    if (code) return code;
    out->text = gbl_arena_textn(a, text, out->len);
    gbl_free(text);
    out->name = "standard input";
    return out->text ? GBL_OK : gbl_nomem(err, out->len);
}

static int check_set(const char *text, gbl_err *err)
{
    const char *equals = strchr(text, '=');
    if (equals && equals != text && equals[1]) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "cannot read --set %s", text);
    gbl_where(err, "--set");
    return gbl_expected(err, "--set KEY=VALUE, as in --set cluster.tp=2");
}

int gbl_many_origin(gbl_origin *out, const char *path, const gbl_scene_opt *o, gbl_arena *a, gbl_err *err)
{
    *out = (gbl_origin){.path = path, .sets = o->set.item, .n_sets = o->set.n};
    if (gbl_catalogue_there(a, err)) return err->code;
    for (size_t i = 0; i < o->set.n; i++) {
        int code = check_set(o->set.item[i], err);
        if (code) return code;
    }
    return path && strcmp(path, "-") == 0 ? read_stdin(out, a, err) : GBL_OK;
}

/* ---------------------------------------------------------------- keeping them ---- */

typedef struct keeper {
    const char *db;
    enum gbl_keep_requests requests;
    gbl_keep **keep; /* a job each, while it runs */
} keeper;

static int begin(void *to, size_t job, const gbl_scenario *s, gbl_run_options *run, gbl_err *err)
{
    keeper *k = to;
    int code = gbl_keep_open(&k->keep[job], k->db, k->requests, s->seed, err);
    if (!code) gbl_keep_listen(k->keep[job], run);
    return code;
}

static int end(void *to, size_t job, const gbl_scenario *s, const gbl_result *r, gbl_err *err)
{
    keeper *k = to;
    int64_t run_id;
    int code = gbl_keep_commit(k->keep[job], s, r, &run_id, err);
    gbl_keep_close(k->keep[job]);
    k->keep[job] = NULL;
    return code;
}

int gbl_many_run(gbl_outcome *out, const gbl_job *jobs, size_t n, const gbl_many_opt *o, const gbl_run_options *run,
                 enum gbl_keep_requests requests, gbl_err *err)
{
    keeper k = {.db = o->db, .requests = requests};
    gbl_replicate_options opt = {.threads = o->threads,
                                 .progress = (enum gbl_progress_mode)o->progress,
                                 .what = "simulations",
                                 .exact = run->exact,
                                 .itl_per_request = run->itl_per_request,
                                 .stop = gbl_signals_flag()};
    if (o->db) {
        if (!(k.keep = gbl_alloc(n, sizeof(gbl_keep *)))) return gbl_nomem(err, n * sizeof(gbl_keep *));
        opt.begin = begin;
        opt.end = end;
        opt.to = &k;
    }
    gbl_signals_catch();
    int code = gbl_replicate(out, jobs, n, &opt, err);
    for (size_t i = 0; k.keep && i < n; i++) gbl_keep_close(k.keep[i]);
    gbl_free(k.keep);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM)
        code = gbl_signals_fail(err, o->db ? "the runs that had ended are stored" : "no result");
    return code;
}
