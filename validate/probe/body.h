/* body.h - one kernel body for nvcc, gcc and an OpenCL C 1.2 compiler: what differs between the three, and nothing else.
 *
 * A body is written for one work-group, as phases that each run over the group's lanes:
 *
 *   GBL_KERNEL gbl_probe_x(GBL_GROUP GBL_GLOBAL float *to, int n)
 *   {
 *       GBL_SHARED(float, row, 64);            // the group's memory; only at the top of a kernel
 *       GBL_PRIVATE(float, sum, 2);            // two values a lane, kept over phases
 *       for (int i = 0; i < n; i++)            // what stands outside GBL_LANES is the same for all lanes
 *           GBL_LANES(l, GBL_WIDTH) GBL_MY(sum, 0, l) = gbl_fma(row[i], 2.0f, GBL_MY(sum, 0, l));
 *       GBL_SYNC;                              // between a write to shared memory and another lane's read
 *   }
 *
 * On a GPU `l` is the thread's number, GBL_SYNC a barrier and a private value a register. On the CPU GBL_LANES is a plain loop
 * of constant length, innermost, which the compiler turns into vectors; private values are arrays by lane that it keeps in
 * vector registers. So loops stand outside GBL_LANES wherever all lanes make the same trips.
 *
 * Arguments: buffers first, then ints, so that every runner passes them alike. Groups have one dimension, GBL_GROUP_ID; their
 * lanes number GBL_WIDTH or GBL_STREAM, as each kernel says.
 *
 * Counting: gbl_fma is a multiply-add of the algorithm, two FLOPs in the formulas of models/; everything else that
 * is computed (exponentials, scales, comparisons) is written with plain operators and counted apart. */
#ifndef GBL_BODY_H
#define GBL_BODY_H

enum { GBL_WIDTH = 32 };      /* lanes of a tile; tokens of a KV block */
enum { GBL_STREAM_GPU = 256 }; /* lanes of kernels without tiles: enough threads for a GPU's memory system; a tile's on the CPU */
enum { GBL_DIM_MOST = 128 };  /* elements of a head: a multiple of GBL_WIDTH up to this */

#if defined(__OPENCL_VERSION__)
#pragma OPENCL FP_CONTRACT OFF
#define GBL_KERNEL __kernel void
#define GBL_GROUP
#define GBL_GROUP_ID ((int)get_group_id(0))
#define GBL_GLOBAL __global
#define GBL_LOCAL __local
#define GBL_SHARED(type, name, n) __local type name[n]
#define GBL_SYNC barrier(CLK_LOCAL_MEM_FENCE)
#define GBL_LANE_ID ((int)get_local_id(0))
#define GBL_INLINE inline
#define GBL_UNROLL __attribute__((opencl_unroll_hint))
#define GBL_COUNT_UP(p) atomic_inc(p)
typedef uchar gbl_u8;
typedef ushort gbl_u16;
typedef uint gbl_u32;
typedef long gbl_wide;
#elif defined(__CUDACC__)
#define GBL_KERNEL [[maybe_unused]] static __global__ void
#define GBL_GROUP
#define GBL_GROUP_ID ((int)blockIdx.x)
#define GBL_GLOBAL
#define GBL_LOCAL
#define GBL_SHARED(type, name, n) __shared__ type name[n]
#define GBL_SYNC __syncthreads()
#define GBL_LANE_ID ((int)threadIdx.x)
#define GBL_INLINE static __device__ __forceinline__
#define GBL_UNROLL _Pragma("unroll")
#define GBL_COUNT_UP(p) atomicAdd(p, 1)
typedef unsigned char gbl_u8;
typedef unsigned short gbl_u16;
typedef unsigned int gbl_u32;
typedef long long gbl_wide;
#else
#include <math.h>
#include <stdint.h>
#define GBL_KERNEL static inline void
#define GBL_GROUP int gbl_group,
#define GBL_GROUP_ID gbl_group
#define GBL_GLOBAL
#define GBL_LOCAL
#define GBL_SHARED(type, name, n) _Alignas(64) type name[n]
#define GBL_SYNC ((void)0)
#define GBL_INLINE static inline __attribute__((always_inline))
#define GBL_UNROLL _Pragma("GCC unroll 16")
#define GBL_COUNT_UP(p) ((*(p))++)
typedef uint8_t gbl_u8;
typedef uint16_t gbl_u16;
typedef uint32_t gbl_u32;
typedef int64_t gbl_wide;
#endif

#if defined(GBL_LANE_ID)
enum { GBL_STREAM = GBL_STREAM_GPU };
#if defined(__CUDACC__)
#define GBL_LANES(l, width) for ([[maybe_unused]] int l = GBL_LANE_ID, gbl_once = 1; gbl_once; gbl_once = 0)
#else
#define GBL_LANES(l, width) for (int l = GBL_LANE_ID, gbl_once = 1; gbl_once; gbl_once = 0)
#endif
#define GBL_PRIVATE(type, name, n) type name[n]
#define GBL_PRIVATE_ARG(type, name) type *name
#define GBL_MY(name, i, l) name[i]
#else
enum { GBL_STREAM = GBL_WIDTH };
#define GBL_LANES(l, width) for (int l = 0; l < (width); l++)
#define GBL_PRIVATE(type, name, n) _Alignas(64) type name[n][GBL_WIDTH]
#define GBL_PRIVATE_ARG(type, name) type (*name)[GBL_WIDTH]
#define GBL_MY(name, i, l) name[i][l]
#endif

