/* paramtext.c - parameter tables as text: JSON, JSON Schema, help, and what a message expects. */
#include "base/paramtext.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

/* A limit this large was written to mean "no limit". */
static int open_end(const gbl_param *row, double limit)
{
    return !isfinite(limit) || fabs(limit) >= (row->type == GBL_P_INT ? 9.2e18 : 1e300);
}

/* Writes "from 1 to 8", "of at least 0", "of at most 1" or nothing. */
static void range_words(const gbl_param *row, char *out, size_t size)
{
    char low[40], high[40];
    int no_low = row->low > row->high || open_end(row, row->low), no_high = row->low > row->high || open_end(row, row->high);
    gbl_num_text(low, sizeof low, row->low);
    gbl_num_text(high, sizeof high, row->high);
    if (no_low && no_high) snprintf(out, size, "%s", "");
    else if (no_high) snprintf(out, size, " of at least %s", low);
    else if (no_low) snprintf(out, size, " of at most %s", high);
    else snprintf(out, size, " from %s to %s", low, high);
}

/* "a|b|c" -> "a, b or c". */
static void choice_words(const char *choices, char *out, size_t size)
{
    size_t used = 0;
    for (const char *p = choices; used < size;) {
        size_t n = strcspn(p, "|");
        const char *joint = p == choices ? "" : p[n] == '\0' ? " or " : ", ";
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", joint, (int)n, p);
        if (p[n] == '\0') break;
        p += n + 1;
    }
}

char *gbl_param_expected(const gbl_param *row, char *out, size_t size)
{
    char range[128], choices[384];
    const char *null = row->flags & GBL_P_NULLABLE ? ", or null" : "", *unit = row->unit != NULL ? row->unit : "";
    const char *open = row->unit != NULL ? " (" : "", *close = row->unit != NULL ? ")" : "";
    range_words(row, range, sizeof range);
    switch ((enum gbl_param_type)row->type) {
    case GBL_P_BOOL: snprintf(out, size, "true or false%s", null); break;
    case GBL_P_INT: snprintf(out, size, "an integer%s%s%s%s%s", range, open, unit, close, null); break;
    case GBL_P_REAL: snprintf(out, size, "a number%s%s%s%s%s", range, open, unit, close, null); break;
    case GBL_P_STR: snprintf(out, size, "a string%s", null); break;
    case GBL_P_NODE: snprintf(out, size, "a JSON value%s", null); break;
    case GBL_P_CHOICE:
        choice_words(row->choices, choices, sizeof choices);
        snprintf(out, size, "%s%s", choices, null);
        break;
    }
    return out;
}

/* ---------------------------------------------------------------- reading back ---- */

static int64_t load_int(const gbl_param *row, const void *obj)
{
    int64_t v;
    memcpy(&v, (const char *)obj + row->offset, sizeof v);
    return v;
}

static double load_real(const gbl_param *row, const void *obj)
{
    double v;
    memcpy(&v, (const char *)obj + row->offset, sizeof v);
    return v;
}

static int32_t load_word(const gbl_param *row, const void *obj)
{
    int32_t v;
    memcpy(&v, (const char *)obj + row->offset, sizeof v);
    return v;
}

static const void *load_pointer(const gbl_param *row, const void *obj)
{
    const void *v;
    memcpy(&v, (const char *)obj + row->offset, sizeof v);
    return v;
}

/* Text of choice i into out; NULL when i is none. */
static const char *choice_text(const gbl_param *row, int32_t i, char *out, size_t size)
{
    const char *p = row->choices;
    for (; i > 0; i--) {
        p += strcspn(p, "|");
        if (*p++ == '\0') return NULL;
    }
    if (i < 0) return NULL;
    snprintf(out, size, "%.*s", (int)strcspn(p, "|"), p);
    return out;
}

static int is_null(const gbl_param *row, const void *obj)
{
    if (row->type == GBL_P_INT) return load_int(row, obj) == GBL_NULL_INT;
    if (row->type == GBL_P_REAL) return isnan(load_real(row, obj));
    return row->type != GBL_P_BOOL && load_pointer(row, obj) == NULL;
}

