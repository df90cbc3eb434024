/* cuda_reduce.cu - all-reduce by NCCL over 2, 4, 8, ... GPUs of this machine, each in a CUDA graph. NCCL is loaded at run time; its few
 * functions and numbers are declared here, as in nccl.h since 2.4. */
#include "validate/probe/probe.cuh"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace probe {

typedef struct ncclComm *Comm;
enum { NCCL_SUCCESS = 0, NCCL_SUM = 0, NCCL_BFLOAT16 = 9 };

static struct {
    int (*init_all)(Comm *, int, const int *);
    int (*destroy)(Comm);
    int (*all_reduce)(const void *, void *, size_t, int, int, Comm, cudaStream_t);
    int (*start)();
    int (*end)();
} nccl;

template <class F> static bool load(F &to, void *from, const char *name)
{
    return (to = (F)symbol(from, name)) != nullptr;
}

static bool nccl_open()
{
    static const char *const names[] = {"libnccl.so.2", "libnccl.so", nullptr};
    void *from = library(names);
    return load(nccl.init_all, from, "ncclCommInitAll") && load(nccl.destroy, from, "ncclCommDestroy") && load(nccl.all_reduce, from, "ncclAllReduce") &&
           load(nccl.start, from, "ncclGroupStart") && load(nccl.end, from, "ncclGroupEnd");
}

static void nccl_must(int e, const char *what)
{
    if (e == NCCL_SUCCESS) return;
    note("%s: NCCL error %d", what, e);
    exit(1);
}

/* One GPU of the group. */
struct Rank {
    cudaStream_t stream;
    Comm comm;
    void *data, *sum; /* not in place: what is added stays what it was */
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    std::unique_ptr<Replay> replay;
};

/* bf16 between 1/2 and 1, of either sign: no constant, for power's sake. */
static std::vector<uint16_t> mixed(size_t n)
{
    std::vector<uint16_t> x(n);
    uint32_t state = 7;
    for (uint16_t &v : x) {
        state = state * 1664525u + 1013904223u;
        v = (uint16_t)((state >> 16 & 0x807f) | 0x3f00);
    }
    return x;
}

struct Group {
    std::vector<Rank> rank;
    size_t bytes;
    Group(int n, size_t most) : rank(n), bytes(most)
    {
        std::vector<uint16_t> x = mixed(bytes / 2);
        std::vector<Comm> comm(n);
        std::vector<int> device(n);
        for (int i = 0; i < n; i++) device[i] = i;
        nccl_must(nccl.init_all(comm.data(), n, device.data()), "ncclCommInitAll");
        for (int i = 0; i < n; i++) {
            MUST(cudaSetDevice(i));
            rank[i].comm = comm[i];
            MUST(cudaStreamCreateWithFlags(&rank[i].stream, cudaStreamNonBlocking));
            MUST(cudaMalloc(&rank[i].data, bytes));
            MUST(cudaMalloc(&rank[i].sum, bytes));
            upload(rank[i].data, x);
        }
    }
    ~Group()
    {
        for (size_t i = 0; i < rank.size(); i++) {
            cudaSetDevice((int)i);
            cudaFree(rank[i].data);
            cudaFree(rank[i].sum);
            cudaStreamDestroy(rank[i].stream);
            nccl.destroy(rank[i].comm);
        }
    }
    void reduce(size_t count)
    {
        nccl_must(nccl.start(), "ncclGroupStart");
        for (Rank &r : rank) nccl_must(nccl.all_reduce(r.data, r.sum, count, NCCL_BFLOAT16, NCCL_SUM, r.comm, r.stream), "ncclAllReduce");
        nccl_must(nccl.end(), "ncclGroupEnd");
    }
    void wait()
    {
        for (Rank &r : rank) MUST(cudaStreamSynchronize(r.stream));
    }
    void each(const std::function<void(Rank &)> &what)
    {
        for (size_t i = 0; i < rank.size(); i++) {
            MUST(cudaSetDevice((int)i));
            what(rank[i]);
        }
    }
};

