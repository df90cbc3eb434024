/* cuda_stream.cu - copy and triad, from sizes that stay in L2 to sizes that stream from HBM. */
#include "validate/probe/probe.cuh"

#include <cmath>

#include "validate/probe/body_move.h"

namespace probe {

static unsigned groups_for(int n)
{
    return (unsigned)((n + GBL_STREAM * GBL_STREAM_WORDS - 1) / (GBL_STREAM * GBL_STREAM_WORDS));
}

static void copy(cudaStream_t stream, const uint32_t *from, uint32_t *to, int n)
{
    GBL_RUN(gbl_probe_copy, groups_for(n), GBL_STREAM, 0, stream, from, to, n);
}

static void triad(cudaStream_t stream, const float *a, const float *b, float *to, int n)
{
    GBL_RUN(gbl_probe_triad, groups_for(n), GBL_STREAM, 0, stream, a, b, to, n);
}

static bool check(Session &s)
{
    const int n = 3 * GBL_STREAM * GBL_STREAM_WORDS + 77;
    Buffer a(s, n * 4), b(s, n * 4), to(s, n * 4);
    if (!a || !b || !to) return false;
    fill_bytes(s, a.p, n * 4, ~0u, 1);
    copy(s.stream, a.as<uint32_t>(), to.as<uint32_t>(), n);
    MUST(cudaStreamSynchronize(s.stream));
    if (!equals(s, "copy", download<uint32_t>(to.p, n), download<uint32_t>(a.p, n))) return false;
    fill_float(s, a.p, n, -1, 1, 2);
    fill_float(s, b.p, n, -1, 1, 3);
    triad(s.stream, a.as<float>(), b.as<float>(), to.as<float>(), n);
    MUST(cudaStreamSynchronize(s.stream));
    std::vector<float> x = download<float>(a.p, n), y = download<float>(b.p, n), z = download<float>(to.p, n);
    std::vector<double> want(n);
    for (int i = 0; i < n; i++) want[i] = (double)x[i] + 3.0 * y[i];
    return agrees(s, "triad", std::vector<double>(z.begin(), z.end()), want, 1e-6);
}

void run_stream(Session &s)
{
    if (!check(s) || s.opt.check_only) return;
    double most = (double)room(s) / 4;
    if (most > 2e9) most = 2e9; /* bytes of one array; an int counts its words */
    for (double bytes = 16384; bytes <= most; bytes *= s.opt.quick ? 4 : std::sqrt(2.0)) {
        int n = (int)(bytes / 4);
        Buffer a(s, (size_t)n * 4), b(s, (size_t)n * 4), to(s, (size_t)n * 4);
        if (!a || !b || !to) return;
        fill_float(s, a.p, (size_t)n, -1, 1, 2);
        fill_float(s, b.p, (size_t)n, -1, 1, 3);
        std::string shape = Shape().num("elements", n).end();
        if (wants(s, "copy"))
            time_graph(s, {"copy", "body", nullptr, shape, 0, 8.0 * n, true}, 1, 8.0 * n, [&](cudaStream_t stream, int) { copy(stream, a.as<uint32_t>(), to.as<uint32_t>(), n); });
        if (wants(s, "triad"))
            time_graph(s, {"triad", "body", nullptr, shape, 2.0 * n, 12.0 * n, true}, 1, 12.0 * n, [&](cudaStream_t stream, int) { triad(stream, a.as<float>(), b.as<float>(), to.as<float>(), n); });
    }
}

} // namespace probe
