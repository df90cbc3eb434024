/* probe.cuh - what the files of gable-probe share: the session (device, options, failures), checked CUDA calls, memory with a
 * bound, checking of results, timing, and rows (PROTOCOL.md).
 *
 * Every family of probes is one file with one function in the table of gable_probe.cu. It first checks each kernel's result on
 * small shapes against a double-precision reference on the host; a kernel that fails is said on stderr, has no rows, and makes the
 * program end with 1. Then it times shapes.
 *
 * A repetition is one launch of a CUDA graph that holds the kernel several times in a row, over copies of its operands in turn:
 * "cold" when the copies together exceed three times the L2 cache, so that each run finds nothing of its operands there. Time is
 * that of the graph over its kernels: launches inside a graph are in it, as in an engine; launches by the host are not, for the
 * graph is queued while the one before it runs. */
#ifndef GBL_PROBE_CUH
#define GBL_PROBE_CUH
#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "validate/probe/probe_stats.h"

/* How a kernel is launched, and its dynamic shared memory; a host build that stands for CUDA brings its own. */
#ifndef GBL_RUN
#define GBL_RUN(kernel, grid, block, shared, stream, ...) kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)
#define GBL_DYNAMIC(type, name)                                     \
    extern __shared__ __align__(16) unsigned char gbl_dynamic[];    \
    type *name = (type *)gbl_dynamic
#endif

namespace probe {

struct Options {
    bool quick = false;      /* fewer shapes and repetitions */
    bool check_only = false; /* results, no times */
    bool header = false;
    int device = 0;
    std::vector<std::string> only;
};

struct Session {
    Options opt;
    cudaDeviceProp prop;
    cudaStream_t stream;
    std::string device, driver, cuda, date;
    size_t budget; /* bytes that all buffers together may take: 80 % of what was free */
    size_t held = 0;
    int wrong = 0; /* kernels whose result was wrong */
    int rows = 0;
};

/* Ends the program with 1, naming the call, when it failed. */
void must(cudaError_t e, const char *what);
#define MUST(call) probe::must(call, #call)

bool session_open(Session &s); /* false: no GPU; said in one line */
void session_close(Session &s);
void print_header(const Session &s);
void note(const char *format, ...) __attribute__((format(printf, 1, 2))); /* one line on stderr */

/* ---- memory ---- */

/* Bytes on the device, freed with it; contents undefined. `p` is null where the budget did not allow it. */
struct Buffer {
    Session *s = nullptr;
    void *p = nullptr;
    size_t bytes = 0;
    Buffer() = default;
    Buffer(Session &session, size_t n);
    ~Buffer();
    Buffer(Buffer &&o) noexcept;
    Buffer &operator=(Buffer &&o) noexcept;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    explicit operator bool() const { return p != nullptr; }
    template <class T> T *as(size_t element = 0) const { return (T *)p + element; }
};
size_t room(const Session &s); /* bytes of the budget that are left */

/* Uniform in +-scale, by a hash of (seed, index); never a constant, so that power is what real data takes. */
void fill_bf16(Session &s, void *to, size_t n, float scale, uint32_t seed);
void fill_float(Session &s, void *to, size_t n, float low, float high, uint32_t seed);
void fill_bytes(Session &s, void *to, size_t n, uint32_t mask, uint32_t seed); /* random & mask, four bytes at a time */
template <class T> std::vector<T> download(const void *from, size_t n)
{
    std::vector<T> out(n);
    MUST(cudaMemcpy(out.data(), from, n * sizeof(T), cudaMemcpyDeviceToHost));
    return out;
}
/* A copy of a few bytes from pageable memory may return before they have arrived, and our streams do not wait for it. */
template <class T> void upload(void *to, const std::vector<T> &from)
{
    MUST(cudaMemcpy(to, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice));
    MUST(cudaDeviceSynchronize());
}
double bf16_value(uint16_t x);
double fp8_value(uint8_t x);

/* ---- results ---- */

/* Is |got - want| <= most x (rms of want) everywhere, and its rms <= most / 4 of it? Says what is wrong, and counts it. */
bool agrees(Session &s, const char *what, const std::vector<double> &got, const std::vector<double> &want, double most);
std::vector<double> values_bf16(const void *device, size_t n);
/* Exact equality of words. */
bool equals(Session &s, const char *what, const std::vector<uint32_t> &got, const std::vector<uint32_t> &want);

/* ---- rows ---- */

/* {"m": 1, "n": 2}, piece by piece. */
struct Shape {
    std::string text = "{";
    Shape &num(const char *key, double v);
    Shape &word(const char *key, const char *v);
    Shape &truth(const char *key, bool v);
    std::string end() const { return text + "}"; }
};

struct Case {
    const char *probe, *kernel, *format; /* format may be null */
    std::string shape;
    double flops, bytes; /* NaN: none */
    bool checked;
};
void print_row(Session &s, const Case &c, const gbl_probe_summary &us, bool cold);

/* Times run(stream, copy), copy in 0..copies-1, whose operands are `touched` bytes a copy, and prints the row. */
typedef std::function<void(cudaStream_t, int)> Run;
void time_graph(Session &s, const Case &c, int copies, double touched, const Run &run);
/* A graph that a stream runs again and again without a pause: one more is queued before an earlier one is waited for, so that the
 * host's launch is in no time. The stream's device is current in every call. */
class Replay {
    enum { MARKS = 3 };
    cudaStream_t stream;
    cudaGraphExec_t exec;
    cudaEvent_t mark[MARKS]; /* after the last three */
    unsigned launched = 0;

public:
    Replay(cudaStream_t on, cudaGraphExec_t graph);
    ~Replay(); /* waits */
    Replay(const Replay &) = delete;
    Replay &operator=(const Replay &) = delete;
    void go();
    double us(); /* waits for the last but one, and has its time; after three go() */
};
/* Calls `once`, which has a time, until the interval is narrow, the time is up, or there are enough. */
gbl_probe_summary repeat(const Session &s, const std::function<double()> &once);
/* Copies that make `touched` bytes cold, at most `most`. */
int cold_copies(const Session &s, double touched, int most);
/* Times `once`, which waits for what it starts, by the host's clock: microseconds over `parts`, the kernels in it. */
gbl_probe_summary host_times(const Session &s, int parts, const std::function<void()> &once);
void time_host(Session &s, const Case &c, const std::function<void()> &once); /* and prints the row */

/* ---- libraries ---- */

/* The first of a NULL-terminated list of shared libraries that loads, and a function of it; NULL where there is none. */
void *library(const char *const *names);
void *symbol(void *library, const char *name);

/* After the repetitions; NaN where it cannot be read. */
struct Health {
    double clock_mhz, memory_clock_mhz, temperature_c, power_w;
    bool throttle_known;
    std::string throttle; /* JSON list */
};
void health_open(Session &s); /* NVML, where the driver brings it */
Health health();
std::string health_driver(); /* "" where unknown */

/* ---- families (one file each) ---- */

void run_stream(Session &s);    /* copy, triad */
void run_gemm(Session &s);
void run_prefill(Session &s);
void run_decode(Session &s);
void run_kv(Session &s);
void run_host_copy(Session &s);
void run_launch(Session &s);
void run_overlap(Session &s);
void run_all_reduce(Session &s);
void run_layers(Session &s);
bool wants(const Session &s, const char *name); /* --only names it, or nothing */

} // namespace probe

#endif
