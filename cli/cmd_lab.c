/* cmd_lab.c - gable lab: what methods that drop KV leave of the attention, on synthetic and on recorded rows. */
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/fleet.h"
#include "cli/output.h"
#include "lib/catalogue.h"
#include "validate/lab/lab_print.h"
#include "validate/lab/process.h"
#include "validate/lab/recording.h"

typedef struct lab_opt {
    const char *budgets, *recorded, *process;
    int64_t tokens, generated, layers, heads, seed;
    int32_t windowed, json, progress;
} lab_opt;

#define FLAG_INT(field, def, lo, hi, u, a, says)                                                                                      \
    {                                                                                                                                 \
        .row = {.name = #field, .type = GBL_P_INT, .offset = offsetof(lab_opt, field), .dflt = def, .low = lo, .high = hi, .unit = u, \
                .help = says},                                                                                                        \
        .arg = a                                                                                                                      \
    }

static const gbl_flag mass_flags[] = {
    {.row = {.name = "budgets",
             .type = GBL_P_STR,
             .offset = offsetof(lab_opt, budgets),
             .dflt = "\"0.05,0.1,0.2,0.5\"",
             .unit = "share",
             .help = "of the prompt's KV that may stay; the mean over layers"},
     .arg = "F,F,..."},
    {.row = {.name = "recorded",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(lab_opt, recorded),
             .dflt = "null",
             .help = "attention recorded from a model (validate/record_attention.py), instead of a synthetic process"},
     .arg = "FILE"},
    {.row = {.name = "process",
             .type = GBL_P_STR,
             .offset = offsetof(lab_opt, process),
             .dflt = "\"gpt-j-6b\"",
             .help = "the synthetic process, one of validate/attention/processes.json"},
     .arg = "NAME"},
    FLAG_INT(tokens, "4096", 64, 1048576, "tokens", "N", "length of the sequence"),
    FLAG_INT(generated, "256", 1, 1048575, "tokens", "N", "the last of them, after the prompt"),
    FLAG_INT(layers, "4", 1, 32, NULL, "N", "how many of 32 layers, spread evenly"),
    FLAG_INT(heads, "4", 1, 128, NULL, "N", "heads a layer, each with a KV head"),
    FLAG_INT(seed, "1", 0, GBL_SEED_MOST, NULL, "N", "of the process, of random and of keyformer's noise"),
    {.row = {.name = "windowed",
             .type = GBL_P_BOOL,
             .offset = offsetof(lab_opt, windowed),
             .dflt = "false",
             .help = "take in recorded layers with a sliding window, too"}},
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

static int read_methods(gbl_lab *lab, const gbl_call *call, gbl_err *err)
{
    for (size_t i = 0; i < call->n_arg; i++) {
        const gbl_cache_method *m = gbl_cache_find(call->arg[i]);
        if (!m) return bad_method(call->arg[i], err);
        for (size_t k = 0; k < lab->n_methods; k++)
            if (lab->method[k] == m) return gbl_fail(err, GBL_EINPUT, "method '%s' is named twice", m->name);
        lab->method[lab->n_methods++] = m;
    }
    for (size_t i = 0; !call->n_arg && gbl_cache_methods[i]; i++) lab->method[lab->n_methods++] = gbl_cache_methods[i];
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

static int open_attention(gbl_attention **out, const lab_opt *o, gbl_arena *arena, gbl_err *err)
{
    const gbl_process *p;
    gbl_process_shape shape = {(int)o->layers, (int)o->heads, 32, o->tokens, o->tokens - o->generated, (uint64_t)o->seed};
    if (o->recorded) return gbl_recording_open(out, o->recorded, o->windowed, err);
    if (shape.prompt < 1) {
        gbl_fail(err, GBL_EINPUT, "%lld generated tokens of %lld leave no prompt", (long long)o->generated, (long long)o->tokens);
        return gbl_expected(err, "--generated below --tokens");
    }
    return gbl_process_find(&p, o->process, arena, err) ? err->code : gbl_process_open(out, p, &shape, err);
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
    int code = read_budgets(lab, o->budgets, err) || read_methods(lab, call, err) || refuse_unread(call, o, err) ? err->code : GBL_OK;
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
             "first (gable explain METHOD): mass ranks and interpolates.",
    .example = {{"gable lab mass", "all methods on the synthetic process"},
                {"gable lab mass h2o snapkv --recorded build/gpl.attn --budgets 0.1", "two of them on a real model's attention"}},
    .flags = mass_flags,
    .opt_size = sizeof(lab_opt),
    .most = GBL_LAB_METHODS,
    .run = run_mass};

static const gbl_command *const subs[] = {&mass, NULL};

const gbl_command gbl_cmd_lab = {
    .name = "lab",
    .operands = "mass ...",
    .brief = "methods that drop KV on rows of attention, synthetic or recorded",
    .about = "A quality lab: what score-driven methods keep, and what attention that leaves. It ranks methods; it is no score of a task.",
    .example = {{"gable lab mass", "methods by budgets on the synthetic process"},
                {"gable lab mass --recorded build/gpl.attn", "the same on recorded attention"}},
    .sub = subs};