const char *gbl_param_word(const gbl_param *row, const void *obj, char *out, size_t size)
{
    if (row->type == GBL_P_CHOICE && choice_text(row, load_word(row, obj), out, size) != NULL) return out;
    snprintf(out, size, "%s", row->type == GBL_P_CHOICE || is_null(row, obj) ? "null" : "given");
    return out;
}

int gbl_param_is_default(const gbl_param *row, const void *obj)
{
    char text[1024], mine[256];
    int null = row->dflt == NULL || strcmp(row->dflt, "null") == 0;
    int64_t whole = GBL_NULL_INT;
    double real = NAN;
    const char *now;
    switch ((enum gbl_param_type)row->type) {
    case GBL_P_BOOL: return load_word(row, obj) == (!null && strcmp(row->dflt, "true") == 0);
    case GBL_P_INT:
        if (!null) gbl_text_whole(row->dflt, strlen(row->dflt), &whole);
        return load_int(row, obj) == whole;
    case GBL_P_REAL:
        if (!null) gbl_text_real(row->dflt, strlen(row->dflt), &real);
        return null ? isnan(load_real(row, obj)) : load_real(row, obj) == real;
    case GBL_P_NODE: return load_pointer(row, obj) == NULL;
    case GBL_P_STR: now = load_pointer(row, obj); break;
    default: now = choice_text(row, load_word(row, obj), mine, sizeof mine); break;
    }
    if (null || now == NULL) return null && now == NULL;
    gbl_param_default_text(row, text, sizeof text);
    return strcmp(text, now) == 0;
}

static void write_node_row(const gbl_param *row, const void *obj, gbl_json *j)
{
    const gbl_node *n = load_pointer(row, obj);
    if (n == NULL) {
        gbl_json_null(j, row->name);
        return;
    }
    char *text = gbl_node_canonical(n);
    gbl_json_raw(j, row->name, text);
    gbl_free(text);
}

void gbl_param_json(const gbl_param *rows, const void *obj, gbl_json *j)
{
    char text[256];
    for (const gbl_param *r = rows; r != NULL && r->name != NULL; r++) {
        switch ((enum gbl_param_type)r->type) {
        case GBL_P_BOOL: gbl_json_bool(j, r->name, load_word(r, obj)); break;
        case GBL_P_INT:
            if (load_int(r, obj) == GBL_NULL_INT) gbl_json_null(j, r->name);
            else gbl_json_int(j, r->name, load_int(r, obj));
            break;
        case GBL_P_REAL: gbl_json_num(j, r->name, load_real(r, obj)); break;
        case GBL_P_STR: gbl_json_str(j, r->name, load_pointer(r, obj)); break;
        case GBL_P_CHOICE: gbl_json_str(j, r->name, choice_text(r, load_word(r, obj), text, sizeof text)); break;
        case GBL_P_NODE: write_node_row(r, obj, j); break;
        }
    }
}

void gbl_param_json_part(const char *key, const gbl_param *rows, const void *obj, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_param_json(rows, obj, j);
    gbl_json_end(j);
}

/* ---------------------------------------------------------------- schema ---- */

static void schema_type(const gbl_param *row, gbl_json *j)
{
    static const char *const types[] = {"boolean", "integer", "number", "string", "string"};
    if (row->type == GBL_P_NODE) return; /* its own reader knows */
    if (!(row->flags & GBL_P_NULLABLE)) {
        gbl_json_str(j, "type", types[row->type]);
        return;
    }
    gbl_json_arr(j, "type");
    gbl_json_str(j, NULL, types[row->type]);
    gbl_json_str(j, NULL, "null");
    gbl_json_end(j);
}

static void schema_limit(const gbl_param *row, gbl_json *j, const char *key, double limit)
{
    if ((row->type != GBL_P_INT && row->type != GBL_P_REAL) || row->low > row->high || open_end(row, limit)) return;
    gbl_json_num(j, key, limit);
}

