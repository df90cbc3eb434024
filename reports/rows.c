/* rows.c - the rows of a statement as an aligned table, JSON, CSV or JSON lines, in constant memory: a table's widths
 * come from its first rows, and a later cell that is wider pushes its line. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "reports/store_db.h"

enum { WIDTH_ROWS = 2000, MOST_COLUMNS = 2000 /* SQLite's own limit */ };

/* Columns on a terminal, near enough: code points. */
static int width_of(const char *s)
{
    int n = 0;
    for (; *s; s++) {
        n += ((unsigned char)*s & 0xc0) != 0x80;
    }
    return n;
}

static char *hex_text(gbl_arena *a, const unsigned char *p, int n)
{
    char *out = gbl_arena_take(a, 2 * (size_t)n + 1);
    for (int i = 0; out && i < n; i++) {
        snprintf(out + 2 * (size_t)i, 3, "%02x", p[i]);
    }
    return out;
}

/* A text cell on one line: control characters as escapes. */
static char *one_line(gbl_arena *a, const char *s)
{
    char *out = gbl_arena_take(a, 4 * strlen(s) + 1), *o = out;
    for (; out && *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '\n' || c == '\t' || c == '\r') {
            *o++ = '\\';
            *o++ = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
        } else if (c < 0x20 || c == 0x7f) {
            o += sprintf(o, "\\x%02x", c);
        } else {
            *o++ = (char)c;
        }
    }
    return out;
}

/* What a table shows of column i; NULL without memory. */
static const char *cell_text(gbl_arena *a, sqlite3_stmt *st, int i)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        return gbl_arena_printf(a, "%" PRId64, (int64_t)sqlite3_column_int64(st, i));
    case SQLITE_FLOAT:
        return gbl_arena_printf(a, "%.6g", sqlite3_column_double(st, i));
    case SQLITE_BLOB:
        return hex_text(a, sqlite3_column_blob(st, i), sqlite3_column_bytes(st, i));
    case SQLITE_NULL:
        return "-";
    default: {
        const char *text = (const char *)sqlite3_column_text(st, i);
        return text ? one_line(a, text) : NULL;
    }
    }
}

typedef struct table {
    int columns, rows;
    int width[MOST_COLUMNS];
    char text[MOST_COLUMNS]; /* the column has texts: align left */
    const char **cell;       /* rows x columns, in the arena */
    size_t room;
    gbl_arena *arena;
} table;

static int take_row(table *t, sqlite3_stmt *st)
{
    size_t at = (size_t)t->rows * (size_t)t->columns;
    if (gbl_grow(&t->cell, &t->room, at + (size_t)t->columns, sizeof *t->cell) != 0) {
        return -1;
    }
    for (int i = 0; i < t->columns; i++) {
        const char *s = cell_text(t->arena, st, i);
        if (!s) {
            return -1;
        }
        int type = sqlite3_column_type(st, i), w = width_of(s);
        t->cell[at + (size_t)i] = s;
        t->width[i] = w > t->width[i] ? w : t->width[i];
        t->text[i] |= type == SQLITE_TEXT || type == SQLITE_BLOB;
    }
    t->rows++;
    return 0;
}

static void print_cell(const table *t, int i, const char *s, FILE *to)
{
    int pad = t->width[i] - width_of(s), last = i + 1 == t->columns;
    pad = pad > 0 ? pad : 0;
    if (t->text[i]) {
        fprintf(to, "%s%*s", s, last ? 0 : pad, "");
    } else {
        fprintf(to, "%*s%s", pad, "", s);
    }
    fputs(last ? "\n" : "  ", to);
}

static void print_table_head(const table *t, sqlite3_stmt *st, FILE *to)
{
    for (int i = 0; i < t->columns; i++) {
        print_cell(t, i, sqlite3_column_name(st, i), to);
    }
    for (int i = 0; i < t->columns; i++) {
        for (int k = 0; k < t->width[i]; k++) {
            fputc('-', to);
        }
        fputs(i + 1 == t->columns ? "\n" : "  ", to);
    }
}

static void print_table_rows(table *t, FILE *to)
{
    for (int r = 0; r < t->rows; r++) {
        for (int i = 0; i < t->columns; i++) {
            print_cell(t, i, t->cell[(size_t)r * (size_t)t->columns + (size_t)i], to);
        }
    }
    t->rows = 0;
}

static int print_table_chunks(table *t, sqlite3_stmt *st, FILE *to)
{
    int rc, head = 0;
    for (int i = 0; i < t->columns; i++) {
        t->width[i] = width_of(sqlite3_column_name(st, i));
    }
    do {
        t->arena = gbl_arena_new();
        if (!t->arena) {
            return SQLITE_NOMEM;
        }
        while ((rc = sqlite3_step(st)) == SQLITE_ROW && !ferror(to)) {
            if (take_row(t, st) != 0) {
                gbl_arena_free(t->arena);
                return SQLITE_NOMEM;
            }
            if (t->rows == WIDTH_ROWS) {
                break;
            }
        }
        if (!head && (rc == SQLITE_ROW || rc == SQLITE_DONE)) { /* an error in the first rows prints nothing */
            print_table_head(t, st, to);
            head = 1;
        }
        print_table_rows(t, to);
        gbl_arena_free(t->arena);
    } while (rc == SQLITE_ROW && !ferror(to));
    return ferror(to) ? SQLITE_DONE : rc;
}

static int print_table(sqlite3_stmt *st, FILE *to)
{
    table *t = gbl_alloc(1, sizeof *t);
    if (!t) {
        return SQLITE_NOMEM;
    }
    t->columns = sqlite3_column_count(st);
    int rc = print_table_chunks(t, st, to);
    gbl_free(t->cell);
    gbl_free(t);
    return rc;
}

