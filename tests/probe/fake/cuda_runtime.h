/* cuda_runtime.h - as much of CUDA as gable-probe uses, on the host: for tests of everything but the device. Kernels run one
 * block after another; the threads of a block are fibres that change at barriers and warp operations, so a kernel computes what it
 * would on a GPU, slowly. Streams are synchronous, events read the clock, device memory is the heap filled with NaN; what is captured
 * into a graph is never run, as only times are made of it. FAKE_CUDA_ORDER=reverse runs the fibres backwards (what hangs on their
 * order differs then), FAKE_CUDA_DEVICES=0 has no GPU (two find NCCL too), FAKE_CUDA_MIB is its memory, FAKE_CUDA_L2_KIB its L2 cache,
 * FAKE_CUDA_CLOCK=1 has events read a modelled clock: a launch takes the host 10 us, a kernel its stream 2. FAKE_CUDA_WRONG=1 leaves out every launch's last block, FAKE_CUDA_LAZY=N every launch
 * while more than N MiB are held: what is only timed is large, what is checked small. */
#ifndef FAKE_CUDA_RUNTIME_H
#define FAKE_CUDA_RUNTIME_H
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))
#define __noinline__
#define __CUDACC__ 1
#define CUDART_VERSION 0

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};
struct uint4 { unsigned x, y, z, w; };
struct uint2 { unsigned x, y; };
struct float2 { float x, y; };
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

namespace fake {
struct place { dim3 thread, block, block_dim, grid_dim; };
extern place now;
extern void *dynamic_shared;
void block_barrier();
void warp_barrier();
uint32_t *warp_slot(int lane); /* 16 words a lane of the running warp */
int lane();
bool lazy();
}
#define threadIdx (fake::now.thread)
#define blockIdx (fake::now.block)
#define blockDim (fake::now.block_dim)
#define gridDim (fake::now.grid_dim)

inline void __syncthreads() { fake::block_barrier(); }
inline void __syncwarp(unsigned = ~0u) { fake::warp_barrier(); }
template <class T> T fake_shuffle(T v, int from)
{
    static_assert(sizeof(T) == 4, "words");
    memcpy(fake::warp_slot(fake::lane()), &v, 4);
    fake::warp_barrier();
    T out;
    memcpy(&out, fake::warp_slot(from & 31), 4);
    fake::warp_barrier();
    return out;
}
template <class T> T __shfl_xor_sync(unsigned, T v, int mask) { return fake_shuffle(v, fake::lane() ^ mask); }
template <class T> T __shfl_sync(unsigned, T v, int from) { return fake_shuffle(v, from); }
inline float __uint_as_float(unsigned u) { float f; memcpy(&f, &u, 4); return f; }
inline unsigned __float_as_uint(float f) { unsigned u; memcpy(&u, &f, 4); return u; }
inline float __expf(float x) { return expf(x); }
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
template <class T> T atomicAdd(T *p, T v) { T old = *p; *p += v; return old; }
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned s)
{
    uint64_t v = (uint64_t)b << 32 | a;
    unsigned out = 0;
    for (int i = 0; i < 4; i++) out |= (unsigned)(v >> 8 * (s >> 4 * i & 7) & 255) << 8 * i;
    return out;
}

/* ---- the runtime ---- */
typedef enum { cudaSuccess = 0, cudaErrorMemoryAllocation = 2, cudaErrorNoDevice = 100, cudaErrorNotSupported = 801 } cudaError_t;
typedef struct fake_stream *cudaStream_t;
typedef struct fake_event *cudaEvent_t;
typedef struct fake_graph *cudaGraph_t;
typedef struct fake_graph *cudaGraphExec_t;
typedef enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice } cudaMemcpyKind;
typedef enum { cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeGlobal } cudaStreamCaptureMode;
typedef enum { cudaFuncAttributeMaxDynamicSharedMemorySize } cudaFuncAttribute;
enum { cudaStreamNonBlocking = 1, cudaHostAllocDefault = 0 };
struct cudaDeviceProp {
    char name[256];
    size_t totalGlobalMem;
    int major, minor, multiProcessorCount, l2CacheSize;
};
const char *cudaGetErrorString(cudaError_t);
const char *cudaGetErrorName(cudaError_t);
cudaError_t cudaGetDeviceCount(int *);
cudaError_t cudaSetDevice(int);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *, int);
cudaError_t cudaDriverGetVersion(int *);
cudaError_t cudaRuntimeGetVersion(int *);
cudaError_t cudaDeviceGetPCIBusId(char *, int, int);
cudaError_t cudaMemGetInfo(size_t *, size_t *);
cudaError_t cudaMalloc(void **, size_t);
cudaError_t cudaFree(void *);
cudaError_t cudaHostAlloc(void **, size_t, unsigned);
cudaError_t cudaFreeHost(void *);
cudaError_t cudaMemcpy(void *, const void *, size_t, cudaMemcpyKind);
cudaError_t cudaMemcpyAsync(void *, const void *, size_t, cudaMemcpyKind, cudaStream_t);
cudaError_t cudaMemset(void *, int, size_t);
cudaError_t cudaMemsetAsync(void *, int, size_t, cudaStream_t);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *, unsigned);
cudaError_t cudaStreamDestroy(cudaStream_t);
cudaError_t cudaStreamSynchronize(cudaStream_t);
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaGetLastError();
cudaError_t cudaEventCreate(cudaEvent_t *);
cudaError_t cudaEventDestroy(cudaEvent_t);
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t);
cudaError_t cudaEventSynchronize(cudaEvent_t);
cudaError_t cudaEventElapsedTime(float *, cudaEvent_t, cudaEvent_t);
cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode);
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *, cudaGraph_t, unsigned long long);
cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t);
cudaError_t cudaGraphDestroy(cudaGraph_t);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t);
template <class T> cudaError_t cudaFuncSetAttribute(T, cudaFuncAttribute, int) { return cudaSuccess; }

void fake_launch(dim3 grid, dim3 block, size_t shared, cudaStream_t s, const std::function<void()> &kernel);
void fake_enqueue(cudaStream_t s, const std::function<void()> &what); /* now, or into the graph being captured */
template <class... P, class... A> void fake_run(dim3 grid, dim3 block, size_t shared, cudaStream_t s, void (*kernel)(P...), A... a)
{
    std::tuple<P...> arguments(a...);
    fake_launch(grid, block, shared, s, [=] { std::apply(kernel, arguments); });
}
#define GBL_RUN(kernel, grid, block, shared, stream, ...) fake_run(grid, block, shared, stream, kernel, __VA_ARGS__)
#define GBL_DYNAMIC(type, name) type *name = (type *)fake::dynamic_shared


#include "mma_fake.h"

#endif
