/* fake_cuda.cpp - see cuda_runtime.h beside it. */
#include <cuda_runtime.h>

#include <algorithm>
#include <chrono>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <ucontext.h>
#include <vector>

namespace fake {
place now;
void *dynamic_shared;
static size_t counted; /* bytes, but for cuBLASLt's workspace */
bool lazy() { return getenv("FAKE_CUDA_LAZY") && counted > (size_t)atol(getenv("FAKE_CUDA_LAZY")) << 20; }
}
static const size_t workspace = (size_t)64 << 20;

static size_t number(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    return text ? (size_t)strtoul(text, NULL, 10) : otherwise;
}

/* ---- fibres ---- */

namespace {
enum state { READY, AT_BLOCK, AT_WARP, DONE };
struct fibre {
    ucontext_t context; /* where it begins; from then on it is left and entered by jumps, which make no system calls */
    jmp_buf left;
    bool begun;
    std::vector<char> stack;
    state is;
    dim3 thread;
};
std::vector<fibre> fibres;
std::vector<uint32_t> slots;
jmp_buf scheduler;
int running;
const std::function<void()> *body;

void enter()
{
    (*body)();
    fibres[running].is = DONE;
    _longjmp(scheduler, 1);
}

void wait(state how)
{
    fibre &f = fibres[running];
    f.is = how;
    if (!_setjmp(f.left)) _longjmp(scheduler, 1);
}

bool all(int from, int to, state is)
{
    bool any = false;
    for (int i = from; i < to; i++) {
        if (fibres[i].is == DONE) continue;
        if (fibres[i].is != is) return false;
        any = true;
    }
    return any;
}

void release(int from, int to)
{
    for (int i = from; i < to; i++)
        if (fibres[i].is != DONE) fibres[i].is = READY;
}

void resume(fibre &f)
{
    if (_setjmp(scheduler)) return;
    if (f.begun) _longjmp(f.left, 1);
    f.begun = true;
    setcontext(&f.context);
}

void run_ready(int n, bool reverse)
{
    for (int k = 0; k < n; k++) {
        int i = reverse ? n - 1 - k : k;
        if (fibres[i].is != READY) continue;
        running = i;
        fake::now.thread = fibres[i].thread;
        resume(fibres[i]);
    }
}

void run_block(int n)
{
    const char *order = getenv("FAKE_CUDA_ORDER");
    bool reverse = order && !strcmp(order, "reverse");
    for (;;) {
        run_ready(n, reverse);
        bool moved = false;
        for (int w = 0; w < n; w += 32)
            if (all(w, w + 32 < n ? w + 32 : n, AT_WARP)) {
                release(w, w + 32 < n ? w + 32 : n);
                moved = true;
            }
        if (moved) continue;
        if (all(0, n, AT_BLOCK)) {
            release(0, n);
            continue;
        }
        for (int i = 0; i < n; i++)
            if (fibres[i].is != DONE) {
                fprintf(stderr, "fake CUDA: the threads of a block wait for each other at different barriers\n");
                abort();
            }
        return;
    }
}

void run_grid(dim3 grid, dim3 block, const std::function<void()> &kernel)
{
    int n = (int)(block.x * block.y * block.z);
    unsigned last = getenv("FAKE_CUDA_WRONG") ? grid.x - 1 : grid.x;
    body = &kernel;
    if (n < 1 || n > 1024 || grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535) {
        fprintf(stderr, "fake CUDA: no such launch\n");
        abort();
    }
    if (fake::lazy()) return;
    fibres.resize(n);
    slots.assign((size_t)(n + 31) / 32 * 32 * 16, 0);
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < last; x++) {
                fake::now = {dim3(), dim3(x, y, z), block, grid};
                for (int i = 0; i < n; i++) {
                    fibre &f = fibres[i];
                    f.stack.resize(256 << 10);
                    f.is = READY;
                    f.begun = false;
                    f.thread = dim3((unsigned)i % block.x, (unsigned)i / block.x % block.y, (unsigned)i / block.x / block.y);
                    getcontext(&f.context);
                    f.context.uc_stack.ss_sp = f.stack.data();
                    f.context.uc_stack.ss_size = f.stack.size();
                    f.context.uc_link = NULL;
                    makecontext(&f.context, enter, 0);
                }
                run_block(n);
            }
}
}

namespace fake {
void block_barrier() { wait(AT_BLOCK); }
void warp_barrier() { wait(AT_WARP); }
int lane() { return running & 31; }
uint32_t *warp_slot(int l) { return &slots[((size_t)(running & ~31) + (size_t)l) * 16]; }
}

/* ---- streams, graphs, events ---- */

struct fake_graph { std::vector<std::function<void()>> node; };
struct fake_stream {
    fake_graph *capture = NULL;
    double free = 0; /* when it has done all, on the modelled clock */
};
struct fake_event {
    std::chrono::steady_clock::time_point at;
    double us;
};

/* Microseconds on a modelled clock (FAKE_CUDA_CLOCK): a launch takes the host some, a kernel its stream some. */
static const double launch_us = 10, kernel_us = 2;
static double host_us;

