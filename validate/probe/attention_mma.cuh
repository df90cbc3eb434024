/* attention_mma.cuh - attention on tensor cores (compute capability 8.0 up), over the paged cache of body_attention.h:
 * FlashAttention-2's order (arXiv 2307.08691), decode with KV split over groups (Flash-Decoding) and the queries of a KV head as
 * the rows of a product.
 *
 * Its products are mma.sync: what engines run on Ampere and Ada. On Hopper they run FlashAttention-3 (wgmma and TMA; prefill 1.5 to
 * 2 times as fast as FlashAttention-2 on H100 in bf16, arXiv 2407.08608), on Blackwell kernels of tcgen05: there times of prefill by this
 * code are too long. Decode reads its KV once either way, and lives by bandwidth.
 *
 * Which column of a product stands for which token or element is free as long as both operands agree, so in decode every lane
 * reads runs of its cache lines straight into the operands' places:
 *   scores  tile j, column c: token 4 c + j of a block of 32; rows in the order of elements
 *   values  tile j, column c: element c D/8 + j; row 2t + e of step s: token 8t + 4e + 2s, row 2t + 8 + e: the next */
#ifndef GBL_ATTENTION_MMA_CUH
#define GBL_ATTENTION_MMA_CUH
#include "validate/probe/body.h"
#include "validate/probe/mma.cuh"

enum { MMA_WARPS = 4, MMA_ROWS = 16, MMA_TILE = 64 /* queries, and keys, of a prefill group */ };
#define MMA_UNSEEN -1e30f
#define MMA_LOG2E 1.4426950408889634f

/* ---- codes into bf16 ---- */

/* Element `j` of two rows' runs as a pair. An e4m3 code put under bf16's exponent is its value times 2^-120, which the callers make
 * good on the other side: 2^60 before the product, 2^60 after. */
template <int BYTES, int WORDS> static __device__ __forceinline__ uint32_t pair_of(const uint32_t (&a)[WORDS], const uint32_t (&b)[WORDS], int j)
{
    if (BYTES == 2) return __byte_perm(a[j / 2], b[j / 2], j % 2 ? 0x7632 : 0x5410);
    uint32_t w = __byte_perm(a[j / 4], b[j / 4], 0x4400u + 0x1111u * (uint32_t)(j % 4));
    return (w & 0x00800080u) << 8 | (w & 0x007f007fu) << 4;
}

template <int WORDS> static __device__ __forceinline__ void load_words(uint32_t (&to)[WORDS], const uint8_t *from)
{
    if (WORDS % 4 == 0) {
        for (int i = 0; i < WORDS / 4; i++) {
            uint4 v = ((const uint4 *)from)[i];
            to[4 * i] = v.x, to[4 * i + 1 < WORDS ? 4 * i + 1 : 0] = v.y, to[4 * i + 2 < WORDS ? 4 * i + 2 : 0] = v.z, to[4 * i + 3 < WORDS ? 4 * i + 3 : 0] = v.w;
        }
    } else if (WORDS == 2) {
        uint2 v = *(const uint2 *)from;
        to[0] = v.x, to[WORDS - 1] = v.y;
    } else {
        to[0] = *(const uint32_t *)from;
    }
}

static __device__ __forceinline__ float fast_exp(float x) { return exp2f(x * MMA_LOG2E); }

static __device__ __forceinline__ float largest_of_four(float x)
{
    x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
    return fmaxf(x, __shfl_xor_sync(~0u, x, 2));
}

static __device__ __forceinline__ float sum_of_four(float x)
{
    x += __shfl_xor_sync(~0u, x, 1);
    return x + __shfl_xor_sync(~0u, x, 2);
}

/* ---- decode ---- */

struct DecodeCache {
    const uint8_t *keys, *values;
    const float *key_scales, *value_scales; /* not read in bf16 */
    const int *table;                       /* [sequences][blocks] */
    int len, g;
};

/* One warp's part: rows g and, where TALL, g + 8 of its queries. */
template <int D, bool TALL> struct DecodeState {
    float o[D / 8][TALL ? 4 : 2];
    float top[TALL ? 2 : 1], sum[TALL ? 2 : 1];
};

