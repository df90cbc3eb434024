#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "reports/export.h"

enum { CSV, JSONL }; /* the first of --format's choices */

typedef struct export_opt {
    const char *db, *out;
    int32_t format, json;
} export_opt;

static const gbl_flag flags[] = {
    {.row = {.name = "db",
             .type = GBL_P_STR,
             .offset = offsetof(export_opt, db),
             .dflt = "\"results.db\"",
             .help = "the store to read"},
     .arg = "FILE"},
    {.row = {.name = "format",
             .type = GBL_P_CHOICE,
             .offset = offsetof(export_opt, format),
             .dflt = "\"csv\"",
             .choices = "csv|jsonl|chrome|perfetto|bench_serve",
             .help = "one line a request: CSV with a header, or JSON objects; chrome, perfetto: a trace for ui.perfetto.dev; bench_serve: the result JSON of vLLM's bench serve, without itls: a store keeps no single gaps"},
     .arg = "FORMAT"},
    {.row = {.name = "out",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(export_opt, out),
             .dflt = "null",
             .help = "write to this file, replaced whole at the end, instead of standard output"},
     .arg = "FILE",
     .letter = 'o'},
    {.row = {.name = "json",
             .type = GBL_P_BOOL,
             .offset = offsetof(export_opt, json),
             .dflt = "false",
             .help = "the same as --format jsonl"}},
    {.row = {.name = NULL}}};

static int run(const gbl_call *call, gbl_err *err)
{
    const export_opt *o = call->opt;
    int64_t run_id = 0; /* the newest */
    if (call->n_arg && (gbl_text_int(call->arg[0], strlen(call->arg[0]), &run_id) != 0 || run_id < 1)) {
        gbl_fail(err, GBL_EINPUT, "%s is not the number of a run", call->arg[0]);
        return gbl_expected(err, "a whole number from 1: gable sql 'SELECT id, name FROM run' --db %s", o->db);
    }
    if (o->json && o->format > JSONL) {
        gbl_fail(err, GBL_EINPUT, "--json and --format exclude each other");
        return gbl_expected(err, "--json, the same as --format jsonl, or another format alone");
    }
    FILE *spool = gbl_spool_new(err);
    if (!spool) return err->code;
    static const enum gbl_export_format formats[] = {GBL_EXPORT_CSV, GBL_EXPORT_JSONL, GBL_EXPORT_TRACE, GBL_EXPORT_TRACE, GBL_EXPORT_BENCH};
    enum gbl_export_format format = o->json && !o->format ? GBL_EXPORT_JSONL : formats[o->format];
    int code = gbl_export_requests(o->db, run_id, format, spool, err);
    if (!code) return gbl_spool_deliver(spool, o->out, err);
    fclose(spool);
    return code;
}

const gbl_command gbl_cmd_export = {
    .name = "export",
    .operands = "[RUN]",
    .brief = "the requests of a run as CSV, JSON lines or a trace for Perfetto",
    .about = "RUN is the number of a run in the store, the newest one without it. A run keeps requests unless it was "
             "made with --requests none. A trace has a process a replica, a slice a request with queue, prefill, decode, transfer and "
             "preemption inside, and counters of KV blocks, batch, queue and resource use over time.",
    .example = {{"gable export 3 --db sweep.db --format jsonl -o run3.jsonl", "run 3 of another store, as JSON lines"},
                {"gable export --format perfetto -o run.json", "open it in ui.perfetto.dev"}},
    .flags = flags,
    .opt_size = sizeof(export_opt),
    .most = 1,
    .run = run};
