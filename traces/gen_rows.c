/* gen_rows.c - requests resampled from a file, row by row: what a row says of input, output and the gap before it stays together.
 * With `run` above 1 so many rows in a row are taken at a time (moving-block bootstrap: Kunsch 1989), so that what follows from one
 * row to the next stays, too, over that stretch; the file is read as a ring. Prefix ids and sessions are left behind. */
#include <math.h>
#include <string.h>
#include "base/param.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/generate.h"
#include "traces/reader.h"

#define AT(FIELD) offsetof(gbl_resample, FIELD)
const gbl_param gbl_resample_params[] = {
    {"file", GBL_P_STR, GBL_P_NULLABLE, AT(file), "null", 1, 0, NULL, NULL, "A trace in any format that can be read, or a CSV file of lengths."},
    {"format", GBL_P_STR, GBL_P_NULLABLE, AT(format), "null", 1, 0, NULL, NULL, "Format of the trace; null: told from its content."},
    {"input", GBL_P_STR, GBL_P_NULLABLE, AT(input), "null", 1, 0, NULL, NULL, "Column of prompt tokens, where the file is a CSV file of lengths."},
    {"output", GBL_P_STR, GBL_P_NULLABLE, AT(output), "null", 1, 0, NULL, NULL, "Column of output tokens, with input."},
    {"gap_s", GBL_P_STR, GBL_P_NULLABLE, AT(gap_s), "null", 1, 0, NULL, NULL, "Column of the seconds since the row before, with input; for the arrivals \"rows\"."},
    {"run", GBL_P_INT, 0, AT(run), "1", 1, 1e9, "rows", NULL, "So many rows in a row are taken together."},
    {NULL}};
#undef AT

int gbl_resample_bind(gbl_resample *r, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    *r = (gbl_resample){.on = n != NULL};
    if (!n) return 0;
    if (gbl_param_defaults(gbl_resample_params, r, a, err) || gbl_param_bind(gbl_resample_params, r, n, NULL, a, err)) return err->code;
    const char *want = !r->file ? "rows needs a file" : !r->input != !r->output ? "the CSV columns of input and output go together"
                       : r->gap_s && !r->input ? "gap_s is a CSV column beside input and output" : r->format && r->input ? "a file with named columns has no format" : NULL;
    if (!want) return 0;
    gbl_node_fail(n, err, "%s", want);
    return gbl_expected(err, "{\"file\": TRACE} or {\"file\": CSV, \"input\": COLUMN, \"output\": COLUMN}");
}

static int add(gbl_resample *r, int64_t input, int64_t output, double gap_s)
{
    if (gbl_grow(&r->row, &r->room, (size_t)r->n + 1, sizeof *r->row)) return -1;
    r->row[r->n++] = (gbl_resample_row){(int32_t)input, (int32_t)output, gap_s};
    return 0;
}

static int take_columns(void *to, const double *v, const char **why)
{
    gbl_resample *r = to;
    for (int i = 0; i < 2; i++)
        if (!(v[i] >= 0 && v[i] <= (double)GBL_ROW_TOKENS) || floor(v[i]) != v[i]) *why = "tokens is not a whole number from 0 to 1,000,000,000";
    if (r->gap_s && !(v[2] >= 0 && v[2] <= 1e9)) *why = "the gap is not between 0 and 1e9 s";
    if (*why) return -1;
    if (v[0] < 1) return r->repairs.zero_input++, 0;
    if (v[1] < 1) return r->repairs.zero_output++, 0;
    return add(r, (int64_t)v[0], (int64_t)v[1], r->gap_s ? v[2] : NAN);
}

static int read_trace(gbl_resample *r, const char *path, gbl_err *err)
{
    gbl_source *s = NULL;
    gbl_record x;
    int64_t last = -1;
    int got = 0, rc = gbl_source_open_file(&s, path, r->format, err);
    if (!rc && gbl_source_closed(s)) rc = gbl_fail(err, GBL_EINPUT, "the trace's requests wait for each other: it has no times to take gaps from"), gbl_where(err, "%s", path);
    while (!rc && (got = gbl_source_next(s, &x, err)) == 1) {
        if (add(r, x.input, x.output, last < 0 ? NAN : (double)(x.arrival_ns - last) * 1e-9)) rc = gbl_nomem(err, sizeof *r->row);
        last = x.arrival_ns;
    }
    if (s) r->repairs = *gbl_source_repairs(s);
    gbl_source_close(s);
    return rc ? rc : got < 0 ? err->code : 0;
}

/* The first row of a trace has no row before it: its gap is the mean of the others, so that the mean stays. */
static void mean_gap(gbl_resample *r)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < r->n; i++)
        if (!isnan(r->row[i].gap_s)) sum += r->row[i].gap_s, n++;
    r->mean_gap_s = n ? sum / (double)n : 0;
    for (int64_t i = 0; i < r->n; i++)
        if (isnan(r->row[i].gap_s)) r->row[i].gap_s = r->mean_gap_s;
}

int gbl_resample_load(gbl_resample *r, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    if (!r->on) return 0;
    const char *names[] = {r->input, r->output, r->gap_s}, *path = gbl_find_path(a, gbl_doc_folder(gbl_node_doc(n)), r->file);
    int rc = !path ? gbl_nomem(err, 0) : r->input ? gbl_columns_read(path, names, r->gap_s ? 3 : 2, take_columns, r, err) : read_trace(r, path, err);
    if (rc) return rc;
    mean_gap(r);
    if (r->n) return 0;
    gbl_fail(err, GBL_EINPUT, "no rows to draw from");
    gbl_where(err, "%s", path);
    return gbl_expected(err, "a row with input and output");
}

void gbl_resample_fini(gbl_resample *r)
{
    gbl_free(r->row);
    r->row = NULL;
}

gbl_resample_row gbl_resample_draw(const gbl_resample *r, uint64_t seed, uint64_t entity, uint64_t k, uint64_t step)
{
    double u = gbl_draw(seed, GBL_STREAM_INPUT, entity, k);
    int64_t i = (int64_t)(u * (double)r->n) + (int64_t)step;
    return r->row[i % r->n];
}

void gbl_resample_schema(const char *key, gbl_json *j) { gbl_parameters_schema(gbl_resample_params, key, "Requests are rows of a file, drawn whole.", j); }
void gbl_resample_json(const gbl_resample *r, const char *key, gbl_json *j)
{
    gbl_param_json_part(key, gbl_resample_params, r, j);
}
void gbl_resample_help(FILE *to) { gbl_param_help(gbl_resample_params, "generate.rows.", to); }
