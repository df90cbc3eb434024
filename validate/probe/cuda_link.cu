/* cuda_link.cu - between host and device, and between host and kernel: copies over PCIe, launches, copies beside kernels. */
#include "validate/probe/probe.cuh"

#include <cmath>

#include "validate/probe/body_move.h"

namespace probe {

struct HostBuffer {
    void *p = nullptr;
    std::vector<char> pageable;
    bool pinned;
    HostBuffer(size_t n, bool pin) : pinned(pin)
    {
        if (pinned && cudaHostAlloc(&p, n, cudaHostAllocDefault) != cudaSuccess) p = nullptr;
        if (!pinned) {
            pageable.assign(n, 1); /* touched, so that every page is there */
            p = pageable.data();
        }
        if (pinned && p)
            for (size_t i = 0; i < n; i += 512) ((char *)p)[i] = (char)i;
    }
    ~HostBuffer()
    {
        if (pinned && p) cudaFreeHost(p);
    }
    HostBuffer(const HostBuffer &) = delete;
    HostBuffer &operator=(const HostBuffer &) = delete;
};

/* ---- PCIe ---- */

static void pieces(cudaStream_t stream, char *device, char *host, size_t bytes, int n, bool to_host)
{
    size_t each = bytes / (size_t)n;
    for (int i = 0; i < n; i++) {
        char *d = device + each * (size_t)i, *h = host + each * (size_t)i;
        MUST(cudaMemcpyAsync(to_host ? h : d, to_host ? d : h, each, to_host ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice, stream));
    }
}

static bool check_copies(Session &s, bool pinned)
{
    const size_t n = 1 << 16;
    HostBuffer from(n, pinned), to(n, pinned);
    Buffer device(s, n);
    if (!from.p || !to.p || !device) return false;
    for (size_t i = 0; i < n; i++) ((uint8_t *)from.p)[i] = (uint8_t)(i * 31 >> 3);
    pieces(s.stream, device.as<char>(), (char *)from.p, n, 8, false);
    pieces(s.stream, device.as<char>(), (char *)to.p, n, 4, true);
    MUST(cudaStreamSynchronize(s.stream));
    const uint32_t *a = (const uint32_t *)to.p, *b = (const uint32_t *)from.p;
    return equals(s, pinned ? "host_copy (pinned)" : "host_copy (pageable)", std::vector<uint32_t>(a, a + n / 4), std::vector<uint32_t>(b, b + n / 4));
}

static void time_copies(Session &s, const Buffer &device, HostBuffer &host, size_t bytes, int n, bool to_host)
{
    std::string shape = Shape().num("copied_bytes", (double)bytes).num("pieces", n).num("to_host", to_host).truth("pinned", host.pinned).end();
    time_host(s, {"host_copy", "driver", nullptr, shape, 0, (double)bytes, true}, [&] {
        pieces(s.stream, device.as<char>(), (char *)host.p, bytes, n, to_host);
        MUST(cudaStreamSynchronize(s.stream));
    });
}

void run_host_copy(Session &s)
{
    const size_t most = s.opt.quick ? 64u << 20 : 512u << 20;
    bool right = check_copies(s, true);
    right = check_copies(s, false) && right;
    if (!right || s.opt.check_only) return;
    Buffer device(s, most < room(s) / 2 ? most : room(s) / 2);
    if (!device) return;
    for (bool pinned : {true, false}) {
        HostBuffer host(device.bytes, pinned);
        if (!host.p) {
            note("no %zu bytes of pinned memory: those copies are left out", device.bytes);
            continue;
        }
        for (bool to_host : {false, true}) {
            for (size_t bytes = 4096; bytes <= device.bytes; bytes *= s.opt.quick ? 16 : 2) time_copies(s, device, host, bytes, 1, to_host);
            for (size_t total = 8u << 20; total <= 64u << 20 && total <= device.bytes && pinned; total *= 8)
                for (int n = 4; n <= 2048; n *= 4) time_copies(s, device, host, total, n, to_host); /* KV blocks, one by one */
        }
    }
}

/* ---- launches ---- */

static __global__ void nothing(int *to)
{
    if (to && threadIdx.x > 1024) *to = 1; /* never, and the compiler cannot know */
}

static void launches(Session &s, const char *how, int kernels, bool graph, const std::function<void()> &all)
{
    std::string shape = Shape().num("kernels", kernels).truth("graph", graph).word("how", how).end();
    time_host(s, {"launch", "driver", nullptr, shape, 0, 0, false}, all);
}

void run_launch(Session &s)
{
    const int n = 1000;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    int *none = nullptr;
    if (s.opt.check_only) return; /* computes nothing */
    launches(s, "launched and waited for", 1, false, [&] {
        GBL_RUN(nothing, 1, 32, 0, s.stream, none);
        MUST(cudaStreamSynchronize(s.stream));
    });
    launches(s, "launched in a row, then waited for", n, false, [&] {
        for (int i = 0; i < n; i++) GBL_RUN(nothing, 1, 32, 0, s.stream, none);
        MUST(cudaStreamSynchronize(s.stream));
    });
    MUST(cudaStreamBeginCapture(s.stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < n; i++) GBL_RUN(nothing, 1, 32, 0, s.stream, none);
    MUST(cudaStreamEndCapture(s.stream, &graph));
    MUST(cudaGraphInstantiate(&exec, graph, 0));
    launches(s, "one graph, launched and waited for", n, true, [&] {
        MUST(cudaGraphLaunch(exec, s.stream));
        MUST(cudaStreamSynchronize(s.stream));
    });
    MUST(cudaGraphExecDestroy(exec));
    MUST(cudaGraphDestroy(graph));
}

/* ---- copies beside kernels ---- */

struct Beside {
    Session &s;
    cudaStream_t other;
    Buffer a, b, to, device;
    HostBuffer host;
    size_t copied;
    int words, rounds; /* triads that take about as long as the copy */
    Beside(Session &session, size_t bytes)
        : s(session), a(session, bytes), b(session, bytes), to(session, bytes), device(session, bytes), host(bytes, true), copied(bytes), words((int)(bytes / 4)), rounds(1)
    {
        MUST(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    }
    ~Beside() { cudaStreamDestroy(other); }
    bool there() const { return a && b && to && device && host.p; }
    void compute()
    {
        unsigned groups = (unsigned)((words + GBL_STREAM * GBL_STREAM_WORDS - 1) / (GBL_STREAM * GBL_STREAM_WORDS));
        for (int i = 0; i < rounds; i++) GBL_RUN(gbl_probe_triad, groups, GBL_STREAM, 0, s.stream, a.as<float>(), b.as<float>(), to.as<float>(), words);
    }
    void copy(bool to_host) { pieces(other, device.as<char>(), (char *)host.p, copied, 1, to_host); }
    void wait()
    {
        MUST(cudaStreamSynchronize(s.stream));
        MUST(cudaStreamSynchronize(other));
    }
};

static void time_beside(Beside &x, const char *what, bool to_host, bool copies, bool computes)
{
    double bytes = (copies ? (double)x.copied : 0) + (computes ? 12.0 * x.words * x.rounds : 0);
    std::string shape = Shape().num("copied_bytes", (double)x.copied).num("to_host", to_host).num("triads", x.rounds).word("what", what).end();
    time_host(x.s, {"overlap", "driver", nullptr, shape, NAN, bytes, false}, [&] {
        if (computes) x.compute();
        if (copies) x.copy(to_host);
        x.wait();
    });
}

void run_overlap(Session &s)
{
    const size_t bytes = s.opt.quick ? 32u << 20 : 256u << 20;
    if (s.opt.check_only) return; /* kernels and copies are checked where they stand alone */
    Beside x(s, bytes < room(s) / 8 ? bytes : room(s) / 8 / 4096 * 4096);
    if (!x.there()) {
        note("no room to copy beside kernels");
        return;
    }
    fill_float(s, x.a.p, (size_t)x.words, -1, 1, 2);
    fill_float(s, x.b.p, (size_t)x.words, -1, 1, 3);
    x.rounds = 16; /* HBM is some tens of times as fast as PCIe, a triad moves three times the bytes */
    for (bool to_host : {false, true}) {
        time_beside(x, "copy alone", to_host, true, false);
        time_beside(x, "triads alone", to_host, false, true);
        time_beside(x, "both at once", to_host, true, true);
    }
}

} // namespace probe
