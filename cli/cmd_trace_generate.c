/* cmd_trace_generate.c - gable trace generate: the generator of a scenario, or one spelled in flags, as a file. */
#include <string.h>

#include "cli/output.h"
#include "cli/scene.h"
#include "cli/tracing.h"

typedef struct generate_opt {
    gbl_scene_opt scene;
    const char *from, *arrival, *input, *output, *out;
    int64_t requests;
    double rate;
    int32_t to, json;
} generate_opt;

#define SPEC "name{key=value,...}"
static const gbl_flag flags[] = {
    {.row = {.name = "from",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(generate_opt, from),
             .dflt = "null",
             .help = "take the trace of this scenario, instead of the flags below"},
     .arg = "SCENARIO.json"},
    GBL_FLAG_SET(generate_opt, scene),
    {.row = {.name = "requests",
             .type = GBL_P_INT,
             .offset = offsetof(generate_opt, requests),
             .dflt = "1000",
             .low = 1,
             .high = 1e12,
             .unit = "requests",
             .help = "how many"},
     .arg = "N"},
    {.row = {.name = "rate",
             .type = GBL_P_REAL,
             .offset = offsetof(generate_opt, rate),
             .dflt = "1",
             .low = 1e-9,
             .high = 1e9,
             .unit = "1/s",
             .help = "mean arrivals a second, where --arrival is a bare name"},
     .arg = "R"},
    {.row = {.name = "arrival",
             .type = GBL_P_STR,
             .offset = offsetof(generate_opt, arrival),
             .dflt = "\"poisson\"",
             .help = "arrival process: poisson, deterministic, gamma, weibull, bursts, curve, or " SPEC},
     .arg = "PROCESS"},
    {.row = {.name = "input",
             .type = GBL_P_STR,
             .offset = offsetof(generate_opt, input),
             .dflt = "\"uniform{low=800,high=1000}\"",
             .unit = "tokens",
             .help = "prompt lengths: fixed{tokens=N}, uniform{low=,high=}, lognormal{mu=,sigma=,low=,high=}, geometric{mean=}, histogram{file=CSV}, file{file=CSV,column=NAME}"},
     .arg = "LENGTHS"},
    {.row = {.name = "output",
             .type = GBL_P_STR,
             .offset = offsetof(generate_opt, output),
             .dflt = "\"fixed{tokens=128}\"",
             .unit = "tokens",
             .help = "output lengths, in the same words"},
     .arg = "LENGTHS"},
    GBL_FLAG_SEED(generate_opt, scene),
    GBL_FLAG_TO(generate_opt, to),
    GBL_FLAG_OUT(generate_opt, out),
    GBL_FLAG_JSON(generate_opt, json),
    {.row = {.name = NULL}}};

/* A bare process gets its rate from --rate; one with braces says everything itself. */
static int arrival_json(gbl_json *j, const generate_opt *o, gbl_arena *a, gbl_err *err)
{
    if (strchr(o->arrival, '{')) return gbl_spec_json(j, "arrival", "--arrival", o->arrival, a, err);
    gbl_json_obj(j, "arrival");
    gbl_json_str(j, "use", o->arrival);
    gbl_json_num(j, "rate_s", o->rate);
    gbl_json_end(j);
    return GBL_OK;
}

static int trace_json(gbl_json *j, const generate_opt *o, gbl_arena *a, gbl_err *err)
{
    gbl_json_obj(j, NULL);
    gbl_json_obj(j, "generate");
    gbl_json_int(j, "requests", o->requests);
    int code = arrival_json(j, o, a, err);
    if (!code) code = gbl_spec_json(j, "input", "--input", o->input, a, err);
    if (!code) code = gbl_spec_json(j, "output", "--output", o->output, a, err);
    gbl_json_end(j);
    gbl_json_end(j);
    return code;
}

/* The document was made from flags: its line and column tell the user nothing, its key path "generate.input.low" does. */
static void where_flag(gbl_err *err)
{
    char *path = strstr(err->where, "generate."), flag[sizeof err->where];
    if (!path) return;
    path += strlen("generate.");
    snprintf(flag, sizeof flag, "--%s", path);
    for (char *dot = flag; *dot; dot++)
        if (*dot == '.') *dot = ' ';
    flag[strcspn(flag, ")")] = 0;
    gbl_where(err, "%s", flag);
}

