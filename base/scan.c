/* scan.c - the JSON scanner: grammar to the letter (RFC 8259), UTF-8 checked, numbers finite, no NUL. */
#include "base/scan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void gbl_scan_place(const gbl_scan *s, const char *at, int64_t *line, int64_t *col)
{
    *line = s->line;
    *col = 1;
    for (const char *p = s->begin; p < at; p++) {
        if (*p == '\n') ++*line, *col = 1;
        else *col += ((unsigned char)*p & 0xC0) != 0x80; /* columns count characters */
    }
}

int gbl_scan_fail(const gbl_scan *s, const char *at, gbl_err *err, const char *fmt, ...)
{
    char what[sizeof err->what];
    int64_t line, col;
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    gbl_scan_place(s, at, &line, &col);
    gbl_fail(err, GBL_EINPUT, "%s", what);
    return gbl_where(err, "%s:%lld:%lld", s->name == NULL ? "text" : s->name, (long long)line, (long long)col);
}

static enum gbl_token bad(const gbl_scan *s, const char *at, gbl_err *err, const char *what, const char *expected)
{
    gbl_scan_fail(s, at, err, "%s", what);
    gbl_expected(err, "%s", expected);
    return GBL_T_BAD;
}

/* ---------------------------------------------------------------- strings ---- */

static int hex_value(const char *p, const char *end)
{
    int v = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0) return -1;
        v = v << 4 | d;
    }
    return v;
}

/* The sequence after a backslash at p[-1]: its length, or 0 after an error. */
static int escape_length(const gbl_scan *s, const char *p, gbl_err *err)
{
    static const char one_of[] = "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX";
    if (p == s->end) return (void)bad(s, p, err, "unexpected end of the text in a string", "the closing quote"), 0;
    if (*p != '\0' && strchr("\"\\/bfnrt", *p) != NULL) return 1;
    int v = *p == 'u' ? hex_value(p + 1, s->end) : -1;
    if (v < 0) {
        int n = gbl_utf8(p, (size_t)(s->end - p), NULL);
        gbl_scan_fail(s, p - 1, err, "bad escape '\\%.*s' in a string", n, p);
        gbl_expected(err, "%s", one_of);
        return 0;
    }
    if (v == 0) return (void)bad(s, p - 1, err, "the escape \\u0000 in a string", "text without NUL characters"), 0;
    if (v < 0xD800 || v > 0xDFFF) return 5;
    int low = v <= 0xDBFF && s->end - p >= 11 && p[5] == '\\' && p[6] == 'u' ? hex_value(p + 7, s->end) : -1;
    if (low >= 0xDC00 && low <= 0xDFFF) return 11;
    gbl_scan_fail(s, p - 1, err, "lone surrogate '\\%.5s' in a string", p);
    gbl_expected(err, "a pair \\uD800-\\uDBFF and \\uDC00-\\uDFFF");
    return 0;
}

static int control_in_string(const gbl_scan *s, const char *p, gbl_err *err)
{
    static const char letters[] = "\b\f\n\r\t", names[] = "bfnrt";
    const char *short_form = *p == '\0' ? NULL : strchr(letters, *p);
    gbl_scan_fail(s, p, err, "raw control character 0x%02x in a string", (unsigned char)*p);
    if (*p == '\0') return gbl_expected(err, "text without NUL characters");
    if (short_form == NULL) return gbl_expected(err, "the escape \\u%04x", (unsigned char)*p);
    return gbl_expected(err, "the escape \\%c or a closing quote before it", names[short_form - letters]);
}

/* Past characters of a string that mean themselves, eight at a time: none is a quote, a backslash, below a blank or above 0x7f. */
static const char *skip_plain(const char *p, const char *end)
{
    const uint64_t one = UINT64_C(0x0101010101010101), high = one << 7;
    for (; end - p >= 8; p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        uint64_t quote = v ^ one * '"', slash = v ^ one * '\\';
        uint64_t other = ((v - one * 0x20) | (quote - one) | (slash - one) | v) & high; /* its lowest bit is exact: borrows go up */
        if (!other) continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        return p + __builtin_ctzll(other) / 8;
#else
        break;
#endif
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80) p++;
    return p;
}

