#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "sim/selftest.h"

typedef struct selftest_opt {
    int32_t json;
} selftest_opt;

static const gbl_flag flags[] = {GBL_FLAG_JSON(selftest_opt, json), {.row = {.name = NULL}}};

/* The oracles speak in lines; the JSON object carries them as they are. */
static int lines_json(FILE *spool, int failed, gbl_err *err)
{
    char line[1024];
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_int(j, "failed", failed);
    gbl_json_arr(j, "lines");
    rewind(spool);
    while (fgets(line, sizeof line, spool)) {
        line[strcspn(line, "\n")] = 0;
        gbl_json_str(j, NULL, line);
    }
    gbl_json_end(j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const selftest_opt *o = call->opt;
    FILE *to = o->json ? gbl_spool_new(err) : stdout;
    if (!to) return err->code;
    int failed = gbl_selftest(to, err), code = err->code;
    if (o->json) {
        code = code ? code : lines_json(to, failed, err);
        fclose(to);
    }
    if (!code && failed) code = gbl_fail(err, GBL_EFAULT, "%d oracles failed", failed);
    return code;
}

const gbl_command gbl_cmd_selftest = {
    .name = "selftest",
    .operands = "",
    .brief = "check this gable against closed forms and hand-worked cases",
    .about = "Runs the real replica against queueing theory, Little's law, a hand-worked roofline step, a "
             "chunked-prefill schedule and a scripted "
             "preemption. One line an oracle; exit 1 when one fails.",
    .example = {{"gable selftest", "one line an oracle"}, {"gable selftest --json", "the same as one JSON object"}},
    .flags = flags,
    .opt_size = sizeof(selftest_opt),
    .run = run};
