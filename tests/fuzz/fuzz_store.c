/* Any bytes as a store: read by everything that reads one. SQLite finds most damage; what it lets through (rows that nobody
 * of ours wrote, texts that are no JSON) is ours to refuse. */
#include "tests/fuzz/feed.h"
#include "reports/export.h"
#include "reports/html.h"
#include "reports/measurements.h"
#include "reports/store.h"
#include "reports/why.h"

static void check(int code, const gbl_err *err)
{
    if (code) feed_refused(err);
}

static int row(void *to, int64_t id, const char *operation, const char *shape, double measured, gbl_err *err)
{
    (void)to, (void)id, (void)operation, (void)shape, (void)measured, (void)err;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    const char *path = feed_file(0, data, size);
    gbl_err err = {0};
    gbl_why *w = NULL;

    if (!nowhere) nowhere = fopen("/dev/null", "w");
    check(gbl_store_sql(path, "SELECT * FROM summary", GBL_SQL_TABLE, nowhere, &err), &err);
    check(gbl_store_sql(path, "SELECT r.*, m.* FROM run AS r JOIN metric AS m ON m.run = r.id", GBL_SQL_JSON, nowhere, &err), &err);
    for (int f = GBL_EXPORT_CSV; f <= GBL_EXPORT_TRACE; f++) check(gbl_export_requests(path, 0, (enum gbl_export_format)f, nowhere, &err), &err);
    int code = gbl_why_read(&w, path, 0, &err);
    if (!code) code = gbl_why_sort(w, &err);
    check(code, &err);
    gbl_why_free(w);
    if (gbl_measurements_is_store(path)) check(gbl_measurements_read(path, "h100-sxm", "latency_us", row, NULL, &err), &err);
    check(gbl_report_html(path, "/dev/null", &err), &err);
    return 0;
}
