/* html.h - `gable report`: one self-contained page about the newest runs of a store. */
#ifndef GBL_HTML_H
#define GBL_HTML_H
#include "base/err.h"

/* Writes the page to `out` by way of a temporary file beside it, so that `out` is the old page or the whole new one.
 * Everything on it comes from the store `db`. Charts are drawn by Chart.js, which is copied into the page from
 * $GABLE_CHARTJS or the place of Debian's libjs-chart.js; where that is missing the tables remain and the page says so.
 * GBL_EINPUT: no store, no run in it, or `out` cannot be written. */
int gbl_report_html(const char *db, const char *out, gbl_err *err);

#endif
