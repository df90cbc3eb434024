/* cmd_lab.c - gable lab: what methods that drop KV leave of the attention, on synthetic and on recorded rows. */
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/fleet.h"
#include "cli/output.h"
#include "lib/catalogue.h"
#include "validate/lab/fit_process.h"
#include "validate/lab/lab_print.h"
#include "validate/lab/process.h"
#include "validate/lab/alike.h"
#include "validate/lab/recording.h"

typedef struct lab_opt {
    const char *budgets, *recorded, *process, *db;
    int64_t tokens, generated, layers, heads, seed;
    int32_t windowed, json, progress;
} lab_opt;

#define FLAG_INT(field, def, lo, hi, u, a, says)                                                                                      \
    {                                                                                                                                 \
        .row = {.name = #field, .type = GBL_P_INT, .offset = offsetof(lab_opt, field), .dflt = def, .low = lo, .high = hi, .unit = u, \
                .help = says},                                                                                                        \
        .arg = a                                                                                                                      \
    }

#define FLAG_BUDGETS                                                             \
    {                                                                            \
        .row = {.name = "budgets", .type = GBL_P_STR, .offset = offsetof(lab_opt, budgets), .dflt = "\"0.05,0.1,0.2,0.5\"", .unit = "share", \
                .help = "of the prompt's KV that may stay; the mean over layers"}, \
        .arg = "F,F,..."                                                         \
    }
#define FLAG_PROCESS                                                                                                       \
    {                                                                                                                      \
        .row = {.name = "process", .type = GBL_P_STR, .offset = offsetof(lab_opt, process), .dflt = "\"gpt-j-6b\"",          \
                .help = "the synthetic process: gpt-j-6b, cerebras-gpt-6.7b or mpt-7b; NAME{retrieval_heads=0.9} changes numbers"}, \
        .arg = "NAME{...}"                                                                                                 \
    }
#define FLAG_WINDOWED                                                                                             \
    {                                                                                                             \
        .row = {.name = "windowed", .type = GBL_P_BOOL, .offset = offsetof(lab_opt, windowed), .dflt = "false",     \
                .help = "take in recorded layers with a sliding window, too"}                                     \
    }
#define FLAG_LAYERS FLAG_INT(layers, "4", 1, 32, NULL, "N", "of the process: how many of 32, spread evenly")
#define FLAG_HEADS FLAG_INT(heads, "4", 1, 128, NULL, "N", "of the process: heads a layer, each with a KV head")
#define FLAG_SEED FLAG_INT(seed, "1", 0, GBL_SEED_MOST, NULL, "N", "of the process, of random and of keyformer's noise")

static const gbl_flag mass_flags[] = {
    FLAG_BUDGETS,
    {.row = {.name = "recorded",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(lab_opt, recorded),
             .dflt = "null",
             .help = "attention recorded from a model (validate/record_attention.py), instead of a synthetic process"},
     .arg = "FILE"},
    FLAG_PROCESS,
    FLAG_INT(tokens, "4096", 64, 1048576, "tokens", "N", "length of the sequence"),
    FLAG_INT(generated, "256", 1, 1048575, "tokens", "N", "the last of them, after the prompt"),
    FLAG_LAYERS,
    FLAG_HEADS,
    FLAG_SEED,
    FLAG_WINDOWED,
    GBL_FLAG_JSON(lab_opt, json),
    GBL_FLAG_PROGRESS(lab_opt, progress),
    {.row = {.name = NULL}}};

/* ---------------------------------------------------------------- input ---- */

static int bad_budgets(const char *text, gbl_err *err)
{
    gbl_fail(err, GBL_EINPUT, "cannot use --budgets %s", text);
    gbl_where(err, "--budgets");
    return gbl_expected(err, "up to %d shares above 0, up to 1, with commas between", GBL_LAB_BUDGETS);
}

static int read_budgets(gbl_lab *lab, const char *text, gbl_err *err)
{
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, ",");
        double v;
        if (lab->n_budgets == GBL_LAB_BUDGETS || gbl_text_real(at, n, &v) || !(v > 0 && v <= 1)) return bad_budgets(text, err);
        for (size_t i = 0; i < lab->n_budgets; i++)
            if (lab->budget[i] == v) return gbl_fail(err, GBL_EINPUT, "budget %g is named twice", v), gbl_where(err, "--budgets");
        lab->budget[lab->n_budgets++] = v;
        at += n;
        if (!*at) return GBL_OK;
    }
}

