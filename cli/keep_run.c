#include "cli/keep_run.h"

#include "cli/output.h"

int gbl_keep_run(const char *db, const gbl_scenario *s, int64_t *run_id, gbl_err *err)
{
    gbl_keep *keep = NULL;
    gbl_result *r = NULL;
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .stop = gbl_signals_flag()};
    int code = gbl_keep_open(&keep, db, GBL_KEEP_SAMPLE, s->seed, err);
    if (!code) gbl_keep_listen(keep, &opt);
    if (!code) code = gbl_run(&r, s, &opt, err);
    if (code == GBL_EINTERRUPT || code == GBL_ETERM) code = gbl_signals_fail(err, "nothing was stored");
    if (!code) code = gbl_keep_commit(keep, s, r, run_id, err);
    if (r) gbl_result_free(r);
    gbl_keep_close(keep);
    return code;
}
