/* probe_session.cu - device, memory, random data and comparison; see probe.cuh. */
#include "validate/probe/probe.cuh"

#include <cmath>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "validate/probe/body.h"

namespace probe {

void note(const char *format, ...)
{
    va_list v;
    va_start(v, format);
    fputs("gable-probe: ", stderr);
    vfprintf(stderr, format, v);
    fputc('\n', stderr);
    va_end(v);
}

void must(cudaError_t e, const char *what)
{
    if (e == cudaSuccess) return;
    note("%.80s: %s", what, cudaGetErrorString(e));
    exit(1);
}

static std::string version(int v)
{
    return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10);
}

bool session_open(Session &s)
{
    int devices = 0, driver = 0, runtime = 0;
    size_t free_bytes = 0, total = 0;
    char date[16] = "";
    time_t now = time(nullptr);
    cudaError_t e = cudaGetDeviceCount(&devices);
    if (e != cudaSuccess || s.opt.device >= devices) {
        if (e != cudaSuccess) note("no GPU to measure: %s", cudaGetErrorString(e));
        else note("no GPU %d: there are %d", s.opt.device, devices);
        return false;
    }
    MUST(cudaSetDevice(s.opt.device));
    MUST(cudaGetDeviceProperties(&s.prop, s.opt.device));
    if (s.prop.major < 8) {
        note("%s is of compute capability %d.%d; 8.0 is the least", s.prop.name, s.prop.major, s.prop.minor);
        return false;
    }
    MUST(cudaDriverGetVersion(&driver));
    MUST(cudaRuntimeGetVersion(&runtime));
    MUST(cudaMemGetInfo(&free_bytes, &total));
    MUST(cudaStreamCreateWithFlags(&s.stream, cudaStreamNonBlocking));
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
    s.device = s.prop.name;
    s.cuda = version(runtime);
    s.date = date;
    s.budget = (size_t)(0.8 * (double)free_bytes);
    health_open(s);
    s.driver = health_driver();
    if (s.driver.empty()) s.driver = "for CUDA " + version(driver);
    return true;
}

void session_close(Session &s)
{
    MUST(cudaDeviceSynchronize());
    MUST(cudaStreamDestroy(s.stream));
}

bool wants(const Session &s, const char *name)
{
    for (const std::string &o : s.opt.only)
        if (o == name) return true;
    return s.opt.only.empty();
}

/* ---- memory ---- */

size_t room(const Session &s)
{
    size_t free_bytes = 0, total = 0;
    MUST(cudaMemGetInfo(&free_bytes, &total)); /* others may have taken some meanwhile */
    size_t left = s.budget > s.held ? s.budget - s.held : 0;
    return left < free_bytes ? left : free_bytes;
}

Buffer::Buffer(Session &session, size_t n) : s(&session), bytes(n ? n : 1)
{
    if (bytes > room(session) || cudaMalloc(&p, bytes) != cudaSuccess) {
        p = nullptr;
        bytes = 0;
        cudaGetLastError();
    }
    session.held += bytes;
}

Buffer::~Buffer()
{
    if (p) cudaFree(p);
    if (s) s->held -= bytes;
}

Buffer::Buffer(Buffer &&o) noexcept : s(o.s), p(o.p), bytes(o.bytes)
{
    o.p = nullptr;
    o.bytes = 0;
}

Buffer &Buffer::operator=(Buffer &&o) noexcept
{
    std::swap(s, o.s);
    std::swap(p, o.p);
    std::swap(bytes, o.bytes);
    return *this;
}

/* ---- random data ---- */

/* Murmur3's finalizer, over index and seed. */
static __device__ __forceinline__ uint32_t hashed(size_t i, uint32_t seed)
{
    uint32_t x = (uint32_t)i * 0x9e3779b9u + (uint32_t)(i >> 32) * 0x85ebca6bu + seed;
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
}

static __global__ void fill_bf16_kernel(uint16_t *to, size_t n, float scale, uint32_t seed)
{
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x)
        to[i] = gbl_float_bf16(((float)(hashed(i, seed) >> 8) * (1.0f / 8388608) - 1.0f) * scale);
}

static __global__ void fill_float_kernel(float *to, size_t n, float low, float high, uint32_t seed)
{
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x)
        to[i] = low + (high - low) * (float)(hashed(i, seed) >> 8) * (1.0f / 16777216);
}

static __global__ void fill_words_kernel(uint32_t *to, size_t n, uint32_t mask, uint32_t seed)
{
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) to[i] = hashed(i, seed) & mask;
}

static unsigned blocks_for(size_t n)
{
    size_t blocks = (n + 255) / 256;
    return (unsigned)(blocks < 4096 ? blocks ? blocks : 1 : 4096);
}

void fill_bf16(Session &s, void *to, size_t n, float scale, uint32_t seed)
{
    GBL_RUN(fill_bf16_kernel, blocks_for(n), 256, 0, s.stream, (uint16_t *)to, n, scale, seed);
    MUST(cudaStreamSynchronize(s.stream));
}

void fill_float(Session &s, void *to, size_t n, float low, float high, uint32_t seed)
{
    GBL_RUN(fill_float_kernel, blocks_for(n), 256, 0, s.stream, (float *)to, n, low, high, seed);
    MUST(cudaStreamSynchronize(s.stream));
}

void fill_bytes(Session &s, void *to, size_t n, uint32_t mask, uint32_t seed)
{
    GBL_RUN(fill_words_kernel, blocks_for(n / 4), 256, 0, s.stream, (uint32_t *)to, n / 4, mask, seed);
    MUST(cudaStreamSynchronize(s.stream));
}

/* ---- results ---- */

double bf16_value(uint16_t x)
{
    uint32_t u = (uint32_t)x << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* Written from the format's definition, not from body.h: sign, 4 bits of exponent with bias 7, 3 of mantissa; no infinities. */
double fp8_value(uint8_t x)
{
    int exponent = x >> 3 & 15, mantissa = x & 7;
    double size = exponent ? ldexp(1 + mantissa / 8.0, exponent - 7) : ldexp(mantissa / 8.0, -6);
    if ((x & 0x7f) == 0x7f) size = NAN;
    return x & 0x80 ? -size : size;
}

std::vector<double> values_bf16(const void *device, size_t n)
{
    std::vector<uint16_t> raw = download<uint16_t>(device, n);
    std::vector<double> out(n);
    for (size_t i = 0; i < n; i++) out[i] = bf16_value(raw[i]);
    return out;
}

bool agrees(Session &s, const char *what, const std::vector<double> &got, const std::vector<double> &want, double most)
{
    double sum = 0, off = 0, worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < want.size(); i++) {
        double e = std::fabs(got[i] - want[i]);
        sum += want[i] * want[i];
        off += e * e;
        if (!(e <= worst)) {
            worst = e;
            at = i;
        }
    }
    double rms = std::sqrt(sum / (double)want.size()), error = std::sqrt(off / (double)want.size());
    if (rms > 0 && worst <= most * rms && error <= most / 4 * rms) return true;
    note("%s is wrong: %g instead of %g at %zu, in all %.2g of its size", what, got[at], want[at], at, error / rms);
    s.wrong++;
    return false;
}

bool equals(Session &s, const char *what, const std::vector<uint32_t> &got, const std::vector<uint32_t> &want)
{
    for (size_t i = 0; i < want.size(); i++) {
        if (got[i] == want[i]) continue;
        note("%s is wrong: %#x instead of %#x at %zu of %zu", what, got[i], want[i], i, want.size());
        s.wrong++;
        return false;
    }
    return true;
}

} // namespace probe