static int bad_method(const char *name, gbl_err *err)
{
    const char *known[GBL_LAB_METHODS];
    char list[400] = "";
    size_t n = 0;
    for (; gbl_cache_methods[n]; n++) {
        size_t at = strlen(list);
        known[n] = gbl_cache_methods[n]->name;
        snprintf(list + at, sizeof list - at, "%s%s", n ? ", " : "", known[n]);
    }
    gbl_fail(err, GBL_EINPUT, "the lab has no method '%s'", name);
    gbl_expected(err, "%s", list);
    return gbl_nearest(err, gbl_near(name, known, n));
}

/* The parameters of method m: its defaults, and what the spec says of them. */
static int read_parameters(gbl_lab *lab, size_t m, const gbl_node *spec, gbl_arena *arena, gbl_err *err)
{
    static const char *const name_key[] = {"use", NULL};
    const gbl_cache_method *how = lab->method[m];
    if (!how->params) {
        if (gbl_node_size(spec) == 1) return GBL_OK;
        gbl_fail(err, GBL_EINPUT, "method '%s' has no parameters", how->name);
        return gbl_expected(err, "gable lab mass %s", how->name);
    }
    void *opt = gbl_arena_take(arena, how->opt_size);
    if (!opt) return gbl_nomem(err, how->opt_size);
    lab->opt[m] = opt;
    if (gbl_param_defaults(how->params, opt, arena, err)) return err->code;
    if (gbl_param_bind(how->params, opt, spec, name_key, arena, err)) gbl_spec_where(err, "METHOD");
    return err->code;
}

static int is_same(const gbl_lab *lab, size_t a, size_t b)
{
    const gbl_cache_method *how = lab->method[a];
    return how == lab->method[b] && (!how->params || memcmp(lab->opt[a], lab->opt[b], how->opt_size) == 0);
}

/* h2o, or with numbers of its own: streamingllm{sinks=0}. */
static int read_method(gbl_lab *lab, const char *spec, gbl_arena *arena, gbl_err *err)
{
    gbl_doc *d;
    size_t m = lab->n_methods;
    if (gbl_spec_doc(&d, "METHOD", spec, err)) return err->code;
    const char *name = gbl_node_text(gbl_node_get(gbl_doc_root(d), "use"));
    lab->method[m] = gbl_cache_find(name);
    lab->label[m] = strchr(spec, '{') ? spec : NULL;
    int code = lab->method[m] ? read_parameters(lab, m, gbl_doc_root(d), arena, err) : bad_method(name, err);
    for (size_t k = 0; !code && k < m; k++)
        if (is_same(lab, m, k)) code = gbl_fail(err, GBL_EINPUT, "method '%s' is named twice", gbl_lab_name(lab, m));
    gbl_doc_free(d);
    lab->n_methods += !code;
    return code;
}

static int read_methods(gbl_lab *lab, const char *const *name, size_t n, gbl_arena *arena, gbl_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (read_method(lab, name[i], arena, err)) return err->code;
    for (size_t i = 0; !n && gbl_cache_methods[i]; i++) lab->method[lab->n_methods++] = gbl_cache_methods[i];
    return GBL_OK;
}

/* A flag that this kind of attention does not read. */
static int refuse_unread(const gbl_call *call, const lab_opt *o, gbl_err *err)
{
    static const char *const synthetic[] = {"process", "tokens", "generated", "layers", "heads"};
    const char *unread = !o->recorded && o->windowed ? "windowed" : NULL;
    for (size_t i = 0; o->recorded && !unread && i < sizeof synthetic / sizeof *synthetic; i++)
        for (const gbl_flag *f = call->command->flags; f->row.name; f++)
            if (strcmp(f->row.name, synthetic[i]) == 0 && !gbl_param_is_default(&f->row, o)) unread = synthetic[i];
    if (!unread) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "--%s means nothing %s --recorded", unread, o->recorded ? "with" : "without");
    return gbl_expected(err, "one of the two");
}

/* A process's name, and numbers of it that are to be others: mpt-7b{retrieval_heads=0.9}. */
static int read_process(gbl_process *p, const char *spec, gbl_arena *arena, gbl_err *err)
{
    static const char *const name_key[] = {"use", NULL};
    const gbl_process *known;
    gbl_doc *d;
    if (gbl_spec_doc(&d, "--process", spec, err)) return err->code;
    int code = gbl_process_find(&known, gbl_node_text(gbl_node_get(gbl_doc_root(d), "use")), arena, err);
    if (!code) {
        *p = *known;
        p->name = spec; /* results name what they were taken on */
        code = gbl_param_bind(gbl_process_numbers, p, gbl_doc_root(d), name_key, arena, err);
        if (code) gbl_spec_where(err, "--process");
    }
    gbl_doc_free(d);
    return code;
}