template <int D, int BYTES, bool TALL>
static __device__ __forceinline__ void decode_scores(float (&s)[4][TALL ? 4 : 2], const uint32_t (&q)[D / 16][4], const uint8_t *key, int g, int t)
{
    float none0 = 0, none1 = 0;
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
        uint32_t row[4][BYTES]; /* four tokens of four elements */
#pragma unroll
        for (int e = 0; e < 4; e++) load_words<BYTES>(row[e], key + ((16 * k + 2 * t + (e & 1) + 8 * (e >> 1)) * GBL_WIDTH + 4 * g) * BYTES);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            uint32_t b0 = pair_of<BYTES>(row[0], row[1], j), b1 = pair_of<BYTES>(row[2], row[3], j);
            mma_bf16(s[j][0], s[j][1], TALL ? s[j][TALL ? 2 : 0] : none0, TALL ? s[j][TALL ? 3 : 1] : none1, q[k], b0, b1);
        }
    }
}

template <int D, int BYTES, bool TALL>
static __device__ __forceinline__ void decode_values(DecodeState<D, TALL> &w, const float (&p)[4][TALL ? 4 : 2], const uint8_t *value, int g, int t)
{
    enum { WORDS = D / 8 * BYTES / 4 };
    float none0 = 0, none1 = 0;
#pragma unroll
    for (int step = 0; step < 2; step++) {
        uint32_t a[4], row[4][WORDS];
        a[0] = pack_bf16(p[2 * step][0], p[2 * step][1]);
        a[2] = pack_bf16(p[2 * step + 1][0], p[2 * step + 1][1]);
        a[1] = TALL ? pack_bf16(p[2 * step][TALL ? 2 : 0], p[2 * step][TALL ? 3 : 1]) : 0;
        a[3] = TALL ? pack_bf16(p[2 * step + 1][TALL ? 2 : 0], p[2 * step + 1][TALL ? 3 : 1]) : 0;
#pragma unroll
        for (int e = 0; e < 4; e++) load_words<WORDS>(row[e], value + ((8 * t + 4 * (e & 1) + 2 * step + (e >> 1)) * D + g * (D / 8)) * BYTES);
#pragma unroll
        for (int j = 0; j < D / 8; j++) {
            uint32_t b0 = pair_of<BYTES>(row[0], row[1], j), b1 = pair_of<BYTES>(row[2], row[3], j);
            mma_bf16(w.o[j][0], w.o[j][1], TALL ? w.o[j][TALL ? 2 : 0] : none0, TALL ? w.o[j][TALL ? 3 : 1] : none1, a, b0, b1);
        }
    }
}

/* Softmax of a block's scores, half 0 (row g) or 1 (row g + 8); the old sums fade. p comes back times the values' scales. */
template <int D, int BYTES, bool TALL>
static __device__ __forceinline__ void decode_softmax(DecodeState<D, TALL> &w, float (&s)[4][TALL ? 4 : 2], const float *key_scale, const float *value_scale, int left, int t)
{
#pragma unroll
    for (int half = 0; half < (TALL ? 2 : 1); half++) {
        float top = w.top[half];
#pragma unroll
        for (int i = 0; i < 8; i++) {
            int token = 8 * t + 4 * (i & 1) + (i >> 1);
            float &x = s[i >> 1][2 * half + (i & 1)];
            if (BYTES == 1) x *= key_scale[token] * 0x1p60f;
            x = token < left ? x : MMA_UNSEEN;
            top = fmaxf(top, x);
        }
        top = largest_of_four(top);
        float fade = fast_exp(w.top[half] - top), sum = 0;
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float &x = s[i >> 1][2 * half + (i & 1)];
            x = fast_exp(x - top);
            sum += x;
            if (BYTES == 1) x *= value_scale[8 * t + 4 * (i & 1) + (i >> 1)] * 0x1p60f;
        }
        w.sum[half] = w.sum[half] * fade + sum;
        w.top[half] = top;
#pragma unroll
        for (int j = 0; j < D / 8; j++) w.o[j][2 * half] *= fade, w.o[j][2 * half + 1] *= fade;
    }
}