/* ---- numbers ---- */

GBL_INLINE float gbl_float_of(gbl_u32 bits)
{
#if defined(__OPENCL_VERSION__)
    return as_float(bits);
#elif defined(__CUDACC__)
    return __uint_as_float(bits);
#else
    union { gbl_u32 u; float f; } v = {bits};
    return v.f;
#endif
}

GBL_INLINE gbl_u32 gbl_bits_of(float x)
{
#if defined(__OPENCL_VERSION__)
    return as_uint(x);
#elif defined(__CUDACC__)
    return __float_as_uint(x);
#else
    union { float f; gbl_u32 u; } v = {x};
    return v.u;
#endif
}

/* A multiply-add of the algorithm: one rounding where the machine has it. */
GBL_INLINE float gbl_fma(float a, float b, float c)
{
#if defined(__OPENCL_VERSION__)
    return fma(a, b, c);
#elif defined(__CUDACC__)
    return fmaf(a, b, c);
#elif defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

GBL_INLINE float gbl_larger(float a, float b)
{
    return a > b ? a : b;
}

GBL_INLINE float gbl_size(float x)
{
    return gbl_float_of(gbl_bits_of(x) & 0x7fffffffu);
}

GBL_INLINE float gbl_root(float x)
{
#if defined(__OPENCL_VERSION__)
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}

/* bf16 is the upper half of a float; narrowing rounds to nearest, ties to even. */
GBL_INLINE float gbl_bf16_float(gbl_u32 x)
{
    return gbl_float_of(x << 16);
}

GBL_INLINE gbl_u16 gbl_float_bf16(float x)
{
    gbl_u32 u = gbl_bits_of(x);
    return (gbl_u16)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

/* fp8 e4m3: its bits put under a float's exponent are the value times 2^-120, below the normal range, too. */
GBL_INLINE float gbl_fp8_float(gbl_u32 x)
{
    return gbl_float_of((x & 0x80u) << 24 | (x & 0x7fu) << 20) * 0x1p120f;
}

GBL_INLINE gbl_u8 gbl_float_fp8(float x)
{
    float size = gbl_size(x);
    gbl_u32 u = gbl_bits_of((size < 448.0f ? size : 448.0f) * 0x1p-120f);
    return (gbl_u8)((u + 0x7ffffu + (u >> 20 & 1u)) >> 20 | (gbl_bits_of(x) >> 24 & 0x80u));
}

/* e^x for x <= 88, within 2e-7 of it, 0 below -87: 2^n e^r with |r| <= ln(2)/2 and e^r by Taylor's series to r^7/7!. */
GBL_INLINE float gbl_exp(float x)
{
    float y = x > -87.0f ? x : -87.0f, z = y * 1.44269504f;
    int n = (int)(z + (z > 0 ? 0.5f : -0.5f));
    float f = (float)n, r = (y - f * 0.693359375f) + f * 2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    p = p * gbl_float_of((gbl_u32)(n + 127) << 23);
    return x > -87.0f ? p : 0.0f;
}

/* ---- KV in codes ---- */

/* Codes and what they mean times the token's scale: int8 -127..127, e4m3, int4 -8..7 stored +8, 2 bits -1.5 -0.5 0.5 1.5. */
enum { GBL_KV_BF16, GBL_KV_INT8, GBL_KV_FP8, GBL_KV_INT4, GBL_KV_INT2, GBL_KV_CODES };

/* Elements in one stored word (16 bits of bf16, else a byte). */
#define GBL_PACK(format) ((format) == GBL_KV_INT4 ? 2 : (format) == GBL_KV_INT2 ? 4 : 1)

GBL_INLINE gbl_u32 gbl_code_load(const int format, const GBL_GLOBAL gbl_u8 *from, gbl_wide at)
{
    return format == GBL_KV_BF16 ? (gbl_u32)((const GBL_GLOBAL gbl_u16 *)from)[at] : (gbl_u32)from[at];
}

/* Element `u` of a word. */
GBL_INLINE float gbl_code_float(const int format, gbl_u32 word, int u)
{
    if (format == GBL_KV_BF16) return gbl_bf16_float(word);
    if (format == GBL_KV_FP8) return gbl_fp8_float(word);
    if (format == GBL_KV_INT8) return (float)((int)(word << 24) >> 24);
    if (format == GBL_KV_INT4) return (float)((int)(word >> (4 * u) & 15u) - 8);
    return (float)(int)(word >> (2 * u) & 3u) - 1.5f;
}

/* The largest code: the scale is the row's largest size over it. */
#define GBL_CODE_MOST(format) \
    ((format) == GBL_KV_INT8 ? 127.0f : (format) == GBL_KV_FP8 ? 448.0f : (format) == GBL_KV_INT4 ? 7.0f : 1.5f)

/* Element `u` of a word; x is the value over the scale. */
GBL_INLINE gbl_u32 gbl_code_of(const int format, float x, int u)
{
    float up = x < 0 ? -0.5f : 0.5f; /* to the nearest */
    if (format == GBL_KV_FP8) return gbl_float_fp8(x);
    if (format == GBL_KV_INT8) return (gbl_u32)(int)(x + up) & 255u;
    if (format == GBL_KV_INT4) return (gbl_u32)((int)(x + up) + 8) << (4 * u);
    int level = (int)(x + 2.0f);
    return (gbl_u32)(level > 3 ? 3 : level < 0 ? 0 : level) << (2 * u);
}

#endif
