#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/output.h"
#include "reports/html.h"

typedef struct report_opt {
    const char *db, *out;
    int32_t json;
} report_opt;

static const gbl_flag flags[] = {{.row = {.name = "db",
                                          .type = GBL_P_STR,
                                          .offset = offsetof(report_opt, db),
                                          .dflt = "\"results.db\"",
                                          .help = "the store to read"},
                                  .arg = "FILE"},
                                 {.row = {.name = "out",
                                          .type = GBL_P_STR,
                                          .offset = offsetof(report_opt, out),
                                          .dflt = "\"report.html\"",
                                          .help = "the page, replaced whole at the end; -: standard output"},
                                  .arg = "FILE",
                                  .letter = 'o'},
                                 GBL_FLAG_JSON(report_opt, json),
                                 {.row = {.name = NULL}}};

static int run(const gbl_call *call, gbl_err *err)
{
    const report_opt *o = call->opt;
    struct stat st;
    int standard = strcmp(o->out, "-") == 0;
    if (standard && o->json) {
        gbl_fail(err, GBL_EINPUT, "--json and the page cannot both go to standard output");
        return gbl_expected(err, "--json together with -o FILE");
    }
    gbl_signals_catch(); /* a page is soon done; what lies beside it until then would stay */
    int code = gbl_report_html(o->db, o->out, err);
    if (code || standard) return code;
    long long bytes = stat(o->out, &st) == 0 ? (long long)st.st_size : 0;
    if (!o->json) {
        printf("%s: %lld KiB, one page that needs no network\n", o->out, (bytes + 1023) / 1024);
        return GBL_OK;
    }
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "report", o->out);
    gbl_json_int(j, "bytes", bytes);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

const gbl_command gbl_cmd_report = {
    .name = "report",
    .operands = "",
    .brief = "one self-contained HTML page about the runs of a store",
    .about = "Of the newest run: verdict, latencies, load and resources over time, where time went, a roofline. Of all: throughput "
             "against latency, price against latency, intervals over seeds, what `sens --db` and `claims --db` kept. The page works "
             "offline and prints.",
    .example = {{"gable report", "results.db into report.html"},
                {"gable report --db sweep.db -o sweep.html", "another store, another page"}},
    .flags = flags,
    .opt_size = sizeof(report_opt),
    .run = run};
