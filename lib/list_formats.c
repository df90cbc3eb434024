#include "lib/lister.h"
#include "traces/reader.h"

int gbl_list_formats(const gbl_lister *l, gbl_err *err)
{
    (void)err;
    if (l->t) gbl_table_columns(l->t, "trace format", "read", "what it is", (const char *)NULL);
    for (const gbl_format *const *f = gbl_formats; *f; f++) {
        if (l->j) {
            gbl_json_obj(l->j, NULL);
            gbl_json_str(l->j, "name", (*f)->name);
            gbl_json_bool(l->j, "readable", gbl_format_reads(*f));
            gbl_json_str(l->j, "help", (*f)->help);
            gbl_json_end(l->j);
            continue;
        }
        gbl_table_cell(l->t, "%s", (*f)->name);
        gbl_table_cell(l->t, "%s", gbl_format_reads(*f) ? "yes" : "no");
        gbl_table_cell(l->t, "%s", (*f)->help);
    }
    return GBL_OK;
}
