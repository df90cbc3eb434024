/* cmd_calibrate.c - gable calibrate: a GPU's parameters from measured kernels, as a card. */
#include <string.h>
#include <unistd.h>

#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/output.h"
#include "validate/calibrate.h"
#include "validate/probe_program.h"

typedef struct calibrate_opt {
    const char *hardware, *output, *source, *date, *db, *program, *rows;
    gbl_texts where;
    int32_t json, probe, quick;
} calibrate_opt;

#define TEXT(field, text, value, word, says)              \
    {                                                     \
        .row = {.name = text,                             \
                .type = GBL_P_STR,                        \
                .flags = GBL_P_NULLABLE,                  \
                .offset = offsetof(calibrate_opt, field), \
                .dflt = value,                            \
                .help = says},                            \
        .arg = word                                       \
    }

enum { CUDA, CPU, OPENCL }; /* of --probe */
static const gbl_flag flags[] = {
    {.row = {.name = "probe",
             .type = GBL_P_CHOICE,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(calibrate_opt, probe),
             .dflt = "null",
             .choices = "cuda|cpu|opencl",
             .help = "measure the machine first: cuda runs gable-probe (make cuda), cpu and opencl gable-probe-host"},
     .arg = "KIND"},
    TEXT(program, "program", "null", "FILE", "the probe to run; without it the one beside gable"),
    TEXT(rows, "rows", "null", "FILE", "read the rows that a probe printed earlier instead of running it"),
    {.row = {.name = "quick", .type = GBL_P_BOOL, .offset = offsetof(calibrate_opt, quick), .dflt = "false", .help = "fewer shapes and repetitions"}},
    TEXT(hardware, "hardware", "null", "CARD",
         "the card to start from, by name or path: its data sheet, and what is not measured; without it the one that a probe's device is named after (cpu, opencl: one that the probe writes), else h100-sxm"),
    {.row = {.name = "out",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(calibrate_opt, output),
             .dflt = "null",
             .help = "write the card with the new calibration there; without it nothing is written"},
     .arg = "FILE",
     .letter = 'o'},
    {.row = {.name = "where",
             .type = GBL_P_STR,
             .offset = offsetof(calibrate_opt, where),
             .help = "only rows whose column has this value, as in system=h100_sxm, in files that have the column"},
     .arg = "COLUMN=VALUE",
     .repeat = 1},
    TEXT(source, "source", "null", "TEXT", "who measured what, under which licence; without it the files' names"),
    TEXT(date, "date", "null", "YYYY-MM-DD", "of the calibration; without it today"),
    TEXT(db, "db", "null", "FILE", "keep every row, measured and modelled, in this SQLite store (table measurement)"),
    GBL_FLAG_JSON(calibrate_opt, json),
    {.row = {.name = NULL}}};

static int write_card(const gbl_calibration *c, const char *path, gbl_err *err)
{
    FILE *spool = gbl_spool_new(err);
    if (!spool) return err->code;
    if (gbl_calibration_card(c, spool, err)) {
        fclose(spool);
        return err->code;
    }
    return gbl_spool_deliver(spool, path, err);
}