static int open_attention(gbl_attention **out, const lab_opt *o, gbl_arena *arena, gbl_err *err)
{
    gbl_process p;
    gbl_process_shape shape = {(int)o->layers, (int)o->heads, 32, o->tokens, o->tokens - o->generated, (uint64_t)o->seed};
    if (o->recorded) return gbl_recording_open(out, o->recorded, o->windowed, err);
    if (shape.prompt < 1) {
        gbl_fail(err, GBL_EINPUT, "%lld generated tokens of %lld leave no prompt", (long long)o->generated, (long long)o->tokens);
        return gbl_expected(err, "--generated below --tokens");
    }
    return read_process(&p, o->process, arena, err) ? err->code : gbl_process_open(out, &p, &shape, err);
}

/* ---------------------------------------------------------------- mass ---- */

static int print(const gbl_lab *lab, const gbl_attention *a, int json, gbl_err *err)
{
    if (!json) return gbl_lab_print(lab, a, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_lab_json(lab, a, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int run_lab(gbl_lab *lab, gbl_attention *a, const lab_opt *o, gbl_err *err)
{
    gbl_signals_catch();
    lab->stop = gbl_signals_flag();
    lab->seed = (uint64_t)o->seed;
    lab->progress = gbl_progress_new("lab", (enum gbl_progress_mode)o->progress);
    int code = gbl_lab_run(lab, a, err);
    gbl_progress_end(lab->progress);
    return code == GBL_EINTERRUPT || code == GBL_ETERM ? gbl_signals_fail(err, "no result") : code;
}

static int run_mass(const gbl_call *call, gbl_err *err)
{
    const lab_opt *o = call->opt;
    gbl_lab *lab = gbl_arena_take(call->arena, sizeof *lab);
    gbl_attention *a = NULL;
    if (!lab) return gbl_nomem(err, sizeof *lab);
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    int code = read_budgets(lab, o->budgets, err) || read_methods(lab, call->arg, call->n_arg, call->arena, err) || refuse_unread(call, o, err) ? err->code : GBL_OK;
    if (!code) code = open_attention(&a, o, call->arena, err);
    if (!code) code = run_lab(lab, a, o, err);
    if (!code) code = print(lab, a, o->json, err);
    gbl_attention_close(a);
    return code;
}

static const gbl_command mass = {
    .name = "mass",
    .operands = "[METHOD...]",
    .brief = "the attention that methods leave at equal budgets, and the needles they find again",
    .about = "Score-driven methods as they are published, each on the same rows: mass is the attention of generated tokens that falls on "
             "what is left, its mean and 5th percentile over rows and heads; needle the part of the attention to planted sentences that is "
             "left when they are asked for; held and read are bytes and tokens as shares of all. Merged tokens count by the cosine of "
             "their keys (in place: without them), coarse ones by what their bits keep. Rows are those of the whole cache throughout. Published scores stay "
             "first (gable explain METHOD): mass ranks and interpolates. Numbers of a method's own: streamingllm{sinks=0}, h2o{recent=0.3}, "
             "snapkv{window=16,pool=5}, keyformer{recent,tau,noise}, cake{tau1,tau2,gamma,even=true}.",
    .example = {{"gable lab mass", "all methods on the synthetic process"},
                {"gable lab mass h2o snapkv --recorded build/gpl.attn --budgets 0.1", "two of them on a real model's attention"}},
    .flags = mass_flags,
    .opt_size = sizeof(lab_opt),
    .most = GBL_LAB_METHODS,
    .run = run_mass};

/* ---------------------------------------------------------------- sets ---- */

typedef struct set_writer {
    const gbl_lab *lab;
    gbl_json *j;
    FILE *spool;
} set_writer;

static void print_set(void *to, size_t method, size_t budget, const gbl_cache *c, int end)
{
    const set_writer *w = to;
    (void)method;
    fprintf(w->spool, "layer %d, unit %d, %g %%, %s:", c->layer, c->unit, 100 * w->lab->budget[budget], end ? "at the end" : "after the prompt");
    for (int64_t j = 0, last; j < c->n; j++) {
        if (!c->in[j]) continue;
        for (last = j; last + 1 < c->n && c->in[last + 1]; last++) {}
        if (last > j) fprintf(w->spool, " %lld-%lld", (long long)j, (long long)last);
        else fprintf(w->spool, " %lld", (long long)j);
        j = last;
    }
    fputc('\n', w->spool);
}

static void json_set(void *to, size_t method, size_t budget, const gbl_cache *c, int end)
{
    const set_writer *w = to;
    (void)method;
    gbl_json_obj(w->j, NULL);
    gbl_json_int(w->j, "layer", c->layer);
    gbl_json_int(w->j, "unit", c->unit);
    gbl_json_num(w->j, "budget", w->lab->budget[budget]);
    gbl_json_bool(w->j, "end", end);
    gbl_json_arr(w->j, "tokens");
    for (int64_t t = 0; t < c->n; t++)
        if (c->in[t]) gbl_json_int(w->j, NULL, t);
    gbl_json_end(w->j);
    gbl_json_end(w->j);
}

static int run_sets_json(gbl_lab *lab, gbl_attention *a, const lab_opt *o, gbl_err *err)
{
    set_writer w = {lab, gbl_json_new(0), NULL};
    if (!w.j) return gbl_nomem(err, 0);
    gbl_json_obj(w.j, NULL);
    gbl_json_str(w.j, "attention", a->label);
    gbl_json_str(w.j, "method", gbl_lab_name(lab, 0));
    gbl_json_arr(w.j, "sets");
    lab->see = json_set;
    lab->to = &w;
    if (run_lab(lab, a, o, err)) {
        gbl_json_free(w.j);
        return err->code;
    }
    gbl_json_end(w.j);
    gbl_json_end(w.j);
    return gbl_output_json(w.j, err);
}

static int run_sets_text(gbl_lab *lab, gbl_attention *a, const lab_opt *o, gbl_err *err)
{
    set_writer w = {lab, NULL, gbl_spool_new(err)};
    if (!w.spool) return err->code;
    lab->see = print_set;
    lab->to = &w;
    if (!run_lab(lab, a, o, err)) return gbl_spool_deliver(w.spool, NULL, err);
    fclose(w.spool);
    return err->code;
}

static int run_sets(const gbl_call *call, gbl_err *err)
{
    const lab_opt *o = call->opt;
    gbl_lab *lab = gbl_arena_take(call->arena, sizeof *lab);
    gbl_attention *a = NULL;
    if (!lab) return gbl_nomem(err, sizeof *lab);
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    int code = read_budgets(lab, o->budgets, err) || read_methods(lab, call->arg, 1, call->arena, err) || refuse_unread(call, o, err) ? err->code : GBL_OK;
    if (!code) code = open_attention(&a, o, call->arena, err);
    if (!code) code = o->json ? run_sets_json(lab, a, o, err) : run_sets_text(lab, a, o, err);
    gbl_attention_close(a);
    return code;
}

static const gbl_command sets = {
    .name = "sets",
    .operands = "METHOD",
    .brief = "which tokens a method keeps, after the prompt and at the end",
    .about = "The places that each unit, a KV head or a layer, holds; tokens from 0. Merged tokens are with the one that took them.",
    .example = {{"gable lab sets h2o --budgets 0.1", "on the synthetic process"},
                {"gable lab sets snapkv --budgets 0.1 --recorded build/gpl.attn --json", "on a recording"}},
    .flags = mass_flags,
    .opt_size = sizeof(lab_opt),
    .least = 1,
    .most = 1,
    .run = run_sets};

/* ---------------------------------------------------------------- rank ---- */

static const gbl_flag rank_flags[] = {
    FLAG_BUDGETS,
    FLAG_PROCESS,
    FLAG_LAYERS,
    FLAG_HEADS,
    FLAG_SEED,
    FLAG_WINDOWED,
    {.row = {.name = "db",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(lab_opt, db),
             .dflt = "null",
             .help = "keep every pair of masses in this SQLite store (table measurement)"},
     .arg = "FILE"},
    GBL_FLAG_JSON(lab_opt, json),
    GBL_FLAG_PROGRESS(lab_opt, progress),
    {.row = {.name = NULL}}};

static int print_ranking(const gbl_alike *r, int json, gbl_err *err)
{
    if (!json) return gbl_alike_print(r, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_alike_json(r, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

/* The process is as long as the recording, and as much of it is generated. */
static int run_both(gbl_lab lab[2], gbl_attention *a[2], const char *path, const lab_opt *o, gbl_arena *arena, gbl_err *err)
{
    lab_opt same = *o;
    if (gbl_recording_open(&a[0], path, o->windowed, err)) return err->code;
    same.tokens = a[0]->tokens;
    same.generated = a[0]->tokens - a[0]->prompt;
    if (open_attention(&a[1], &same, arena, err)) return err->code;
    return run_lab(&lab[0], a[0], o, err) || run_lab(&lab[1], a[1], o, err) ? err->code : GBL_OK;
}

static int run_rank(const gbl_call *call, gbl_err *err)
{
    const lab_opt *o = call->opt;
    gbl_lab *lab = gbl_arena_take(call->arena, 2 * sizeof *lab);
    gbl_attention *a[2] = {NULL, NULL};
    int64_t kept = 0;
    if (!lab) return gbl_nomem(err, 2 * sizeof *lab);
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    int code = read_budgets(lab, o->budgets, err) || read_methods(lab, NULL, 0, call->arena, err) ? err->code : GBL_OK;
    lab[1] = lab[0];
    if (!code) code = run_both(lab, a, call->arg[0], o, call->arena, err);
    gbl_alike r = {.recorded = &lab[0], .process = &lab[1]};
    if (!code) {
        r.recorded_label = a[0]->label;
        r.process_label = a[1]->label;
        gbl_alike_make(&r);
        if (o->db) code = gbl_alike_keep(&r, o->db, &kept, err);
    }
    if (!code) code = print_ranking(&r, o->json, err);
    if (!code && o->db && !o->json) printf("%lld masses kept in %s\n", (long long)kept, o->db);
    gbl_attention_close(a[0]);
    gbl_attention_close(a[1]);
    return code;
}

static const gbl_command rank = {
    .name = "rank",
    .operands = "RECORDING",
    .brief = "whether recorded and synthetic attention rank the methods alike",
    .about = "All methods on the recording and on the synthetic process of the same length; Spearman's correlation of their masses, with "
             "its interval, over the methods without the baselines; also without the three at either end, and at equal bytes held. validate/LAB.md has what it printed.",
    .example = {{"gable lab rank build/gpl.attn", "after make lab"},
                {"gable lab rank build/gpl.attn --process mpt-7b --db results.db", "another process, kept in a store"}},
    .flags = rank_flags,
    .opt_size = sizeof(lab_opt),
    .least = 1,
    .most = 1,
    .run = run_rank};

/* ---------------------------------------------------------------- fit ---- */

typedef struct fit_opt {
    const char *output;
} fit_opt;

static const gbl_flag fit_flags[] = {
    {.row = {.name = "out",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(fit_opt, output),
             .dflt = "null",
             .help = "write the processes there, as validate/attention/processes.json; without it nothing is written"},
     .arg = "FILE",
     .letter = 'o'},
    {.row = {.name = NULL}}};

static int write_fit(const gbl_process_fit *f, const char *path, gbl_err *err)
{
    gbl_json *j = gbl_json_new(2);
    FILE *spool = j ? gbl_spool_new(err) : NULL;
    if (!j) return gbl_nomem(err, 0);
    if (spool) {
        gbl_process_fit_json(f, j);
        const char *text = gbl_json_text(j);
        if (text) fprintf(spool, "%s\n", text);
    }
    gbl_json_free(j);
    return spool ? gbl_spool_deliver(spool, path, err) : err->code;
}

static int run_fit(const gbl_call *call, gbl_err *err)
{
    const fit_opt *o = call->opt;
    gbl_process_fit *f = gbl_arena_take(call->arena, sizeof *f);
    gbl_process *p = gbl_arena_take(call->arena, sizeof *p);
    if (!f || !p) return gbl_nomem(err, sizeof *f);
    if (gbl_param_defaults(gbl_process_params, p, call->arena, err) || gbl_process_fit_all(f, p, err)) return err->code;
    if (o->output && write_fit(f, o->output, err)) return err->code;
    return gbl_process_fit_print(f, stdout) ? gbl_nomem(err, 0) : GBL_OK;
}

static const gbl_command fit = {
    .name = "fit",
    .operands = "",
    .brief = "the parameters of the synthetic processes from published figures",
    .about = "Least squares over what was published of real attention: mass on the oracle's largest weights of three models, sparsity, what "
             "layers keep at equal mass, persistence. Prints every target beside what the process gives, and standard errors.",
    .example = {{"gable lab fit", "the residuals"}, {"gable lab fit -o validate/attention/processes.json", "and the shipped file anew"}},
    .flags = fit_flags,
    .opt_size = sizeof(fit_opt),
    .run = run_fit};

static const gbl_command *const subs[] = {&mass, &sets, &rank, &fit, NULL};

const gbl_command gbl_cmd_lab = {
    .name = "lab",
    .operands = "mass|sets|rank|fit ...",
    .brief = "methods that drop KV on rows of attention, synthetic or recorded",
    .about = "A quality lab: what score-driven methods keep, and what attention that leaves. It ranks methods; it is no score of a task.",
    .example = {{"gable lab mass", "methods by budgets on the synthetic process"},
                {"gable lab mass --recorded build/gpl.attn", "the same on recorded attention"}},
    .sub = subs};
