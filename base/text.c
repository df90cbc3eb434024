/* text.c - names, numbers and hashes as text. */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* ---------------------------------------------------------------- nearest name ---- */

enum { NAME_MOST = 128 }; /* longer names are no slips of the finger */

static int fold(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance in its restricted form (optimal string alignment): a neighbour swap counts 1. */
static int distance(const char *a, int na, const char *b, int nb)
{
    int rows[3][NAME_MOST + 1];
    for (int j = 0; j <= nb; j++) rows[0][j] = j;
    for (int i = 1; i <= na; i++) {
        int *two = rows[(i + 1) % 3], *one = rows[(i + 2) % 3], *now = rows[i % 3];
        now[0] = i;
        for (int j = 1; j <= nb; j++) {
            int same = fold(a[i - 1]) == fold(b[j - 1]);
            now[j] = least(one[j - 1] + !same, least(one[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
                now[j] = least(now[j], two[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

const char *gbl_near(const char *name, const char *const *known, size_t n)
{
    const char *best = NULL;
    int best_d = NAME_MOST;
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MOST) return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(known[i]);
        if (other > NAME_MOST) continue;
        int d = distance(name, (int)length, known[i], (int)other);
        int longest = (int)(length > other ? length : other);
        if (3 * d <= longest && d < best_d) {
            best = known[i];
            best_d = d;
        }
    }
    return best;
}

/* ---------------------------------------------------------------- numbers ---- */

int gbl_text_int(const char *s, size_t n, int64_t *out)
{
    size_t i = n > 0 && s[0] == '-';
    int negative = i == 1;
    if (i == n) return -1;
    int64_t v = 0; /* gathered on the negative side, which reaches one further */
    for (; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return -1;
        if (__builtin_mul_overflow(v, (int64_t)10, &v) || __builtin_sub_overflow(v, (int64_t)(s[i] - '0'), &v)) return -1;
    }
    if (!negative && v == INT64_MIN) return -1;
    *out = negative ? v : -v;
    return 0;
}

/* A decimal number taken apart: value = digits(first..first+count, the point skipped) * 10^power. */
typedef struct decimal {
    int negative;
    const char *first; /* first digit that is not 0 */
    int64_t count;     /* digits from there to the last that is not 0; 0 for zero */
    int64_t power;
} decimal;

/* Exponents are read up to a size that no text in memory can outweigh with digits. */
static int64_t read_exponent(const char **p, const char *end)
{
    const char *s = *p;
    int negative = s < end && *s == '-';
    int64_t e = 0;
    if (s < end && (*s == '-' || *s == '+')) s++;
    if (s == end || *s < '0' || *s > '9') return INT64_MIN;
    for (; s < end && *s >= '0' && *s <= '9'; s++)
        if (e < INT64_C(100000000000000000)) e = e * 10 + (*s - '0');
    *p = s;
    return negative ? -e : e;
}

static int take_apart(const char *s, size_t n, decimal *d)
{
    const char *end = s + n, *p = s;
    int digits = 0, point = 0;
    int64_t after = 0, trailing = 0; /* digits behind the point; zeros since the last other digit */
    *d = (decimal){0};
    if (p < end && *p == '-') d->negative = 1, p++;
    for (; p < end && ((*p >= '0' && *p <= '9') || (*p == '.' && !point)); p++) {
        if (*p == '.') {
            point = 1;
            continue;
        }
        digits = 1;
        after += point;
        if (*p != '0') {
            if (d->first == NULL) d->first = p;
            d->count += trailing + 1;
            trailing = 0;
        } else if (d->first != NULL) {
            trailing++;
        }
    }
    d->power = trailing - after;
    if (!digits) return -1;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        int64_t e = read_exponent(&p, end);
        if (e == INT64_MIN) return -1;
        d->power += e;
    }
    return p == end ? 0 : -1;
}

/* The first `count` significant digits; at most 19 of them. */
static uint64_t digits_value(const decimal *d)
{
    uint64_t v = 0;
    const char *p = d->first;
    for (int64_t left = d->count; left > 0; p++)
        if (*p != '.') v = v * 10 + (uint64_t)(*p - '0'), left--;
    return v;
}

int gbl_text_whole(const char *s, size_t n, int64_t *out)
{
    decimal d;
    if (take_apart(s, n, &d) != 0) return -1;
    if (d.count == 0) return *out = 0, 0;
    if (d.power < 0) return -1;
    if (d.count + d.power > 19) return -2;
    uint64_t v = digits_value(&d);
    for (int64_t i = 0; i < d.power; i++) v *= 10; /* below 10^19 < 2^64 */
    if (v > (uint64_t)INT64_MAX + (uint64_t)d.negative) return -2;
    *out = d.negative ? (int64_t)(0 - v) : (int64_t)v;
    return 0;
}

static int read_slowly(const char *s, size_t n, double *out)
{
    char small[128], *text = n < sizeof small ? small : gbl_alloc(n + 1, 1);
    if (text == NULL) return -1;
    memcpy(text, s, n);
    text[n] = '\0';
    *out = strtod(text, NULL); /* nobody calls setlocale: the point is a point */
    if (text != small) gbl_free(text);
    return isfinite(*out) ? 0 : -1;
}

/* Up to 15 digits and a power of ten up to 22 are both exact doubles, so one operation rounds correctly (Clinger,
 * PLDI 1990): nearly every number of a trace. The rest goes to strtod, which never sees hex, inf, nan or blanks. */
int gbl_text_real(const char *s, size_t n, double *out)
{
    static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d;
    if (take_apart(s, n, &d) != 0) return -1;
    if (d.count > 15 || d.power > 22 || d.power < -22) return d.count == 0 ? (*out = d.negative ? -0.0 : 0.0, 0) : read_slowly(s, n, out);
    double v = (double)digits_value(&d);
    v = d.power < 0 ? v / ten[-d.power] : v * ten[d.power];
    *out = d.negative ? -v : v;
    return 0;
}

/* ---------------------------------------------------------------- for people ---- */

char *gbl_human_int(char *out, size_t size, int64_t v)
{
    char digits[24], grouped[32];
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)u), k = 0;
    if (v < 0) grouped[k++] = '-';
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) grouped[k++] = ',';
        grouped[k++] = digits[i];
    }
    grouped[k] = '\0';
    snprintf(out, size, "%s", grouped);
    return out;
}

/* Three significant digits; whole numbers stay whole. */
static void three_digits(char *out, size_t size, double v)
{
    double a = fabs(v);
    int places = a == floor(a) && a < 1000 ? 0 : a >= 99.95 ? 0 : a >= 9.995 ? 1 : 2;
    snprintf(out, size, "%.*f", places, v);
}

char *gbl_human_si(char *out, size_t size, double v, const char *unit)
{
    static const struct { double scale; const char *prefix; } si[] = {
        {1e18, "E"}, {1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};
    size_t last = sizeof si / sizeof si[0] - 1, i = 0;
    char digits[400]; /* %f of the largest double */
    const char *u = unit == NULL ? "" : unit;
    if (!isfinite(v)) {
        snprintf(out, size, "-");
        return out;
    }
    while (i < last && fabs(v) < si[i].scale * 0.9995) i++;
    if (v == 0) i = 6;
    three_digits(digits, sizeof digits, v / si[i].scale);
    snprintf(out, size, "%s%s%s%s", digits, si[i].prefix[0] || u[0] ? " " : "", si[i].prefix, u);
    return out;
}

char *gbl_human_bytes(char *out, size_t size, double bytes)
{
    static const char *const prefix[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    char digits[400];
    int i = 0;
    if (!isfinite(bytes)) {
        snprintf(out, size, "-");
        return out;
    }
    while (i < 6 && fabs(bytes) >= 1023.5) bytes /= 1024, i++;
    three_digits(digits, sizeof digits, bytes);
    snprintf(out, size, "%s %s", digits, prefix[i]);
    return out;
}

/* ---------------------------------------------------------------- UTF-8 ---- */

/* Well-formed sequences by the Unicode standard, table 3-7: no overlong forms, no surrogates, at most U+10FFFF. */
int gbl_utf8(const char *s, size_t n, uint32_t *code)
{
    const unsigned char *b = (const unsigned char *)s;
    if (n == 0) return 0;
    uint32_t c = b[0];
    int more = c < 0x80 ? 0 : c >= 0xC2 && c <= 0xDF ? 1 : (c & 0xF0) == 0xE0 ? 2 : c >= 0xF0 && c <= 0xF4 ? 3 : -1;
    if (more < 0 || (size_t)more >= n) return 0;
    if (more > 0) c &= 0x3Fu >> more;
    for (int i = 1; i <= more; i++) {
        if ((b[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (b[i] & 0x3Fu);
    }
    if ((more == 2 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF))) || (more == 3 && (c < 0x10000 || c > 0x10FFFF))) return 0;
    if (code != NULL) *code = c;
    return more + 1;
}

/* ---------------------------------------------------------------- hashes ---- */

uint64_t gbl_hash64(const void *data, size_t n, uint64_t seed)
{
    return XXH64(data, n, seed);
}

void gbl_hex64(char out[17], uint64_t v)
{
    for (int i = 0; i < 16; i++) out[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
    out[16] = '\0';
}
