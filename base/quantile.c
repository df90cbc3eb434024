/* quantile.c - a sample: exact while small, a log-linear sketch after.
 *
 * A bucket of the sketch is the top 10 bits of a double's mantissa: 1,024 equal parts of each octave. Its number is a
 * shift of the double's bits, with no logarithm; counts lie in pages of one octave, made when first needed. */
#include "base/quantile.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { EXACT_MOST = 1 << 20, PART_BITS = 10, PARTS = 1 << PART_BITS, OCTAVES = 2047 };

struct gbl_quantile {
    int64_t n;
    __int128 whole;        /* sum of the integers */
    double sum, lost;      /* of the others, with Neumaier's compensation */
    double min, max;
    int sketched, sorted;
    double *values; /* n of them while exact */
    size_t room;
    uint64_t *page[OCTAVES]; /* by the biased exponent; subnormals count as page 0's first part */
};

gbl_quantile *gbl_quantile_new(int flags)
{
    gbl_quantile *q = gbl_alloc(1, sizeof *q);
    if (q == NULL) return NULL;
    q->min = INFINITY;
    q->max = -INFINITY;
    q->sketched = (flags & GBL_Q_SKETCH_ONLY) != 0;
    return q;
}

void gbl_quantile_free(gbl_quantile *q)
{
    if (q == NULL) return;
    for (int i = 0; i < OCTAVES; i++) gbl_free(q->page[i]);
    gbl_free(q->values);
    gbl_free(q);
}

/* ---------------------------------------------------------------- sketch ---- */

static uint64_t bits_of(double v)
{
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    return b;
}

static double of_bits(uint64_t b)
{
    double v;
    memcpy(&v, &b, sizeof v);
    return v;
}

static int new_page(gbl_quantile *q, uint64_t octave)
{
    q->page[octave] = gbl_alloc(PARTS, sizeof *q->page[octave]);
    return q->page[octave] == NULL ? -1 : 0;
}

static inline int count_in(gbl_quantile *q, double v, uint64_t times)
{
    uint64_t bucket = bits_of(v) >> (52 - PART_BITS), octave = bucket >> PART_BITS;
    if (__builtin_expect(q->page[octave] == NULL, 0) && new_page(q, octave) != 0) return -1;
    q->page[octave][bucket & (PARTS - 1)] += times;
    return 0;
}

/* Moves the stored values into the sketch. Pages first: without memory nothing has changed. */
static int leave_exact(gbl_quantile *q)
{
    for (int64_t i = 0; i < q->n; i++) {
        uint64_t octave = bits_of(q->values[i]) >> 52;
        if (q->page[octave] == NULL && new_page(q, octave) != 0) return -1;
    }
    for (int64_t i = 0; i < q->n; i++) count_in(q, q->values[i], 1);
    gbl_free(q->values);
    q->values = NULL;
    q->room = 0;
    q->sketched = 1;
    return 0;
}

/* ---------------------------------------------------------------- adding ---- */

/* Puts v away `times` times; the moments are the caller's. */
static int keep(gbl_quantile *q, double v, int64_t times)
{
    if (!q->sketched && times > EXACT_MOST - q->n && leave_exact(q) != 0) return -1;
    if (q->sketched) return count_in(q, v, (uint64_t)times);
    if (gbl_grow(&q->values, &q->room, (size_t)(q->n + times), sizeof *q->values) != 0) return -1;
    for (int64_t i = 0; i < times; i++) q->values[q->n + i] = v;
    q->sorted = 0;
    return 0;
}

static inline void stretch(gbl_quantile *q, double low, double high)
{
    q->min = low < q->min ? low : q->min;
    q->max = high > q->max ? high : q->max;
}

/* A. Neumaier, ZAMM 54 (1974): the lost low bits of every addition are summed beside it. */
static void add_compensated(gbl_quantile *q, double v)
{
    double t = q->sum + v;
    q->lost += fabs(q->sum) >= fabs(v) ? (q->sum - t) + v : (v - t) + q->sum;
    q->sum = t;
}

int gbl_quantile_add(gbl_quantile *q, double v)
{
    assert(v >= 0 && isfinite(v));
    v += 0.0; /* -0 has a sign bit, 0 has none */
    if (keep(q, v, 1) != 0) return -1;
    add_compensated(q, v);
    stretch(q, v, v);
    q->n++;
    return 0;
}

int gbl_quantile_add_int(gbl_quantile *q, int64_t v, int64_t times)
{
    assert(v >= 0 && times >= 0);
    double real = (double)v;
    if (__builtin_expect(times == 0, 0)) return 0;
    if ((q->sketched ? count_in(q, real, (uint64_t)times) : keep(q, real, times)) != 0) return -1;
    q->whole += (__int128)v * times;
    stretch(q, real, real);
    q->n += times;
    return 0;
}

static int merge_pages(gbl_quantile *into, const gbl_quantile *from)
{
    for (int i = 0; i < OCTAVES; i++)
        if (from->page[i] != NULL && into->page[i] == NULL && new_page(into, (uint64_t)i) != 0) return -1;
    for (int i = 0; i < OCTAVES; i++)
        for (int k = 0; from->page[i] != NULL && k < PARTS; k++) into->page[i][k] += from->page[i][k];
    return 0;
}

