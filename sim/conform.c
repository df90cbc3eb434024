#include "sim/conform.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sim/apart.h"
#include "sim/hits.h"
#include "sim/run.h"

typedef struct shape {
    const char *name, *text; /* what the scenario says besides the policy under test */
    uint32_t families;       /* bits: who is tried in it */
} shape;

#define BIT(f) (1u << (f))
#define EVERYONE (~BIT(GBL_PREFETCH)) /* which needs tiers */
#define CACHES (BIT(GBL_EVICT) | BIT(GBL_PREFIX) | BIT(GBL_SCHEDULE) | BIT(GBL_PREEMPT) | BIT(GBL_ROUTE))
#define WORK(n, rate, in, out)                                                                                             \
    "\"trace\":{\"generate\":{\"requests\":" #n ",\"arrival\":{\"use\":\"poisson\",\"rate_s\":" #rate "},"                  \
    "\"input\":{\"use\":\"uniform\",\"low\":20,\"high\":" #in "},\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":" #out "}," \
    "\"tenants\":3,\"priorities\":3}}"
#define GROUPS(n, rate)                                                                                                      \
    "\"trace\":{\"generate\":{\"requests\":" #n ",\"arrival\":{\"use\":\"poisson\",\"rate_s\":" #rate "},"                   \
    "\"input\":{\"use\":\"uniform\",\"low\":20,\"high\":900},\"output\":{\"use\":\"uniform\",\"low\":1,\"high\":60},"        \
    "\"shared_prefix\":{\"groups\":12,\"tokens\":512}}}"