static enum gbl_token read_string(gbl_scan *s, const char **at, size_t *len, gbl_err *err)
{
    const char *p = s->p + 1, *end = s->end, *open = s->p;
    for (;;) {
        p = skip_plain(p, end);
        if (p == end || *p == '"') break;
        unsigned char c = (unsigned char)*p;
        if (c < 0x20) return (void)control_in_string(s, p, err), GBL_T_BAD;
        int n = c == '\\' ? escape_length(s, p + 1, err) : gbl_utf8(p, (size_t)(end - p), NULL);
        if (n == 0 && c != '\\') {
            gbl_scan_fail(s, p, err, "invalid UTF-8 in a string, byte 0x%02x", c);
            gbl_expected(err, "UTF-8 text");
        }
        if (n == 0) return GBL_T_BAD;
        p += n + (c == '\\');
    }
    if (p == end) return bad(s, open, err, "a string without its closing quote", "a closing quote");
    *at = open + 1;
    *len = (size_t)(p - open - 1);
    s->p = p + 1;
    return GBL_T_STR;
}

static char *put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 63));
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    }
    return out;
}

size_t gbl_scan_unescape(char *out, const char *at, size_t len)
{
    static const char names[] = "bfnrt", letters[] = "\b\f\n\r\t";
    const char *end = at + len;
    char *o = out;
    while (at < end) {
        if (*at != '\\') {
            *o++ = *at++;
            continue;
        }
        char c = at[1];
        if (c != 'u') {
            const char *name = strchr(names, c);
            *o++ = name != NULL ? letters[name - names] : c;
            at += 2;
            continue;
        }
        uint32_t v = (uint32_t)hex_value(at + 2, end);
        at += 6;
        if (v >= 0xD800 && v <= 0xDBFF) {
            v = 0x10000 + ((v - 0xD800) << 10) + ((uint32_t)hex_value(at + 2, end) - 0xDC00);
            at += 6;
        }
        o = put_utf8(o, v);
    }
    *o = '\0';
    return (size_t)(o - out);
}

/* ---------------------------------------------------------------- numbers and words ---- */

static int is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* What a reader would take for one word, for the message: letters, digits and signs, at most 40 of them. */
static int word_length(const char *p, const char *end)
{
    int n = 0;
    while (p + n < end && n < 40 && ((p[n] | 32) >= 'a' && (p[n] | 32) <= 'z' ? 1 : (is_digit(p + n, end) || strchr("+-._", p[n]) != NULL) && p[n] != '\0')) n++;
    return n;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (is_digit(p, end)) p++;
    return p;
}

/* End of the number at p by the grammar, or NULL. *wide: it has an exponent or enough digits to leave a double. */
static const char *number_end(const char *p, const char *end, int *wide)
{
    const char *first = p;
    if (p < end && *p == '-') p++;
    if (!is_digit(p, end)) return NULL;
    p = *p == '0' ? p + 1 : skip_digits(p, end);
    if (p < end && *p == '.') {
        if (!is_digit(++p, end)) return NULL;
        p = skip_digits(p, end);
    }
    *wide = p - first > 300;
    if (p < end && (*p == 'e' || *p == 'E')) {
        *wide = 1;
        if (++p < end && (*p == '+' || *p == '-')) p++;
        if (!is_digit(p, end)) return NULL;
        p = skip_digits(p, end);
    }
    return p;
}

static enum gbl_token read_number(gbl_scan *s, const char **at, size_t *len, gbl_err *err)
{
    int wide = 0;
    double ignored;
    const char *p = number_end(s->p, s->end, &wide);
    int ends = p != NULL && p < s->end && (*p == ',' || *p == '}' || *p == ']' || *p == ' '); /* as nearly all do */
    if (p == NULL || (!ends && word_length(p, s->end) > 0)) { /* "01", "1.", "1.2.3", "12ms" */
        gbl_scan_fail(s, s->p, err, "bad number '%.*s'", word_length(s->p, s->end), s->p);
        gbl_expected(err, "a number like 12, -0.5 or 1e-3");
        return GBL_T_BAD;
    }
    *at = s->p;
    *len = (size_t)(p - s->p);
    if (wide && gbl_text_real(*at, *len, &ignored) != 0) {
        gbl_scan_fail(s, s->p, err, "number %.*s%s is out of range", (int)(*len < 40 ? *len : 40), *at, *len < 40 ? "" : "...");
        gbl_expected(err, "a number of at most 1.797e308 in size");
        return GBL_T_BAD;
    }
    s->p = p;
    return GBL_T_NUM;
}

