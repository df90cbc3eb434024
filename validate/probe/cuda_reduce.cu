/* cuda_reduce.cu - all-reduce by NCCL over 2, 4, 8, ... GPUs of this machine, each in a CUDA graph. NCCL is loaded at run time; its few
 * functions and numbers are declared here, as in nccl.h since 2.4. */
#include "validate/probe/probe.cuh"

#include <cmath>
#include <cstdlib>

namespace probe {

typedef struct ncclComm *Comm;
enum { NCCL_SUCCESS = 0, NCCL_SUM = 0, NCCL_FLOAT32 = 7, NCCL_BFLOAT16 = 9 };

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
    void *data;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
};

struct Group {
    std::vector<Rank> rank;
    size_t bytes;
    Group(int n, size_t most) : rank(n), bytes(most)
    {
        std::vector<Comm> comm(n);
        std::vector<int> device(n);
        for (int i = 0; i < n; i++) device[i] = i;
        nccl_must(nccl.init_all(comm.data(), n, device.data()), "ncclCommInitAll");
        for (int i = 0; i < n; i++) {
            MUST(cudaSetDevice(i));
            rank[i].comm = comm[i];
            MUST(cudaStreamCreateWithFlags(&rank[i].stream, cudaStreamNonBlocking));
            MUST(cudaMalloc(&rank[i].data, bytes));
        }
    }
    ~Group()
    {
        for (size_t i = 0; i < rank.size(); i++) {
            cudaSetDevice((int)i);
            cudaFree(rank[i].data);
            cudaStreamDestroy(rank[i].stream);
            nccl.destroy(rank[i].comm);
        }
    }
    void reduce(size_t count, int type)
    {
        nccl_must(nccl.start(), "ncclGroupStart");
        for (Rank &r : rank) nccl_must(nccl.all_reduce(r.data, r.data, count, type, NCCL_SUM, r.comm, r.stream), "ncclAllReduce");
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

/* The sum over ranks of rank + element % 7, small whole numbers: exact. */
static bool check(Session &s, Group &g)
{
    const int n = 1000;
    std::vector<float> mine(n);
    std::vector<uint32_t> got, want;
    int ranks = (int)g.rank.size(), k = 0;
    g.each([&](Rank &r) {
        for (int i = 0; i < n; i++) mine[i] = (float)(k + i % 7);
        upload(r.data, mine);
        k++;
    });
    g.reduce(n, NCCL_FLOAT32);
    g.wait();
    g.each([&](Rank &r) {
        std::vector<float> out = download<float>(r.data, n);
        for (int i = 0; i < n; i++) {
            got.push_back((uint32_t)out[i]);
            want.push_back((uint32_t)(ranks * (ranks - 1) / 2 + ranks * (i % 7)));
        }
    });
    return equals(s, "all_reduce", got, want);
}

static void time_size(Session &s, Group &g, size_t bytes)
{
    const int inner = 20;
    g.each([](Rank &r) { MUST(cudaMemset(r.data, 0, 16)); });
    for (Rank &r : g.rank) MUST(cudaStreamBeginCapture(r.stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < inner; i++) g.reduce(bytes / 2, NCCL_BFLOAT16);
    for (Rank &r : g.rank) {
        MUST(cudaStreamEndCapture(r.stream, &r.graph));
        MUST(cudaGraphInstantiate(&r.exec, r.graph, 0));
    }
    double n = (double)g.rank.size();
    std::string shape = Shape().num("num_gpus", n).num("message_bytes", (double)bytes).word("op", "all_reduce").word("mode", "graph").end();
    Case c = {"all_reduce", "nccl", "bf16", shape, NAN, 2 * (n - 1) / n * (double)bytes, true};
    gbl_probe_summary us = host_times(s, inner, [&] {
        g.each([](Rank &r) { MUST(cudaGraphLaunch(r.exec, r.stream)); });
        g.wait();
    });
    MUST(cudaSetDevice(s.opt.device));
    print_row(s, c, us, false);
    for (Rank &r : g.rank) {
        MUST(cudaGraphExecDestroy(r.exec));
        MUST(cudaGraphDestroy(r.graph));
    }
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
    const size_t most = s.opt.quick ? 16u << 20 : 256u << 20;
    for (int n = 2; n <= devices; n *= 2) {
        Group g(n, most);
        if (!check(s, g)) break;
        for (size_t bytes = 4096; bytes <= most && !s.opt.check_only; bytes *= s.opt.quick ? 16 : 2) time_size(s, g, bytes);
    }
    MUST(cudaSetDevice(s.opt.device));
}

} // namespace probe
