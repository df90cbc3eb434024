/* use.c - distributions chosen by {"use": name, parameters...}, and the columns of numbers that some of them read. */
#include <stdio.h>
#include <string.h>
#include "base/param.h"
#include "base/text.h"
#include "traces/generate.h"
#include "traces/reader.h"

static size_t names_of(const gbl_use *table, const char **names, char *list, size_t size)
{
    size_t n = 0, used = 0;
    list[0] = 0;
    for (; table[n].name; n++) {
        names[n] = table[n].name;
        if (used < size) used += (size_t)snprintf(list + used, size - used, "%s%s", n ? ", " : "", table[n].name);
    }
    return n;
}

static int find(const gbl_use *table, const char *what, const char *name, const gbl_node *n, gbl_err *err)
{
    const char *names[16];
    char list[256];
    size_t count = names_of(table, names, list, sizeof list);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i], name)) return (int)i;
    gbl_node_fail(n, err, "unknown %s \"%s\"", what, name);
    gbl_expected(err, "one of: %s", list);
    gbl_nearest(err, gbl_near(name, names, count));
    return -1;
}

int gbl_use_bind(const gbl_use *table, void *obj, const char *what, const gbl_node *n, const char *dflt, gbl_arena *a, gbl_err *err)
{
    static const char *const skip[] = {"use", NULL};
    const gbl_node *members = NULL, *use = n;
    const char *name = dflt;
    if (n && gbl_node_kind(n) == GBL_OBJECT) {
        members = n;
        use = gbl_node_get(n, "use");
        if (!use) {
            gbl_node_fail(n, err, "%s has no \"use\"", what);
            gbl_expected(err, "{\"use\": name, parameters...}");
            return -1;
        }
    }
    if (use && gbl_node_kind(use) != GBL_STRING) {
        gbl_node_fail(use, err, "%s is not named", what);
        gbl_expected(err, "a name or {\"use\": name, parameters...}");
        return -1;
    }
    if (use) name = gbl_node_text(use);
    int i = find(table, what, name, use, err);
    if (i < 0 || gbl_param_defaults(table[i].params, obj, a, err)) return -1;
    if (members && gbl_param_bind(table[i].params, obj, members, skip, a, err)) return -1;
    return i;
}

void gbl_parameters_schema(const gbl_param *rows, const char *key, const char *what, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_str(j, "type", "object");
    gbl_json_str(j, "description", what);
    gbl_json_obj(j, "properties");
    gbl_param_schema(rows, j);
    gbl_json_end(j);
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_end(j);
}

void gbl_use_schema(const gbl_use *table, const char *key, const char *what, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_str(j, "description", what);
    gbl_json_arr(j, "oneOf");
    gbl_json_obj(j, NULL);
    gbl_json_arr(j, "enum");
    for (const gbl_use *u = table; u->name; u++) gbl_json_str(j, NULL, u->name);
    gbl_json_end(j);
    gbl_json_end(j);
    for (const gbl_use *u = table; u->name; u++) {
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "type", "object");
        gbl_json_str(j, "description", u->help);
        gbl_json_obj(j, "properties");
        gbl_json_obj(j, "use");
        gbl_json_str(j, "const", u->name);
        gbl_json_end(j);
        gbl_param_schema(u->params, j);
        gbl_json_end(j);
        gbl_json_arr(j, "required");
        gbl_json_str(j, NULL, "use");
        gbl_json_end(j);
        gbl_json_bool(j, "additionalProperties", 0);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}

void gbl_use_help(const gbl_use *table, const char *what, FILE *to)
{
    for (const gbl_use *u = table; u->name; u++) {
        fprintf(to, "%s %s: %s\n", what, u->name, u->help);
        gbl_param_help(u->params, "  ", to);
    }
}

/* ---- columns of numbers ---- */

