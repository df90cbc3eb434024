#include "cli/tracing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/pack.h"
#include "cli/output.h"

int gbl_trace_target_check(const gbl_trace_target *t, gbl_err *err)
{
    if (t->json && (!t->out || !strcmp(t->out, "-"))) {
        gbl_fail(err, GBL_EINPUT, "--json and the trace cannot both go to standard output");
        return gbl_expected(err, "--json together with -o FILE");
    }
    return GBL_OK;
}

static int summary_json(int64_t rows, const gbl_repairs *w, gbl_err *err)
{
    const char *key, *what;
    int64_t n;
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_int(j, "rows", rows);
    gbl_json_obj(j, "repairs");
    for (int i = 0; gbl_repair_at(w, i, &key, &what, &n); i++) gbl_json_int(j, key, n);
    gbl_json_end(j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static void tell_lost(const gbl_trace_lost *lost, const char *format)
{
    if (lost->turns) gbl_output_warn("%" PRId64 " later turns of sessions written as requests at fixed times: %s keeps neither their order nor their pauses", lost->turns, format);
    if (lost->coarse_ids) gbl_output_warn("prefix ids of %" PRId64 " requests made coarser: one for 512 tokens", lost->coarse_ids);
    if (lost->ids) gbl_output_warn("prefix ids of %" PRId64 " requests left out: %s has no place for them", lost->ids, format);
}

/* The spool packed as the name of the file asks for; NULL: err is filled. */
static FILE *packed(FILE *spool, const char *path, gbl_err *err)
{
    enum gbl_packing how = path ? gbl_packing_of(path) : GBL_PLAIN;
    if (how == GBL_PLAIN) return spool;
    FILE *to = gbl_spool_new(err);
    rewind(spool);
    if (to && gbl_pack(spool, to, how, err)) {
        fclose(to);
        to = NULL;
    }
    fclose(spool);
    return to;
}

int gbl_trace_deliver(gbl_source *s, const gbl_trace_target *t, gbl_err *err)
{
    static const char *const format[] = {"mooncake", "azure", "vidur", "burstgpt", "llmservingsim"};
    FILE *spool = gbl_spool_new(err);
    if (!spool) return err->code;
    gbl_trace_lost lost;
    int64_t rows = gbl_trace_write(s, format[t->format], spool, &lost, err);
    if (rows == 0) {
        gbl_fail(err, GBL_EINPUT, "no request is left, so there is no trace to write");
        gbl_expected(err, "a window (--from, --until) and a share (--keep) that leave some");
    }
    if (rows <= 0) {
        fclose(spool);
        return err->code;
    }
    spool = packed(spool, t->out, err);
    int code = spool ? gbl_spool_deliver(spool, t->out, err) : err->code;
    if (code) return code;
    tell_lost(&lost, format[t->format]);
    const gbl_repairs *w = gbl_source_repairs(s);
    if (t->json) return summary_json(rows, w, err);
    const char *key, *what;
    int64_t n;
    for (int i = 0; gbl_repair_at(w, i, &key, &what, &n); i++)
        if (n) gbl_output_warn("%" PRId64 " %s", n, what);
    return GBL_OK;
}
