/* api_store.c - a store, read. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/api.h"
#include "reports/store.h"

struct gable_store {
    gbl_reader *reader;
};

int gable_store_open(gable_store **out, const char *path, gable_error *err)
{
    gbl_err e = {0};
    gable_store *s = *out = gbl_alloc(1, sizeof *s);
    int code = s ? gbl_reader_open(&s->reader, path, &e) : gbl_nomem(&e, sizeof *s);
    if (!code) return GABLE_OK;
    gbl_free(s);
    *out = NULL;
    return gbl_api_fail(err, &e);
}

void gable_store_close(gable_store *s)
{
    if (!s) return;
    gbl_reader_close(s->reader);
    gbl_free(s);
}

int gable_store_query(char **text, gable_store *s, const char *sql, enum gable_rows rows, gable_error *err)
{
    static const enum gbl_sql_format format[] = {GBL_SQL_JSON, GBL_SQL_JSONL, GBL_SQL_CSV};
    gbl_err e = {0};
    size_t size = 0;
    *text = NULL;
    FILE *to = open_memstream(text, &size);
    int code = to ? gbl_reader_sql(s->reader, sql, format[rows], to, &e) : gbl_nomem(&e, 0);
    if (to && fclose(to) != 0 && !code) code = gbl_nomem(&e, size);
    if (!code) return GABLE_OK;
    free(*text);
    *text = NULL;
    return gbl_api_fail(err, &e);
}