static int write_flags(const generate_opt *o, const gbl_trace_target *to, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    gbl_source *s = NULL;
    gbl_json *j = gbl_json_new(0);
    int code = j ? trace_json(j, o, a, err) : gbl_nomem(err, 0);
    const char *text = code ? NULL : gbl_json_text(j);
    if (!code) code = text ? gbl_doc_parse(&doc, "flags", text, strlen(text), err) : gbl_nomem(err, 0);
    if (!code &&
        (code = gbl_source_open(&s, gbl_doc_root(doc), o->scene.seed == GBL_NULL_INT ? 1 : (uint64_t)o->scene.seed,
                                err)) == GBL_EINPUT)
        where_flag(err);
    if (!code) code = gbl_trace_deliver(s, to, err);
    if (s) gbl_source_close(s);
    gbl_doc_free(doc);
    gbl_json_free(j);
    return code;
}

static int write_scenario(const generate_opt *o, const gbl_trace_target *to, gbl_arena *a, gbl_err *err)
{
    gbl_scenario *scenario = NULL;
    gbl_source *s = NULL;
    int code = gbl_scene_open(&scenario, o->from, &o->scene, a, err);
    if (code) return code;
    code = gbl_source_open(&s, scenario->trace, (uint64_t)scenario->seed, err);
    if (!code) code = gbl_trace_deliver(s, to, err);
    if (s) gbl_source_close(s);
    gbl_scenario_free(scenario);
    return code;
}

/* A flag that nothing reads is refused, not ignored. */
static int check_from(const generate_opt *o, gbl_err *err)
{
    static const char *const names[] = {"requests", "rate", "arrival", "input", "output"};
    for (const gbl_flag *f = flags; f->row.name; f++)
        for (size_t i = 0; o->from && i < sizeof names / sizeof *names; i++)
            if (strcmp(f->row.name, names[i]) == 0 && !gbl_param_is_default(&f->row, o)) {
                gbl_fail(err, GBL_EINPUT, "--%s is not read: the trace comes from %s", names[i], o->from);
                return gbl_expected(err, "--set trace.generate....=VALUE, or no --from");
            }
    if (!o->from && strchr(o->arrival, '{') && o->rate != 1) {
        gbl_fail(err, GBL_EINPUT, "--rate is not read: --arrival %s says everything itself", o->arrival);
        return gbl_expected(err, "rate_s= in its braces, or a bare name");
    }
    if (o->from || !o->scene.set.n) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "--set %s is not read: there is no scenario", o->scene.set.item[0]);
    return gbl_expected(err, "--set together with --from SCENARIO.json");
}

static int run(const gbl_call *call, gbl_err *err)
{
    const generate_opt *o = call->opt;
    gbl_trace_target to = {.out = o->out, .format = o->to, .json = o->json};
    int code = gbl_trace_target_check(&to, err);
    if (!code) code = check_from(o, err);
    if (code) return code;
    return o->from ? write_scenario(o, &to, call->arena, err) : write_flags(o, &to, call->arena, err);
}

const gbl_command gbl_cmd_trace_generate = {
    .name = "generate",
    .operands = "",
    .brief = "write a synthetic trace",
    .about = "Arrivals and lengths are keyed by (seed, request), so that more requests or another process leave the "
             "other draws as they were. "
             "The seed is 1 unless --seed or the scenario says otherwise.",
    .example = {{"gable trace generate --requests 100000 --arrival "
                 "'bursts{rate_s=2.57,dispersion_1s=13,dispersion_10s=72,dispersion_60s=164}' -o bursty.jsonl.gz",
                 "as bursty as a coding service, packed"},
                {"gable trace generate --from scenario.json --to azure > scenario.csv",
                 "the trace of a scenario, as it would be replayed"}},
    .flags = flags,
    .opt_size = sizeof(generate_opt),
    .run = run};
