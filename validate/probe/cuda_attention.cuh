/* cuda_attention.cuh - launching attention on tensor cores (attention_mma.cuh). Heads of 64 or 128 elements, up to 16 query heads
 * a KV head. */
#ifndef GBL_CUDA_ATTENTION_CUH
#define GBL_CUDA_ATTENTION_CUH
#include "validate/probe/probe.cuh"

namespace probe {

/* A cache of body_attention.h, as far as a kernel reads it. */
struct KvCache {
    const void *keys, *values;
    const float *key_scales, *value_scales; /* null in bf16 */
    const int *table;
    int bytes; /* an element: 2 bf16, 1 e4m3 */
    int g, d;
};

/* Splits that give each SM some groups, none of fewer than 256 tokens. */
int decode_splits(const Session &s, int sequences, int g, int len);
size_t decode_parts_bytes(int sequences, int h, int d, int splits);
void decode_launch(cudaStream_t stream, const KvCache &c, const uint16_t *queries, uint16_t *outputs, float *parts, int sequences, int h, int len, int splits);
void prefill_launch(cudaStream_t stream, const KvCache &c, const uint16_t *queries, uint16_t *outputs, int sequences, int h, int chunk, int cached);

} // namespace probe

#endif