static int merge_values(gbl_quantile *into, const gbl_quantile *from)
{
    for (int64_t i = 0; i < from->n; i++) {
        uint64_t octave = bits_of(from->values[i]) >> 52;
        if (into->page[octave] == NULL && new_page(into, octave) != 0) return -1;
    }
    for (int64_t i = 0; i < from->n; i++) count_in(into, from->values[i], 1);
    return 0;
}

int gbl_quantile_merge(gbl_quantile *into, const gbl_quantile *from)
{
    assert(into != from);
    int stays = !into->sketched && !from->sketched && into->n + from->n <= EXACT_MOST;
    if (from->n == 0) return 0;
    if (stays) {
        if (gbl_grow(&into->values, &into->room, (size_t)(into->n + from->n), sizeof *into->values) != 0) return -1;
        memcpy(into->values + into->n, from->values, (size_t)from->n * sizeof *into->values);
        into->sorted = 0;
    } else {
        if (!into->sketched && leave_exact(into) != 0) return -1;
        if ((from->sketched ? merge_pages(into, from) : merge_values(into, from)) != 0) return -1;
    }
    into->whole += from->whole;
    add_compensated(into, from->sum);
    into->lost += from->lost;
    stretch(into, from->min, from->max);
    into->n += from->n;
    return 0;
}

/* ---------------------------------------------------------------- reading ---- */

int64_t gbl_quantile_n(const gbl_quantile *q)
{
    return q->n;
}

double gbl_quantile_mean(const gbl_quantile *q)
{
    if (q->n == 0) return NAN;
    return (double)(((long double)q->whole + (long double)q->sum + (long double)q->lost) / (long double)q->n);
}

double gbl_quantile_max(const gbl_quantile *q)
{
    return q->n == 0 ? NAN : q->max;
}

int gbl_quantile_exact(const gbl_quantile *q)
{
    return !q->sketched;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void gbl_sort_reals(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
}

double gbl_sorted_at(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1), down = floor(at);
    size_t i = (size_t)down;
    return i + 1 < n ? sorted[i] + (at - down) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* Doubles that are not negative sort like their bits: six passes of 11 bits, less those where all agree. */
static int radix_sort(double *values, size_t n)
{
    uint64_t *from = gbl_alloc(n, 8), *to = gbl_alloc(n, 8);
    int ok = from != NULL && to != NULL;
    if (ok) memcpy(from, values, n * 8);
    for (int shift = 0; ok && shift < 64; shift += 11) {
        size_t start[2049] = {0};
        for (size_t i = 0; i < n; i++) start[(from[i] >> shift & 2047) + 1]++;
        if (start[(from[0] >> shift & 2047) + 1] == n) continue;
        for (int d = 0; d < 2048; d++) start[d + 1] += start[d];
        for (size_t i = 0; i < n; i++) to[start[from[i] >> shift & 2047]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (ok) memcpy(values, from, n * 8);
    gbl_free(from);
    gbl_free(to);
    return ok ? 0 : -1;
}

static void sort_values(gbl_quantile *q)
{
    if (q->sorted) return;
    if (q->n < 256 || radix_sort(q->values, (size_t)q->n) != 0) qsort(q->values, (size_t)q->n, sizeof *q->values, by_value);
    q->sorted = 1;
}

static double clamp(const gbl_quantile *q, double v)
{
    return v < q->min ? q->min : v > q->max ? q->max : v;
}

/* Middle of a bucket. The first of page 0 holds zeros (and subnormals of no account). */
static double middle(int octave, int part)
{
    uint64_t first = ((uint64_t)octave << PART_BITS | (uint64_t)part) << (52 - PART_BITS);
    return octave == 0 && part == 0 ? 0.0 : of_bits(first | UINT64_C(1) << (51 - PART_BITS));
}

/* The order statistics `rank` and `rank + 1` (from 0) of the sketch. The least and the greatest are known exactly. */
static void two_ranks(const gbl_quantile *q, int64_t rank, double *first, double *second)
{
    int64_t before = 0;
    int found = 0;
    *first = *second = q->max;
    for (int i = 0; i < OCTAVES && found < 2; i++) {
        for (int k = 0; q->page[i] != NULL && k < PARTS && found < 2; k++) {
            before += (int64_t)q->page[i][k];
            if (found == 0 && before > rank) *first = clamp(q, middle(i, k)), found = 1;
            if (found == 1 && before > rank + 1) *second = clamp(q, middle(i, k)), found = 2;
        }
    }
    if (rank == 0) *first = q->min;
    if (rank == q->n - 1) *first = q->max;
    if (rank + 1 >= q->n - 1) *second = q->max;
}

double gbl_quantile_at(gbl_quantile *q, double p)
{
    assert(p >= 0 && p <= 1);
    if (q->n == 0) return NAN;
    double place = p * (double)(q->n - 1), rank = floor(place), share = place - rank, a, b;
    int64_t i = (int64_t)rank;
    if (i >= q->n - 1) return q->max;
    if (q->sketched) {
        two_ranks(q, i, &a, &b);
    } else {
        sort_values(q);
        a = q->values[i];
        b = q->values[i + 1];
    }
    /* numpy's _lerp: from the nearer end, so that equal ends give just that value */
    return share < 0.5 ? a + (b - a) * share : b - (b - a) * (1 - share);
}
