/* err.c - the four lines of an error. Text that does not fit is cut at a character's edge and ends in "...". */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message may quote the user's bytes: one that would break its line or drive the terminal is shown as '?'. */
static void tame(char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f) *s = '?';
}

static void cut(char *out, size_t size)
{
    size_t n = size - 4;
    while (n > 0 && ((unsigned char)out[n] & 0xC0) == 0x80) n--; /* not inside a UTF-8 sequence */
    memcpy(out + n, "...", 4);
}

static void print(char *out, size_t size, const char *fmt, va_list args)
{
    int n = vsnprintf(out, size, fmt, args);
    assert(n >= 0);
    if ((size_t)n >= size) cut(out, size);
    tame(out);
}

int gbl_fail(gbl_err *e, int code, const char *fmt, ...)
{
    assert(e != NULL && code != GBL_OK);
    char what[sizeof e->what]; /* the arguments may point into e itself */
    va_list args;
    va_start(args, fmt);
    print(what, sizeof what, fmt, args);
    va_end(args);
    e->misfit = 0;
    e->code = code;
    memcpy(e->what, what, strlen(what) + 1);
    e->where[0] = e->expected[0] = e->nearest[0] = '\0';
    return code;
}

int gbl_where(gbl_err *e, const char *fmt, ...)
{
    char where[sizeof e->where];
    va_list args;
    va_start(args, fmt);
    print(where, sizeof where, fmt, args);
    va_end(args);
    memcpy(e->where, where, strlen(where) + 1);
    return e->code;
}

int gbl_expected(gbl_err *e, const char *fmt, ...)
{
    char expected[sizeof e->expected];
    va_list args;
    va_start(args, fmt);
    print(expected, sizeof expected, fmt, args);
    va_end(args);
    memcpy(e->expected, expected, strlen(expected) + 1);
    return e->code;
}

int gbl_nearest(gbl_err *e, const char *name)
{
    if (name == NULL) {
        e->nearest[0] = '\0';
    } else if (name != e->nearest) {
        if (snprintf(e->nearest, sizeof e->nearest, "%s", name) >= (int)sizeof e->nearest) cut(e->nearest, sizeof e->nearest);
        tame(e->nearest);
    }
    return e->code;
}

int gbl_nomem(gbl_err *e, size_t bytes)
{
    if (bytes == 0) return gbl_fail(e, GBL_EFAULT, "out of memory");
    return gbl_fail(e, GBL_EFAULT, "out of memory (%zu bytes)", bytes);
}

int gbl_err_text(const gbl_err *e, char *out, size_t size)
{
    int w = e->where[0] != '\0', x = e->expected[0] != '\0', n = e->nearest[0] != '\0';
    return snprintf(out, size, "%s\n%s%s%s%s%s%s%s%s%s", e->what, w ? "  at       " : "", e->where, w ? "\n" : "",
                    x ? "  expected " : "", e->expected, x ? "\n" : "", n ? "  nearest  " : "", e->nearest, n ? "\n" : "");
}