/* The queries of one KV head as rows of a; e4m3 wants them times 2^60. */
template <int D, int BYTES> static __device__ __forceinline__ void decode_queries(uint32_t (&q)[D / 16][4], const uint16_t *from, int rows, int g, int t)
{
#pragma unroll
    for (int k = 0; k < D / 16; k++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = g + 8 * (i & 1), at = 16 * k + 2 * t + 8 * (i >> 1);
            uint32_t two = row < rows ? *(const uint32_t *)(from + row * D + at) : 0;
            if (BYTES == 1) two = pack_bf16(gbl_bf16_float(two & 0xffffu) * 0x1p60f, gbl_bf16_float(two >> 16) * 0x1p60f);
            q[k][i] = two;
        }
}

/* Group (sequence x KV head, split). `parts` null: the one split writes outputs; else float [group][split][rows][D + 2]: sums, then
 * maximum and total. */
template <int D, int BYTES, bool TALL>
static __global__ void __launch_bounds__(32 * MMA_WARPS) decode_mma(const uint16_t *queries, DecodeCache c, uint16_t *outputs, float *parts, int rows)
{
    enum { HALVES = TALL ? 2 : 1, ROWS = 8 * HALVES };
    __shared__ float o[MMA_WARPS][ROWS][D], top[MMA_WARPS][ROWS], sum[MMA_WARPS][ROWS];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    int blocks = (c.len + GBL_WIDTH - 1) / GBL_WIDTH, each = (blocks + (int)gridDim.y - 1) / (int)gridDim.y;
    int first = (int)blockIdx.y * each, last = first + each < blocks ? first + each : blocks;
    int sequence = (int)blockIdx.x / c.g, head = (int)blockIdx.x % c.g;
    size_t at = (size_t)blockIdx.x * rows * D;
    uint32_t q[D / 16][4];
    DecodeState<D, TALL> w;
    decode_queries<D, BYTES>(q, queries + at, rows, g, t);
#pragma unroll
    for (int j = 0; j < D / 8; j++)
        for (int i = 0; i < 2 * HALVES; i++) w.o[j][i] = 0;
    for (int i = 0; i < HALVES; i++) w.top[i] = MMA_UNSEEN, w.sum[i] = 0;
    for (int i = first + warp; i < last; i += MMA_WARPS) {
        size_t block = (size_t)c.table[(size_t)sequence * blocks + i] * c.g + head;
        float s[4][2 * HALVES];
        for (int j = 0; j < 4; j++)
            for (int e = 0; e < 2 * HALVES; e++) s[j][e] = 0;
        decode_scores<D, BYTES, TALL>(s, q, c.keys + block * GBL_WIDTH * D * BYTES, g, t);
        decode_softmax<D, BYTES, TALL>(w, s, c.key_scales + block * GBL_WIDTH, c.value_scales + block * GBL_WIDTH, c.len - i * GBL_WIDTH, t);
        decode_values<D, BYTES, TALL>(w, s, c.values + block * GBL_WIDTH * D * BYTES, g, t);
    }
#pragma unroll
    for (int half = 0; half < HALVES; half++) {
        int row = g + 8 * half;
        float total = sum_of_four(w.sum[half]);
        if (t == 0) top[warp][row] = w.top[half], sum[warp][row] = total;
#pragma unroll
        for (int j = 0; j < D / 8; j++)
            for (int e = 0; e < 2; e++) o[warp][row][(2 * t + e) * (D / 8) + j] = w.o[j][2 * half + e];
    }
    __syncthreads();
    for (int i = (int)threadIdx.x; i < rows * D; i += 32 * MMA_WARPS) {
        int row = i / D, e = i % D;
        float most = MMA_UNSEEN, total = 0, value = 0;
        for (int k = 0; k < MMA_WARPS; k++) most = fmaxf(most, top[k][row]);
        for (int k = 0; k < MMA_WARPS; k++) {
            float by = fast_exp(top[k][row] - most);
            total += by * sum[k][row];
            value += by * o[k][row][e];
        }
        if (BYTES == 1) value *= 0x1p60f;
        if (!parts) {
            outputs[at + i] = gbl_float_bf16(value / total);
            continue;
        }
        float *part = parts + (((size_t)blockIdx.x * gridDim.y + blockIdx.y) * rows + row) * (D + 2);
        part[e] = value;
        if (e == 0) part[D] = most, part[D + 1] = total;
    }
}