static void print_csv_field(const char *s, FILE *to)
{
    if (!s[strcspn(s, ",\"\r\n")]) {
        fputs(s, to);
        return;
    }
    fputc('"', to);
    for (; *s; s++) {
        if (*s == '"') {
            fputc('"', to);
        }
        fputc(*s, to);
    }
    fputc('"', to);
}

static int print_csv_value(sqlite3_stmt *st, int i, FILE *to)
{
    char number[64];
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_NULL:
        return 0;
    case SQLITE_FLOAT:
        gbl_num_text(number, sizeof number, sqlite3_column_double(st, i));
        fputs(number, to);
        return 0;
    case SQLITE_BLOB: {
        const unsigned char *p = sqlite3_column_blob(st, i);
        for (int k = 0, n = sqlite3_column_bytes(st, i); k < n; k++) {
            fprintf(to, "%02x", p[k]);
        }
        return 0;
    }
    default: {
        const char *s = (const char *)sqlite3_column_text(st, i);
        if (!s) {
            return -1;
        }
        print_csv_field(s, to);
        return 0;
    }
    }
}

static int print_csv(sqlite3_stmt *st, FILE *to)
{
    int n = sqlite3_column_count(st), rc, head = 0;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW || (rc == SQLITE_DONE && !head)) {
        for (int i = 0; i < n && !head; i++) {
            print_csv_field(sqlite3_column_name(st, i), to);
            fputc(i + 1 < n ? ',' : '\n', to);
        }
        head = 1;
        for (int i = 0; i < n && rc == SQLITE_ROW; i++) {
            if (print_csv_value(st, i, to) != 0) {
                return SQLITE_NOMEM;
            }
            fputc(i + 1 < n ? ',' : '\n', to);
        }
        if (rc == SQLITE_DONE || ferror(to)) {
            return SQLITE_DONE;
        }
    }
    return rc;
}

/* Column names that JSON can tell apart; the array and the names are in the arena. */
static const char **json_names(gbl_arena *a, sqlite3_stmt *st, int n)
{
    const char **names = gbl_arena_take(a, (size_t)(n ? n : 1) * sizeof *names);
    for (int i = 0; names && i < n; i++) {
        const char *own = sqlite3_column_name(st, i);
        names[i] = gbl_arena_text(a, own ? own : "");
        for (int again = 2, k = 0; names[i] && k < i; k++) {
            if (strcmp(names[k], names[i]) == 0) {
                names[i] = gbl_arena_printf(a, "%s_%d", own, again++);
                k = -1; /* the new name may be taken, too */
            }
        }
        if (!names[i]) {
            return NULL;
        }
    }
    return names;
}

static void json_value(gbl_json *j, const char *name, sqlite3_stmt *st, int i, gbl_arena *a)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        gbl_json_int(j, name, sqlite3_column_int64(st, i));
        break;
    case SQLITE_FLOAT:
        gbl_json_num(j, name, sqlite3_column_double(st, i));
        break;
    case SQLITE_TEXT:
        gbl_json_str(j, name, (const char *)sqlite3_column_text(st, i));
        break;
    case SQLITE_BLOB:
        gbl_json_str(j, name, hex_text(a, sqlite3_column_blob(st, i), sqlite3_column_bytes(st, i)));
        break;
    default:
        gbl_json_null(j, name);
    }
}

static int print_json_row(sqlite3_stmt *st, const char **names, int n, FILE *to)
{
    gbl_json *j = gbl_json_new(0);
    gbl_arena *a = gbl_arena_new();
    const char *text = NULL;
    if (j && a) {
        gbl_json_obj(j, NULL);
        for (int i = 0; i < n; i++) {
            json_value(j, names[i], st, i, a);
        }
        gbl_json_end(j);
        text = gbl_json_text(j);
    }
    if (text) {
        fputs(text, to);
    }
    gbl_json_free(j);
    gbl_arena_free(a);
    return text ? 0 : -1;
}

static int print_json(sqlite3_stmt *st, int lines, FILE *to)
{
    int n = sqlite3_column_count(st), rc, rows = 0;
    gbl_arena *a = gbl_arena_new();
    const char **names = a ? json_names(a, st, n) : NULL;
    if (!names) {
        gbl_arena_free(a);
        return SQLITE_NOMEM;
    }
    while ((rc = sqlite3_step(st)) == SQLITE_ROW && !ferror(to)) {
        fputs(lines ? "" : rows ? ",\n" : "[\n", to);
        rows++;
        if (print_json_row(st, names, n, to) != 0) {
            gbl_arena_free(a);
            return SQLITE_NOMEM;
        }
        fputs(lines ? "\n" : "", to);
    }
    if (rc == SQLITE_DONE && !lines) {
        fputs(rows ? "\n]\n" : "[]\n", to);
    }
    gbl_arena_free(a);
    return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

int gbl_rows_print(sqlite3_stmt *st, enum gbl_sql_format f, FILE *to)
{
    switch (f) {
    case GBL_SQL_JSON:
        return print_json(st, 0, to);
    case GBL_SQL_JSONL:
        return print_json(st, 1, to);
    case GBL_SQL_CSV:
        return print_csv(st, to);
    default:
        return print_table(st, to);
    }
}

int gbl_rows_flushed(FILE *to, gbl_err *err)
{
    if (fflush(to) == 0 && !ferror(to)) {
        return GBL_OK;
    }
    gbl_fail(err, GBL_EINPUT, "cannot write the rows: the output is closed or its disk is full");
    return gbl_expected(err, "an output that takes all rows");
}