static enum gbl_token read_word(gbl_scan *s, const char **at, size_t *len, gbl_err *err)
{
    static const char *const words[] = {"true", "false", "null"};
    static const enum gbl_token tokens[] = {GBL_T_TRUE, GBL_T_FALSE, GBL_T_NULL};
    int n = word_length(s->p, s->end);
    for (int i = 0; i < 3; i++) {
        if ((int)strlen(words[i]) != n || memcmp(s->p, words[i], (size_t)n) != 0) continue;
        *at = s->p;
        *len = (size_t)n;
        s->p += n;
        return tokens[i];
    }
    char word[48];
    snprintf(word, sizeof word, "%.*s", n, s->p);
    gbl_scan_fail(s, s->p, err, "unknown word '%s'", word);
    gbl_expected(err, "a value: a number, a \"string\", true, false, null, [ or {");
    gbl_nearest(err, gbl_near(word, words, 3));
    return GBL_T_BAD;
}

/* ---------------------------------------------------------------- tokens ---- */

/* Names the byte or character at p for a message. */
static int unexpected(const gbl_scan *s, const char *p, gbl_err *err, const char *expected)
{
    if (p == s->end) {
        gbl_scan_fail(s, p, err, "unexpected end of the text");
    } else {
        int n = gbl_utf8(p, (size_t)(s->end - p), NULL);
        if (n == 0 || (unsigned char)*p < 0x20 || *p == 0x7f) gbl_scan_fail(s, p, err, "unexpected byte 0x%02x", (unsigned char)*p);
        else gbl_scan_fail(s, p, err, "unexpected '%.*s'", n, p);
    }
    return gbl_expected(err, "%s", expected);
}

static void skip_blanks(gbl_scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t')) s->p++;
}

enum gbl_token gbl_scan_next(gbl_scan *s, const char **at, size_t *len, gbl_err *err)
{
    skip_blanks(s);
    *at = s->p;
    *len = 0;
    if (s->p == s->end) return GBL_T_END;
    char c = *s->p;
    if (c == '"') return read_string(s, at, len, err);
    if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.') return read_number(s, at, len, err);
    if ((c | 32) >= 'a' && (c | 32) <= 'z') return read_word(s, at, len, err);
    enum gbl_token mark = c == '{' ? GBL_T_OBJ : c == '}' ? GBL_T_OBJ_END : c == '[' ? GBL_T_ARR : c == ']' ? GBL_T_ARR_END : c == ':' ? GBL_T_COLON : c == ',' ? GBL_T_COMMA : GBL_T_BAD;
    if (mark == GBL_T_BAD) return unexpected(s, s->p, err, "a value"), GBL_T_BAD;
    *len = 1;
    s->p++;
    return mark;
}

/* The byte before p that is no blank: tells a first member from a later one without any state of our own. */
static char previous(const gbl_scan *s)
{
    const char *p = s->p;
    while (p > s->begin && (p[-1] == ' ' || p[-1] == '\n' || p[-1] == '\r' || p[-1] == '\t')) p--;
    return p > s->begin ? p[-1] : '\0';
}

int gbl_scan_key(gbl_scan *s, const char **key, size_t *len, gbl_err *err)
{
    int first = previous(s) == '{';
    skip_blanks(s);
    if (s->p < s->end && *s->p == '}') {
        s->p++;
        return 0;
    }
    if (!first) {
        if (s->p == s->end || *s->p != ',') return unexpected(s, s->p, err, "',' or '}'"), -1;
        s->p++;
        skip_blanks(s);
    }
    if (s->p == s->end || *s->p != '"') return unexpected(s, s->p, err, first ? "a key in quotes or '}'" : "a key in quotes"), -1;
    if (read_string(s, key, len, err) == GBL_T_BAD) return -1;
    skip_blanks(s);
    if (s->p == s->end || *s->p != ':') return unexpected(s, s->p, err, "':'"), -1;
    s->p++;
    return 1;
}

