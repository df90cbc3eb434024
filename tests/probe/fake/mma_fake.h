/* mma_fake.h - tensor-core instructions on the host, written from the same tables of PTX as mma.cuh: each lane puts its fragments
 * down, and takes what it is to get of the warp's product. */
#ifndef FAKE_MMA_H
#define FAKE_MMA_H
#define GBL_MMA_GIVEN

namespace fake {
inline float half_of(uint32_t word, int which)
{
    uint32_t u = (which ? word >> 16 : word & 0xffffu) << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}
/* Element (row, k) of a and (k, column) of b, from the lanes that hold them. */
inline float of_a(int row, int k) { return half_of(warp_slot(row % 8 * 4 + k % 8 / 2)[row / 8 + 2 * (k / 8)], k % 2); }
inline float of_b(int k, int column) { return half_of(warp_slot(column * 4 + k % 8 / 2)[4 + k / 8], k % 2); }
}

inline void mma_bf16(float &c0, float &c1, float &c2, float &c3, const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    uint32_t *slot = fake::warp_slot(fake::lane());
    int g = fake::lane() / 4, t = fake::lane() % 4;
    float *c[4] = {&c0, &c1, &c2, &c3};
    memcpy(slot, a, sizeof a);
    slot[4] = b0, slot[5] = b1;
    fake::warp_barrier();
    for (int i = 0; i < 4; i++) {
        double sum = *c[i];
        for (int k = 0; k < 16; k++) sum += (double)fake::of_a(g + 8 * (i / 2), k) * fake::of_b(k, 2 * t + i % 2);
        *c[i] = (float)sum;
    }
    fake::warp_barrier();
}

inline void load_transposed(uint32_t (&r)[4], const void *row)
{
    int g = fake::lane() / 4, t = fake::lane() % 4;
    memcpy(fake::warp_slot(fake::lane()), &row, sizeof row);
    fake::warp_barrier();
    for (int i = 0; i < 4; i++) {
        const uint16_t *from[2];
        for (int e = 0; e < 2; e++) memcpy(&from[e], fake::warp_slot(8 * i + 2 * t + e), sizeof from[e]);
        r[i] = from[0][g] | (uint32_t)from[1][g] << 16;
    }
    fake::warp_barrier();
}

inline uint32_t pack_bf16(float low, float high)
{
    uint32_t u[2];
    memcpy(&u[0], &low, 4);
    memcpy(&u[1], &high, 4);
    for (int i = 0; i < 2; i++) u[i] = (u[i] + 0x7fff + (u[i] >> 16 & 1)) >> 16;
    return u[0] | u[1] << 16;
}
#endif