enum { MOST_FIELDS = 256, MOST_COLUMNS = 4 };
typedef struct columns {
    gbl_rows rows;
    const char *const *names;
    int n, fields, where[MOST_COLUMNS];
    const char *at[MOST_FIELDS];
    size_t len[MOST_FIELDS];
} columns;

static int no_column(columns *c, int k, gbl_err *err)
{
    char text[32][64], list[400];
    const char *found[32];
    size_t n = 0, used = 0;
    list[0] = 0;
    for (int i = 0; i < c->fields && n < 32; i++) {
        if (c->len[i] >= sizeof text[0]) continue;
        snprintf(text[n], sizeof text[n], "%.*s", (int)c->len[i], c->at[i]);
        if (used < sizeof list) used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "", text[n]);
        found[n] = text[n];
        n++;
    }
    gbl_rows_fail(&c->rows, 0, err, "missing column \"%s\"", c->names[k]);
    gbl_expected(err, "one of the file's columns: %s", list);
    return gbl_nearest(err, gbl_near(c->names[k], found, n));
}

static int expected_columns(const columns *c, gbl_err *err)
{
    char list[400] = "";
    size_t used = 0;
    for (int k = 0; k < c->n && used < sizeof list; k++) used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "", c->names[k]);
    return gbl_expected(err, "a CSV header, then rows with numbers in %s", list);
}

static int columns_header(columns *c, gbl_err *err)
{
    char *line;
    size_t len;
    int got = gbl_rows_next(&c->rows, &line, &len, err);
    if (got < 0) return err->code;
    if (!got) {
        gbl_fail(err, GBL_EINPUT, "empty file");
        gbl_where(err, "%s", gbl_lines_name(c->rows.lines));
        return expected_columns(c, err);
    }
    c->fields = gbl_row_split(line, len, c->at, c->len, MOST_FIELDS);
    if (c->fields > MOST_FIELDS) return gbl_rows_fail(&c->rows, 0, err, "%d columns, more than %d", c->fields, MOST_FIELDS), err->code;
    for (int k = 0; k < c->n; k++) {
        c->where[k] = -1;
        for (int i = 0; i < c->fields; i++)
            if (strlen(c->names[k]) == c->len[i] && !memcmp(c->names[k], c->at[i], c->len[i])) c->where[k] = i;
        if (c->where[k] < 0) return no_column(c, k, err);
    }
    return 0;
}

static int columns_rows(columns *c, int (*get)(void *, const double *, const char **), void *to, gbl_err *err)
{
    char *line;
    size_t len;
    int got;
    while ((got = gbl_rows_next(&c->rows, &line, &len, err)) == 1) {
        double v[MOST_COLUMNS];
        const char *why = NULL;
        int n = gbl_row_split(line, len, c->at, c->len, MOST_FIELDS);
        if (n != c->fields) return gbl_rows_fail(&c->rows, 0, err, "row has %d fields, the header %d", n, c->fields), expected_columns(c, err);
        for (int k = 0; k < c->n; k++) {
            int i = c->where[k];
            if (gbl_text_real(c->at[i], c->len[i], &v[k]))
                return gbl_rows_fail(&c->rows, (size_t)(c->at[i] - line) + 1, err, "%s is not a number", c->names[k]), expected_columns(c, err);
        }
        if (get(to, v, &why)) return why ? (gbl_rows_fail(&c->rows, 0, err, "%s", why), expected_columns(c, err)) : gbl_nomem(err, 0);
    }
    return got < 0 ? err->code : 0;
}

int gbl_columns_read(const char *path, const char *const *names, int n, int (*get)(void *to, const double *v, const char **why), void *to, gbl_err *err)
{
    columns c = {.names = names, .n = n};
    int rc = gbl_lines_open(&c.rows.lines, path, err);
    if (rc) return rc;
    rc = columns_header(&c, err);
    if (!rc) rc = columns_rows(&c, get, to, err);
    gbl_lines_close(c.rows.lines);
    return rc;
}
