/* cmd_calibrate.c - gable calibrate: a GPU's parameters from measured kernels, as a card. */
#include <string.h>

#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/output.h"
#include "validate/calibrate.h"

typedef struct calibrate_opt {
    const char *hardware, *output, *source, *date, *db;
    gbl_texts where;
    int32_t json;
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

static const gbl_flag flags[] = {
    TEXT(hardware, "hardware", "\"h100-sxm\"", "CARD", "the card to start from, by name or path: its data sheet, and what is not measured"),
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

static int run(const gbl_call *call, gbl_err *err)
{
    const calibrate_opt *o = call->opt;
    gbl_calibration_ask ask = {.file = call->arg,
                               .n_files = call->n_arg,
                               .hardware = o->hardware,
                               .where = o->where.item,
                               .n_where = o->where.n,
                               .source = o->source,
                               .date = o->date};
    gbl_calibration *c = gbl_arena_take(call->arena, sizeof *c);
    int64_t kept = 0;
    if (!c) return gbl_nomem(err, sizeof *c);
    if (gbl_catalogue_there(call->arena, err)) return err->code;
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

const gbl_command gbl_cmd_calibrate = {
    .name = "calibrate",
    .operands = "MEASUREMENTS...",
    .brief = "fit a GPU's parameters to measured kernels",
    .about = "Reads times of single kernels (CSV, plain or compressed, or a store's table measurement), fits the parameters of "
             "the kernel formulas, and writes a hardware card with standard errors, covariance and the errors on shapes "
             "that were kept out of the fit. Columns of a CSV file tell its class: gemm dtype,m,n,k,latency_us; prefill "
             "batch_size,isl,num_heads,num_kv_heads,head_dim,latency_us; decode batch_size,kv_len,...; moe num_tokens,"
             "hidden_size,inter_size,topk,num_experts,latency_us; all_reduce num_gpus,message_bytes,latency_us. "
             "validate/README.md says more.",
    .example = {{"gable calibrate gemm.csv decode.csv prefill.csv --hardware rtx-4090 -o mine.json", "a card for one's own machine"},
                {"gable run --set cluster.hardware=./mine.json", "and a run on it"}},
    .flags = flags,
    .opt_size = sizeof(calibrate_opt),
    .least = 1,
    .most = 64,
    .run = run};
