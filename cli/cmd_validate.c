/* cmd_validate.c - gable validate: what the models say beside what was measured. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/output.h"
#include "validate/engine_score.h"
#include "validate/kernels_table.h"
#include "validate/probe_layers.h"

typedef struct engine_opt {
    const char *data, *db;
    int32_t json;
} engine_opt;

static const gbl_flag engine_flags[] = {
    {.row = {.name = "data",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(engine_opt, data),
             .dflt = "null",
             .help = "folder of the measurements; without it $GABLE_MEASUREMENTS, else ../shared/data"},
     .arg = "DIR"},
    {.row = {.name = "db",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(engine_opt, db),
             .dflt = "null",
             .help = "keep every pair of numbers in this SQLite store (table measurement)"},
     .arg = "FILE"},
    GBL_FLAG_JSON(engine_opt, json),
    {.row = {.name = NULL}}};

static const char *data_folder(const engine_opt *o)
{
    const char *set = getenv("GABLE_MEASUREMENTS");
    return o->data ? o->data : set && *set ? set : "../shared/data";
}

static int is_path(const char *name)
{
    size_t n = strlen(name);
    return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".json") == 0);
}

static int print(const gbl_engine_scores *s, int json, gbl_err *err)
{
    if (!json) return gbl_engine_print(s, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_engine_json(s, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

/* One line and nothing scored: measurements do not travel with gable. */
static int skip(const char *data, int json, const char *first, const char *second, gbl_err *err)
{
    if (!json) {
        printf("skipped: there is no folder of measurements at %s; --data DIR or $GABLE_MEASUREMENTS names it\n", data);
        return GBL_OK;
    }
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_arr(j, "skipped");
    gbl_json_str(j, NULL, data);
    gbl_json_end(j);
    gbl_json_arr(j, first);
    gbl_json_end(j);
    if (second) {
        gbl_json_arr(j, second);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int validate(gbl_engine_scores *s, const char *name, const char *data, const engine_opt *o, gbl_err *err)
{
    int64_t kept = 0;
    gbl_signals_catch();
    s->stop = gbl_signals_flag();
    int code = gbl_engine_validate(s, name, data, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM) code = gbl_signals_fail(err, o->db ? "nothing was stored" : "no result");
    if (!code && o->db) code = gbl_engine_keep(s, o->db, &kept, err);
    if (!code) code = print(s, o->json, err);
    if (!code && o->db && !o->json) printf("%lld measurements kept in %s\n", (long long)kept, o->db);
    return code;
}

static int run_engine(const gbl_call *call, gbl_err *err)
{
    const engine_opt *o = call->opt;
    const char *name = call->n_arg ? call->arg[0] : "all", *data = data_folder(o);
    gbl_engine_scores s;
    struct stat st;
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    if (stat(data, &st) != 0 || !S_ISDIR(st.st_mode)) {
        if (!is_path(name)) {
            gbl_engine_spec *known = NULL;
            int code = strcmp(name, "all") ? gbl_engine_spec_open(&known, name, err) : GBL_OK; /* a wrong name is no skip */
            gbl_engine_spec_free(known);
            return code ? code : skip(data, o->json, "points", "reach", err);
        }
        data = NULL;
    }
    int code = gbl_engine_scores_init(&s, err);
    if (code) return code;
    code = validate(&s, name, data, o, err);
    gbl_engine_scores_fini(&s);
    return code;
}

static const gbl_command engine = {
    .name = "engine",
    .operands = "[LOG|all]",
    .brief = "replay real engines' request logs and print the errors",
    .about = "Each log is replayed through the simulator at its own arrival times. Signed errors in percent of TTFT, TPOT, "
             "ITL and E2E, of throughput and of KV token-seconds, with the load rho beside them: an error of what a further sequence "
             "costs grows by rho/(1-rho). LOG is a shipped description's name, or the path of one's own; "
             "validate/ENGINES.md says how to write it.",
    .example = {{"gable validate engine", "every known log"},
                {"gable validate engine ./mylog.json --db results.db", "an engine of one's own, kept in a store"}},
    .flags = engine_flags,
    .opt_size = sizeof(engine_opt),
    .most = 1,
    .run = run_engine};

static int print_kernels(const gbl_kernel_scores *s, int json, gbl_err *err)
{
    if (!json) return gbl_kernel_print(s, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_kernel_json(s, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int run_kernels(const gbl_call *call, gbl_err *err)
{
    const engine_opt *o = call->opt;
    const char *data = data_folder(o);
    gbl_kernel_scores s;
    struct stat st;
    if (gbl_catalogue_there(call->arena, err)) return err->code;
    if (stat(data, &st) != 0 || !S_ISDIR(st.st_mode)) return skip(data, o->json, "kernels", NULL, err);
    int code = gbl_kernel_scores_init(&s, err);
    if (code) return code;
    gbl_signals_catch();
    s.stop = gbl_signals_flag();
    code = gbl_kernel_validate(&s, data, o->db, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM) code = gbl_signals_fail(err, o->db ? "nothing was stored" : "no result");
    if (!code) code = print_kernels(&s, o->json, err);
    if (!code && o->db && !o->json) printf("%lld measurements kept in %s\n", (long long)s.kept, o->db);
    gbl_kernel_scores_fini(&s);
    return code;
}

static const gbl_command kernels = {
    .name = "kernels",
    .operands = "",
    .brief = "kernel times against public measurements, by operator, region and GPU",
    .about = "Median and 90th percentile of the absolute error, and the median of the signed one, in percent: over all rows, and over "
             "the rows of shapes that the shipped calibration was not fitted on. in 95 %: the share of rows inside the card's interval.",
    .example = {{"gable validate kernels", "the tables of validate/README.md"},
                {"gable validate kernels --data ~/measurements --db results.db", "kept row by row in a store"}},
    .flags = engine_flags,
    .opt_size = sizeof(engine_opt),
    .run = run_kernels};

/* ---- layers: what a probe measured and no fit saw ---- */

typedef struct layers_opt {
    const char *hardware;
    int32_t json;
} layers_opt;

static const gbl_flag layers_flags[] = {
    {.row = {.name = "hardware",
             .type = GBL_P_STR,
             .offset = offsetof(layers_opt, hardware),
             .dflt = "\"h100-sxm\"",
             .help = "the card that predicts, by name or path: the one that the same rows were fitted to"},
     .arg = "CARD"},
    GBL_FLAG_JSON(layers_opt, json),
    {.row = {.name = NULL}}};

static int run_layers(const gbl_call *call, gbl_err *err)
{
    const layers_opt *o = call->opt;
    gbl_layers l = {0};
    int code = gbl_catalogue_there(call->arena, err);
    if (!code) code = gbl_layers_predict(&l, call->arg[0], o->hardware, err);
    if (!code && !o->json && gbl_layers_print(&l, stdout)) code = gbl_nomem(err, 0);
    if (!code && o->json) {
        gbl_json *j = gbl_json_new(2);
        if (j) {
            gbl_json_obj(j, NULL);
            gbl_layers_json(&l, j);
            gbl_json_end(j);
        }
        code = j ? gbl_output_json(j, err) : gbl_nomem(err, 0);
    }
    gbl_layers_fini(&l);
    return code;
}

static const gbl_command layers = {
    .name = "layers",
    .operands = "ROWS.jsonl",
    .brief = "steps of a stack of layers that a probe timed, against a card",
    .about = "A probe also runs a few layers of a transformer as a whole, in a prefill and in a decode step. No fit uses those rows: this "
             "is what the card fitted to the single kernels says of them.",
    .example = {{"gable validate layers rows.jsonl --hardware ./host.json", "rows and card of one machine"}},
    .flags = layers_flags,
    .opt_size = sizeof(layers_opt),
    .least = 1,
    .most = 1,
    .run = run_layers};

static const gbl_command *const subs[] = {&engine, &kernels, &layers, NULL};

const gbl_command gbl_cmd_validate = {
    .name = "validate",
    .operands = "engine|kernels|layers ...",
    .brief = "the models against measurements",
    .about = "Measurements of others are not shipped with gable: where they are missing, one line says so and nothing is scored.",
    .example = {{"gable validate engine", "request logs of real engines"},
                {"gable validate engine h100-qwen3-14b --json", "one of them, as one JSON object"}},
    .sub = subs};
