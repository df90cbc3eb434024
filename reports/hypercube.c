/* hypercube.c - a key's range and the samples drawn from it. */
#include "reports/hypercube.h"

#include <math.h>
#include <string.h>

#include "base/param.h"
#include "base/random.h"
#include "base/text.h"

/* A stream of its own: the simulation draws nothing from it. */
enum { STREAM_LATIN = GBL_STREAM_POLICY - 2 };
enum { SCALE_LINEAR, SCALE_LOG };

const gbl_param gbl_range_rows[] = {
    {"low", GBL_P_REAL, 0, offsetof(gbl_range, low), "null", 1, 0, NULL, NULL, "Lower end of the range."},
    {"high", GBL_P_REAL, 0, offsetof(gbl_range, high), "null", 1, 0, NULL, NULL, "Upper end of the range."},
    {"scale", GBL_P_CHOICE, 0, offsetof(gbl_range, scale), "\"linear\"", 0, 0, NULL, "linear|log", "How samples spread over the range."},
    {"integer", GBL_P_BOOL, 0, offsetof(gbl_range, integer), "false", 0, 0, NULL, NULL, "Whole values only, both ends among them."},
    {0}};

static int fail_few(gbl_err *err, const gbl_node *n, const char *what, const char *expected)
{
    gbl_node_fail(n, err, "%s", what);
    return gbl_expected(err, "%s", expected);
}

int gbl_range_read(gbl_range *r, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    int code = gbl_param_defaults(gbl_range_rows, r, a, err);
    if (code || (code = gbl_param_bind(gbl_range_rows, r, n, NULL, a, err))) {
        return code;
    }
    if (isnan(r->low) || isnan(r->high) || r->low > r->high) {
        return fail_few(err, n, "a range needs low and high", "{\"low\": 1, \"high\": 8}, low not above high");
    }
    if (r->scale == SCALE_LOG && r->low <= 0) {
        return fail_few(err, gbl_node_get(n, "low"), "a logarithmic range starts above 0", "low > 0, or \"scale\": \"linear\"");
    }
    if (r->integer && (r->low != floor(r->low) || r->high != floor(r->high) || fabs(r->low) > 9e15 || fabs(r->high) > 9e15)) {
        return fail_few(err, n, "a range of integers has whole ends", "low and high without a fraction, or \"integer\": false");
    }
    return GBL_OK;
}

/* The value at share u of the range, 0 < u < 1. */
static void range_text(const gbl_range *r, double u, char *out, size_t size)
{
    double high = r->high + r->integer; /* the last integer's stratum is as wide as the others' */
    double v = r->scale == SCALE_LOG ? r->low * exp(u * log(high / r->low)) : r->low + u * (high - r->low);
    v = r->integer ? floor(v) : v;
    gbl_num_text(out, size, v < r->low ? r->low : v > r->high ? r->high : v);
}

/* One key's samples: stratum perm[i], and a draw within it. */
int gbl_range_samples(const gbl_range *r, const char *name, uint64_t seed, const char **out, size_t size, gbl_arena *a, gbl_err *err)
{
    uint64_t entity = gbl_hash64(name, strlen(name), 0);
    size_t *perm = gbl_alloc(size, sizeof *perm);
    if (!perm) {
        return gbl_nomem(err, size * sizeof *perm);
    }
    for (size_t i = 0; i < size; i++) { /* Fisher and Yates, inside out */
        size_t j = (size_t)(gbl_draw(seed, STREAM_LATIN, entity, 2 * i) * (double)(i + 1));
        perm[i] = perm[j];
        perm[j] = i;
    }
    for (size_t i = 0; i < size; i++) {
        char text[40];
        double within = gbl_draw(seed, STREAM_LATIN, entity, 2 * i + 1);
        range_text(r, ((double)perm[i] + within) / (double)size, text, sizeof text);
        if (!(out[i] = gbl_arena_text(a, text))) {
            break;
        }
    }
    gbl_free(perm);
    return out[size - 1] ? GBL_OK : gbl_nomem(err, 0);
}