static void work(cudaStream_t s, size_t kernels)
{
    host_us += launch_us;
    if (s) s->free = std::max(s->free, host_us) + kernel_us * (double)kernels;
}

void fake_enqueue(cudaStream_t s, const std::function<void()> &what)
{
    if (s && s->capture) return s->capture->node.push_back(what);
    work(s, 1);
    what();
}

void fake_launch(dim3 grid, dim3 block, size_t shared, cudaStream_t s, const std::function<void()> &kernel)
{
    fake_enqueue(s, [=] {
        std::vector<char> dynamic(shared + 64, (char)0xff);
        fake::dynamic_shared = (void *)(((uintptr_t)dynamic.data() + 63) & ~(uintptr_t)63);
        run_grid(grid, block, kernel);
    });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned) { *s = new fake_stream; return cudaSuccess; }
cudaError_t cudaStreamDestroy(cudaStream_t s) { delete s; return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t s) { host_us = std::max(host_us, s->free); return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaEventCreate(cudaEvent_t *e) { *e = new fake_event; return cudaSuccess; }
cudaError_t cudaEventDestroy(cudaEvent_t e) { delete e; return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t e) { host_us = std::max(host_us, e->us); return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s)
{
    e->at = std::chrono::steady_clock::now();
    e->us = std::max(s->free, host_us);
    return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t a, cudaEvent_t b)
{
    *ms = getenv("FAKE_CUDA_CLOCK") ? (float)(b->us - a->us) / 1e3f : std::chrono::duration<float, std::milli>(b->at - a->at).count();
    if (!(*ms > 1e-3f)) *ms = 1e-3f;
    return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) { s->capture = new fake_graph; return cudaSuccess; }
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g) { *g = s->capture; s->capture = NULL; return cudaSuccess; }
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *x, cudaGraph_t g, unsigned long long) { *x = new fake_graph(*g); return cudaSuccess; }
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t s)
{
    work(s, x->node.size()); /* nothing that is timed is looked at: what a graph holds is not run */
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g) { delete g; return cudaSuccess; }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t g) { delete g; return cudaSuccess; }

/* ---- the device and its memory ---- */

static std::map<void *, size_t> allocated;
static size_t held;
const char *cudaGetErrorName(cudaError_t e) { return e == cudaErrorNoDevice ? "cudaErrorNoDevice" : "cudaErrorFake"; }
const char *cudaGetErrorString(cudaError_t e) { return e == cudaErrorNoDevice ? "no CUDA-capable device is detected" : e == cudaErrorMemoryAllocation ? "out of memory" : "a fake error"; }
cudaError_t cudaGetDeviceCount(int *n) { *n = (int)number("FAKE_CUDA_DEVICES", 1); return *n ? cudaSuccess : cudaErrorNoDevice; }
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int)
{
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "Fake H200");
    p->totalGlobalMem = number("FAKE_CUDA_MIB", 256) << 20;
    p->major = 9;
    p->multiProcessorCount = 4;
    p->l2CacheSize = (int)number("FAKE_CUDA_L2_KIB", 64) << 10;
    return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int *v) { *v = 13000; return cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int *v) { *v = 13000; return cudaSuccess; }
cudaError_t cudaDeviceGetPCIBusId(char *out, int n, int) { snprintf(out, (size_t)n, "0000:00:00.0"); return cudaSuccess; }
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *total = number("FAKE_CUDA_MIB", 256) << 20;
    *free_bytes = *total - held;
    return cudaSuccess;
}
cudaError_t cudaMalloc(void **p, size_t n)
{
    *p = NULL;
    if (held + n > number("FAKE_CUDA_MIB", 256) << 20) return cudaErrorMemoryAllocation;
    *p = aligned_alloc(256, (n + 255) / 256 * 256);
    if (n < 16 << 20) memset(*p, 0xff, n);
    allocated[*p] = n;
    held += n;
    if (n != workspace) fake::counted += n;
    return cudaSuccess;
}
cudaError_t cudaFree(void *p)
{
    if (!p) return cudaSuccess;
    held -= allocated.at(p);
    if (allocated.at(p) != workspace) fake::counted -= allocated.at(p);
    allocated.erase(p);
    free(p);
    return cudaSuccess;
}
cudaError_t cudaHostAlloc(void **p, size_t n, unsigned) { *p = calloc(n, 1); return cudaSuccess; }
cudaError_t cudaFreeHost(void *p) { free(p); return cudaSuccess; }
cudaError_t cudaMemcpy(void *to, const void *from, size_t n, cudaMemcpyKind) { memcpy(to, from, n); return cudaSuccess; }
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind, cudaStream_t s)
{
    fake_enqueue(s, [=] { memcpy(to, from, n); });
    return cudaSuccess;
}
cudaError_t cudaMemset(void *p, int v, size_t n) { memset(p, v, n); return cudaSuccess; }
cudaError_t cudaMemsetAsync(void *p, int v, size_t n, cudaStream_t s)
{
    fake_enqueue(s, [=] { memset(p, v, n); });
    return cudaSuccess;
}