/* Group: sequence x KV head. */
template <int D> static __global__ void decode_combine(const float *parts, uint16_t *outputs, int splits, int rows)
{
    for (int i = (int)threadIdx.x; i < rows * D; i += (int)blockDim.x) {
        int row = i / D, e = i % D;
        const float *part = parts + ((size_t)blockIdx.x * splits * rows + row) * (D + 2);
        size_t step = (size_t)rows * (D + 2);
        float most = MMA_UNSEEN, total = 0, value = 0;
        for (int k = 0; k < splits; k++) most = fmaxf(most, part[k * step + D]);
        for (int k = 0; k < splits; k++) {
            float by = fast_exp(part[k * step + D] - most);
            total += by * part[k * step + D + 1];
            value += by * part[k * step + e];
        }
        outputs[(size_t)blockIdx.x * rows * D + i] = gbl_float_bf16(value / total);
    }
}

/* ---- prefill ---- */

struct PrefillWork {
    const uint16_t *queries; /* [sequences][chunk][h][D], times 1/sqrt(D) */
    const uint16_t *keys, *values;
    const int *table; /* [sequences][blocks of cached + chunk] */
    uint16_t *outputs;
    int chunk, cached, h, g;
};

enum { MMA_KEY_STRIDE = GBL_WIDTH + 8, MMA_VALUE_PAD = 8 }; /* shared rows that start in different banks */

template <int D> struct PrefillTile {
    uint16_t key[MMA_TILE / GBL_WIDTH][D][MMA_KEY_STRIDE];
    uint16_t value[MMA_TILE][D + MMA_VALUE_PAD];
};

/* Keys and values of MMA_TILE tokens from block `first`; what lies behind the last block is zero. */
template <int D> static __device__ __forceinline__ void prefill_load(PrefillTile<D> *to, const PrefillWork &w, const int *table, int first, int blocks, int head)
{
    enum { RUNS = GBL_WIDTH * D / 8 }; /* of 16 bytes in a block */
    for (int i = (int)threadIdx.x; i < MMA_TILE / GBL_WIDTH * RUNS; i += 32 * MMA_WARPS) {
        int half = i / RUNS, run = i % RUNS;
        uint4 k = make_uint4(0, 0, 0, 0), v = k;
        if (first + half < blocks) {
            size_t at = ((size_t)table[first + half] * w.g + head) * GBL_WIDTH * D;
            k = ((const uint4 *)(w.keys + at))[run];
            v = ((const uint4 *)(w.values + at))[run];
        }
        *(uint4 *)&to->key[half][run / (GBL_WIDTH / 8)][run % (GBL_WIDTH / 8) * 8] = k;
        *(uint4 *)&to->value[half * GBL_WIDTH + run / (D / 8)][run % (D / 8) * 8] = v;
    }
}

template <int D> static __device__ __forceinline__ void prefill_scores(float (&s)[MMA_TILE / 8][4], const uint32_t (&q)[D / 16][4], const PrefillTile<D> *tile, int lane)
{
    int matrix = lane / 8, row = lane % 8;
#pragma unroll
    for (int j = 0; j < MMA_TILE / 8; j++)
        for (int i = 0; i < 4; i++) s[j][i] = 0;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
#pragma unroll
        for (int j = 0; j < MMA_TILE / 8; j += 2) {
            uint32_t b[4];
            load_transposed(b, &tile->key[j * 8 / GBL_WIDTH][16 * k + (matrix & 1) * 8 + row][j * 8 % GBL_WIDTH + (matrix >> 1) * 8]);
            mma_bf16(s[j][0], s[j][1], s[j][2], s[j][3], q[k], b[0], b[1]);
            mma_bf16(s[j + 1][0], s[j + 1][1], s[j + 1][2], s[j + 1][3], q[k], b[2], b[3]);
        }
}

template <int D> static __device__ __forceinline__ void prefill_values(float (&o)[D / 8][4], const float (&p)[MMA_TILE / 8][4], const PrefillTile<D> *tile, int lane)
{
    int matrix = lane / 8, row = lane % 8;
#pragma unroll
    for (int k = 0; k < MMA_TILE / 16; k++) {
        uint32_t a[4] = {pack_bf16(p[2 * k][0], p[2 * k][1]), pack_bf16(p[2 * k][2], p[2 * k][3]), pack_bf16(p[2 * k + 1][0], p[2 * k + 1][1]),
                         pack_bf16(p[2 * k + 1][2], p[2 * k + 1][3])};
#pragma unroll
        for (int j = 0; j < D / 8; j += 2) {
            uint32_t b[4];
            load_transposed(b, &tile->value[16 * k + (matrix & 1) * 8 + row][8 * j + (matrix >> 1) * 8]);
            mma_bf16(o[j][0], o[j][1], o[j][2], o[j][3], a, b[0], b[1]);
            mma_bf16(o[j + 1][0], o[j + 1][1], o[j + 1][2], o[j + 1][3], a, b[2], b[3]);
        }
    }
}