int gbl_scan_item(gbl_scan *s, gbl_err *err)
{
    int first = previous(s) == '[';
    skip_blanks(s);
    if (s->p < s->end && *s->p == ']') {
        s->p++;
        return 0;
    }
    if (!first) {
        if (s->p == s->end || *s->p != ',') return unexpected(s, s->p, err, "',' or ']'"), -1;
        s->p++;
        skip_blanks(s);
    }
    if (s->p == s->end) return unexpected(s, s->p, err, first ? "a value or ']'" : "a value"), -1;
    if (strchr("]},:", *s->p) != NULL && *s->p != '\0') return unexpected(s, s->p, err, first ? "a value or ']'" : "a value"), -1;
    return 1;
}

int gbl_scan_done(gbl_scan *s, gbl_err *err)
{
    skip_blanks(s);
    return s->p == s->end ? GBL_OK : unexpected(s, s->p, err, "the end of the text");
}

static int number_token(gbl_scan *s, const char **at, size_t *len, gbl_err *err, const char *expected)
{
    skip_blanks(s);
    const char *start = s->p;
    enum gbl_token t = gbl_scan_next(s, at, len, err);
    if (t == GBL_T_NUM) return GBL_OK;
    if (t == GBL_T_BAD) return GBL_EINPUT;
    if (t == GBL_T_STR) return gbl_scan_fail(s, start, err, "a string in place of a number"), gbl_expected(err, "%s", expected);
    return unexpected(s, start, err, expected);
}

int gbl_scan_int(gbl_scan *s, int64_t *out, gbl_err *err)
{
    const char *at;
    size_t len;
    int code = number_token(s, &at, &len, err, "an integer");
    if (code != GBL_OK) return code;
    int whole = gbl_text_whole(at, len, out);
    if (whole == 0) return GBL_OK;
    gbl_scan_fail(s, at, err, whole == -1 ? "%.*s is no integer" : "integer %.*s is out of range", (int)(len < 40 ? len : 40), at);
    return gbl_expected(err, whole == -1 ? "an integer" : "an integer within 64 bits");
}

int gbl_scan_real(gbl_scan *s, double *out, gbl_err *err)
{
    const char *at;
    size_t len;
    int code = number_token(s, &at, &len, err, "a number");
    if (code != GBL_OK) return code;
    if (gbl_text_real(at, len, out) == 0) return GBL_OK;
    return gbl_nomem(err, len); /* the grammar and the range were checked: only a very long text needs memory */
}

/* Opens or closes levels in a stack of bits (1 = object) until the value is whole. */
int gbl_scan_skip(gbl_scan *s, gbl_err *err)
{
    uint64_t object[GBL_DEPTH / 64] = {0};
    int depth = 0;
    do {
        const char *at;
        size_t len;
        if (depth > 0) {
            int top = depth - 1, is_object = (int)(object[top / 64] >> (top % 64) & 1);
            int more = is_object ? gbl_scan_key(s, &at, &len, err) : gbl_scan_item(s, err);
            if (more < 0) return GBL_EINPUT;
            if (more == 0) {
                depth--;
                continue;
            }
        }
        skip_blanks(s);
        const char *start = s->p;
        enum gbl_token t = gbl_scan_next(s, &at, &len, err);
        if (t == GBL_T_BAD) return GBL_EINPUT;
        if (t == GBL_T_OBJ || t == GBL_T_ARR) {
            if (depth == GBL_DEPTH) {
                gbl_scan_fail(s, start, err, "nested too deep");
                return gbl_expected(err, "at most %d levels", (int)GBL_DEPTH);
            }
            uint64_t bit = UINT64_C(1) << (depth % 64);
            object[depth / 64] = t == GBL_T_OBJ ? object[depth / 64] | bit : object[depth / 64] & ~bit;
            depth++;
        } else if (t < GBL_T_STR) {
            return unexpected(s, start, err, "a value");
        }
    } while (depth > 0);
    return GBL_OK;
}
