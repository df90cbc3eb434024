/* Quantiles: exact below 2^20 values, sketched above, and the run-length call of the token gaps. */
#include "base/quantile.h"
#include "bench.h"

static int values(const char *name, int64_t n, int flags)
{
    gbl_quantile *q = gbl_quantile_new(flags);
    uint64_t luck = 3;

    if (!q) return 1;
    double start = bench_now();
    for (int64_t i = 0; i < n; i++)
        if (gbl_quantile_add_int(q, (int64_t)(bench_mix(&luck) >> 34), 1)) return 1;
    double sum = 0;
    for (int i = 0; i <= 1000; i++) sum += gbl_quantile_at(q, i / 1000.0);
    bench_line(name, n, "values", bench_now() - start, (uint64_t)sum);
    gbl_quantile_free(q);
    return 0;
}

int main(void)
{
    return values("quantile, exact", bench_n(1000000), 0) || values("quantile, sketch", bench_n(20000000), GBL_Q_SKETCH_ONLY);
}
