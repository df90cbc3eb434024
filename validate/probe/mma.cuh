/* mma.cuh - the three instructions of tensor-core attention, with the layouts of PTX ISA 8.5, section 9.7.14: of lane l,
 * g = l / 4 and t = l % 4,
 *   a of 16 x 16: a[0] (g; 2t, 2t+1), a[1] (g+8; 2t, 2t+1), a[2] (g; 2t+8, 2t+9), a[3] (g+8; 2t+8, 2t+9), the lower in the lower half
 *   b of 16 x 8:  b0 (2t, 2t+1; g), b1 (2t+8, 2t+9; g)
 *   c of 16 x 8:  c[0], c[1] (g; 2t, 2t+1), c[2], c[3] (g+8; 2t, 2t+1) */
#ifndef GBL_MMA_CUH
#define GBL_MMA_CUH
#include <cuda_runtime.h>

#include <cstdint>

#ifndef GBL_MMA_GIVEN /* a host build that stands for CUDA brings its own */
/* c += a b, bf16 with sums in fp32. */
static __device__ __forceinline__ void mma_bf16(float &c0, float &c1, float &c2, float &c3, const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/* Four 8 x 8 matrices of 16 bits in shared memory, transposed: lane 8 i + r gives the place of row r of matrix i, and gets of
 * matrix i the elements (2t, g) and (2t+1, g). */
static __device__ __forceinline__ void load_transposed(uint32_t (&r)[4], const void *row)
{
    uint32_t at = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(at)
                 : "memory");
}

/* Two floats as bf16, nearest even. */
static __device__ __forceinline__ uint32_t pack_bf16(float low, float high)
{
    uint32_t out;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
    return out;
}
#endif

#endif