static const shape shapes[] = {
    {"light load", WORK(60, 4, 600, 80) ",\"engine\":{\"max_num_seqs\":32}", EVERYONE},
    {"few blocks, recomputing", WORK(90, 30, 900, 200) ",\"engine\":{\"kv_blocks\":300,\"max_num_batched_tokens\":512}", EVERYONE & ~BIT(GBL_KVMEM)},
    {"long prompts", WORK(40, 3, 12000, 150) ",\"engine\":{\"kv_blocks\":1500,\"max_num_batched_tokens\":4096}", BIT(GBL_COMPRESS)},
    {"contiguous room", WORK(90, 30, 900, 200) ",\"engine\":{\"kv_blocks\":3000,\"max_model_len\":1200}", BIT(GBL_KVMEM)},
    {"few blocks, swapping", WORK(90, 30, 900, 200) ",\"engine\":{\"kv_blocks\":300,\"max_num_seqs\":24}#,\"preempt\":\"swap\"", BIT(GBL_SCHEDULE) | BIT(GBL_EVICT) | BIT(GBL_PREFIX) | BIT(GBL_EXECUTE)},
    {"shared prefixes", GROUPS(120, 12) ",\"engine\":{\"kv_blocks\":400}", CACHES},
    {"three replicas", GROUPS(120, 40) ",\"engine\":{\"kv_blocks\":500},\"cluster\":{\"replicas\":3}", CACHES | BIT(GBL_ADMIT) | BIT(GBL_SCALE)},
    {"tiers below", GROUPS(120, 20) ",\"engine\":{\"kv_blocks\":200},\"tiers\":[{\"name\":\"dram\",\"bytes\":2e9}]", BIT(GBL_PREFETCH) | BIT(GBL_EVICT) | BIT(GBL_SCHEDULE)}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct subject {
    const gbl_policy *policy;
    const char *plugin; /* path, or NULL */
} subject;

/* ---- one run ---- */

typedef struct trial {
    const subject *who;
    const shape *shape;
    int64_t seed;
    int exact;
    char *bytes; /* of the result without "sim"; NULL: failed */
    gbl_err err;
} trial;

static char *scenario_text(const trial *t) {
    char use[1024], policy[1400], *text = gbl_alloc(1, 4096);
    const char *more = strchr(t->shape->text, '#');
    int main_len = more ? (int)(more - t->shape->text) : (int)strlen(t->shape->text);
    const gbl_policy *p = t->who->policy;
    if (!text) return NULL;
    if (t->who->plugin) snprintf(use, sizeof use, "{\"plugin\":\"%.900s\",\"use\":\"%s\"}", t->who->plugin, p->name);
    else snprintf(use, sizeof use, "\"%s\"", p->name);
    const char *beside = p->family == GBL_KVMEM && p->flags & GBL_KVMEM_UNSHARED ? ",\"prefix\":\"off\"" : "";
    if (p->family == GBL_EXECUTE && p->flags & GBL_EXECUTE_STEP_TOKENS) beside = ",\"compress\":\"hamburger\""; /* a model that is rewritten so */
    if (p->family == GBL_EXECUTE && p->flags & GBL_EXECUTE_RECURSIONS) beside = ",\"compress\":\"mor\"";
    snprintf(policy, sizeof policy, p->family == GBL_COMPRESS ? "\"%s\":[%s]%s%s" : "\"%s\":%s%s%s", gbl_family_name((enum gbl_family)p->family), use, beside, more ? more + 1 : "");
    snprintf(text, 4096, "{\"gable\":\"scenario/1\",%.*s,\"policy\":{%s},\"run\":{\"seed\":%lld}}", main_len, t->shape->text, policy, (long long)t->seed);
    return text;
}

static char *bytes_of(const gbl_result *r) {
    gbl_json *j = gbl_json_new(0);
    if (!j) return NULL;
    gbl_result_json(r, j);
    const char *text = gbl_json_text(j), *sim = text ? strstr(text, ",\"sim\":") : NULL;
    size_t n = sim ? (size_t)(sim - text) : text ? strlen(text) : 0;
    char *out = text ? gbl_alloc(1, n + 1) : NULL;
    if (out) memcpy(out, text, n);
    gbl_json_free(j);
    return out;
}

static void try_run(trial *t) {
    gbl_doc *doc = NULL;
    gbl_scenario *s = NULL;
    gbl_result *r = NULL;
    char *text = scenario_text(t);
    int code = text ? gbl_doc_parse(&doc, "conform", text, strlen(text), &t->err) : gbl_nomem(&t->err, 4096);
    if (!code) code = gbl_scenario_bind(&s, doc, &t->err);
    gbl_run_options opt = {.exact = t->exact, .progress = GBL_PROGRESS_OFF};
    if (!code && !(code = gbl_run(&r, s, &opt, &t->err)) && !(t->bytes = bytes_of(r))) gbl_nomem(&t->err, 4096);
    gbl_result_free(r);
    gbl_scenario_free(s);
    gbl_free(text);
}

/* A policy that needs to know the accesses to come is replayed on a recorded order. */
static void try_replay(trial *t) {
    gbl_source *source = NULL;
    gbl_chains chains = {0};
    gbl_choice choice = {.policy = t->who->policy};
    gbl_hits h;
    gbl_doc *doc = NULL;
    char text[512];
    gbl_arena *a = gbl_arena_new();
    int n = snprintf(text, sizeof text, "{%s,\"use\":{%s%s%s\"use\":\"%s\"}}", GROUPS(400, 20), t->who->plugin ? "\"plugin\":\"" : "", t->who->plugin ? t->who->plugin : "",
                     t->who->plugin ? "\"," : "", t->who->policy->name);
    int code = !a ? gbl_nomem(&t->err, 64) : n < 0 || (size_t)n >= sizeof text ? gbl_fail(&t->err, GBL_EINPUT, "the plug-in's path is too long") : gbl_doc_parse(&doc, "conform", text, (size_t)n, &t->err);
    if (!code) code = gbl_choice_bind(&choice, GBL_EVICT, gbl_node_get(gbl_doc_root(doc), "use"), NULL, a, &t->err);
    if (!code) code = gbl_source_open(&source, gbl_node_get(gbl_doc_root(doc), "trace"), (uint64_t)t->seed, &t->err);
    if (!code) code = gbl_chains_read(&chains, source, &t->err);
    if (!code) code = gbl_hits_replay(&h, &chains, &choice, 150, (uint64_t)t->seed, &t->err);
    if (!code && (t->bytes = gbl_alloc(1, 128)))
        snprintf(t->bytes, 128, "%lld of %lld blocks, %lld evicted", (long long)h.hit_blocks, (long long)h.total_blocks, (long long)h.evicted_blocks);
    gbl_chains_fini(&chains);
    gbl_source_close(source);
    gbl_choice_close(&choice);
    gbl_doc_free(doc);
    gbl_arena_free(a);
}

static int replayed(const gbl_policy *p) { return p->family == GBL_EVICT && p->flags & (GBL_EVICT_NEEDS_ORACLE | GBL_EVICT_NEEDS_ADVICE); }

static void *try_one(void *to) {
    trial *t = to;
    if (replayed(t->who->policy)) try_replay(t);
    else try_run(t);
    return NULL;
}

static void try_both(trial *a, trial *b) { /* side by side */
    pthread_t thread;
    int beside = !pthread_create(&thread, NULL, try_one, b);
    try_one(a);
    if (beside) pthread_join(thread, NULL);
    else try_one(b);
}

/* ---- the checks ---- */

static int same(const trial *a, const trial *b) { return a->bytes && b->bytes && !strcmp(a->bytes, b->bytes); }

static int line(FILE *to, int ok, const subject *who, const char *what, const char *more) {
    char name[96];
    snprintf(name, sizeof name, "%s/%s", gbl_family_name((enum gbl_family)who->policy->family), who->policy->name);
    fprintf(to, "%-4s %-24s %s%s%s\n", ok ? "ok" : "FAIL", name, what, more && *more ? ": " : "", more ? more : "");
    fflush(to); /* what was found stands, whatever comes next */
    return !ok;
}

typedef struct check {
    const subject *who;
    const shape *shape;
} check;

static void judge(void *ctx, char *says, size_t size) {
    enum { ONCE, EXACT, AGAIN, BESIDE, OTHER, OTHER_ALONE, TRIALS };
    const check *c = ctx;
    trial t[TRIALS];
    memset(t, 0, sizeof t);
    for (int i = 0; i < TRIALS; i++) t[i] = (trial){.who = c->who, .shape = c->shape, .seed = i >= OTHER ? 2 : 1, .exact = i == EXACT};
    try_one(&t[ONCE]);
    if (!t[ONCE].bytes) snprintf(says, size, "%s", t[ONCE].err.what);
    else {
        try_one(&t[EXACT]);
        try_one(&t[OTHER_ALONE]);
        try_both(&t[BESIDE], &t[OTHER]);
        try_one(&t[AGAIN]);
        const char *broken = !t[EXACT].bytes ? t[EXACT].err.what : !same(&t[ONCE], &t[EXACT]) ? "asked at every step it answers otherwise than the plan it let hold"
                             : !same(&t[ONCE], &t[AGAIN]) ? "the same seed gave other bytes the second time"
                             : !same(&t[ONCE], &t[BESIDE]) || !same(&t[OTHER], &t[OTHER_ALONE]) ? "it is another policy while a second run goes on beside it: it keeps state outside its instance" : "";
        snprintf(says, size, "%s", broken);
    }
    for (int i = 0; i < TRIALS; i++) gbl_free(t[i].bytes);
}

/* 1: it failed; 2: it did not end, and nor would the others. A check of the house's policies takes a fraction of a second. */
static int try_shape(const subject *who, const shape *s, FILE *to) {
    enum { LIMIT_S = 8 };
    check c = {who, s};
    char says[512];
    int late = gbl_apart(judge, &c, LIMIT_S, says, sizeof says);
    return line(to, !*says, who, s->name, says) + late;
}

static const shape recorded = {"recorded order", "", BIT(GBL_EVICT)};

static int try_policy(const subject *who, FILE *to) {
    int failed = 0;
    const gbl_policy *p = who->policy;
    for (int i = 0; who->plugin && gbl_policy_at((enum gbl_family)p->family, i); i++)
        if (!strcmp(gbl_policy_at((enum gbl_family)p->family, i)->name, p->name))
            fprintf(to, "note %s/%-*s table: gable has a policy of this name itself; results tell them apart by the plug-in alone\n", gbl_family_name((enum gbl_family)p->family), 23 - (int)strlen(gbl_family_name((enum gbl_family)p->family)), p->name);
    if (!p->help || !p->source) failed += line(to, 0, who, "table", "it has no help, or names no source");
    if (replayed(p)) return failed + (try_shape(who, &recorded, to) > 0);
    for (int i = 0, how = 0; i < SHAPES && how < 2; i++)
        if (shapes[i].families & BIT(p->family)) failed += (how = try_shape(who, &shapes[i], to)) > 0;
    return failed;
}

static int meant(const gbl_policy *p, const char *name) {
    const char *slash = name ? strchr(name, '/') : NULL, *family = gbl_family_name((enum gbl_family)p->family);
    if (!name) return 1;
    if (!slash) return !strcmp(name, p->name);
    return (size_t)(slash - name) == strlen(family) && !strncmp(name, family, strlen(family)) && !strcmp(slash + 1, p->name);
}

static int conform_plugin(const char *path, const char *name, FILE *to, int *tried, gbl_arena *a, gbl_err *err) {
    gbl_plugin *g;
    int failed = 0;
    if (gbl_plugin_open(&g, path, "", a, err)) return 0;
    for (int i = 0; g->list[i]; i++) {
        subject who = {g->list[i], path};
        if (!meant(g->list[i], name)) continue;
        failed += try_policy(&who, to);
        ++*tried;
    }
    gbl_plugin_close(g);
    return failed;
}

int gbl_conform(const char *plugin, const char *name, FILE *to, gbl_err *err) {
    int failed = 0, tried = 0;
    gbl_arena *a = gbl_arena_new();
    if (!a) return gbl_nomem(err, 64), 0;
    if (plugin) failed = conform_plugin(plugin, name, to, &tried, a, err);
    for (int f = 0; f < GBL_FAMILIES && !plugin; f++) {
        const gbl_policy *p;
        for (int i = 0; (p = gbl_policy_at((enum gbl_family)f, i)); i++) {
            subject who = {p, NULL};
            if (!meant(p, name)) continue;
            failed += try_policy(&who, to);
            tried++;
        }
    }
    gbl_arena_free(a);
    if (!tried && !err->code) {
        gbl_fail(err, GBL_EINPUT, plugin ? "the plug-in has no policy called %s" : "no policy is called %s", name ? name : "");
        gbl_expected(err, "FAMILY/NAME or NAME, as gable list policies prints them");
    }
    return failed;
}
