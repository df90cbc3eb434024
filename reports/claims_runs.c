/* claims_runs.c - the simulations behind the claims: named by what they are, run over all cores, kept in the cache.
 *
 * The cache is a folder with one file a result, PROGRAM/ID.json: PROGRAM is the hash of the program's own file, ID that of
 * the scenario with every default and of all cards and traces that it names. Files are renamed into place, so a reader sees
 * a whole one or none; one that cannot be read counts as absent, and a cache that cannot be written is no error. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/lines.h"
#include "base/text.h"
#include "reports/claims_parts.h"
#include "reports/work.h"
#include "sim/run.h"

/* ---------------------------------------------------------------- scenarios ---- */

static int set_all(gbl_doc *d, const char *const *set, size_t n, gbl_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *eq = strchr(set[i], '=');
        char key[256];
        if (!eq || eq == set[i] || (size_t)(eq - set[i]) >= sizeof key) {
            gbl_fail(err, GBL_EINPUT, "'%.80s' sets nothing", set[i]);
            return gbl_expected(err, "a.b=value");
        }
        snprintf(key, sizeof key, "%.*s", (int)(eq - set[i]), set[i]);
        if (gbl_doc_set(d, key, eq + 1, err)) return err->code;
    }
    return GBL_OK;
}

int gbl_claims_scenario(const gbl_claims *c, const gbl_node *n, const char *const *set, size_t n_set, gbl_scenario **out, gbl_err *err)
{
    gbl_doc *d = NULL;
    int code;
    *out = NULL;
    if (gbl_node_kind(n) == GBL_OBJECT) code = gbl_doc_part(&d, n, err);
    else {
        const char *path = gbl_find_path(c->arena, gbl_doc_folder(gbl_node_doc(n)), gbl_node_text(n));
        code = path ? gbl_doc_read(&d, path, err) : gbl_nomem(err, 0);
    }
    if (!code) code = set_all(d, set, n_set, err);
    if (!code) code = set_all(d, c->ask.sets, c->ask.n_sets, err);
    if (!code) return gbl_scenario_bind(out, d, err);
    gbl_doc_free(d);
    return code;
}

/* ---------------------------------------------------------------- who is who ---- */

static const char *ask_text(gbl_claims *c, const gbl_node *n, const char *const *set, size_t n_set)
{
    size_t size = 40;
    for (size_t i = 0; i < n_set; i++) size += strlen(set[i]) + 1;
    char *text = gbl_arena_take(c->arena, size);
    if (!text) return NULL;
    int at = snprintf(text, size, "%p", (const void *)n);
    for (size_t i = 0; i < n_set; i++) at += snprintf(text + at, size - (size_t)at, "\n%s", set[i]);
    return text;
}

static int identify(gbl_claims *c, const gbl_scenario *s, uint64_t *id, gbl_err *err)
{
    char *canonical = gbl_identity_scenario(s, err);
    if (!canonical) return err->code;
    gbl_json *cards = gbl_json_new(0);
    int code = cards ? gbl_identity_cards(cards, s, &c->traces, err) : gbl_nomem(err, 0);
    const char *text = code ? NULL : gbl_json_text(cards);
    if (text) *id = gbl_mix64(gbl_hash64(canonical, strlen(canonical), c->program), gbl_hash64(text, strlen(text), 0));
    else if (!code) code = gbl_nomem(err, 0);
    gbl_free(canonical);
    gbl_json_free(cards);
    return code;
}

static char *cache_path(const gbl_claims *c, uint64_t id, const char *ending)
{
    char program[17], name[17];
    gbl_hex64(program, c->program);
    gbl_hex64(name, id);
    return gbl_arena_printf(c->arena, "%s/%s/%s%s", c->ask.cache, program, name, ending);
}

static void look_up(gbl_claims *c, gbl_claim_run *r)
{
    gbl_err ignored = {0};
    char *path = c->ask.cache && !c->ask.fresh ? cache_path(c, r->id, ".json") : NULL;
    if (!path || access(path, R_OK) || gbl_doc_read(&r->result, path, &ignored)) return;
    if (gbl_node_at(gbl_doc_root(r->result), "requests.injected")) {
        c->from_cache++;
        return;
    }
    gbl_doc_free(r->result);
    r->result = NULL;
}

static int enter(gbl_claims *c, gbl_claim_run *r, gbl_err *err)
{
    gbl_scenario *s = NULL;
    int code = gbl_claims_scenario(c, r->scenario, r->set, r->n_set, &s, err);
    if (!code) code = identify(c, s, &r->id, err);
    gbl_scenario_free(s);
    if (code) return code;
    for (size_t i = 0; i < c->n_runs && !r->same; i++)
        if (c->run[i]->id == r->id && !c->run[i]->same) r->same = c->run[i];
    if (gbl_grow(&c->run, &c->runs_room, c->n_runs + 1, sizeof(gbl_claim_run *))) return gbl_nomem(err, sizeof(gbl_claim_run *));
    c->run[c->n_runs++] = r;
    if (!r->same) look_up(c, r);
    return GBL_OK;
}

