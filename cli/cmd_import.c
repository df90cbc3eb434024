#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "lib/import.h"

typedef struct import_opt {
    const char *hardware, *out;
} import_opt;

static const gbl_flag flags[] = {
    {.row = {.name = "hardware",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(import_opt, hardware),
             .dflt = "null",
             .help = "the GPU's card, which no engine flag names; without it the scenario's default"},
     .arg = "NAME"},
    {.row = {.name = "out",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(import_opt, out),
             .dflt = "null",
             .help = "write the scenario to this file instead of standard output"},
     .arg = "FILE",
     .letter = 'o'},
    {.row = {.name = NULL}}};

static int write_out(gbl_json *j, const char *out, gbl_err *err)
{
    const char *text = gbl_json_text(j);
    FILE *spool = text ? gbl_spool_new(err) : NULL;
    if (!text) return gbl_nomem(err, 0);
    if (!spool) return err->code;
    fprintf(spool, "%s\n", text);
    return gbl_spool_deliver(spool, out, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const import_opt *o = call->opt;
    const char *engine = call->arg[0];
    gbl_import_left_out left;
    if (strcmp(engine, "vllm") != 0 && strcmp(engine, "sglang") != 0) {
        gbl_fail(err, GBL_EINPUT, "no import from %s", engine);
        return gbl_expected(err, "vllm or sglang, then the command line that starts it, in quotes");
    }
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    int code = gbl_import(j, engine, call->arg + 1, call->n_arg - 1, o->hardware, &left, call->arena, err);
    if (!code && *left.dropped) gbl_output_warn("without effect on a simulation, left out: %s", left.dropped);
    if (!code && *left.unmodelled) gbl_output_warn("left out, though the engine would run otherwise: %s; the runtime card stands as it was measured", left.unmodelled);
    if (!code) code = write_out(j, o->out, err);
    gbl_json_free(j);
    return code;
}

const gbl_command gbl_cmd_import = {
    .name = "import",
    .operands = "vllm|sglang COMMAND-LINE",
    .brief = "the command line that starts a serving engine, as a scenario",
    .about = "Takes what is typed to start vLLM or SGLang and writes the scenario that simulates it: parallelism, memory, limits, formats, "
             "prefix cache and scheduler. Flags that cannot change a simulation, and those that choose among kernels, are left out and said; flags that would "
             "change what is scheduled, and that gable does not model, are refused. Engine and hardware defaults that are not on the line are gable's: see gable schema scenario.",
    .example = {{"gable import vllm 'vllm serve meta-llama/Llama-3.1-8B-Instruct -tp 2 --max-num-seqs 128' -o s.json", "then gable run s.json"},
                {"gable import sglang 'python -m sglang.launch_server --model-path Qwen/Qwen3-8B --schedule-policy lpm'", "SGLang's"}},
    .flags = flags,
    .opt_size = sizeof(import_opt),
    .least = 2,
    .most = 2,
    .words = "vllm|sglang",
    .run = run};