static uint16_t whole_bf16(int v) /* below 256: exact */
{
    float x = (float)v;
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return (uint16_t)(bits >> 16);
}

/* The sum over ranks of rank % 2 + element % 7: whole numbers that bf16 holds, up to 36 ranks. */
static bool check(Session &s, Group &g)
{
    const int n = 1000;
    std::vector<uint16_t> mine(n);
    std::vector<uint32_t> got, want;
    int ranks = (int)g.rank.size(), k = 0;
    g.each([&](Rank &r) {
        for (int i = 0; i < n; i++) mine[i] = whole_bf16(k % 2 + i % 7);
        upload(r.data, mine);
        k++;
    });
    g.reduce(n);
    g.wait();
    g.each([&](Rank &r) {
        std::vector<uint16_t> out = download<uint16_t>(r.sum, n);
        for (int i = 0; i < n; i++) {
            got.push_back(out[i]);
            want.push_back(whole_bf16(ranks / 2 + ranks * (i % 7)));
        }
    });
    return equals(s, "all_reduce", got, want);
}

/* A graph on every GPU of so many in a row that one lasts a millisecond or so: long enough for the host to queue the next on all. */
static void capture(Group &g, size_t bytes, int inner)
{
    g.each([](Rank &r) { MUST(cudaStreamBeginCapture(r.stream, cudaStreamCaptureModeThreadLocal)); });
    for (int i = 0; i < inner; i++) g.reduce(bytes / 2);
    g.each([](Rank &r) { MUST(cudaStreamEndCapture(r.stream, &r.graph)); });
    g.each([](Rank &r) {
        MUST(cudaGraphInstantiate(&r.exec, r.graph, 0));
        r.replay.reset(new Replay(r.stream, r.exec));
    });
}

/* By each GPU's own events, of which the slowest counts. */
static void time_size(Session &s, Group &g, size_t bytes)
{
    const int inner = bytes <= 1u << 20 ? 100 : 20;
    capture(g, bytes, inner);
    double n = (double)g.rank.size();
    std::string shape = Shape().num("num_gpus", n).num("message_bytes", (double)bytes).word("op", "all_reduce").word("mode", "graph").end();
    Case c = {"all_reduce", "nccl", "bf16", shape, NAN, 2 * (n - 1) / n * (double)bytes, true};
    auto go = [](Rank &r) { r.replay->go(); };
    for (int i = 0; i < 3; i++) g.each(go);
    gbl_probe_summary us = repeat(s, [&] {
        double slowest = 0;
        g.each(go);
        g.each([&](Rank &r) { slowest = std::max(slowest, r.replay->us()); });
        return slowest / inner;
    });
    g.each([](Rank &r) {
        r.replay.reset();
        MUST(cudaGraphExecDestroy(r.exec));
        MUST(cudaGraphDestroy(r.graph));
    });
    MUST(cudaSetDevice(s.opt.device));
    print_row(s, c, us, false);
}

void run_all_reduce(Session &s)
{
    int devices = 0;
    MUST(cudaGetDeviceCount(&devices));
    if (devices < 2) {
        note("all_reduce: one GPU here, so none is measured");
        return;
    }
    if (!nccl_open()) {
        note("all_reduce: no libnccl here, so none is measured");
        return;
    }
    const size_t wanted = s.opt.check_only ? 1u << 16 : s.opt.quick ? 16u << 20 : 256u << 20, most = std::min(wanted, room(s) / 4 / 4096 * 4096);
    for (int n = 2; n <= devices; n *= 2) {
        Group g(n, most);
        if (!check(s, g)) break;
        for (size_t bytes = 4096; bytes <= most && !s.opt.check_only; bytes *= s.opt.quick ? 16 : 2) time_size(s, g, bytes);
    }
    MUST(cudaSetDevice(s.opt.device));
}

} // namespace probe