int gbl_claims_want(gbl_claims *c, const gbl_node *n, const char **set, size_t n_set, gbl_claim_run **out, gbl_err *err)
{
    const char *ask = ask_text(c, n, set, n_set);
    if (!ask) return gbl_nomem(err, 0);
    uint64_t hash = gbl_hash64(ask, strlen(ask), 0);
    for (size_t i = 0; i < c->n_runs; i++) {
        gbl_claim_run *r = c->run[i];
        if (r->ask_hash != hash || strcmp(r->ask, ask) != 0) continue;
        *out = r->same ? r->same : r;
        return GBL_OK;
    }
    gbl_claim_run *r = gbl_arena_take(c->arena, sizeof *r);
    if (!r) return gbl_nomem(err, sizeof *r);
    *r = (gbl_claim_run){.ask = ask, .ask_hash = hash, .scenario = n, .set = set, .n_set = n_set};
    if (enter(c, r, err)) return err->code;
    *out = r->same ? r->same : r;
    return GBL_OK;
}

static int is_wanted(const gbl_claim_run *r)
{
    return !r->same && !r->result;
}

size_t gbl_claims_wanted(const gbl_claims *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_runs; i++) n += is_wanted(c->run[i]);
    return n;
}

/* ---------------------------------------------------------------- running them ---- */

typedef struct wanted {
    gbl_claims *c;
    gbl_claim_run **run;
} wanted;

static int task(void *to, size_t i, FILE *out, gbl_err *err)
{
    const wanted *w = to;
    const gbl_claim_run *r = w->run[i];
    gbl_scenario *s = NULL;
    gbl_result *result = NULL;
    gbl_json *j = gbl_json_new(0);
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .stop = w->c->ask.stop};
    int code = j ? gbl_claims_scenario(w->c, r->scenario, r->set, r->n_set, &s, err) : gbl_nomem(err, 0);
    if (!code) code = gbl_run(&result, s, &opt, err);
    if (!code) gbl_result_json(result, j);
    const char *text = code ? NULL : gbl_json_text(j);
    uint64_t n = text ? strlen(text) : 0;
    if (!code && !text) code = gbl_nomem(err, 0);
    if (!code && (fwrite(&n, sizeof n, 1, out) != 1 || fwrite(text, 1, n, out) != n))
        code = gbl_fail(err, GBL_EFAULT, "cannot keep a result: %s", strerror(errno));
    gbl_json_free(j);
    if (result) gbl_result_free(result);
    gbl_scenario_free(s);
    return code;
}

static void make_folders(const char *path)
{
    char part[4096];
    for (const char *at = strchr(path + 1, '/'); at && (size_t)(at - path) < sizeof part; at = strchr(at + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(at - path), path);
        mkdir(part, 0777);
    }
}

/* What cannot be kept is simulated again next time. */
static void cache(const gbl_claims *c, uint64_t id, const char *text, size_t n)
{
    char *path = c->ask.cache ? cache_path(c, id, ".json") : NULL;
    gbl_replace r;
    gbl_err ignored;
    if (!path) return;
    make_folders(path);
    if (gbl_replace_begin(&r, path, &ignored)) return;
    int code = fwrite(text, 1, n, r.to) == n ? GBL_OK : gbl_replace_fail(&ignored, path, 0);
    gbl_replace_end(&r, code, &ignored);
}

static int done(void *to, size_t i, FILE *in, gbl_err *err)
{
    const wanted *w = to;
    gbl_claim_run *r = w->run[i];
    uint64_t n = 0;
    if (fread(&n, sizeof n, 1, in) != 1 || n > 64 << 20) return gbl_fail(err, GBL_EFAULT, "a result came back cut off");
    char *text = gbl_alloc(n + 1, 1);
    if (!text) return gbl_nomem(err, n + 1);
    int code = fread(text, 1, n, in) == n ? gbl_doc_parse(&r->result, "result", text, n, err)
                                          : gbl_fail(err, GBL_EFAULT, "a result came back cut off");
    if (!code) cache(w->c, r->id, text, n);
    gbl_free(text);
    return code;
}

int gbl_claims_run_wanted(gbl_claims *c, gbl_err *err)
{
    size_t n = gbl_claims_wanted(c), failed, k = 0;
    wanted w = {c, gbl_alloc(n + 1, sizeof(gbl_claim_run *))};
    if (!w.run) return gbl_nomem(err, (n + 1) * sizeof(gbl_claim_run *));
    for (size_t i = 0; i < c->n_runs; i++)
        if (is_wanted(c->run[i])) w.run[k++] = c->run[i];
    gbl_work work = {.tasks = n, .jobs = c->ask.jobs, .what = "simulations", .progress = c->ask.progress, .stop = c->ask.stop, .task = task, .done = done, .to = &w};
    int code = gbl_work_run(&work, &failed, err);
    if (code && failed < n && !err->where[0] && gbl_node_kind(w.run[failed]->scenario) == GBL_OBJECT) {
        gbl_err at = {0}; /* borrowed for its place alone */
        gbl_node_fail(w.run[failed]->scenario, &at, "x");
        gbl_where(err, "%s", at.where);
    }
    gbl_free(w.run);
    return code;
}

/* ---------------------------------------------------------------- where ---- */

const char *gbl_claims_cache(gbl_arena *a)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg && xdg[0] == '/') return gbl_arena_printf(a, "%s/gable/claims", xdg);
    return home && home[0] == '/' ? gbl_arena_printf(a, "%s/.cache/gable/claims", home) : NULL;
}