static void schema_choices(const gbl_param *row, gbl_json *j)
{
    char text[256];
    if (row->type != GBL_P_CHOICE) return;
    gbl_json_arr(j, "enum");
    for (int32_t i = 0; choice_text(row, i, text, sizeof text) != NULL; i++) gbl_json_str(j, NULL, text);
    if (row->flags & GBL_P_NULLABLE) gbl_json_null(j, NULL);
    gbl_json_end(j);
}

void gbl_param_schema(const gbl_param *rows, gbl_json *j)
{
    for (const gbl_param *r = rows; r != NULL && r->name != NULL; r++) {
        gbl_json_obj(j, r->name);
        if (r->help != NULL) gbl_json_str(j, "description", r->help);
        schema_type(r, j);
        schema_choices(r, j);
        schema_limit(r, j, "minimum", r->low);
        schema_limit(r, j, "maximum", r->high);
        gbl_json_raw(j, "default", r->dflt == NULL ? "null" : r->dflt);
        if (r->unit != NULL) gbl_json_str(j, "x-unit", r->unit);
        if (r->when != NULL) gbl_json_str(j, "x-when", r->when);
        gbl_json_end(j);
    }
}

static void open_properties(gbl_json *j)
{
    gbl_json_str(j, "type", "object");
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_obj(j, "properties");
}

void gbl_param_schema_open(const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    open_properties(j);
}

static void schema_members(const gbl_param *rows, const char *required, gbl_json *j)
{
    open_properties(j);
    gbl_param_schema(rows, j);
    gbl_json_end(j);
    if (required != NULL) gbl_json_raw(j, "required", required);
}

void gbl_param_schema_document(const gbl_param *rows, const char *title, const char *required, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    gbl_json_str(j, "title", title);
    schema_members(rows, required, j);
}

void gbl_param_schema_part(const char *key, const gbl_param *rows, const char *required, gbl_json *j)
{
    gbl_json_obj(j, key);
    schema_members(rows, required, j);
}

/* ---------------------------------------------------------------- help ---- */

enum { HELP_COLUMNS = 5 };

/* One column of a help line as text. */
static void help_cell(const gbl_param *row, const char *prefix, int column, char *out, size_t size)
{
    static const char *const types[] = {"BOOL", "INT", "REAL", "TEXT", "CHOICE", "JSON"};
    char low[40], high[40];
    int no_low = row->low > row->high || open_end(row, row->low), no_high = row->low > row->high || open_end(row, row->high);
    int number = row->type == GBL_P_INT || row->type == GBL_P_REAL;
    out[0] = '\0';
    if (column == 0) snprintf(out, size, "%s%s", prefix, row->name);
    if (column == 1) snprintf(out, size, "%s", types[row->type]);
    if (column == 2) snprintf(out, size, "%s", row->dflt == NULL ? "null" : row->dflt);
    if (column == 3 && row->type == GBL_P_CHOICE) snprintf(out, size, "%s", row->choices);
    if (column == 3 && number && !(no_low && no_high)) {
        gbl_num_text(low, sizeof low, row->low);
        gbl_num_text(high, sizeof high, row->high);
        snprintf(out, size, "%s..%s", no_low ? "" : low, no_high ? "" : high);
    }
    if (column == 4 && row->unit != NULL) snprintf(out, size, "%s", row->unit);
}

void gbl_param_help(const gbl_param *rows, const char *prefix, FILE *to)
{
    int width[HELP_COLUMNS] = {0};
    char cell[512];
    for (const gbl_param *r = rows; r != NULL && r->name != NULL; r++)
        for (int c = 0; c < HELP_COLUMNS; c++) {
            help_cell(r, prefix, c, cell, sizeof cell);
            if ((int)strlen(cell) > width[c]) width[c] = (int)strlen(cell);
        }
    for (const gbl_param *r = rows; r != NULL && r->name != NULL; r++) {
        for (int c = 0; c < HELP_COLUMNS; c++) {
            help_cell(r, prefix, c, cell, sizeof cell);
            if (width[c] > 0) fprintf(to, "%s%-*s", c == 0 ? "  " : "", width[c] + 2, cell);
        }
        fprintf(to, "%s\n", r->help != NULL ? r->help : "");
    }
}