static int print(const gbl_calibration *c, int json, gbl_err *err)
{
    if (!json) return gbl_calibration_print(c, stdout) ? gbl_nomem(err, 0) : GBL_OK;
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_calibration_json(c, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

/* ---- measuring first ---- */

static int refuse(gbl_err *err, const char *what, const char *expected)
{
    gbl_fail(err, GBL_EINPUT, "%s", what);
    return gbl_expected(err, "%s", expected);
}

static int check(const calibrate_opt *o, const gbl_call *call, gbl_err *err)
{
    if (o->probe < 0 && (o->program || o->rows || o->quick))
        return refuse(err, "--program, --rows and --quick belong to a probe", "--probe cuda, cpu or opencl beside them");
    if (o->rows && (o->program || o->quick)) return refuse(err, "--rows reads what was measured, --program and --quick measure", "one of the two");
    if (o->source && !o->output && !o->json && !o->db) return refuse(err, "--source is not read: nothing is written", "--source together with --out, --db or --json");
    if (o->date && !o->output && !o->json) return refuse(err, "--date is not read: no card is written", "--date together with --out or --json");
    if (o->probe < 0 && !call->n_arg) return refuse(err, "nothing to fit to", "files of measurements, or --probe cuda, cpu or opencl");
    return 0;
}

static const char *program_of(const calibrate_opt *o, gbl_arena *a, gbl_err *err)
{
    const char *found = o->program ? o->program : gbl_probe_program_find(a, o->probe == CUDA ? "gable-probe" : "gable-probe-host");
    if (!found && o->probe == CUDA) refuse(err, "there is no gable-probe beside gable", "make cuda builds it where nvcc is; or --program FILE, or --rows FILE");
    else if (!found) refuse(err, "there is no gable-probe-host beside gable", "make builds it; or --program FILE, or --rows FILE");
    return found;
}

/* Arguments of the program, `more` and NULL last. */
static void arguments(const calibrate_opt *o, const char *first, const char *more, const char *out[6])
{
    int n = 0;
    if (o->probe != CUDA) {
        out[n++] = "--backend";
        out[n++] = o->probe == CPU ? "cpu" : "opencl";
    }
    out[n++] = first;
    if (more) out[n++] = more;
    out[n] = NULL;
}

/* Rows of another kind of machine than was asked for. */
static int check_backend(const calibrate_opt *o, const gbl_probe_rows *rows, gbl_err *err)
{
    static const char *const backend[] = {[CUDA] = "cuda", [CPU] = "cpu", [OPENCL] = "opencl"};
    if (!rows->backend || !strcmp(rows->backend, backend[o->probe])) return 0;
    gbl_fail(err, GBL_EINPUT, "rows of backend \"%.40s\" for --probe %s", rows->backend, backend[o->probe]);
    return gbl_expected(err, "--probe %s, or rows that it measured", rows->backend);
}

static int measure(const calibrate_opt *o, gbl_arena *a, gbl_probe_rows *rows, gbl_err *err)
{
    const char *args[6];
    if (o->rows) return gbl_probe_rows_read(rows, o->rows, err) || check_backend(o, rows, err) ? err->code : 0;
    const char *program = program_of(o, a, err);
    arguments(o, "--json-header", o->quick ? "--quick" : NULL, args);
    return !program || gbl_probe_program_run(rows, program, args, err) || check_backend(o, rows, err) ? err->code : 0;
}

/* A host has no data sheet: the probe writes its card, into a file at `path`. */
static int host_card(const calibrate_opt *o, gbl_arena *a, char *path, size_t size, gbl_err *err)
{
    const char *args[6], *program;
    *path = 0;
    if (o->probe < CPU || o->hardware) return 0;
    if (o->rows) return refuse(err, "rows of a host that is not this one, perhaps", "--hardware CARD (gable-probe-host --card prints the host's)");
    if (!(program = program_of(o, a, err))) return err->code;
    arguments(o, "--card", NULL, args);
    return gbl_probe_program_spool(path, size, ".json", program, args, err);
}

/* The card: as asked; else that of the device; else the first of the contract. */
static const char *card_for(const calibrate_opt *o, const char *host, const gbl_probe_rows *rows, gbl_arena *a, gbl_err *err)
{
    if (o->hardware) return o->hardware;
    if (*host) return host;
    if (!rows->device) return "h100-sxm";
    const char *card = gbl_probe_card(rows->device, a);
    if (card) return card;
    gbl_fail(err, GBL_EINPUT, "no card is named after the device \"%.80s\"", rows->device);
    gbl_expected(err, "--hardware CARD: its data sheet, as a card's name (gable list hardware) or the path of a file");
    return NULL;
}

static const char *rows_name(const calibrate_opt *o, const gbl_probe_rows *rows, gbl_arena *a)
{
    if (o->rows) return o->rows;
    return gbl_arena_printf(a, "%s on %s, driver %s", o->probe == CUDA ? "gable-probe" : "gable-probe-host", rows->device, rows->driver ? rows->driver : "unknown");
}

static int calibrate(const gbl_call *call, const char *host, gbl_probe_rows *rows, gbl_err *err)
{
    const calibrate_opt *o = call->opt;
    gbl_calibration_ask ask = {.file = call->arg,
                               .n_files = call->n_arg,
                               .where = o->where.item,
                               .n_where = o->where.n,
                               .source = o->source,
                               .date = o->date};
    gbl_calibration *c = gbl_arena_take(call->arena, sizeof *c);
    int64_t kept = 0;
    if (!c) return gbl_nomem(err, sizeof *c);
    if (o->probe >= 0 && measure(o, call->arena, rows, err)) return err->code;
    if (!(ask.hardware = card_for(o, host, rows, call->arena, err))) return err->code;
    if (rows->n) ask.probe = rows;
    if (rows->n && !(ask.probe_name = rows_name(o, rows, call->arena))) return gbl_nomem(err, 0);
    int standard = o->output && strcmp(o->output, "-") == 0; /* then the card alone */
    int code = gbl_calibration_run(c, &ask, err);
    if (!code && o->db) code = gbl_calibration_keep(c, o->db, &kept, err);
    if (!code && o->output) code = write_card(c, o->output, err);
    if (!code && !standard) code = print(c, o->json, err);
    if (!code && !standard && !o->json && o->output) printf("\ncard written: %s\n", o->output);
    if (!code && !standard && !o->json && o->db) printf("%lld measurements kept in %s\n", (long long)kept, o->db);
    gbl_calibration_fini(c);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    gbl_probe_rows rows;
    char host[256];
    if (check(call->opt, call, err) || gbl_catalogue_there(call->arena, err) || gbl_probe_rows_init(&rows, err)) return err->code;
    int code = host_card(call->opt, call->arena, host, sizeof host, err);
    if (!code) code = calibrate(call, host, &rows, err);
    if (*host) unlink(host);
    gbl_probe_rows_fini(&rows);
    return code;
}

const gbl_command gbl_cmd_calibrate = {
    .name = "calibrate",
    .operands = "[MEASUREMENTS...]",
    .brief = "fit a GPU's parameters to measured kernels",
    .about = "Reads times of single kernels (CSV, plain or compressed, or a store's table measurement), fits the parameters of "
             "the kernel formulas, and writes a hardware card with standard errors, covariance and the errors on shapes "
             "that were kept out of the fit. Columns of a CSV file tell its class: gemm dtype,m,n,k,latency_us; prefill "
             "batch_size,isl,num_heads,num_kv_heads,head_dim,latency_us; decode batch_size,kv_len,...; moe num_tokens,"
             "hidden_size,inter_size,topk,num_experts,latency_us; all_reduce num_gpus,message_bytes,latency_us. "
             "A file of JSON lines holds rows of a probe, which --probe runs. validate/README.md says more.",
    .example = {{"gable calibrate gemm.csv decode.csv prefill.csv --hardware rtx-4090 -o mine.json", "a card for one's own machine"},
                {"gable calibrate --probe cpu -o host.json", "measure this CPU: minutes on a quiet machine"}},
    .flags = flags,
    .opt_size = sizeof(calibrate_opt),
    .least = 0,
    .most = 64,
    .run = run};