/* `limit`: keys that the row of each half sees, counted from this tile's first. */
template <int D>
static __device__ __forceinline__ void prefill_softmax(float (&s)[MMA_TILE / 8][4], float (&o)[D / 8][4], float (&top)[2], float (&sum)[2], const int (&limit)[2], int t)
{
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float most = top[half];
#pragma unroll
        for (int j = 0; j < MMA_TILE / 8; j++)
            for (int e = 0; e < 2; e++) {
                float &x = s[j][2 * half + e];
                x = 8 * j + 2 * t + e < limit[half] ? x : MMA_UNSEEN;
                most = fmaxf(most, x);
            }
        most = largest_of_four(most);
        float fade = fast_exp(top[half] - most), more = 0;
#pragma unroll
        for (int j = 0; j < MMA_TILE / 8; j++)
            for (int e = 0; e < 2; e++) {
                s[j][2 * half + e] = fast_exp(s[j][2 * half + e] - most);
                more += s[j][2 * half + e];
            }
        sum[half] = sum[half] * fade + more;
        top[half] = most;
#pragma unroll
        for (int j = 0; j < D / 8; j++) o[j][2 * half] *= fade, o[j][2 * half + 1] *= fade;
    }
}

/* Group (tile of queries, the last first, as it takes longest; head; sequence). */
template <int D> static __global__ void __launch_bounds__(32 * MMA_WARPS) prefill_mma(PrefillWork w)
{
    __shared__ __align__(16) PrefillTile<D> tile;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    int first = ((int)gridDim.x - 1 - (int)blockIdx.x) * MMA_TILE, head = (int)blockIdx.y, row = first + warp * MMA_ROWS + g;
    int blocks = (w.cached + w.chunk + GBL_WIDTH - 1) / GBL_WIDTH, end = first + MMA_TILE < w.chunk ? first + MMA_TILE : w.chunk;
    const int *table = w.table + (size_t)blockIdx.z * blocks;
    size_t line = (size_t)w.h * D, base = ((size_t)blockIdx.z * w.chunk * w.h + head) * D;
    int at[2] = {row < w.chunk ? row : w.chunk - 1, row + 8 < w.chunk ? row + 8 : w.chunk - 1};
    uint32_t q[D / 16][4];
    float o[D / 8][4], top[2] = {MMA_UNSEEN, MMA_UNSEEN}, sum[2] = {0, 0};
#pragma unroll
    for (int k = 0; k < D / 16; k++)
        for (int i = 0; i < 4; i++) q[k][i] = *(const uint32_t *)(w.queries + base + at[i & 1] * line + 16 * k + 2 * t + 8 * (i >> 1));
#pragma unroll
    for (int j = 0; j < D / 8; j++)
        for (int i = 0; i < 4; i++) o[j][i] = 0;
    for (int key = 0; key < w.cached + end; key += MMA_TILE) {
        float s[MMA_TILE / 8][4];
        int limit[2] = {w.cached + at[0] + 1 - key, w.cached + at[1] + 1 - key};
        __syncthreads(); /* the last tile is done with */
        prefill_load<D>(&tile, w, table, key / GBL_WIDTH, blocks, head / (w.h / w.g));
        __syncthreads();
        prefill_scores<D>(s, q, &tile, lane);
        prefill_softmax<D>(s, o, top, sum, limit, t);
        prefill_values<D>(o, s, &tile, lane);
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float by = 1.0f / sum_of_four(sum[half]);
        if (row + 8 * half >= w.chunk) continue;
#pragma unroll
        for (int j = 0; j < D / 8; j++)
            *(uint32_t *)(w.outputs + base + (row + 8 * half) * line + 8 * j + 2 * t) = pack_bf16(o[j][2 * half] * by, o[j][2 * half + 1] * by);
    }
}

#endif
