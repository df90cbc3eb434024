/* json.c - the JSON writer. */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { DEPTH_MOST = 256 };

struct gbl_json {
    char *text;
    size_t length, room;
    int indent, depth, failed;
    char kind[DEPTH_MOST];    /* '{' or '[' */
    uint8_t some[DEPTH_MOST]; /* a member was written */
};

gbl_json *gbl_json_new(int indent)
{
    gbl_json *j = gbl_alloc(1, sizeof *j);
    if (j != NULL) j->indent = indent;
    return j;
}

void gbl_json_free(gbl_json *j)
{
    if (j == NULL) return;
    gbl_free(j->text);
    gbl_free(j);
}

static void put(gbl_json *j, const char *text, size_t n)
{
    if (j->failed) return;
    if (gbl_grow(&j->text, &j->room, j->length + n + 1, 1) != 0) {
        j->failed = 1;
        return;
    }
    memcpy(j->text + j->length, text, n);
    j->length += n;
    j->text[j->length] = '\0';
}

static void put_line(gbl_json *j)
{
    static const char blanks[] = "                                ";
    if (j->indent == 0) return;
    put(j, "\n", 1);
    for (int left = j->indent * j->depth; left > 0; left -= 32) put(j, blanks, (size_t)(left < 32 ? left : 32));
}

/* Other bytes than UTF-8 (a file's name may hold any) become U+FFFD: the output must stay JSON. */
static void put_string(gbl_json *j, const char *s)
{
    size_t n = strlen(s), from = 0;
    put(j, "\"", 1);
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        int bytes = c < 0x80 ? 1 : gbl_utf8(s + i, n - i, NULL);
        if (bytes > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            i += (size_t)bytes;
            continue;
        }
        static const char letters[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
        const char *short_form = c == 0 ? NULL : strchr(letters, c);
        char escape[8];
        int length = short_form != NULL ? snprintf(escape, sizeof escape, "\\%c", names[short_form - letters])
                     : bytes == 0       ? snprintf(escape, sizeof escape, "\\ufffd")
                                        : snprintf(escape, sizeof escape, "\\u%04x", c);
        put(j, s + from, i - from);
        put(j, escape, (size_t)length);
        from = ++i;
    }
    put(j, s + from, n - from);
    put(j, "\"", 1);
}

/* Everything before a value: comma, line, key. */
static void begin(gbl_json *j, const char *key)
{
    if (j->depth > 0) {
        int top = j->depth - 1;
        assert((key != NULL) == (j->kind[top] == '{') && "a key belongs to members of objects alone");
        if (j->some[top]) put(j, ",", 1);
        j->some[top] = 1;
        put_line(j);
    } else {
        assert(key == NULL && j->length == 0 && "one value at the top");
    }
    if (key != NULL) {
        put_string(j, key);
        put(j, ": ", j->indent > 0 ? 2 : 1);
    }
}

static void open_level(gbl_json *j, const char *key, char kind)
{
    begin(j, key);
    assert(j->depth < DEPTH_MOST);
    j->kind[j->depth] = kind;
    j->some[j->depth] = 0;
    j->depth++;
    put(j, &kind, 1);
}

void gbl_json_obj(gbl_json *j, const char *key)
{
    open_level(j, key, '{');
}

void gbl_json_arr(gbl_json *j, const char *key)
{
    open_level(j, key, '[');
}

void gbl_json_end(gbl_json *j)
{
    assert(j->depth > 0);
    j->depth--;
    if (j->some[j->depth]) put_line(j);
    put(j, j->kind[j->depth] == '{' ? "}" : "]", 1);
}

void gbl_json_str(gbl_json *j, const char *key, const char *v)
{
    begin(j, key);
    if (v == NULL) put(j, "null", 4);
    else put_string(j, v);
}

/* %.15g reads back as itself for every decimal of up to 15 digits, so where it does, it is the shortest; subnormal
 * numbers carry fewer digits and are tried from one digit on. */
int gbl_num_text(char *out, size_t size, double v)
{
    char text[40];
    if (!isfinite(v)) return snprintf(out, size, "null");
    if (fabs(v) < 1e15 && v == floor(v)) return snprintf(out, size, "%.0f", v);
    int digits = fabs(v) < 2.2250738585072014e-308 ? 1 : 15;
    do snprintf(text, sizeof text, "%.*g", digits, v);
    while (digits++ < 17 && strtod(text, NULL) != v);
    return snprintf(out, size, "%s", text);
}

void gbl_json_num(gbl_json *j, const char *key, double v)
{
    char text[40];
    begin(j, key);
    put(j, text, (size_t)gbl_num_text(text, sizeof text, v));
}

void gbl_json_int(gbl_json *j, const char *key, int64_t v)
{
    char text[24];
    begin(j, key);
    put(j, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)v));
}

void gbl_json_bool(gbl_json *j, const char *key, int v)
{
    begin(j, key);
    if (v) put(j, "true", 4);
    else put(j, "false", 5);
}

void gbl_json_null(gbl_json *j, const char *key)
{
    begin(j, key);
    put(j, "null", 4);
}

void gbl_json_raw(gbl_json *j, const char *key, const char *json)
{
    begin(j, key);
    if (json == NULL) j->failed = 1; /* whoever made it ran out of memory */
    else put(j, json, strlen(json));
}

const char *gbl_json_text(gbl_json *j)
{
    if (j->failed) return NULL;
    return j->text == NULL ? "" : j->text;
}
